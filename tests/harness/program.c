/* Generated C as a part of programs: of C++, with several models, with threads, and with
 * files of another version of gradc. */
#include "run.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(program, .timeout = 300);

static const char pair[] = "model %s {\n"
                           "  input x[4]\n"
                           "  param w[4] = %d\n"
                           "  loss (sum(w * x) - 1)^2\n"
                           "  output y = sum(w * x)\n"
                           "  train { batch = 2  optimizer = sgd(lr = 0.1) }\n"
                           "}\n";

/* A folder with the C and the headers of two models, one and two, whose weights are 1
 * and 2. */
static char *make_pair(void)
{
    char *dir = scratch();
    write_text(text("%s/one.nn", dir), text(pair, "one", 1));
    write_text(text("%s/two.nn", dir), text(pair, "two", 2));
    must("cd %s && $GRADC emit one.nn --target generic && $GRADC emit two.nn --target "
         "generic",
         dir);
    return dir;
}

/* One step of one: y = 8, so w = 1 - 0.1 * 2 (8 - 1) x = -1.8; then y = 8 * -1.8. */
Test(program, of_cxx_with_two_models)
{
    char *dir = make_pair();
    write_text(
        text("%s/main.cc", dir),
        "#include \"two.h\"\n"
        "#include \"one.h\"\n"
        "#include <cstdio>\n"
        "alignas(64) static unsigned char a[ONE_SIZE], b[TWO_SIZE];\n"
        "int main()\n"
        "{\n"
        "    one_init(a, 1);\n"
        "    two_init(b, 1);\n"
        "    for (int i = 0; i < 4; i++)\n"
        "        one_x(a)[i] = two_x(b)[i] = 2;\n"
        "    one_step(a, 1);\n"
        "    one_forward(a, 1);\n"
        "    two_model.forward(b, 1);\n"
        "    std::printf(\"%.4f %.4f %d\\n\", *one_y(a), *two_y(b), two_model.batch);\n"
        "}\n");
    must("cd %s && for m in one two; do "
         "gcc -std=c11 -Wall -Wextra -Wpedantic -Werror -I$SOURCE/runtime -c $m.c || exit; "
         "done",
         dir);
    static const char *const compiler[] = {"g++", "clang++"};
    for (int i = 0; i < 2; i++) {
        Run r = must(
            "cd %s && %s -std=c++17 -Wall -Wextra -Wpedantic -Werror -I$SOURCE/runtime "
            "main.cc one.o two.o -lm -o main && ./main",
            dir, compiler[i]);
        cr_expect_str_eq(r.out, "-14.4000 16.0000 2\n", "%s", compiler[i]);
    }
}

/* Nothing that changes is outside of a block, and nothing else is called than these. */
Test(program, has_no_globals_and_calls_little)
{
    char *dir = scratch();
    must("cd %s && $GRADC emit $SOURCE/examples/digits/digits.nn --target generic -o m.c && "
         "gcc -O1 -fno-pie -I$SOURCE/runtime -c m.c && nm m.o >names",
         dir);
    Run changes = run("grep -i ' [bcdgs] ' %s/names", dir);
    cr_expect_str_eq(changes.out, "");
    Run calls = run("grep ' U ' %s/names | grep -v -e ' mem[cs][pe][yt]$' -e ' sqrtf*$'", dir);
    cr_expect_str_eq(calls.out, "");
}

static void fails(const char *dir, const char *command, const char *say)
{
    Run r = run("cd %s && %s", dir, command);
    cr_expect(r.status != 0 && strstr(r.err, say), "%s: %d, no '%s' in: %s", command,
              r.status, say, r.err);
}

