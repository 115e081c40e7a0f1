/* The formats of gradc grad are what they say, as far as those who read them are installed.
 */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(show, .timeout = 300);

static const char *const model[] = {"examples/digits/digits.nn", "tests/grad/std_lstm.nn",
                                    "tests/grad/std_attention.nn"};

/* Every model in a format, given to a reader as FILE; nothing happens without the program.
 */
static void give_to(const char *program, const char *format, const char *command)
{
    if (run("command -v %s", program).status) {
        fprintf(stderr, "skipped: no %s here to read %s\n", program, format);
        return;
    }
    char *dir = scratch();
    for (size_t i = 0; i < sizeof model / sizeof *model; i++) {
        must("$GRADC grad --format %s $SOURCE/%s -o %s/file.%s", format, model[i], dir,
             format);
        Run r = run("cd %s && %s file.%s", dir, command, format);
        cr_expect(r.status == 0, "%s: %s\n%s%s", model[i], command, r.out, r.err);
    }
}

Test(show, latex_compiles)
{
    give_to("pdflatex", "latex", "pdflatex -interaction=nonstopmode -halt-on-error");
}

Test(show, json_parses) { give_to("python3", "json", "python3 -m json.tool"); }

Test(show, dot_lays_out) { give_to("dot", "dot", "dot -Tsvg -o g.svg"); }

Test(show, mathml_is_well_formed)
{
    give_to("xmllint", "mathml",
            "grep '<math' file.mathml | sed 's/.*<math/<math/; s/^/<p>/; s/$/<\\/p>/' | "
            "(echo '<all>'; cat; echo '</all>') >all.xml && xmllint --noout all.xml #");
}
