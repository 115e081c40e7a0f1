/* gradc in other people's builds: installed, moved elsewhere, and used from empty folders
 * by CMake, by make, by Meson and by a bare C compiler. */
#include "run.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

TestSuite(install, .timeout = 300);

/* A runtime that is sanitized has to be linked so. */
static const char *const flags = SANITIZED ? "-fsanitize=address,undefined" : "";

/* A folder with usr/, the installed tree, in it, and a model that uses a file. */
static char *make_folder(void)
{
    char *dir = scratch();
    must("cmake --install $(dirname $(dirname $GRADC)) --prefix %s/first && "
         "mv %s/first %s/usr",
         dir, dir, dir);
    write_text(text("%s/scaled.nn", dir), "fn scaled(x) = 2 * x\n");
    write_text(text("%s/net.nn", dir), "use \"scaled.nn\"\n"
                                       "model net {\n"
                                       "  input x[2]\n"
                                       "  param w[2] = 3\n"
                                       "  y = scaled(sum(w * x))\n"
                                       "  loss (y - 1)^2\n"
                                       "  output y\n"
                                       "  train { batch = 2  optimizer = sgd() }\n"
                                       "}\n");
    write_text(text("%s/main.c", dir), "#include \"net.h\"\n"
                                       "#include <stdio.h>\n"
                                       "#include <stdlib.h>\n"
                                       "int main(void)\n"
                                       "{\n"
                                       "    void *block = aligned_alloc(64, net_size());\n"
                                       "    net_init(block, 1);\n"
                                       "    net_x(block)[0] = 5;\n"
                                       "    net_forward(block, 1);\n"
                                       "    printf(\"%g\\n\", net_y(block)[0]);\n"
                                       "    free(block);\n"
                                       "    return 0;\n"
                                       "}\n");
    return dir;
}

/* A time stamp that make sees as later than any file that is made now. */
static void scale_by_ten(const char *dir)
{
    write_text(text("%s/scaled.nn", dir), "fn scaled(x) = 10 * x\n");
    must("touch -d '2 seconds' %s/scaled.nn", dir);
}

static void prints(const char *command, const char *dir, const char *want)
{
    Run r = must("cd %s && %s", dir, command);
    cr_expect_str_eq(r.out, want, "%s", command);
}

Test(install, cmake)
{
    char *dir = make_folder();
    write_text(text("%s/CMakeLists.txt", dir),
               "cmake_minimum_required(VERSION 3.20)\n"
               "project(other LANGUAGES C)\n"
               "enable_testing()\n"
               "find_package(gradc 0.1 REQUIRED)\n"
               "add_executable(app main.c)\n"
               "gradc_add_model(TARGET app MODEL net.nn)\n"
               "gradc_add_trainer(TARGET trainer MODEL net.nn PREFIX again REAL f64\n"
               "                  TARGETS generic x86-64-v3)\n"
               "gradc_add_check_test(NAME gradients MODEL net.nn)\n"
               "add_custom_target(about COMMAND gradc::gradc version)\n");
    must("cd %s && cmake -B b -DCMAKE_C_COMPILER=clang -DCMAKE_PREFIX_PATH=$PWD/usr "
         "-DCMAKE_C_FLAGS='-Wall -Wextra -Werror' -DCMAKE_EXE_LINKER_FLAGS=%s "
         "&& cmake --build b",
         dir, flags);
    prints("b/app", dir, "30\n");
    must("cd %s && b/trainer info && cd b && ctest", dir);
    cr_expect(strstr(must("cd %s && cmake --build b --target app", dir).out, "Compiling") ==
                  NULL,
              "made again for nothing");
    scale_by_ten(dir);
    must("cd %s && cmake --build b", dir);
    prints("b/app", dir, "150\n");
}

/* The lines of code that the README has after these words, about `net` instead of `digits`.
 */
