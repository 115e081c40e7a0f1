/* Constant factors, private to opt/: e = k * core / (d * n^powers), n being the examples in the
 * batch.
 *
 * Folding moves these outwards through products, quotients, sums and guards, where they meet
 * and cancel: the mean over the batch then divides once, at the end. */
#ifndef SCALE_H
#define SCALE_H

#include "ir.h"

typedef struct Scale {
    double k, d; /* d is 1 where powers is 0 */
    int powers;
    Expr *core; /* NULL: 1 */
} Scale;

Scale peel(Graph *g, Expr *e);
Expr *scaled(Graph *g, Scale s);
bool is_plain(Scale s); /* nothing but a core */

/* e is a count of terms, d * n. */
bool is_divisor(const Expr *e, double *d);

bool is_number(const Expr *e, double value);
bool is_uniform(const Expr *e);      /* reads nothing: the same for every index */
bool is_exact_divisor(double k); /* a / k and a * (1/k) are the same number */

#endif
