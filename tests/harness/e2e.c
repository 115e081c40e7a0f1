/* Whole programs: built, run, and held against numbers from elsewhere.
 *
 * e2e/NAME.nn with NAME.in, NAME.params and NAME.out.safetensors: PyTorch's value and
 * gradient of everything, made by the scripts there (fixtures.py says more). Two files are
 * parameters after some updates by each optimizer, and tables of each schedule. */
#include "numbers.h"
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(e2e, .timeout = 300);

/* ---- Reading ---- */

static char *fixture(const char *name)
{
    return text(SOURCE "/tests/e2e/%s.safetensors", name);
}

/* Every tensor of `expected` whose name begins with `prefix` is in `got`, without it. */
static int compare_all(const gr_safetensors *got, const gr_safetensors *expected,
                       const char *prefix, double tolerance)
{
    int n = 0;
    for (int i = 0; i < expected->tensors; i++) {
        const gr_named *t = &expected->tensor[i];
        if (strncmp(t->name, prefix, strlen(prefix)) != 0)
            continue;
        const char *name = t->name + strlen(prefix);
        const gr_array *found = gr_tensor_named(got, name);
        cr_assert(found, "no '%s' was written", name);
        compare(name, found, &t->array, tolerance);
        n++;
    }
    return n;
}

/* ---- Values and gradients ---- */

/* What `grad` writes, held against NAME.KIND: the same tensors, all of them. */
static void compare_gradients(const char *dir, const char *name, const char *kind,
                              const char *options)
{
    must("%s/m grad %s --inputs %s --out %s/g.safetensors", dir, options,
         fixture(text("%s.in", name)), dir);
    gr_safetensors got = load(text("%s/g.safetensors", dir));
    gr_safetensors expected = load(fixture(text("%s.%s", name, kind)));
    int n = compare_all(&got, &expected, "", 1e-10);
    cr_assert(n == got.tensors, "%s: %d tensors compared, %d written", name, n,
              got.tensors);
}

/* Parameters and states after updates, held against NAME.step: "3.bn.mean" is after 3. */
static void compare_updates(const char *dir, const char *name, const char *params)
{
    gr_safetensors expected = load(fixture(text("%s.step", name)));
    int n = 0;
    for (int steps = 1; steps <= 3; steps++) {
        must("%s/m step %s --inputs %s --steps %d --out %s/after.safetensors", dir, params,
             fixture(text("%s.in", name)), steps, dir);
        gr_safetensors got = load(text("%s/after.safetensors", dir));
        n += compare_all(&got, &expected, text("%d.", steps), 1e-10);
    }
    cr_assert(n == expected.tensors, "%s: %d tensors compared after updates", name, n);
}

static bool has_fixture(const char *name) { return exists(fixture(name)); }

ParameterizedTestParameters(e2e, values)
{
    return cases("tests/e2e", ".out.safetensors");
}

ParameterizedTest(Case *c, e2e, values)
{
    const char *file = strrchr(c->path, '/') + 1;
    const char *name = text("%.*s", (int)strcspn(file, "."), file);
    const char *p = text("%s.params", name);
    const char *params = has_fixture(p) ? text("--params %s", fixture(p)) : "";
    char *dir = build(text(SOURCE "/tests/e2e/%s.nn", name),
                      "--real f64 --cc $SOURCE/tests/quick-cc.sh");
    compare_gradients(dir, name, "out", params);
    if (has_fixture(text("%s.eval", name)))
        compare_gradients(dir, name, "eval", text("--eval %s", params));
    if (has_fixture(text("%s.step", name)))
        compare_updates(dir, name, params);
    if (strstr("activations images_convolution sequences_places", name)) {
        must("%s/m step --inputs %s --out %s/p.safetensors", dir, fixture(text("%s.in", name)),
             dir);
        check_onnx(dir, text("%s/p.safetensors", dir));
    }
}

static bool is_known(const char *file)
{
    static const char *const kind[] = {"in", "params", "out", "eval", "step"};
    int n = (int)strcspn(file, ".");
    for (size_t i = 0; i < sizeof kind / sizeof *kind; i++)
        if (!strcmp(file + n, text(".%s.safetensors", kind[i])))
            return exists(text(SOURCE "/tests/e2e/%.*s.nn", n, file));
    return !strcmp(file, "optimizers.safetensors") ||
           !strcmp(file, "schedules.safetensors");
}

/* A file of numbers that no test reads, or a program without, would go unnoticed. */
Test(e2e, every_file_is_read)
{
    char *list = must("ls $SOURCE/tests/e2e").out;
    for (char *file = strtok(list, "\n"); file; file = strtok(NULL, "\n")) {
        int n = (int)strcspn(file, ".");
        if (!strcmp(file + n, ".nn"))
            cr_expect(has_fixture(text("%.*s.out", n, file)), "%s has no numbers", file);
        else if (strcmp(file + n, ".py"))
            cr_expect(is_known(file), "%s is read by no test", file);
    }
}

