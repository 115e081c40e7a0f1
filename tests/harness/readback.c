/* What gradc grad prints is a program: compiled, it computes the numbers of the program
 * that it was printed for, by way of equations where that one has rules. */
#include "numbers.h"
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(readback, .timeout = 300);

enum { EXAMPLES = 2 };

/* A line of the listing: "input digit[batch] : index < 10  # digits.nn:4". */
typedef struct Declared {
    gr_named tensor;
    bool given;    /* an input */
    double lo, hi; /* of its numbers */
    bool whole;
} Declared;

static bool parse(char *line, Declared *d)
{
    char role[8], name[200];
    int bound, n = 0;
    *d = (Declared){.lo = -1, .hi = 1};
    if (sscanf(line, "%7s %199[^[ ]%n", role, name, &n) < 2 ||
        !strstr("input param state", role))
        return false;
    d->given = !strcmp(role, "input");
    d->tensor.name = text("%s", name);
    gr_array *a = &d->tensor.array;
    a->type = GR_F64;
    for (char *at = line + n; *at == '[' || *at == ','; at += 1 + strcspn(at + 1, ",]"))
        a->dim[a->rank++] = strncmp(at + 1, "batch", 5) ? (size_t)atoi(at + 1) : EXAMPLES;
    const char *type = strstr(line, " : ");
    d->whole = type != NULL;
    if (d->whole && sscanf(type, " : index < %d", &bound) == 1)
        d->lo = 0, d->hi = bound;
    else if (d->whole)
        d->lo = 0, d->hi = 256;
    if (!strcmp(role, "state"))
        d->lo = 0.5, d->hi = 1.5; /* it may be a variance */
    return true;
}

static double draw(void)
{
    static unsigned long long state = 1;
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    return (double)(state >> 11) / 9007199254740992.0;
}

static void fill(Declared *d)
{
    size_t n;
    gr_count(d->tensor.array.rank, d->tensor.array.dim, &n);
    double *x = malloc((n ? n : 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = d->lo + (d->hi - d->lo) * draw();
        x[i] = d->whole ? (double)(long long)x[i] : x[i];
    }
    d->tensor.array.data = x;
}

/* DIR/inputs and DIR/params, with numbers for what the listing declares. */
static void write_data(const char *dir, char *listing)
{
    gr_named tensor[2][200];
    gr_safetensors file[2] = {{.tensor = tensor[0]}, {.tensor = tensor[1]}};
    for (char *line = strtok(listing, "\n"); line; line = strtok(NULL, "\n")) {
        Declared d;
        if (!parse(line, &d))
            continue;
        fill(&d);
        gr_safetensors *f = &file[!d.given];
        cr_assert(f->tensors < 200);
        f->tensor[f->tensors++] = d.tensor;
    }
    gr_error e = {""};
    cr_assert(gr_write_safetensors(text("%s/inputs", dir), &file[0], &e), "%s", e.text);
    cr_assert(gr_write_safetensors(text("%s/params", dir), &file[1], &e), "%s", e.text);
}

static gr_safetensors run_of(const char *dir, const char *program, const char *data,
                             const char *options)
{
    must("%s/m grad %s --params %s/params --inputs %s/inputs --out %s/g", program, options,
         data, data, dir);
    return load(text("%s/g", dir));
}

/* All that the model computes is what its print does, gradients being outputs there. */
static void compare_runs(const char *path, const gr_safetensors *model,
                         const gr_safetensors *back)
{
    int gradients = 0;
    for (int i = 0; i < model->tensors; i++) {
        const char *name = model->tensor[i].name;
        bool gradient = !strncmp(name, "grad.", 5);
        const char *there = gradient ? text("dL/d%s", name + 5) : name;
        const gr_array *found = gr_tensor_named(back, there);
        cr_assert(found, "%s: nothing by '%s' is computed when read back", path, there);
        compare(text("%s: %s", path, there), found, &model->tensor[i].array, 1e-12);
        gradients += gradient;
    }
    cr_assert(gradients > 0, "%s: no gradients", path);
}

/* Draws depend on the place in the program. Those of training can be done without. */
static bool draws(const char *program, bool in_training)
{
    char *copy = text("%s", program);
    for (char *line = strtok(copy, "\n"); line; line = strtok(NULL, "\n"))
        if ((strstr(line, "uniform(") || strstr(line, "normal(")) &&
            !strstr(line, "training") == !in_training)
            return true;
    return false;
}

static void read_back(const char *path)
{
    if (SANITIZED)
        cr_skip_test("two more programs of equations that others go through");
    const char *options = text("%s --batch %d", options_of(path), EXAMPLES);
    char *dir = scratch();
    must("cd %s && $GRADC grad --format nn %s %s >back.nn", dir, path, options);
    char *printed = read_text(text("%s/back.nn", dir));
    if (draws(printed, false)) {
        must("cd %s && $GRADC emit --dump=simplify.gradients back.nn", dir);
        return;
    }
    write_data(dir, must("$GRADC grad %s %s", path, options).out);
    char *model = build(path, text("%s --real f64", options));
    char *back = build(text("%s/back.nn", dir), "--real f64");
    const char *how = draws(printed, true) ? "--eval" : "";
    gr_safetensors a = run_of(dir, model, dir, how);
    gr_safetensors b = run_of(dir, back, dir, how);
    compare_runs(path, &a, &b);
}

ParameterizedTestParameters(readback, example) { return cases("examples", ".nn"); }
ParameterizedTest(Case *c, readback, example) { read_back(c->path); }

ParameterizedTestParameters(readback, textbook)
{
    return cases("tests/golden/grad", ".nn");
}
ParameterizedTest(Case *c, readback, textbook) { read_back(c->path); }

/* Every program of tests/grad and tests/e2e is one when printed. */
static void parses(const Case *c)
{
    char *dir = scratch();
    must("$GRADC grad --format nn %s %s >%s/back.nn", c->path, options_of(c->path), dir);
    must("$GRADC emit --dump=simplify.gradients %s/back.nn", dir);
}

ParameterizedTestParameters(readback, program) { return cases("tests/grad", ".nn"); }
ParameterizedTest(Case *c, readback, program)
{
    if (SANITIZED)
        cr_skip_test("the fixtures of e2e go the same way in less time");
    parses(c);
}

ParameterizedTestParameters(readback, fixture) { return cases("tests/e2e", ".nn"); }
ParameterizedTest(Case *c, readback, fixture) { parses(c); }