Test(program, of_another_version)
{
    char *dir = make_pair();
    must("cd %s && mkdir next && cp $SOURCE/runtime/*.h next && "
         "sed -i 's/define GR_ABI  .*/define GR_ABI 1000/' next/gr.h",
         dir);
    write_text(text("%s/main.c", dir), "#include \"gr.h\"\n"
                                       "int main(void)\n"
                                       "{\n"
                                       "    gr_pool_free(gr_pool_new(1, 0));\n"
                                       "    return gr_main(0, 0, 0);\n"
                                       "}\n");
    static const char said[] = "gr.h is of another version of gradc";
    fails(dir, "echo '#include \"one.h\"' | g++ -x c++ -fsyntax-only -I. -Inext -", said);
    fails(dir, "sed -i '/include \"one.h\"/d' one.c && gcc -fsyntax-only -Inext one.c",
          said);
    char *flags =
        text("%s main.c $(dirname $(dirname $GRADC))/lib/libgr.a -lz -lm -lpthread",
             SANITIZED ? "-fsanitize=address,undefined" : "");
    must("cd %s && clang -I$SOURCE/runtime %s", dir, flags);
    fails(dir, text("LC_ALL=C clang -Inext %s", flags), "gr_main_abi1000");
}

/* Each thread has a block; every second one has threads of the runtime besides. What the
 * others do is nothing to it, and all come to the same. */
static const char crowd[] =
    "#include \"m.h\"\n"
    "#include <pthread.h>\n"
    "#include <stdio.h>\n"
    "#include <string.h>\n"
    "enum { CROWD = 4 };\n"
    "static _Alignas(64) unsigned char block[CROWD][M_SIZE];\n"
    "static void *train(void *own)\n"
    "{\n"
    "    gr_context *c = own;\n"
    "    m_init(own, 7);\n"
    "    gr_pool *pool = (unsigned char *)own - *block & M_SIZE ? gr_pool_new(2, 0) : "
    "NULL;\n"
    "    c->run = pool ? gr_pool_run : NULL;\n"
    "    c->pool = pool;\n"
    "    c->parts = 3;\n"
    "    for (int step = 0; step < 3; step++) {\n"
    "        for (int i = 0; i < 64 * M_BATCH; i++)\n"
    "            m_pixels(own)[i] = (unsigned char)((i * 7 + step) % 17);\n"
    "        for (int i = 0; i < M_BATCH; i++)\n"
    "            m_digit(own)[i] = i % 10;\n"
    "        m_step(own, M_BATCH);\n"
    "    }\n"
    "    if (pool)\n"
    "        gr_pool_free(pool);\n"
    "    c->run = NULL;\n"
    "    c->pool = NULL;\n"
    "    m_gradients(own, M_BATCH);\n"
    "    return NULL;\n"
    "}\n"
    "int main(void)\n"
    "{\n"
    "    pthread_t t[CROWD];\n"
    "    for (int i = 0; i < CROWD; i++)\n"
    "        pthread_create(&t[i], NULL, train, block[i]);\n"
    "    for (int i = 0; i < CROWD; i++)\n"
    "        pthread_join(t[i], NULL);\n"
    "    for (int i = 1; i < CROWD; i++)\n"
    "        if (memcmp(block[0], block[i], M_SIZE))\n"
    "            return 1;\n"
    "    printf(\"%g\\n\", (double)*m_loss(block[0]));\n"
    "    return 0;\n"
    "}\n";

Test(program, with_a_context_for_each_thread)
{
    if (SANITIZED)
        cr_skip_test("it is about another sanitizer");
    char *dir = scratch();
    must("$GRADC emit $SOURCE/examples/digits/digits.nn -Dhidden=256 --target generic "
         "--prefix m -o %s/m.c && grep -q 'gr_run(block' %s/m.c",
         dir, dir);
    write_text(text("%s/main.c", dir), crowd);
    must("cd %s && clang -fsanitize=thread -g -O1 -D_GNU_SOURCE -I$SOURCE/runtime main.c "
         "m.c "
         "$SOURCE/runtime/pool.c -lm -lpthread -o main",
         dir);
    /* Addresses that are not random are what the sanitizer can always map. */
    Run r = run("cd %s && setarch -R ./main", dir);
    cr_expect(r.status == 0, "exit %d\n%s", r.status, r.err);
    cr_expect(strstr(r.err, "ThreadSanitizer") == NULL, "%s", r.err);
}
