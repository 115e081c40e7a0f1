/* Averages of parameters: their numbers, who reads them, and how files keep them. */
#include "numbers.h"
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(averages, .timeout = 300);

/* With x = y = 1 the gradient is 2 (w - 1): an update with rate 0.1 leaves 0.8 of w - 1. */
static char *build_line(const char *average)
{
    char *dir = build_text(text("model line {\n"
                                "  input x\n"
                                "  input y\n"
                                "  param w = 3\n"
                                "  f = w * x\n"
                                "  loss (f - y)^2\n"
                                "  output f\n"
                                "  train { batch = 1  optimizer = sgd(lr = 0.1)  %s }\n"
                                "}\n",
                                average),
                           "--real f64");
    write_text(text("%s/one.csv", dir), "1\n");
    return dir;
}

/* w after k updates. */
static double parameter(int k)
{
    double w = 3;
    for (; k > 0; k--)
        w = 1 + 0.8 * (w - 1);
    return w;
}

static double ema(int k)
{
    double a = parameter(1);
    for (int i = 2; i <= k; i++)
        a = 0.75 * a + 0.25 * parameter(i);
    return a;
}

/* The mean of those after updates 3 to k. */
static double mean_from_third(int k)
{
    double sum = 0;
    for (int i = 3; i <= k; i++)
        sum += parameter(i);
    return k < 3 ? parameter(k) : sum / (k - 2);
}

static void near(const char *file, const char *name, double expected)
{
    gr_safetensors s = load(file);
    const gr_array *a = gr_tensor_named(&s, name);
    cr_assert(a, "%s: no '%s'", file, name);
    compare(name, a,
            &(gr_array){.type = GR_F64, .rank = a->rank, .dim = {1}, .data = &expected},
            1e-14);
}

static void follows(const char *setting, double (*average)(int))
{
    char *dir = build_line(setting), *after = text("%s/after.safetensors", dir);
    for (int steps = 1; steps <= 8; steps++) {
        must("cd %s && ./m step x=one.csv y=one.csv --steps %d -o %s", dir, steps, after);
        near(after, "w", parameter(steps));
        near(after, "w.average", average(steps));
    }
}

Test(averages, exponential) { follows("average = ema(average, param, 0.75)", ema); }

Test(averages, from_some_update_on)
{
    follows("average = swa(average, param, start = 3)", mean_from_third);
}

/* ---- Who reads them ---- */

static char *train_line(const char *options)
{
    char *dir = build_line("average = ema(average, param, 0.75)");
    must("cd %s && ./m train x=one.csv y=one.csv %s", dir, options);
    return dir;
}

/* What `predict` says about 1. */
static double predicted(const char *dir, const char *options)
{
    Run r = must("cd %s && ./m predict x=one.csv %s | tail -n 1", dir, options);
    double f = 0;
    cr_assert(sscanf(r.out, "%lf", &f) == 1, "%s", r.out);
    return f;
}

Test(averages, are_evaluated)
{
    char *dir = train_line("--epochs 5 val.x=one.csv val.y=one.csv | tee log");
    double f = ema(5), difference = predicted(dir, "-p line.run/last.safetensors") - f;
    cr_assert(-1e-14 < difference && difference < 1e-14);
    char *figure = text("loss %.4g", (f - 1) * (f - 1));
    cr_assert(strstr(read_text(text("%s/log", dir)), text("val.%s", figure)));
    cr_assert(strstr(must("cd %s && ./m eval x=one.csv y=one.csv", dir).out, figure));

    must("cd %s && ./m grad x=one.csv y=one.csv -p line.run -o g.safetensors", dir);
    near(text("%s/g.safetensors", dir), "grad.w", 2 * (parameter(5) - 1));
}

/* ---- Files ---- */

Test(averages, go_on_after_an_interruption)
{
    char *dir = train_line("--epochs 6 -o whole");
    must("cd %s && ./m train x=one.csv y=one.csv --epochs 6 --max-steps 3 -o r &&"
         "./m train x=one.csv y=one.csv --epochs 6 --resume -o r &&"
         "cmp whole/last.safetensors r/last.safetensors &&"
         "cmp whole/best.safetensors r/best.safetensors",
         dir);
}

Test(averages, start_as_the_parameters_of_a_file_without_them)
{
    char *other = build_line("");
    must("cd %s && ./m train x=one.csv y=one.csv --epochs 4", other);
    char *dir = build_line("average = ema(average, param, 0.75)");
    double f = predicted(dir, text("-p %s/line.run/last.safetensors", other));
    cr_assert(f == predicted(other, ""), "%.17g", f);
}

Test(averages, are_listed)
{
    char *out = must("%s/m info", build_line("average = ema(average, param)")).out;
    cr_assert(strstr(out, "averages:\n  w.average "), "%s", out);
}
