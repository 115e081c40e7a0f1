/* examples/embed: another project that finds gradc with CMake and has two models in it. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(embed, builds_and_learns, .timeout = 300)
{
    char *dir = scratch();
    must("cmake -S $SOURCE/examples/embed -B %s -DCMAKE_C_COMPILER=clang "
         "-DCMAKE_C_FLAGS='-Wall -Wextra -Werror' "
         "-DCMAKE_PREFIX_PATH=$(dirname $(dirname $GRADC))",
         dir);
    must("cmake --build %s", dir);
    Run r = must("%s/embed $SOURCE/examples/digits", dir);

    double accuracy = 0, p[4] = {0.5, 0.5, 0.5, 0.5};
    const char *line = strstr(r.out, "digits: accuracy");
    cr_assert(line && sscanf(line, "digits: accuracy %lf", &accuracy) == 1, "%s", r.out);
    cr_expect(accuracy >= 0.96, "accuracy %g", accuracy);
    line = strstr(r.out, "0 xor 0");
    cr_assert(line && sscanf(line,
                             "0 xor 0 = %lf\n0 xor 1 = %lf\n1 xor 0 = %lf\n1 xor 1 = %lf", p,
                             p + 1, p + 2, p + 3) == 4,
              "%s", r.out);
    cr_expect(p[0] < 0.1 && p[1] > 0.9 && p[2] > 0.9 && p[3] < 0.1, "%s", line);
}
