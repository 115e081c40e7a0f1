/* How tensors lie in memory; private to lower/. */
#ifndef LAYOUT_H
#define LAYOUT_H

#include "ir.h"

/* Dimension dim[0] lies outermost. */
typedef struct Layout {
    bool turned; /* else row-major, as written */
    int dim[MAXRANK];
} Layout;

/* Inputs that windows slide over are copied, so that the copy has a layout of its own. */
void copy_inputs(Graph *g, int lanes);

/* parts.c: long sums over what lies turned become sums of parts. */
void split_sums(Graph *g, int lanes);

/* By tensor id, with room for `most` of them. */
Layout *choose_layouts(const Graph *g, int lanes, int most, Arena *a);

#endif
