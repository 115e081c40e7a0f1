/* Derivatives against finite differences, and emitted C against the interpreter: for every
 * row of ir/ops.def, every program of tests/grad, and every example. Nothing is written by
 * hand for a row: its value text says how the language spells it. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <string.h>

typedef struct Row {
    char name[16], value[32], result[8], properties[32];
    int arity;
    double lo, hi;
} Row;

static const Row row[] = {
#define OP(name, arity, value, result, properties, lo, hi)                                 \
    {#name, #value, #result, #properties, arity, lo, hi},
#include "ops.def"
};

/* The expression a program writes to get the row's primitive. `f(...)` in the table is
 * gr_f. */
static const char *spelling(const Row *o)
{
    if (strstr(o->properties, "PICK"))
        return "if a < b then b else c";
    if (strstr(o->properties, "LOGIC"))
        return o->arity == 1 ? text("if %s(a < b) then c else a",
                                    strcmp(o->name, "not") ? "" : "not ")
                             : text("if a < b %s b < c then a else c", o->name);
    if (!strcmp(o->name, "square"))
        return "a^2";
    const char *e = strncmp(o->value, "gr_", 3) ? o->value : o->value + 3;
    if (!strcmp(o->name, "pow"))
        e = "a^b";
    return strcmp(o->result, "BOOL") ? e : text("if %s then a else c", e);
}

static const char *program(const Row *o)
{
    const char *init = text("uniform(%g, %g)", o->lo, o->hi);
    return text("model primitive {\n"
                "  input x[3]\n"
                "  param a[3] = %s\n"
                "  param b[3] = %s\n"
                "  param c[3] = %s\n"
                "  y = x * (%s)\n"
                "  loss y\n"
                "}\n",
                init, init, init, text("%s", spelling(o)));
}

TestSuite(grad, .timeout = 300);

ParameterizedTestParameters(grad, primitive)
{
    Row *copy = cr_malloc(sizeof row);
    memcpy(copy, row, sizeof row);
    return cr_make_param_array(Row, copy, sizeof row / sizeof *row);
}

ParameterizedTest(Row *o, grad, primitive)
{
    if (SANITIZED)
        cr_skip_test("all of them are in one program below");
    char *file = text("%s/%s.nn", scratch(), o->name);
    write_text(file, program(o));
    Run r = run("$GRADC check %s", file);
    cr_assert(r.status == 0, "%s: exit %d\n%s%s%s", o->name, r.status, program(o), r.out,
              r.err);
}

/* ---- Faults are named ---- */

/* The line of `name` in the table of worst elements. */
static const char *worst_element(const char *table, const char *name)
{
    const char *at = strstr(table, "worst element");
    at = at ? strstr(at, text("\n  %s[", name)) : NULL;
    return at ? text("%.*s", (int)strcspn(at + 1, "\n"), at + 1) : "";
}

static void expect_fault(const char *program, const char *options, const char *verdict)
{
    char *file = text("%s/m.nn", scratch());
    write_text(file, text("%smodel m {\n  input x[4]\n  param w[4] = 1\n"
                          "  loss sum(cube(w) * x)\n}\n",
                          program));
    Run r = run("$GRADC check %s %s", file, options);
    cr_expect(r.status == 1, "exit %d\n%s%s", r.status, r.out, r.err);
    const char *found = worst_element(r.out, "w");
    cr_expect(strstr(found, verdict), "'%s' of '%s' in\n%s", verdict, found, r.out);
}

/* A derivative by hand that is wrong, and a C compiler that puts another constant for
 * the 3. */
Test(grad, faults_are_named)
{
    char *cc = text("%s/cc.sh", scratch());
    write_text(
        cc,
        "#!/bin/sh\nfor a; do case $a in *.c)\n"
        "sed -i 's/ 3.0\\(f*\\) / 3.001\\1 /' \"$a\";; esac; done\nexec clang \"$@\"\n");
    must("chmod +x %s", cc);
    expect_fault("fn cube(x) = x^3 derivative 2 * x^2\n", "", "derived is wrong");
    expect_fault("fn cube(x) = x^3\n", text("--cc %s", cc), "emitted is wrong");
}

/* Small sizes: a finite difference costs two forward passes per element. */
static void check_with(const char *path, const char *options)
{
    Run r = run("$GRADC check %s %s %s", path, options_of(path), options);
    cr_assert(r.status == 0, "%s %s: exit %d\n%s%s", path, options, r.status, r.out, r.err);
}

/* Sanitizers see the same reads and writes in either precision. */
static void check(const char *path) { check_with(path, SANITIZED ? "--real f32" : ""); }

ParameterizedTestParameters(grad, program) { return cases("tests/grad", ".nn"); }

