/* Weights of examples and of classes: both are inputs that the loss reads, so that
 * equations say what they do. The trainer knows how to give one value to all examples. */
#include "run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(weights, .timeout = 300);

/* Batches are of 4 and 2: the last one counts half. */
static const char program[] = "model parabola {\n"
                              "  input x\n"
                              "  input t : index < 3\n"
                              "  input weight[3]\n"
                              "  input s\n"
                              "  param p = 1\n"
                              "  y = p * x\n"
                              "  loss s * weight[t] * y^2\n"
                              "  metric weighted_mean = weighted(y^2, s * weight[t])\n"
                              "  output y\n"
                              "  train { batch = 4  epochs = 1  optimizer = sgd(lr = 0) }\n"
                              "}\n";

static const double x[] = {1, 2, 3, 4, 5, 6}, s[] = {1, 0.5, 2, 0, 1, 3};
static const int t[] = {0, 0, 0, 1, 1, 2};

#define DATA "x=d.csv:x t=d.csv:t s=d.csv:s "

static char *make(void)
{
    char *dir = build_text(program, ""), *table = text("x,t,s\n");
    for (int i = 0; i < 6; i++)
        table = text("%s%g,%d,%g\n", table, x[i], t[i], s[i]);
    write_text(text("%s/d.csv", dir), table);
    return dir;
}

/* Of the first n examples. */
static double mean_of(const double *weight, int n)
{
    double sum = 0;
    for (int i = 0; i < n; i++)
        sum += s[i] * weight[t[i]] * x[i] * x[i];
    return sum / n;
}

static void has_loss(const char *out, double want)
{
    double loss;
    cr_assert_eq(sscanf(out, "%*d examples loss %lf", &loss), 1, "%s", out);
    cr_assert(fabs(loss - want) < 6e-4 * want, "%g, not %g", loss, want);
}

/* scikit-learn's compute_class_weight("balanced"): examples / (classes * examples of the
 * class), here 6/(3*3), 6/(3*2), 6/(3*1). */
Test(weights, balanced)
{
    static const double weight[] = {2 / 3.0, 1, 2};
    char *dir = make();
    must("cd %s && ./m train " DATA "weight=@balanced:t -q", dir);
    has_loss(must("cd %s && ./m eval " DATA, dir).out, mean_of(weight, 6));
    has_loss(must("cd %s && ./m eval " DATA "weight=@balanced:t --rows 5", dir).out,
             mean_of(weight, 5));
    must("cd %s && ./m export -o p.h && grep -q 'data_weight_value.3. = "
         ".0.66666666666666663, "
         "1.0, 2.0' p.h",
         dir);
    Run r = run("cd %s && ./m train " DATA "weight=@balanced:x -q", dir);
    cr_assert_str_eq(r.err,
                     "parabola: error: input 'weight': 'x' is no input of classes\n");
    r = run("cd %s && ./m train " DATA "-q", dir);
    cr_assert_str_eq(r.err,
                     "parabola: error: input 'weight' is missing: give weight=FILE\n");
}

Test(weights, given)
{
    static const double weight[] = {1, 2.5, 0};
    char *dir = make();
    must("cd %s && ./m train " DATA "weight=@1,2.5,0 -q", dir);
    has_loss(must("cd %s && ./m eval " DATA, dir).out, mean_of(weight, 6));
    has_loss(must("cd %s && ./m eval " DATA "weight=@1,1,1", dir).out,
             mean_of((const double[]){1, 1, 1}, 6));
    Run r = run("cd %s && ./m train " DATA "weight=@1,2 -q", dir);
    cr_assert_str_eq(r.err,
                     "parabola: error: @1,2: input 'weight': 2 numbers, expected 3\n");
    r = run("cd %s && ./m train " DATA "weight=@1,2,x -q", dir);
    cr_assert_str_eq(r.err, "parabola: error: @1,2,x: input 'weight': neither numbers nor "
                            "@balanced:INPUT\n");
}

/* weighted() is the mean over the weights of a batch; all six are no batch, so that the
 * mean over 4 and 2 counts them as often. */
Test(weights, of_a_batch)
{
    char *dir = make();
    must("cd %s && ./m train " DATA "weight=@1,1,1 -q", dir);
    const char *out = must("cd %s && ./m eval " DATA, dir).out;
    double want = 4 / 6.0 * (1 + 2 + 18) / 3.5 + 2 / 6.0 * (25 + 108) / 4.0, found;
    cr_assert_eq(sscanf(out, "%*d examples loss %*f weighted_mean %lf", &found), 1, "%s",
                 out);
    cr_assert(fabs(found - want) < 6e-4 * want, "%g, not %g", found, want);
}

/* Three names in the language that are one in C, and the name that the second of them gets.
 */
Test(weights, names_in_c)
{
    char *dir = build_text("model names {\n"
                           "  input x\n"
                           "  param 'a.b' = 1\n"
                           "  param a_b = 2\n"
                           "  param 'a b' = 3\n"
                           "  param a_b_2 = 4\n"
                           "  z = 'a.b' + a_b + 'a b' + a_b_2 + x\n"
                           "  loss z^2\n"
                           "  output z\n"
                           "  train { optimizer = sgd(lr = 0) }\n"
                           "}\n",
                           "");
    write_text(text("%s/x.csv", dir), "1\n2\n");
    must("cd %s && ./m train x=x.csv --epochs 1 -q && ./m export -o p.h", dir);
    write_text(text("%s/t.c", dir), "#include \"p.h\"\n"
                                    "int main(void)\n"
                                    "{\n"
                                    "    return names_a_b != 1 || names_a_b_2 != 2 ||\n"
                                    "           names_a_b_3 != 3 || names_a_b_2_2 != 4;\n"
                                    "}\n");
    must("cd %s && clang -Wall -Werror t.c -o t && ./t", dir);
}