/* ---- Optimizers ---- */

/* The settings of a train block that mean what OPTIMIZERS of make_fixtures.py says. */
static const struct Optimizer {
    char name[24], settings[120];
} optimizer[] = {
    {"sgd", "optimizer = sgd(lr = 0.1)"},
    {"sgd_momentum", "optimizer = sgd(lr = 0.1, momentum = 0.9)"},
    {"sgd_nesterov",
     "optimizer = sgd(lr = 0.05, momentum = 0.9, nesterov = true, weight_decay = 0.01)"},
    {"sgd_decay", "optimizer = sgd(lr = 0.1, weight_decay = 0.01)"},
    {"adam", "optimizer = adam(lr = 0.01)"},
    {"adam_options", "optimizer = adam(lr = 0.01, beta1 = 0.8, beta2 = 0.95, eps = 1e-4, "
                     "weight_decay = 0.02)"},
    {"adamw", "optimizer = adamw()"},
    {"adamw_options", "optimizer = adamw(lr = 0.01, weight_decay = 0.05)"},
    {"rmsprop", "optimizer = rmsprop()"},
    {"rmsprop_options",
     "optimizer = rmsprop(lr = 0.003, alpha = 0.9, momentum = 0.8, weight_decay = 0.02)"},
    {"adagrad", "optimizer = adagrad(lr = 0.05)"},
    {"adagrad_options",
     "optimizer = adagrad(lr = 0.05, lr_decay = 0.1, weight_decay = 0.02)"},
    {"adadelta", "optimizer = adadelta()"},
    {"adadelta_options", "optimizer = adadelta(lr = 0.5, rho = 0.8, weight_decay = 0.02)"},
    {"adamax", "optimizer = adamax()"},
    {"adamax_options", "optimizer = adamax(lr = 0.01, weight_decay = 0.02)"},
    {"adam_amsgrad", "optimizer = adam(lr = 0.05, beta2 = 0.9, amsgrad = true)"},
    {"adamw_amsgrad", "optimizer = adamw(lr = 0.05, beta2 = 0.9, amsgrad = true)"},
    {"nadam", "optimizer = nadam()"},
    {"nadam_options", "optimizer = nadam(lr = 0.01, beta1 = 0.8, weight_decay = 0.02, "
                      "momentum_decay = 0.01)"},
    {"radam", "optimizer = radam()"},
    {"radam_options", "optimizer = radam(lr = 0.01, beta2 = 0.9, weight_decay = 0.02)"},
    {"lamb", "optimizer = lamb(lr = 0.02, weight_decay = 0.1)"},
    {"lion", "optimizer = lion(lr = 0.003, weight_decay = 0.1)"},
    {"clip_norm", "optimizer = sgd(lr = 0.5)  clip = clip_norm(grad, 0.1, grad_norm)"},
    {"clip_value", "optimizer = sgd(lr = 0.5)  clip = clip_value(grad, 0.02)"},
    {"scheduled", "optimizer = adam(lr = 0.01 * cosine(total = 120, least = 0.1))"},
};

ParameterizedTestParameters(e2e, optimizers)
{
    struct Optimizer *copy = cr_malloc(sizeof optimizer);
    memcpy(copy, optimizer, sizeof optimizer);
    return cr_make_param_array(struct Optimizer, copy,
                               sizeof optimizer / sizeof *optimizer);
}

/* mlp.nn with another train block. */
static char *mlp_with(const char *settings)
{
    char *program = read_text(SOURCE "/tests/e2e/mlp.nn");
    int before = (int)(strstr(program, "train {") - program);
    return text("%.*strain { batch = 6  %s }\n}\n", before, program, settings);
}

ParameterizedTest(struct Optimizer *o, e2e, optimizers)
{
    if (SANITIZED)
        cr_skip_test("the numbers are those without sanitizers");
    char *dir = build_text(mlp_with(o->settings), "--real f64 --cc $SOURCE/tests/quick-cc.sh");
    gr_safetensors expected = load(fixture("optimizers"));
    cr_assert(expected.tensors == (int)(sizeof optimizer / sizeof *optimizer) * 3 * 4);
    static const int steps[] = {1, 2, 100};
    for (int i = 0; i < 3; i++) {
        must("%s/m step --params %s --inputs %s --steps %d --out %s/after.safetensors", dir,
             fixture("mlp.params"), fixture("mlp.in"), steps[i], dir);
        gr_safetensors got = load(text("%s/after.safetensors", dir));
        int n = compare_all(&got, &expected, text("%s.%d.", o->name, steps[i]), 1e-9);
        cr_assert(n == 4, "%s after %d: %d tensors compared", o->name, steps[i], n);
    }
}

