/* The derivative rules of the scalar primitives, private to diff/. */
#ifndef VJP_H
#define VJP_H

#include "ir.h"

/* What flows to one operand. A part with a guard is exactly 0 where the guard is false,
 * whatever its value is there: 0 * infinity never arises from a branch not taken. */
typedef struct Flow {
    Expr *guard; /* BOOL, or NULL: everywhere */
    Expr *value; /* NULL: nothing flows */
} Flow;

/* y = op(x[0], ...) and dy its adjoint: set flow[k] for each operand k through which it
 * flows. */
typedef void Rule(Graph *g, Expr *y, Expr *const *x, Expr *dy, Flow *flow);
extern Rule *const rule_of[NOP];

#endif
