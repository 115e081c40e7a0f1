/* What is taken from the training examples: fillings, means and deviations on paper. */
#include <criterion/criterion.h>

#include "trainer.h"

/* Of b the median is 20: with it the mean is 27.5, the mean square from there 368.75. a has
 * 3 and 3.5; c never changes. */
#define TABLE "x=t.csv:a,b,c k=t.csv:kind y=t.csv:y "

static void enter(void)
{
    enter_folder();
    sh("printf "
       "'a,b,c,kind,y\\n1,10,5,red,0\\n2,,5,blue,1\\n3,20,5,red,2\\n6,60,5,green,3\\n' "
       ">t.csv");
}

TestSuite(fit, .init = enter);

static void near(const char *file, const char *name, size_t n, const double *want)
{
    const gr_array *a = tensor(file, name);
    cr_assert(a->rank == 1 && a->dim[0] == n && a->type == GR_F64, "%s", name);
    for (size_t i = 0; i < n; i++)
        cr_assert(fabs(gr_element(a, i) - want[i]) <= 1e-14 * fabs(want[i]),
                  "%s: %zu is %.17g, not %.17g", name, i, gr_element(a, i), want[i]);
}

#define NEAR3(file, name, ...) near(file, name, 3, (const double[3]){__VA_ARGS__})

static void fails(const char *command, const char *message)
{
    char want[1000];
    cr_assert_eq(sh("%s", command), 2, "%s", command);
    snprintf(want, sizeof want, "line: error: %s\n", message);
    cr_assert_str_eq(text_of("err"), want);
}

Test(fit, median_mean_deviation)
{
    cr_assert_eq(sh("./t train " TABLE "--standardize x --missing median -q"), 0, "%s",
                 text_of("err"));
    NEAR3("line.run/last.safetensors", "data.x.missing", 2.5, 20, 5);
    NEAR3("line.run/last.safetensors", "data.x.mean", 3, 27.5, 5);
    NEAR3("line.run/best.safetensors", "data.x.deviation", sqrt(3.5), sqrt(368.75), 1);
    cr_assert_eq(sh("./t train " TABLE "--missing mean -q -o m && "
                    "./t train " TABLE
                    "--missing=-7 -q -o n && ./t export -p n -o n.npz && "
                    "cmake -E tar tf n.npz"),
                 0, "%s", text_of("err"));
    cr_assert(strstr(text_of("out"), "data.x.missing.npy"), "%s", text_of("out"));
    NEAR3("m/last.safetensors", "data.x.missing", 3, 30, 5);
    NEAR3("n/last.safetensors", "data.x.missing", -7, -7, -7);
}

/* The example is scaled by the numbers of training, not by its own. */
Test(fit, predicts_with_the_numbers_of_training)
{
    cr_assert_eq(sh("./t train " TABLE "--standardize 'x*' --missing median -q && "
                    "printf '4,NA,7,red\\n' >p.csv && ./t predict x=p.csv:0-2 k=p.csv:3"),
                 0, "%s", text_of("err"));
    const gr_array *w = tensor("line.run/best.safetensors", "w");
    double x[] = {1 / sqrt(3.5), -7.5 / sqrt(368.75), 2},
           z = gr_element(tensor("line.run/best.safetensors", "c"), 2) +
               gr_element(tensor("line.run/best.safetensors", "b"), 0),
           found = 0;
    for (size_t i = 0; i < 3; i++)
        z += gr_element(w, i) * x[i];
    cr_assert_eq(sscanf(text_of("out"), "z\n%lf", &found), 1, "%s", text_of("out"));
    cr_assert(fabs(found - z) < 1e-12, "%.17g, not %.17g", found, z);
}

/* Three of four rows are trained with: the mean of a is 12 less the fourth over 3. */
Test(fit, only_of_what_is_trained_with)
{
    cr_assert_eq(sh("./t train " TABLE "--standardize x --missing 0 --validation 0.25 -q"),
                 0, "%s", text_of("err"));
    double mean = gr_element(tensor("line.run/last.safetensors", "data.x.mean"), 0);
    int found = 0;
    for (int held = 0; held < 4; held++)
        found += fabs(mean - (12 - (const int[]){1, 2, 3, 6}[held]) / 3.0) < 1e-14;
    cr_assert_eq(found, 1, "%g", mean);
}