/* What is frozen stays as it was given; the first update of the rest does not notice. Without
 * a gradient for them there is nothing of theirs in `grad`. */
Test(e2e, frozen)
{
    char *dir = build_text(mlp_with("freeze = \"u.*\"  optimizer = sgd(lr = 0.1)"),
                           "--real f64");
    must("%s/m step --params %s --inputs %s --steps 1 --out %s/after.safetensors", dir,
         fixture("mlp.params"), fixture("mlp.in"), dir);
    gr_safetensors got = load(text("%s/after.safetensors", dir));
    gr_safetensors moved = load(fixture("optimizers")), given = load(fixture("mlp.params"));
    compare("u.W", gr_tensor_named(&got, "u.W"), gr_tensor_named(&given, "u.W"), 0);
    compare("u.b", gr_tensor_named(&got, "u.b"), gr_tensor_named(&given, "u.b"), 0);
    compare("z.W", gr_tensor_named(&got, "z.W"), gr_tensor_named(&moved, "sgd.1.z.W"), 1e-9);
    compare("z.b", gr_tensor_named(&got, "z.b"), gr_tensor_named(&moved, "sgd.1.z.b"), 1e-9);

    must("%s/m grad --params %s --inputs %s --out %s/grad.safetensors", dir,
         fixture("mlp.params"), fixture("mlp.in"), dir);
    gr_safetensors gradients = load(text("%s/grad.safetensors", dir));
    cr_assert(gr_tensor_named(&gradients, "grad.z.W"));
    cr_assert_not(gr_tensor_named(&gradients, "grad.u.W"));
}

/* ---- Schedules ---- */

/* The calls that mean what SCHEDULES of make_fixtures.py says. */
static const struct Schedule {
    char name[24], call[64];
} schedule[] = {
    {"constant", "constant(warmup = 8)"},
    {"step_decay", "step_decay(7, 0.5)"},
    {"step_decay_warm", "step_decay(every = 7, warmup = 5)"},
    {"exponential", "exponential(0.9)"},
    {"exponential_warm", "exponential(gamma = 0.95, warmup = 6)"},
    {"cosine", "cosine(total = 40)"},
    {"cosine_warm", "cosine(warmup = 10, total = 40, least = 0.1)"},
    {"linear", "linear(total = 30, least = 0.25)"},
    {"linear_warm", "linear(warmup = 4, total = 40)"},
    {"one_cycle", "one_cycle(total = 40)"},
    {"one_cycle_options", "one_cycle(total = 40, rise = 0.25, div = 10, final = 100)"},
};

enum { SCHEDULES = sizeof schedule / sizeof *schedule };

/* At update k only table[k-1] has a gradient, which is -1: there the factor of update k is
 * left. A factor is a scalar function like any other, so one model holds all. */
Test(e2e, schedules)
{
    char *program = "model table {\n  input x\n";
    char *sum = "x";
    for (int i = 0; i < SCHEDULES; i++) {
        program = text("%s  param %s[40] = 0\n  l%d = sum(k) if k == step - 1 then %s[k] * "
                       "%s else 0\n",
                       program, schedule[i].name, i, schedule[i].name, schedule[i].call);
        sum = text("%s - l%d", sum, i);
    }
    program = text("%s  loss %s\n  train { batch = 1  optimizer = sgd(lr = 1) }\n}\n",
                   program, sum);
    char *dir = build_text(program, "--real f64");
    write_text(text("%s/x.csv", dir), "0\n");
    must("%s/m step x=%s/x.csv --steps 40 --out %s/after.safetensors", dir, dir, dir);
    gr_safetensors got = load(text("%s/after.safetensors", dir));
    gr_safetensors expected = load(fixture("schedules"));
    cr_assert(compare_all(&got, &expected, "", 1e-12) == SCHEDULES);
}

/* ---- Determinism ---- */

static void assert_same(const char *a, const char *b)
{
    Run r = run("cmp %s %s", a, b);
    cr_assert(r.status == 0, "%s%s", r.out, r.err);
}

static const char digits[] = SOURCE "/examples/digits/digits.nn";
static const char train_digits[] =
    "train pixels=" SOURCE "/examples/digits/train.csv:0-63 digit=" SOURCE
    "/examples/digits/train.csv:64";

Test(e2e, same_c_every_time)
{
    char *dir = scratch();
    must("$GRADC emit %s -o %s/a.c --header %s/m.h", digits, dir, dir);
    must("cp %s/m.h %s/first.h", dir, dir);
    must("cd / && $GRADC emit %s -o %s/b.c --header %s/m.h", digits, dir, dir);
    assert_same(text("%s/a.c", dir), text("%s/b.c", dir));
    assert_same(text("%s/first.h", dir), text("%s/m.h", dir));
}

