/* `gradc check`: derived equations, finite differences and emitted programs held against
 * each other. */
#ifndef CHECK_H
#define CHECK_H

#include "ir.h"
#include "verdict.h"

typedef struct CheckOptions {
    double tol;      /* derived against finite differences; 0: 1e-7 */
    uint64_t seed;   /* of the data and of which elements are looked at */
    int n;           /* examples; 0: a few, at most the batch */
    const char *f64; /* probe programs emitted from the graph, or NULL: not compared */
    const char *f32;
} CheckOptions;

/* What was found of one gradient. */
typedef struct Checked {
    const char *name;  /* of the parameter or input */
    const char *place; /* of its worst element, at which the numbers are: "[3, 1]" */
    Ways ways;
    const char *verdict;
    int64_t tried, of;      /* elements for which there is a difference; all */
    double error, f64, f32; /* relative: derived against differences, programs against derived */
} Checked;
typedef VEC(Checked) CheckedList;

/* Print the table and what disagrees; false if anything does. The graph is derived and not
 * simplified. The list gets each gradient that differences were found of; it may be NULL. */
bool check_graph(Out *table, const Graph *g, const CheckOptions *o, CheckedList *list);

#endif