/* A validation file is scaled as the training file, and so is the same file in eval. */
Test(fit, validates_with_the_numbers_of_training)
{
    cr_assert_eq(
        sh("printf '9,1,2,red,4\\n7,5,,blue,5\\n' >v.csv; "
           "./t train " TABLE "val.x=v.csv:0-2 val.k=v.csv:3 val.y=v.csv:4 "
           "--standardize x --missing mean --epochs 1 -q && "
           "./t eval -p line.run/last.safetensors x=v.csv:0-2 k=v.csv:3 y=v.csv:4"),
        0, "%s", text_of("err"));
    double val, eval;
    cr_assert_eq(sscanf(text_of("line.run/metrics.csv"), "%*s\n1,1,%*f,%*f,%lf", &val), 1);
    cr_assert_eq(sscanf(text_of("out"), "2 examples loss %lf", &eval), 1, "%s",
                 text_of("out"));
    cr_assert(fabs(val - eval) < 1e-3 * val, "%g, not %g", eval, val);
    NEAR3("line.run/last.safetensors", "data.x.mean", 3, 30, 5);
}

Test(fit, goes_on_with_its_numbers)
{
    cr_assert_eq(sh("./t train " TABLE
                    "--standardize x --missing mean --epochs 6 -q -o a && "
                    "./t train " TABLE "--standardize x --missing mean --epochs 6 -q -o b "
                    "--max-steps 3 && ./t train " TABLE "--epochs 6 -q -o b --resume && "
                    "cmp a/last.safetensors b/last.safetensors && cmp a/best.safetensors "
                    "b/best.safetensors"),
                 0, "%s%s", text_of("err"), text_of("out"));
    cr_assert_eq(sh("./t train " TABLE "--missing mean -q --epochs 2 -o c"), 0);
    fails("./t train " TABLE "--standardize x --resume -q --epochs 4 -o c",
          "the run to go on with was without --standardize for input 'x'");
    cr_assert_eq(sh("sed 's/2,,/2,30,/' t.csv >u.csv;"
                    "./t train x=u.csv:0-2 k=u.csv:3 y=u.csv:4 -p a -q --epochs 1 -o d"),
                 0, "%s", text_of("err"));
    NEAR3("d/last.safetensors", "data.x.mean", 3, 30, 5);
}

/* The columns of a series are those of a step, whatever the window: here there is one. */
Test(fit, windows)
{
    cr_assert_eq(
        sh("printf '1\\n2\\nNA\\n3\\n6\\n8\\n' >s.csv; printf '0\\n0\\n' >k.csv;"
           "./t train x=s.csv:0 k=k.csv y=k.csv --standardize x --missing mean -q"),
        0, "%s", text_of("err"));
    near("line.run/last.safetensors", "data.x.missing", 1, (const double[]){4});
    near("line.run/last.safetensors", "data.x.mean", 1, (const double[]){4});
    near("line.run/last.safetensors", "data.x.deviation", 1,
         (const double[]){sqrt((9 + 4 + 0 + 1 + 4 + 16) / 6.0)});
}

Test(fit, refuses)
{
    fails("./t train " TABLE, "t.csv: input 'x': line 3: column 1 b is empty; train with "
                              "--missing mean, median or a number to fill it in");
    sh("sed 's/blue,1/blue,?/; s/,,/,1,/' t.csv >y.csv; printf 'a\\n?\\n?\\n' >e.csv");
    fails("./t train x=y.csv:0-2 k=y.csv:kind y=y.csv:y --missing mean",
          "y.csv: input 'y': line 3: column 4 y is '?'; what is missing of a target is not "
          "filled in");
    sh("sed 's/10/NA/; s/20/null/; s/60/nan/' t.csv >e.csv");
    fails("./t train x=e.csv:0-2 k=e.csv:3 y=e.csv:4 --missing mean",
          "input 'x': column 1 has no number to take the mean of");
    fails("./t train " TABLE "--missing average",
          "--missing takes mean, median or a number, not 'average'");
    fails("./t train " TABLE "--missing mean --standardize k",
          "--standardize: no input of real numbers is like 'k'");
    static double x[] = {1, 2, 3, 4, NAN, 6};
    gr_error e;
    gr_write_npy("x.npy", &(gr_array){.type = GR_F64, .rank = 2, .dim = {2, 3}, .data = x},
                 &e);
    sh("printf '1\\n2\\n' >k.csv");
    fails("./t train x=x.npy k=k.csv y=k.csv", "x.npy: input 'x': row 1 (from 0): column 1 "
                                               "is nan; train with --missing mean, median "
                                               "or a number to fill it in");
}
