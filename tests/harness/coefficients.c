/* The coefficients of runtime/simd_math.h are those that tests/simd/remez.c finds: of the two
 * tables that take it least time, or with GRADC_EVERY_FLOAT=1 in the environment of all. */
#include "run.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The end of a number like -0x1.5p-3f in a text; NULL: it is none. */
static char *end_of_number(char *s)
{
    if (strncmp(s, "0x1", 3) && strncmp(s, "-0x1", 4))
        return NULL;
    return s + strcspn(s, ",\n");
}

Test(coefficients, are_reproduced, .timeout = 300)
{
    char *dir = scratch(), *source = read_text(text("%s/runtime/simd_math.h", SOURCE));
    must("gcc -std=gnu17 -O2 $SOURCE/tests/simd/remez.c -o %s/remez -lquadmath -lm", dir);
    Run r = must("%s/remez %s", dir,
                 getenv("GRADC_EVERY_FLOAT") ? "" : "'exp f32' 'sinh f32'");
    int found = 0;
    for (char *s = r.out, *end; *s; s++) {
        if (!(end = end_of_number(s)))
            continue;
        char *number = text("%.*s", (int)(end - s), s);
        cr_expect(strstr(source, number), "%s is not in simd_math.h", number);
        found++;
        s = end;
    }
    cr_expect(found >= 10, "%s", r.out);
}
