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

/* What a program has in memory at most is what its plan says, within pages and its data. */
Test(bench, measures_how_cost_grows, .timeout = 120)
{
    if (SANITIZED)
        cr_skip_test("it measures what is built without sanitizers");
    char *dir = scratch();
    Run r =
        must("cd %s && sh $SOURCE/tests/bench/growth.sh -b $(dirname $GRADC)/.. -o g.json "
             "batch:8",
             dir);
    cr_expect(strstr(r.out, "batch    8 "), "%s", r.out);
    char *json = read_text(text("%s/g.json", dir));
    double plan = member(json, "plan_bytes"), peak = member(json, "peak_bytes");
    cr_expect(plan > 10e6 && (SANITIZED || (peak > 0.8 * plan && peak < 1.3 * plan)), "%s",
              json);
    cr_expect(member(json, "processor_ms") > 0 && member(json, "mflop") > 30, "%s", json);
    cr_expect(SANITIZED || (member(json, "gradc_s") < 1 && member(json, "cc_s") < 20), "%s",
              json);
}

Test(bench, every_workload_is_a_program, .timeout = 120)
{
    must("cd $SOURCE/tests/bench && sed '/^#/d; s/^[^ ]* *[^ ]* *//' workloads | "
         "while read -r program; do $GRADC emit --dump=elab $program >/dev/null || exit 1; "
         "done");
}

/* ---- Nest by nest ---- */

/* The sum of a column of numbers, over the rows of one entry. */
static double sum_of(const char *csv, const char *entry, int column)
{
    double sum = 0;
    for (const char *s = csv; s; s = strchr(s, '\n')) {
        s += *s == '\n';
        if (strncmp(s, text("%s,", entry), strlen(entry) + 1))
            continue;
        const char *field = s;
        for (int i = 0; i < column; i++)
            field = strchr(field, ',') + 1;
        sum += strtod(field, NULL);
    }
    return sum;
}

/* The nests of a step take what the step takes, and the page shows those of the gradients. */
Test(bench, profile, .timeout = 120)
{
    char *dir = build("$SOURCE/examples/digits/digits.nn", "--profile");
    Run r = must("cd %s && ./m bench --threads 1 --steps 200 --profile p.csv", dir);
    const char *median = strstr(r.out, "median ");
    double step = 1e3 * strtod(median ? median + 7 : "", NULL);
    char *csv = read_text(text("%s/p.csv", dir));
    cr_assert(csv && !strncmp(csv, "entry,nest,microseconds,percent,equations\n", 42), "%s",
              csv);
    double nests = sum_of(csv, "step", 2);
    cr_expect(nests > step / 4 && nests < 4 * step, "%g of %g us in\n%s", nests, step, csv);
    double all = sum_of(csv, "step", 3), gradients = sum_of(csv, "gradients", 3);
    cr_expect(all > 99 && all < 101 && gradients > 99 && gradients < 101, "%s", csv);
    cr_expect(strstr(csv, ",\"dL/dh; dL/dh.y\"\n"), "%s", csv);

    r = must("cd %s && $GRADC grad --format html --profile p.csv "
             "$SOURCE/examples/digits/digits.nn",
             dir);
    cr_expect(strstr(r.out, " % of the time"));
    cr_expect(strstr(r.out, " for 3 equations"), "h.y.sum, h.y and h share a nest");
    r = run("cd %s && $GRADC grad --format html --profile p.csv $SOURCE/examples/xor/xor.nn",
            dir);
    cr_expect(r.status == 2 && strstr(r.err, "has no time of"), "%s", r.err);
}

Test(bench, profile_wants_a_program_made_for_it, .timeout = 120)
{
    char *dir = build("$SOURCE/examples/xor/xor.nn", "");
    Run r = run("cd %s && ./m bench --steps 2 --profile p.csv", dir);
    cr_expect(r.status == 2 && strstr(r.err, "'gradc build --profile'"), "%d: %s", r.status,
              r.err);
    cr_expect(!exists(text("%s/p.csv", dir)));
}