static char *readme(const char *words)
{
    const char *s = strstr(read_text(SOURCE "/README.md"), words);
    cr_assert(s, "the README does not say '%s'", words);
    s = strstr(s, "\n\n    ") + 2;
    char *code = "";
    for (size_t n; !strncmp(s, "    ", 4); s += n + 1) {
        n = strcspn(s, "\n");
        code = text("%s%.*s", code, (int)(n - 3), s + 4);
    }
    for (char *d; (d = strstr(code, "digits"));)
        code = text("%.*snet%s", (int)(d - code), code, d + 6);
    return code;
}

/* As one who has installed gradc there. */
#define INSTALLED "export PATH=$PWD/usr/bin:$PATH PKG_CONFIG_PATH=$PWD/usr/lib/pkgconfig; "

Test(install, make)
{
    char *dir = make_folder();
    write_text(text("%s/Makefile", dir), text("LDLIBS = -lm\n"
                                              "app: main.o net.o\n"
                                              "\t$(CC) $^ $(LDLIBS) -o $@\n"
                                              "main.o: net.h\n"
                                              "%s",
                                              readme("With make,")));
    must("cd %s && " INSTALLED "make CC=gcc app", dir);
    prints("./app", dir, "30\n");
    cr_expect(run("cd %s && " INSTALLED "make -q CC=gcc app", dir).status == 0,
              "made again for nothing");
    scale_by_ten(dir);
    must("cd %s && " INSTALLED "make CC=gcc app", dir);
    prints("./app", dir, "150\n");
    must("cd %s && sed -i '1d; s/scaled(/2 * (/' net.nn && touch -d '4 seconds' net.nn "
         "&& rm scaled.nn && " INSTALLED "make CC=gcc app",
         dir);
    prints("./app", dir, "30\n");
    prints(
        text("echo 'int main(int c, char **v) { (void)v; return c > 9 ? gr_main(0, c, v) : "
             "0; }' >t.c && " INSTALLED
             "clang -include gr.h %s t.c -o t $(pkg-config --cflags --libs gradc) && ./t",
             flags),
        dir, "");
}

Test(install, meson)
{
    if (run("command -v meson && command -v ninja").status)
        cr_skip_test("needs meson and ninja");
    char *dir = make_folder();
    write_text(text("%s/meson.build", dir),
               text("project('other', 'c')\n%s", readme("With Meson")));
    must("cd %s && " INSTALLED "CC=gcc meson setup b %s && ninja -C b", dir,
         SANITIZED ? "-Db_sanitize=address,undefined" : "");
    prints("b/app", dir, "30\n");
    Run again = must("cd %s && " INSTALLED "ninja -C b", dir);
    cr_expect(strstr(again.out, "no work to do"), "%s", again.out);
    scale_by_ten(dir);
    must("cd %s && " INSTALLED "ninja -C b", dir);
    prints("b/app", dir, "150\n");
    must("touch -d '6 seconds' %s/scaled.nn", dir); /* and what comes of it is the same */
    again = must("cd %s && " INSTALLED "ninja -C b -v", dir);
    cr_expect(strstr(again.out, "gradc") && !strstr(again.out, "main.c.o"), "%s",
              again.out);
}

/* The tree may be anywhere. */
Test(install, in_a_folder_with_spaces)
{
    char *dir = make_folder();
    must("cd %s && mkdir 'my programs' && mv usr 'my programs' && "
         "PATH=\"$PWD/my programs/usr/bin:$PATH\" && gradc build net.nn && ./net "
         "info && "
         "gradc emit net.nn && gradc flags -o flags && clang @flags main.c net.c %s "
         "-lm -o app",
         dir, flags);
    prints("./app", dir, "30\n");
}

/* One .c and one .h, for two compilers and two languages. */
Test(install, standalone)
{
    char *dir = make_folder();
    must("cd %s && usr/bin/gradc emit net.nn --standalone --target generic && mkdir bare && "
         "mv net.c net.h main.c bare && cd bare && "
         "set -- -std=c11 -Wall -Wextra -Wpedantic -Werror && "
         "gcc \"$@\" main.c net.c -lm -o app && clang \"$@\" -fsyntax-only net.c && "
         "g++ -x c++ -std=c++17 -Wall -Wextra -Wpedantic -Werror -fsyntax-only net.h && "
         "gcc -M main.c net.c >used",
         dir);
    prints("bare/app", dir, "30\n");
    cr_expect(strstr(read_text(text("%s/bare/used", dir)), "gradc") == NULL);
    cr_expect(strstr(read_text(text("%s/bare/net.c", dir)), "\"gr.h\"") == NULL);
}

