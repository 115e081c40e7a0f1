/* A number that is none stops a run, which then names the equation that it began in. */
#include "run.h"

#include <criterion/criterion.h>
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
