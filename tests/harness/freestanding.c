/* gradc emit --freestanding: what it calls, how deep, how much stack; and that a Cortex-M4F
 * learns the same as this machine, to the bit. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(freestanding, .timeout = 300);

#define M4F    "arm-none-eabi-gcc -mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16"
#define STRICT "-std=c11 -Wall -Wextra -Wpedantic -Werror -ffreestanding"

static void skip_without_arm(void)
{
    if (SANITIZED)
        cr_skip_test("the same C as without sanitizers");
    if (run("command -v arm-none-eabi-gcc && command -v qemu-arm-static").status)
        cr_skip_test("needs arm-none-eabi-gcc and qemu-arm-static");
}

/* ---- A board learns ---- */

/* The nth number with a point in a text. */
static double number(const char *text, int n)
{
    const char *s = text;
    for (int i = 0; s && i <= n; i++)
        s = strchr(i ? s + 1 : s, '.');
    cr_assert(s, "%d numbers in: %s", n, text);
    while (s > text && strchr("0123456789", s[-1]))
        s--;
    return strtod(s, NULL);
}

Test(freestanding, a_board_learns_what_the_host_does)
{
    skip_without_arm();
    char *dir = scratch();
    must("sh $SOURCE/examples/microcontroller/build.sh %s", dir);
    Run board = must("cd %s && qemu-arm-static ./learn.elf", dir),
        host = must("%s/learn", dir);
    cr_expect_str_eq(board.out, host.out);
    double p[4] = {0, 1, 1, 0};
    for (int i = 0; i < 4; i++)
        cr_expect_float_eq(number(board.out, 1 + i), p[i], 0.05, "%s", board.out);
    cr_expect(number(board.out, 6) > 0.95, "%s", board.out);

    /* And what C for this machine, in vectors and with libm, comes to. */
    must("cd %s && $GRADC flags -o flags && for m in xor iris; do "
         "$GRADC emit $SOURCE/examples/$m/$m.nn -o $m.c || exit; done && clang @flags -O1 "
         "-I. "
         "$SOURCE/examples/microcontroller/main.c host.c xor.c iris.c -lm -o native",
         dir);
    Run native = must("%s/native", dir);
    for (int i = 0; i < 7; i++)
        cr_expect_float_eq(number(native.out, i), number(board.out, i), 2e-4, "%s%s",
                           native.out, board.out);
}

/* ---- What it calls ---- */

typedef struct Function {
    char name[200];
    int stack, calls;
    bool open; /* being followed */
    int callee[60];
} Function;

typedef struct Calls {
    Function function[200];
    int n;
} Calls;

static Function *function(Calls *c, const char *name, size_t length)
{
    for (int i = 0; i < c->n; i++)
        if (strlen(c->function[i].name) == length &&
            !strncmp(c->function[i].name, name, length))
            return &c->function[i];
    cr_assert(c->n < 200 && length < 200);
    Function *f = &c->function[c->n++];
    memcpy(f->name, name, length);
    return f;
}

static Function *named(Calls *c, const char *line, const char *key)
{
    const char *name = strstr(line, key);
    cr_assert(name, "%s", line);
    name += strlen(key);
    return function(c, name, strcspn(name, "\""));
}

static void add_call(Function *f, int callee)
{
    for (int i = 0; i < f->calls; i++)
        if (f->callee[i] == callee)
            return;
    cr_assert(f->calls < 60);
    f->callee[f->calls++] = callee;
}

/* gcc's -fcallgraph-info=su. */
static Calls *read_calls(const char *path)
{
    Calls *c = calloc(1, sizeof *c);
    char *text = read_text(path);
    cr_assert(text, "%s", path);
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n")) {
        if (!strncmp(line, "node:", 5)) {
            const char *bytes = strstr(line, " bytes (");
            Function *f = named(c, line, "title: \"");
            while (bytes && bytes[-1] != 'n')
                bytes--;
            f->stack = bytes ? atoi(bytes) : 0;
            cr_expect(!bytes || !strstr(line, "(dynamic)"), "%s", line);
        } else if (!strncmp(line, "edge:", 5)) {
            Function *f = named(c, line, "sourcename: \"");
            add_call(f, (int)(named(c, line, "targetname: \"") - c->function));
        }
    }
    return c;
}

static int deepest(Calls *c, Function *f)
{
    cr_assert(!f->open, "%s calls itself", f->name);
    f->open = true;
    int most = 0;
    for (int i = 0; i < f->calls; i++) {
        int n = deepest(c, &c->function[f->callee[i]]);
        most = n > most ? n : most;
    }
    f->open = false;
    return f->stack + most;
}

