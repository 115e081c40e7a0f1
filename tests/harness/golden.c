/* golden/STAGE/NAME.nn shows the dump NAME.out. UPDATE=1 in the environment rewrites. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>

/* Generated C is compared for one target, whatever the host. */
static const char *command_of(const char *stage)
{
    if (!strcmp(stage, "emit"))
        return "emit -o - --target x86-64-v3";
    if (!strcmp(stage, "show"))
        return "grad";
    if (!strcmp(stage, "grad") || !strcmp(stage, "info") || !strcmp(stage, "fmt"))
        return stage;
    return text("emit --dump=%s", stage);
}

static int first_difference(const char *a, const char *b)
{
    int line = 1;
    for (; *a && *a == *b; a++, b++)
        line += *a == '\n';
    return line;
}

ParameterizedTestParameters(golden, dump)
{
    return cases("tests/golden", ".nn");
}

ParameterizedTest(Case *c, golden, dump, .timeout = 60)
{
    char *folder = dirname(text("%s", c->path));
    char *name = basename(text("%s", c->path));
    char *stage = basename(text("%s", folder));
    char *out = text("%.*s.out", (int)strlen(c->path) - 3, c->path);

    /* In the folder, so that the path in the text is the name alone. Which lines of C are whose
     * depends on the machine: show.c holds them against the C. */
    Run r = must("cd %s && $GRADC %s %s %s | sed 's/, \"c\": {[^}]*}//'", folder,
                 command_of(stage), name, options_of(c->path));
    if (getenv("UPDATE"))
        write_text(out, r.out);
    char *expected = read_text(out);
    cr_assert(expected, "%s: no file of this name; UPDATE=1 writes it", out);
    cr_assert(!strcmp(r.out, expected), "%s:%d: differs from here on; %s says:\n%s", out,
              first_difference(expected, r.out), stage, r.out);
}
