/* The learning rate, an expression of the model, is seen by the trainer. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(rate, .timeout = 300);

/* One step to an epoch, so that its number is that of the step. */
static const char *metrics(const char *optimizer)
{
    char *dir = build_text(text("optimizer plain(rate) {\n"
                                "  param := param - rate * grad\n"
                                "}\n"
                                "model m {\n"
                                "  input x\n"
                                "  param w = 3\n"
                                "  loss (w * x - 1)^2\n"
                                "  train { batch = 4  epochs = 3  optimizer = %s }\n"
                                "}\n",
                                optimizer),
                           "");
    write_text(text("%s/x.csv", dir), "1\n2\n0.5\n1\n");
    must("cd %s && ./m train x=x.csv -q", dir);
    return read_text(text("%s/m.run/metrics.csv", dir));
}

/* The number in the column that is counted from 0. */
static double number(const char *csv, int row, int column)
{
    for (; row > 0; row--)
        csv = strchr(csv, '\n') + 1;
    for (; column > 0; column--)
        csv = strchr(csv, ',') + 1;
    return atof(csv);
}

Test(rate, of_a_schedule)
{
    const char *csv = metrics("adam(lr = 0.25 * 0.5^step)");
    cr_assert(strncmp(csv, "epoch,step,loss,lr,gradient,update\n", 35) == 0, "%s", csv);
    for (int step = 1; step <= 3; step++)
        cr_assert_eq(number(csv, step, 3), 0.25 / (1 << step), "%s", csv);
}

Test(rate, that_is_constant)
{
    const char *csv = metrics("sgd(lr = 0.125)");
    for (int step = 1; step <= 3; step++)
        cr_assert_eq(number(csv, step, 3), 0.125, "%s", csv);
}

/* Only an argument called lr is one. */
Test(rate, of_none)
{
    const char *csv = metrics("plain(0.125)");
    cr_assert(strncmp(csv, "epoch,step,loss,gradient,update\n", 32) == 0, "%s", csv);
}
