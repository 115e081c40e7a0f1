/* tests/bench: the command measures and reports, and all that it may measure is a program.
 */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The number after "NAME": in a text of JSON. */
static double member(const char *json, const char *name)
{
    const char *s = strstr(json, text("\"%s\": ", name));
    cr_assert(s, "no %s in: %s", name, json);
    return strtod(s + strlen(name) + 4, NULL);
}

Test(bench, measures_and_reports, .timeout = 120)
{
    char *dir = scratch();
    Run r = must(
        "cd %s && sh $SOURCE/tests/bench/run.sh -b $(dirname $GRADC)/.. -t 1 -r 1 -n 2 "
        "-o it.json sgemm_512",
        dir);
    cr_expect(strstr(r.out, "sgemm_512"), "%s", r.out);
    char *json = read_text(text("%s/it.json", dir));
    cr_expect(member(json, "mflop") == 268.4, "2 * 512^3 operations: %s", json);
    double p = member(json, "of_peak_by_processor_time");
    cr_expect(p > 0.001 && p < 3, "%s", json); /* of a peak measured while others work */
}

Test(bench, every_workload_is_a_program, .timeout = 120)
{
    must("cd $SOURCE/tests/bench && sed '/^#/d; s/^[^ ]* *[^ ]* *//' workloads | "
         "while read -r program; do $GRADC emit --dump=elab $program >/dev/null || exit 1; "
         "done");
}
