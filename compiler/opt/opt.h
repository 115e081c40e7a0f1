/* Simplification: equations in, the equations a person would write out. */
#ifndef OPT_H
#define OPT_H

#include "ir.h"

/* All of the passes below, until none finds anything. No root is lost. */
void simplify(Graph *g);

/* Every equation of reals becomes a root, ROOT_INNER (inner.c). */
void keep_inner(Graph *g);

/* The passes; each says whether it changed the graph. */
bool fold_constants(Graph *g);    /* fold.c: inside one expression */
bool simplify_sums(Graph *g);     /* sums.c: what a sum need not sum */
bool inline_equations(Graph *g);  /* inline.c: equations that are not worth a tensor */
bool merge_equal(Graph *g);       /* cse.c: equations that say the same */
bool use_saved_values(Graph *g);  /* cse.c: subexpressions that a tensor already holds */
bool remove_dead(Graph *g);       /* dce.c: equations that no root reaches */

#endif
