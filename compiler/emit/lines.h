/* #line directives: for a debugger the C of a region is the program's lines. */
#ifndef LINES_H
#define LINES_H

#include "loop.h"

/* From place `at` of the text on it computes t. */
typedef struct LineMark {
    size_t at;
    const Tensor *t;
} LineMark;

typedef VEC(LineMark) LineMarks;

/* What the statements of a body from number `from` on store first; NULL: nothing that has
 * an equation in the region. */
const Tensor *next_stored(const Region *r, const LoopBody *body, int from);

/* Put a #line in front of each line from place `begin` on, and after them one that counts
 * the lines of the C again, which is going to be file `c`. */
void number_lines(Out *o, size_t begin, const LineMarks *m, const char *c);

#endif