/* ---- what emit says about files ---- */

Test(install, rules)
{
    char *dir = make_folder();
    prints("$GRADC emit net.nn -MD && cat net.d", dir, "net.c net.h: net.nn scaled.nn\n");
    prints("$GRADC emit net.nn -o - -MD -MF d -MT 'a$b' -MP >c && cat d", dir,
           "a$b: net.nn scaled.nn\n\nscaled.nn:\n");
    prints("mkdir 'a b' && cp *.nn 'a b' && $GRADC emit 'a b/net.nn' -o 'a b/$.c' -MD && "
           "cat 'a b/$.d'",
           dir, "a\\ b/$$.c a\\ b/$$.h: a\\ b/net.nn a\\ b/scaled.nn\n");
    Run r = run("cd %s && $GRADC emit net.nn -MF d", dir);
    cr_expect(r.status == 2 && strstr(r.err, "go with -MD"), "%s", r.err);
    r = run("cd %s && $GRADC emit net.nn -o - -MD", dir);
    cr_expect(r.status == 2 && strstr(r.err, "-MD goes with -MF and -MT"), "%s", r.err);
}

static void is_found(const char *dir, const char *options, const char *want)
{
    Run r = run("cd %s && $GRADC emit net.nn --check %s", dir, options);
    cr_expect(r.status == (*want ? 1 : 0), "%s: %d", want, r.status);
    cr_expect_str_eq(r.err, want);
}

Test(install, check)
{
    char *dir = make_folder();
    is_found(dir, "", "net.c: is missing\nnet.h: is missing\n");
    must("cd %s && $GRADC emit net.nn", dir);
    is_found(dir, "", "");
    is_found(dir, "--batch 3",
             "net.c: is from another version of the program, or other options\n"
             "net.h: is from another version of the program, or other options\n");
    must("sed -i 's/optimizer = sgd()/optimizer = sgd() /' %s/net.nn", dir);
    is_found(dir, "",
             "net.c: is from another version of the program, or other options\n"
             "net.h: is from another version of the program, or other options\n");
    must("cd %s && $GRADC emit net.nn && echo >>net.h && sed -i 's/n/n/;3d' net.c", dir);
    is_found(dir, "", "net.c: was edited by hand\nnet.h: was edited by hand\n");
    must("cd %s && $GRADC emit net.nn", dir);
    is_found(dir, "", "");
}

/* ---- the trainer ---- */

/* Of one start, in seconds of the processor: the machine may have other work. */
static double start(char *const *words)
{
    int status;
    struct rusage used;
    pid_t child;
    posix_spawn_file_actions_t quiet;
    posix_spawn_file_actions_init(&quiet);
    posix_spawn_file_actions_addopen(&quiet, 1, "/dev/null", O_WRONLY, 0);
    cr_assert(posix_spawn(&child, words[0], &quiet, NULL, words, environ) == 0);
    cr_assert(wait4(child, &status, 0, &used) == child && status == 0);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) +
           1e-6 * (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

Test(install, trainer_is_small_and_starts_at_once)
{
    if (SANITIZED)
        return;
    struct stat s;
    char *program = text("%s/m", build("$SOURCE/examples/digits/digits.nn", ""));
    cr_assert(stat(program, &s) == 0);
    cr_expect(s.st_size < 200 * 1024, "%lld bytes", (long long)s.st_size);
    double least = 1, nothing = 1; /* what any process costs on this machine */
    for (int i = 0; i < 20; i++) {
        least = fmin(least, start((char *[]){program, "info", NULL}));
        nothing = fmin(nothing, start((char *[]){"/bin/true", NULL}));
    }
    cr_expect(least - nothing < 5e-3, "%.1f ms, and %.1f for nothing", 1e3 * least,
              1e3 * nothing);
}
