/* The standard library is written in the language alone, and all of it is tested: every
 * definition with a `##` comment is called by a program below tests/grad or tests/e2e, or
 * by one in harness/e2e.c or averages.c, and no text of the compiler or the runtime is its
 * name. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The documented definitions, one a line. */
static char *entries(void)
{
    return must("awk '/^(fn|layer|optimizer|schedule) / && doc {sub(/[^a-z_0-9].*/, \"\", "
                "$2);"
                " print $2} {doc = /^##/}' $SOURCE/compiler/std/*.nn")
        .out;
}

Test(library, is_tested)
{
    int n = 0;
    for (char *name = strtok(entries(), "\n"); name; name = strtok(NULL, "\n"), n++) {
        Run r =
            run("grep -rqE '\\b%s\\(' --include=*.nn --include=e2e.c "
                "--include=averages.c $SOURCE/tests",
                name);
        cr_expect(r.status == 0, "'%s' is called by no test", name);
    }
    cr_assert(n > 60, "%d entries found", n);
}

/* Reductions and primitives are of the language, and some share a name with the library. */
static bool is_of_the_language(const char *name)
{
    static const char *const word[] = {"sum",  "mean",   "max",   "min",
                                       "prod", "argmax", "argmin"};
    for (size_t i = 0; i < sizeof word / sizeof *word; i++)
        if (!strcmp(name, word[i]))
            return true;
    return false;
}

Test(library, is_not_known_to_the_compiler)
{
    for (char *name = strtok(entries(), "\n"); name; name = strtok(NULL, "\n")) {
        if (is_of_the_language(name))
            continue;
        Run r = run("grep -rn '\"%s\"' --include=*.[ch] --include=*.def $SOURCE/compiler "
                    "$SOURCE/runtime",
                    name);
        cr_expect(r.status == 1, "%s", r.out);
    }
}
