/* The C that is emitted: compilers have nothing to say about it, for any machine; it is the same
 * every time; and what the command line promises about its files holds. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libgen.h>
#include <string.h>
#include <sys/stat.h>

TestSuite(emit, .timeout = 300);

static const char small[] = "model small {\n"
                            "  input x[3]\n"
                            "  param w[3] = uniform(-1, 1)\n"
                            "  y = sum(i) w[i] * x[i]\n"
                            "  loss (y - 1)^2\n"
                            "  output y\n"
                            "  train { optimizer = adam() }\n"
                            "}\n";

static char *small_file(const char *dir)
{
    char *file = text("%s/small.nn", dir);
    write_text(file, small);
    return file;
}

/* ---- Warnings ---- */

static void compile_quietly(const char *path, const char *options, const char *compiler)
{
    char *dir = scratch();
    must("$GRADC emit %s %s %s -o %s/m.c --prefix m", path, options_of(path), options, dir);
    Run r = run("cd %s && %s -std=c11 -Wall -Wextra -Wpedantic -Werror -I$SOURCE/runtime -c m.c",
                dir, compiler);
    cr_expect(r.status == 0, "%s %s: %s\n%s", path, options, compiler, r.err);
}

ParameterizedTestParameters(emit, warnings)
{
    return cases("examples", ".nn");
}

ParameterizedTest(Case *c, emit, warnings)
{
    if (SANITIZED)
        cr_skip_test("the same C as without sanitizers");
    compile_quietly(c->path, "--target x86-64-v4", "clang -march=x86-64-v4 -fsyntax-only");
    compile_quietly(c->path, "--target x86-64-v3 --real f64", "gcc -O1 -march=x86-64-v3");
    compile_quietly(c->path, "--target generic", "gcc -O1");
    compile_quietly(c->path, "--target aarch64", "clang -fsyntax-only");
    compile_quietly(c->path, "--lanes 1", "clang -fsyntax-only");
}

/* ---- The same every time ---- */

ParameterizedTestParameters(emit, repeatable)
{
    return cases("examples", ".nn");
}

ParameterizedTest(Case *c, emit, repeatable)
{
    if (SANITIZED)
        cr_skip_test("the same C as without sanitizers");
    char *path = c->path, *folder = dirname(text("%s", path)), *name = basename(text("%s", path));
    Run a = must("$GRADC emit %s -o -", path);
    Run b = must("cd %s && $GRADC emit %s -o -", folder, name);
    cr_expect(!strcmp(a.out, b.out), "%s: two runs differ", path);
    cr_expect(!strstr(a.out, SOURCE), "%s: the C names a folder of this machine", path);
}

/* ---- Files ---- */

Test(emit, names)
{
    char *dir = scratch();
    small_file(dir);
    must("cd %s && $GRADC emit small.nn", dir);
    cr_expect(exists(text("%s/small.c", dir)) && exists(text("%s/small.h", dir)));
    must("cd %s && $GRADC emit small.nn -o other.c --prefix p --header inc.h", dir);
    cr_expect(strstr(read_text(text("%s/other.c", dir)), "#include \"inc.h\"") != NULL);
    cr_expect(strstr(read_text(text("%s/inc.h", dir)), "void p_step(void *block") != NULL);
    must("cd %s && $GRADC emit small.nn -o alone", dir);
    cr_expect(!exists(text("%s/alone.h", dir)));
}

Test(emit, stdin_to_stdout)
{
    char *dir = scratch();
    Run file = must("$GRADC emit -o - %s", small_file(dir));
    Run pipe = must("$GRADC emit -o - - <%s/small.nn", dir);
    cr_expect(strstr(file.out, "small.nn:4") != NULL);
    cr_expect(strstr(pipe.out, "stdin:4") != NULL);
    cr_expect(strstr(pipe.out, "#include \"small.h\"") == NULL);
}

static long long changed(const char *path)
{
    struct stat s;
    cr_assert(stat(path, &s) == 0);
    return s.st_mtim.tv_sec * 1000000000LL + s.st_mtim.tv_nsec;
}

