/* The page about a run, and what it says of single examples. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

TestSuite(report, .timeout = 300);

/* What it says is what comes in, so that every number of the page is known. */
static const char program[] = "model echo {\n"
                              "  input x[3]\n"
                              "  input kind : index < 3\n"
                              "  param w = 1\n"
                              "  z[k] = w * x[k]\n"
                              "  loss cross_entropy(z, kind)\n"
                              "  metric accuracy = argmax(z) == kind\n"
                              "  output z\n"
                              "  train { batch = 4  epochs = 3  optimizer = sgd(lr = 0) }\n"
                              "}\n";

static const char data[] = "a,b,c,kind\n"
                           "4,0,0,apple\n"
                           "0,9,0,plum\n"
                           "3,0,0,<pear>\n"
                           "2,1,0,<pear>\n"
                           "1,2,0,apple\n";

/* Without colours, which are not what is tested. */
static char *page_of(char *dir)
{
    write_text(text("%s/d.csv", dir), data);
    must("cd %s && ./m train x=d.csv:0-2 kind=d.csv:3 -q && "
         "xmllint --noout echo.run/report.html && "
         "sed 's/ class=\"[a-z ]*\"//g; s/ style=\"[^\"]*\"//g' echo.run/report.html >page",
         dir);
    return read_text(text("%s/page", dir));
}

/* Classes are in the order of their bytes: <pear>, apple, plum. */
Test(report, of_a_run)
{
    char *dir = build_text(program, ""), *page = page_of(dir);
    static const char *const part[] = {
        "5 of the 5 examples to train with",
        ">loss</figcaption>",
        ">accuracy</figcaption>",
        ">learning rate</figcaption>",
        "prefers-color-scheme: dark",
        "<tr><th>&lt;pear></th><td>2</td><td></td><td></td><td>100.0%</td></tr>",
        "<tr><th>apple</th><td>1</td><td>1</td><td></td><td>50.0%</td></tr>",
        "<tr><th>plum</th><td></td><td>1</td><td></td><td>0.0%</td></tr>",
        "mixed up: apple taken for &lt;pear> (1), plum taken for apple (1).",
        "<tr><td>1</td><td>9</td><td>plum</td><td>apple</td><td>0, 9, 0</td>",
        "<tr><td>0</td><td>4.036</td><td>apple</td><td>&lt;pear></td><td>4, 0, 0</td>",
        "<tr><td>w</td><td>m.nn:4</td>",
        "epochs = 3\n"};
    for (size_t i = 0; i < sizeof part / sizeof *part; i++)
        cr_assert(strstr(page, part[i]), "%s: no %s", dir, part[i]);
    cr_assert_null(strstr(page, "<script"));
    cr_assert_null(strstr(page, "http"), "it is in one piece");
}