/* The C of a program for a machine: what it needs and how deep it goes. */
static void look_at(const char *file, const char *machine, const char *compiler)
{
    char *dir = scratch();
    Run r = must("cd %s && $GRADC emit %s -o m.c --prefix m --freestanding --target %s",
                 dir, file, machine);
    const char *said = strstr(r.err, "at most ");
    cr_assert(said, "%s", r.err);
    must("cd %s && %s %s -fcallgraph-info=su -c m.c", dir, compiler, STRICT);
    Run outside = must(
        "cd %s && nm -u m.o | grep -v -e ' U mem[cs][pe][yt]$' -e ' U __aeabi_[a-z0-9]*$' "
        "|| true",
        dir);
    cr_expect_str_eq(outside.out, "", "%s", file);
    Calls *c = read_calls(text("%s/m.ci", dir));
    for (int i = 0; i < c->n; i++) {
        cr_expect(!strstr(c->function[i].name, "indirect"), "%s: a pointer", file);
        int n = deepest(c, &c->function[i]);
        cr_expect(n <= atoi(said + 8), "%s, %s: %d bytes of stack, said %d", file, machine,
                  n, atoi(said + 8));
    }
}

static const char every[] =
    "model every {\n"
    "  input x[7]\n"
    "  param w[7] = normal(0, 1)\n"
    "  param u[7] = uniform(0.1, 1)\n"
    "  a[i] = exp(w[i]) + expm1(w[i]) + log(u[i]) + log1p(u[i])\n"
    "  b[i] = sin(w[i]) + cos(w[i]) + tan(w[i]) + atan(w[i])\n"
    "  c[i] = sinh(w[i]) + cosh(w[i]) + tanh(w[i]) + sigmoid(w[i])\n"
    "  d[i] = softplus(w[i]) + erf(w[i]) + erfc(w[i]) + abs(w[i])\n"
    "  e[i] = sqrt(u[i]) + floor(w[i]) + sign(w[i]) + u[i]^w[i]\n"
    "  f[i] = if uniform(0, 1) < 0.5 then x[i] else min(x[i], w[i])\n"
    "  loss a + b + c + d + e + f\n"
    "  train { batch = 3  optimizer = adam() }\n"
    "}\n";

Test(freestanding, calls_nothing_and_itself_neither)
{
    skip_without_arm();
    char *file = text("%s/every.nn", scratch());
    write_text(file, every);
    look_at(file, "cortex-m4", M4F " -Os");
    look_at(file, "x86-64-v3", "gcc -march=x86-64-v3 -Wno-psabi -O1");
    look_at(SOURCE "/examples/digits/digits.nn", "cortex-m4", M4F " -O1");
    look_at(SOURCE "/examples/digits/digits.nn", "x86-64-v3",
            "gcc -march=x86-64-v3 -Wno-psabi -O1");
    must("cd $(dirname %s) && $GRADC emit every.nn --freestanding --target generic && "
         "clang %s -fsyntax-only every.c",
         file, STRICT);
}

/* ---- What stands in for libm ---- */

static const char roots[] =
    "#include \"bare.h\"\n"
    "#undef INFINITY\n"
    "#undef NAN\n"
    "#include <math.h>\n"
    "#include <stdio.h>\n"
    "int main(void)\n"
    "{\n"
    "    for (uint64_t n = 0; n < (uint64_t)1 << 32; n += n < 300 ? 1 : 4001) {\n"
    "        uint32_t bits = (uint32_t)n, got, want;\n"
    "        float x, y, z;\n"
    "        memcpy(&x, &bits, 4);\n"
    "        y = gr_root(x), z = sqrtf(x);\n"
    "        memcpy(&got, &y, 4);\n"
    "        memcpy(&want, &z, 4);\n"
    "        if (got != want && !(y != y && z != z))\n"
    "            return printf(\"%a: %a, not %a\\n\", x, y, z), 1;\n"
    "    }\n"
    "    return 0;\n"
    "}\n";

/* Every machine's root is IEEE 754's, also where there is none. */
Test(freestanding, the_root_is_right)
{
    char *dir = scratch();
    write_text(text("%s/root.c", dir), roots);
    for (int i = 0; i < 2; i++) {
        Run r = run("cd %s && clang -O2 %s -I$SOURCE/runtime root.c -lm -o root && ./root",
                    dir, i ? "-U__SSE__" : "");
        cr_expect(r.status == 0, "%s%s", r.out, r.err);
    }
}

Test(freestanding, is_in_single_precision)
{
    Run r = run("$GRADC emit $SOURCE/examples/xor/xor.nn -o - --freestanding --real f64");
    cr_expect(r.status == 2 && strstr(r.err, "--freestanding computes in f32"), "%s",
              r.err);
}