Test(emit, unchanged_files_are_not_touched)
{
    char *dir = scratch(), *c = text("%s/small.c", dir);
    must("cd %s && $GRADC emit %s", dir, small_file(dir));
    long long before = changed(c);
    must("cd %s && $GRADC emit small.nn", dir);
    cr_expect(changed(c) == before);
    must("cd %s && $GRADC emit small.nn --batch 7", dir);
    cr_expect(changed(c) != before);
}

static void expect_failure(const char *command, const char *dir, int status, const char *say)
{
    must("mkdir -p %s/out", dir);
    Run r = run("cd %s && %s", dir, command);
    cr_expect(r.status == status, "%s: exit %d\n%s", command, r.status, r.err);
    cr_expect(strstr(r.err, say) != NULL, "%s: '%s' is not said:\n%s", command, say, r.err);
    cr_expect(!*r.out, "%s: something on stdout", command);
    Run left = must("ls -A %s/out", dir);
    cr_expect(!*left.out, "%s: left %s", command, left.out);
}

Test(emit, nothing_is_left_after_a_failure)
{
    char *dir = scratch();
    small_file(dir);
    write_text(text("%s/wrong.nn", dir), "model wrong {\n  y = z\n  use\n");
    write_text(text("%s/uses.nn", dir), "use \"nowhere.nn\"\n");
    expect_failure("$GRADC emit wrong.nn -o out/m.c", dir, 1, "wrong.nn:3:");
    expect_failure("$GRADC emit uses.nn -o out/m.c", dir, 1, "uses.nn:1:");
    expect_failure("$GRADC emit none.nn -o out/m.c", dir, 2, "none.nn");
    expect_failure("$GRADC emit small.nn -o nowhere/m.c", dir, 2, "nowhere/m.");
    expect_failure("$GRADC emit small.nn -o /dev/full", dir, 2, "/dev/full");
    expect_failure("$GRADC emit small.nn -o out/m.c --header nowhere/m.h", dir, 2, "nowhere/m.");
    expect_failure("$GRADC emit small.nn -o out/m.c --header /dev/full", dir, 2, "/dev/full");
    expect_failure("$GRADC build small.nn -o out/m --cc false", dir, 2, "false");
    expect_failure("$GRADC build small.nn -o out/m --cc nosuchcc", dir, 2, "nosuchcc");
    expect_failure("TMPDIR=/nowhere $GRADC build small.nn -o out/m", dir, 2, "/nowhere");
}

Test(emit, the_source_is_not_overwritten)
{
    char *dir = scratch();
    small_file(dir);
    must("cp %s/small.nn %s/bare", dir, dir);
    cr_expect(run("cd %s && $GRADC emit small.nn -o ./small.nn", dir).status == 2);
    cr_expect(run("cd %s && $GRADC build bare", dir).status == 2);
    must("cd %s && cmp small.nn bare", dir);
}

/* Tensors that are called like the entry points and the helpers of the C. */
Test(emit, names_that_collide)
{
    char *dir = scratch();
    write_text(text("%s/step.nn", dir), "model step {\n"
                                        "  input init[2]\n"
                                        "  param size = 1\n"
                                        "  param forward[2] = 1\n"
                                        "  param tensor = 2\n"
                                        "  block[i] = forward[i] * init[i] * size + tensor\n"
                                        "  context[i] = block[i]^2\n"
                                        "  loss context\n"
                                        "  output real = block\n"
                                        "  train { optimizer = sgd() }\n"
                                        "}\n");
    must("$GRADC check %s/step.nn", dir);
    must("cd %s && $GRADC emit step.nn && clang -fsyntax-only -Wall -Wextra -Werror "
         "-I$SOURCE/runtime step.c",
         dir);
}

/* The names of files stand in comments, strings and directives. */
Test(emit, names_of_files_are_quoted)
{
    static const char *const name[] = {"a \\\"b\\\" or \\\\c", "many words, more than a line of C has "
                                       "room for, if something else stands before them"};
    char *dir = scratch();
    small_file(dir);
    for (int i = 0; i < 2; i++)
        for (int lines = 0; lines <= 1; lines++)
            must("cd %s && cp small.nn \"%s.nn\" && $GRADC emit %s \"%s.nn\" -o m.c && "
                 "clang -fsyntax-only -Wall -Wextra -Werror -I$SOURCE/runtime m.c",
                 dir, name[i], lines ? "--line-directives" : "", name[i]);
}

