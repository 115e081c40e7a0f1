/* A number that is none stops a run, which then names the equation that it began in. */
#include "run.h"

#include "numbers.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

TestSuite(watch, .timeout = 300);

/* The weight grows until exp overflows; then it is e, which neither reports nor stores. */
static const char bursts[] =
    "model bursts {\n"
    "  input x\n"
    "  param w = 80\n"
    "  e = exp(w * x)\n"
    "  y = log(1 + e) - e / (1 + e)\n"
    "  loss -y\n"
    "  output y\n"
    "  train { batch = 2  epochs = 100  optimizer = sgd(lr = 0.5) }\n"
    "}\n";

static const char *last_words(const char *program, const char *options)
{
    char *dir = build_text(program, options);
    write_text(text("%s/x.csv", dir), "1\n1\n0.5\n1\n");
    Run r = run("cd %s && ./m train x=x.csv -q", dir);
    cr_assert(r.status == 1, "exit %d: %s", r.status, r.err);
    return r.err;
}

Test(watch, names_the_equation)
{
    const char *err = last_words(bursts, "--watch");
    cr_assert(strstr(err, "bursts: the loss is nan at step ") &&
                  strstr(err, "best.safetensors is from before"),
              "%s", err);
    cr_assert(strstr(err, "\nbursts: it begins with e[") &&
                  strstr(err, "] = inf, m.nn:4\n"),
              "%s", err);
    cr_assert_null(strstr(err, "--watch"));
}

Test(watch, names_what_it_can)
{
    const char *err = last_words(bursts, "");
    cr_assert(strstr(err, "\nbursts: it begins with y[") &&
                  strstr(err, "] = nan, m.nn:5\n"),
              "%s", err);
    cr_assert(strstr(err, "\nbursts: 'gradc build --watch' makes"), "%s", err);
}

/* The square root of 0: the loss is fine, what flows back is not. */
Test(watch, names_the_gradient)
{
    const char *err = last_words("model root {\n"
                                 "  input x\n"
                                 "  param w = 0\n"
                                 "  y = sqrt(w * x)\n"
                                 "  loss y\n"
                                 "  output y\n"
                                 "  train { batch = 2  optimizer = sgd(lr = 1) }\n"
                                 "}\n",
                                 "--watch");
    cr_assert(strstr(err, "\nroot: it begins with grad.") && strstr(err, "m.nn:4\n"), "%s",
              err);
}

/* Units 1 and 2 of h are 0 for each of the examples; d counts for a billionth. */
static const char inner[] = "model inner {\n"
                            "  input x[2]\n"
                            "  input t\n"
                            "  param a[3, 2] = 0.5\n"
                            "  param d[1, 2] = 1\n"
                            "  u[i] = sum(j) a[i, j] * x[j] - 100 * i\n"
                            "  h = relu(u)\n"
                            "  v[k] = sum(j) d[k, j] * x[j]\n"
                            "  z = sum(h) + 1e-9 * sum(v)\n"
                            "  loss (z - t)^2\n"
                            "  output z\n"
                            "  train { batch = 4  epochs = 3  optimizer = sgd(lr = 0) }\n"
                            "}\n";

static void same(const char *dir, const char *name, const double *want)
{
    gr_safetensors s = load(text("%s/o.safetensors", dir));
    const gr_array *a = gr_tensor_named(&s, name);
    cr_assert(a, "%s", name);
    for (int i = 0; i < 4; i++)
        cr_assert(fabs(gr_element(a, (size_t)i * a->dim[a->rank - 1]) - want[i]) < 1e-6,
                  "%s[%d]", name, i);
}

/* z is (1, 1, 1, 0.5) and what flows back to it 2 (z - t) / 4. */
Test(watch, looks_inside)
{
    char *dir = build_text(inner, "--watch");
    write_text(text("%s/x.csv", dir), "1,1,3\n2,0,1\n0,2,2\n1,0,1\n");
    Run r = must("cd %s && ./m train x=x.csv:0-1 t=x.csv:2 -q && "
                 "./m grad --activations x=x.csv:0-1 t=x.csv:2 -o o.safetensors",
                 dir);
    cr_assert_str_eq(r.err, "inner: warning: the gradient of 'd' vanishes: 2.36e-09, while that "
                            "of 'a' is 2.36, m.nn:5\n"
                            "inner: warning: the gradient of 'v' vanishes: 1.15e-09, while that "
                            "of 'h' is 1.98, m.nn:8\n"
                            "inner: warning: 'h' has 67% dead units: 0 for each of 4 examples, "
                            "m.nn:7\n");
    same(dir, "h", (const double[]){1, 1, 1, 0.5});
    same(dir, "dL/dh", (const double[]){-1, 0, -0.5, -0.25});
    char *csv = read_text(text("%s/inner.run/gradients.csv", dir));
    double norm, dead;
    cr_assert(sscanf(strstr(csv, "\"h\","), "\"h\",%lf,,%lf", &norm, &dead) == 2, "%s", csv);
    cr_assert_float_eq(norm, sqrt(3 * (1 + 0.25 + 0.0625)), 1e-6);
    cr_assert_float_eq(dead, 2.0 / 3, 1e-6);
}

/* Watched or not, it is the same model: one goes on where the other stopped. */
Test(watch, changes_nothing)
{
    char *dir = build("$SOURCE/examples/xor/xor.nn", ""),
         *other = build("$SOURCE/examples/xor/xor.nn", "--watch");
    must("cd %s && X='x=%s/examples/xor/xor.csv:0-1 y=%s/examples/xor/xor.csv:2' && "
         "./m train $X -q -o a --epochs 50 && %s/m train $X -q -o b --epochs 50 "
         "--max-steps 20 && "
         "./m train $X -q -o b --resume && cmp a/last.safetensors b/last.safetensors",
         dir, SOURCE, SOURCE, other);
}