ParameterizedTest(Case *c, grad, program) { check(c->path); }

ParameterizedTestParameters(grad, example) { return cases("examples", ".nn"); }

ParameterizedTest(Case *c, grad, example)
{
    if (SANITIZED)
        cr_skip_test("the programs of tests/grad go the same ways in less time");
    check(c->path);
}

/* The columns f64 and f32 of a row of the table, "  name[3, 4]  0  1.2e-07  ..."; false: it
 * is no row. */
static bool read_row(const char *line, char f64[16], char f32[16])
{
    const char *end = line + strcspn(line, "\n");
    const char *name = line + strspn(line, " ");
    if (name == line || name == end)
        return false;
    const char *after = name + strcspn(name, " [\n");
    if (*after == '[')
        after += strcspn(after, "]\n") + 1;
    return sscanf(after, "%15s %15s", f64, f32) == 2;
}

Test(grad, one_precision)
{
    char *file = text("%s/line.nn", scratch());
    write_text(file, "model line {\n  input x\n  param w = 3\n  loss w * x\n}\n");
    char *table = must("$GRADC check --real f64 %s", file).out, f64[16], f32[16];
    char *loss = strstr(table, "  loss");
    cr_assert(loss && read_row(loss, f64, f32), "%s", table);
    cr_expect(strcmp(f64, "-") && !strcmp(f32, "-"), "%s", table);
}

/* ---- Other machines than this one ---- */

static const char *const machine[] = {
    "--lanes 1",
    "--target x86-64-v3",
    "--target aarch64 --cc $SOURCE/tests/qemu/cc.sh",
};

static void check_on_machines(const char *path)
{
    bool emulated = !run("command -v qemu-aarch64-static").status;
    if (!emulated)
        fprintf(stderr,
                "skipped: no qemu-aarch64-static here to run programs of aarch64\n");
    for (size_t i = 0; i < sizeof machine / sizeof *machine; i++)
        if (emulated || !strstr(machine[i], "qemu"))
            check_with(path, machine[i]);
}

ParameterizedTestParameters(grad, machine) { return cases("tests/grad/machine", ".nn"); }
ParameterizedTest(Case *c, grad, machine)
{
    if (SANITIZED)
        cr_skip_test("the compiler's work is the same for every machine");
    check_on_machines(c->path);
}

/* Every primitive in one program. */
Test(grad, primitives_of_machines)
{
    char *functions = "", *equations = "", *sum = "0";
    for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
        const char *name = text("%s_%zu", row[i].name, i);
        const char *init = text("uniform(%g, %g)", row[i].lo, row[i].hi);
        functions = text("%sfn f_%s(a, b, c) = %s\n", functions, name, spelling(&row[i]));
        equations = text("%s  param p_%s[3, 19] = %s\n"
                         "  y_%s[i] = f_%s(p_%s[0, i], p_%s[1, i], p_%s[2, i])\n",
                         equations, name, init, name, name, name, name, name);
        sum = text("%s + sum(i) x[i] * y_%s[i]", sum, name);
    }
    char *file = text("%s/primitives.nn", scratch());
    write_text(file, text("%smodel primitives {\n  input x[19]\n%s  loss %s\n}\n",
                          functions, equations, sum));
    if (SANITIZED)
        check(file);
    else
        check_on_machines(file);
}

/* ---- Whole numbers: nothing is rounded, so nothing may differ ---- */

/* Small whole numbers in, and programs of sums and products: the interpreter and the
 * emitted C, in both precisions, give the same bits forwards, backwards and after an
 * update. */
ParameterizedTestParameters(grad, whole_numbers) { return cases("tests/whole", ".nn"); }

ParameterizedTest(Case *c, grad, whole_numbers)
{
    if (SANITIZED)
        cr_skip_test("the numbers are those without sanitizers");
    Run r = run("$GRADC check %s", c->path);
    cr_assert(r.status == 0, "%s: exit %d\n%s%s", c->path, r.status, r.out, r.err);
    int rows = 0;
    bool errors = true;
    for (const char *line = r.out; line; line = strchr(line, '\n')) {
        char f64[16], f32[16];
        line += *line == '\n';
        if (*line != ' ') /* a title: the table of worst elements has values */
            errors = strncmp(line, "worst", 5) != 0;
        if (!errors || !read_row(line, f64, f32))
            continue;
        cr_assert(!strcmp(f64, "0") && !strcmp(f32, "0"), "%s: not the same: %.*s", c->path,
                  (int)strcspn(line, "\n"), line);
        rows++;
    }
    cr_assert(rows > 0, "%s: no rows in\n%s", c->path, r.out);
}