/* ---- Used files ---- */

Test(emit, used_files_are_found_beside_the_user_and_read_once)
{
    char *dir = scratch();
    must("mkdir -p %s/lib", dir);
    write_text(text("%s/lib/a.nn", dir), "use \"b.nn\"\nfn twice(x) = half(x) * 4\n");
    write_text(text("%s/lib/b.nn", dir), "use \"a.nn\"\nfn half(x) = x / 2\n");
    write_text(text("%s/m.nn", dir), "use \"lib/a.nn\"\n"
                                     "use \"lib/b.nn\"\n"
                                     "model m {\n  input x[2]\n  loss half(twice(x))\n}\n");
    must("$GRADC emit --dump=elab %s/m.nn", dir);
    must("cd %s/lib && $GRADC emit --dump=elab ../m.nn", dir);
}

/* ---- The command line ---- */

Test(emit, usage)
{
    const struct {
        const char *command, *say;
    } row[] = {
        {"", "gradc help"},
        {"emti x", "did you mean 'emit'"},
        {"emit", "no file"},
        {"emit --lane 4 x", "did you mean '--lanes'"},
        {"emit --lanes 3 x", "power of two"},
        {"emit --lanes x x", "whole number"},
        {"emit --lanes 32 x", "up to 16"},
        {"emit --lanes 16 --real f64 x", "up to 8"},
        {"emit -o", "takes a value"},
        {"emit -D hidden x", "NAME=VALUE"},
        {"emit --real f16 x", "f32 or f64"},
        {"emit --dump=lops x", "loops"},
        {"emit --prefix 3x x", "C identifier"},
        {"emit x y", "too many"},
        {"fmt --batch 3 x", "takes no option"},
        {"check --tol 0 x", "greater than 0"},
    };
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        Run r = run("$GRADC %s", row[i].command);
        cr_expect(r.status == 2, "gradc %s: exit %d", row[i].command, r.status);
        cr_expect(strstr(r.err, row[i].say) != NULL, "gradc %s: %s", row[i].command, r.err);
        cr_expect(!*r.out, "gradc %s: something on stdout", row[i].command);
    }
    Run r = run("$GRADC emit --target z80 %s", small_file(scratch()));
    cr_expect(r.status == 2 && strstr(r.err, "x86-64-v3"), "exit %d: %s", r.status, r.err);
}

Test(emit, help_and_version)
{
    cr_expect(strstr(must("$GRADC help").out, "--batch") != NULL);
    char *own = must("$GRADC help grad").out;
    cr_expect(strstr(own, "--depth") && !strstr(own, "-MD"), "%s", own);
    cr_expect_str_eq(must("$GRADC grad --help").out, own);
    cr_expect(!strncmp(must("$GRADC --version").out, "gradc ", 6));
    cr_expect(run("$GRADC help >/dev/full").status == 2, "a full disk goes unnoticed");
}

Test(emit, manual_and_completion)
{
    Run page = must("$GRADC help man | groff -man -Tascii -P-cbu -ww");
    cr_expect_str_eq(page.err, "");
    cr_expect(strstr(page.out, "--standalone") && strstr(page.out, "EXIT STATUS"), "%s", page.out);
    cr_expect_str_eq(must("bash -c 'eval \"$($GRADC help bash)\"; COMP_CWORD=2;"
                          "COMP_WORDS=(gradc emit --st); _gradc; echo ${COMPREPLY[@]}'")
                         .out,
                     "--standalone\n");
}

Test(emit, grad_of_one_name)
{
    char *file = small_file(scratch());
    Run all = must("$GRADC grad %s", file), one = must("$GRADC grad %s w", file);
    cr_expect(strstr(all.out, "dL/dx") != NULL && strstr(all.out, "dL/dw") != NULL);
    cr_expect(strstr(one.out, "dL/dx") == NULL && strstr(one.out, "dL/dw") != NULL, "%s",
              one.out);
    Run none = run("$GRADC grad %s ww", file);
    cr_expect(none.status == 2 && strstr(none.err, "did you mean 'w'"), "%s", none.err);
}
