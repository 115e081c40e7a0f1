/* C identifiers for what has a name in the source. */
#ifndef NAME_H
#define NAME_H

#include "ir.h"

/* Names taken in one scope, and in those around it. */
typedef struct Names {
    Arena *arena;
    const struct Names *outer;
    VEC(const char *) taken;
} Names;

/* "dL/dh.W" becomes "dL_dh_W"; no C keyword, nothing the generated C uses itself. */
const char *identifier(const char *name);

/* base, or base2, base3 ... until nobody in `seen` has it; taken in `names` from now on. */
const char *take_name(Names *names, const Names *seen, const char *base);

void add_names(Names *to, const Names *from);

#endif
