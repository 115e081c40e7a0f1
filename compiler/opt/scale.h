/* Constant factors, private to opt/: e = k * core / n^powers, n being the examples in the batch.
 *
 * Folding moves these outwards through products, quotients, sums and guards, where they meet
 * and cancel: the mean over the batch then divides once, at the end. */
#ifndef SCALE_H
#define SCALE_H

#include "ir.h"

typedef struct Scale {
    double k;
    int powers;
    Expr *core; /* NULL: 1 */
} Scale;

Scale peel(Graph *g, Expr *e);
Expr *scaled(Graph *g, Scale s);

bool is_number(const Expr *e, double value);
bool is_exact_divisor(double k); /* a / k and a * (1/k) are the same number */

#endif
