/* `gradc check`: derived equations, finite differences and emitted programs held against
 * each other. */
#ifndef CHECK_H
#define CHECK_H

#include "ir.h"

typedef struct CheckOptions {
    double tol;      /* derived against finite differences; 0: 1e-7 */
    uint64_t seed;   /* of the data and of which elements are looked at */
    int n;           /* examples; 0: a few, at most the batch */
    const char *f64; /* probe programs emitted from the graph, or NULL: not compared */
    const char *f32;
} CheckOptions;

/* Print the table and what disagrees; false if anything does. The graph is derived and not
 * simplified. */
bool check_graph(Out *table, const Graph *g, const CheckOptions *o);

#endif