Test(e2e, same_bits_for_any_threads)
{
    char *dir = build(digits, "");
    static const int threads[] = {1, 2, 3, 4, 7};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        must("%s/m %s --epochs 1 --threads %d --out %s/run%d", dir, train_digits,
             threads[i], dir, threads[i]);
        assert_same(text("%s/run1/last.safetensors", dir),
                    text("%s/run%d/last.safetensors", dir, threads[i]));
    }
}

/* ---- Bad input: one line that says what is wrong, exit 2, nothing written ---- */

static const char table[] = "model table {\n"
                            "  input x[2]\n"
                            "  input t : index < 3\n"
                            "  z = dense(x, 3)\n"
                            "  loss cross_entropy(z, t)\n"
                            "  train { batch = 2  epochs = 1  optimizer = sgd() }\n"
                            "}\n";

/* Files beside the program: what they hold, which arguments use them, and what must be said
 * of them. */
static const struct Bad {
    char file[32], content[64], arguments[64], says[3][32];
} bad[] = {
    {"", "", "x=gone.csv t=t.csv", {"gone.csv", "No such file", ""}},
    {"x.csv", "1,2,3\n4,5,6\n", "x=x.csv t=t.csv", {"x.csv", "'x'", "3"}},
    {"x.csv", "1,2\n3,potato\n", "x=x.csv t=t.csv", {"x.csv", "potato", "line 2"}},
    {"x.csv", "1,2\n", "x=x.csv t=t.csv", {"'x'", "1", "2"}},
    {"x.csv", "", "x=x.csv t=t.csv", {"x.csv", "", ""}},
    {"l.csv", "0\n3\n", "x=good.csv t=l.csv", {"l.csv", "'t'", "3"}},
    {"l.csv", "0\n-1\n", "x=good.csv t=l.csv", {"l.csv", "'t'", "-1"}},
    {"l.csv", "0\n0.5\n", "x=good.csv t=l.csv", {"l.csv", "'t'", "0.5"}},
    {"", "", "x=good.csv", {"'t'", "", ""}},
    {"", "", "x=good.csv y=t.csv", {"'y'", "", ""}},
    {"x.npy", "\x93NUMPY\x01", "x=x.npy t=t.csv", {"x.npy", "", ""}},
    {"p.safetensors",
     "no safetensors",
     "x=good.csv t=t.csv --params p.safetensors",
     {"p.safetensors", "", ""}},
};

ParameterizedTestParameters(e2e, bad_data)
{
    struct Bad *copy = cr_malloc(sizeof bad);
    memcpy(copy, bad, sizeof bad);
    return cr_make_param_array(struct Bad, copy, sizeof bad / sizeof *bad);
}

static int lines(const char *s)
{
    int n = 0;
    for (; *s; s++)
        n += *s == '\n';
    return n;
}

/* A run on bad data: it must fail so, and leave no file. */
static void assert_refused(const char *dir, const char *arguments, const char (*says)[32])
{
    Run r = run("cd %s && ./m train %s --out run", dir, arguments);
    cr_assert(r.status == 2, "%s: exit %d\n%s%s", arguments, r.status, r.out, r.err);
    cr_assert(lines(r.err) == 1, "%s: not one line:\n%s", arguments, r.err);
    for (int i = 0; i < 3; i++)
        cr_assert(strstr(r.err, says[i]), "%s: no \"%s\" in: %s", arguments, says[i],
                  r.err);
    cr_assert(!exists(text("%s/run/last.safetensors", dir)), "%s: written", arguments);
}

static char *build_table(void)
{
    char *dir = build_text(table, "");
    write_text(text("%s/good.csv", dir), "1,2\n3,4\n");
    write_text(text("%s/t.csv", dir), "0\n2\n");
    return dir;
}

ParameterizedTest(struct Bad *b, e2e, bad_data)
{
    char *dir = build_table();
    if (b->file[0])
        write_text(text("%s/%s", dir, b->file), b->content);
    assert_refused(dir, b->arguments, b->says);
}

Test(e2e, parameters_of_another_model)
{
    char *dir = build_table();
    static const char says[3][32] = {"mlp.params.safetensors", "z.W", "(3, 7)"};
    assert_refused(dir, text("x=good.csv t=t.csv --params %s", fixture("mlp.params")),
                   says);
}

Test(e2e, good_data_is_accepted)
{
    must("cd %s && ./m train x=good.csv t=t.csv --out run && test -s run/last.safetensors",
         build_table());
}
