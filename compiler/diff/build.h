/* Short names for the expressions that derivatives are made of. Nothing is folded: the
 * oracle evaluates what the rules say, and opt/ makes it short. */
#ifndef BUILD_H
#define BUILD_H

#include "ir.h"

static inline Expr *num(Graph *g, double v) { return constant(g, v); }
static inline Expr *add(Graph *g, Expr *a, Expr *b) { return apply(g, OP_add, a, b, NULL); }
static inline Expr *sub(Graph *g, Expr *a, Expr *b) { return apply(g, OP_sub, a, b, NULL); }
static inline Expr *mul(Graph *g, Expr *a, Expr *b) { return apply(g, OP_mul, a, b, NULL); }
static inline Expr *divide(Graph *g, Expr *a, Expr *b)
{
    return apply(g, OP_div, a, b, NULL);
}
static inline Expr *neg(Graph *g, Expr *a) { return apply(g, OP_neg, a, NULL, NULL); }
static inline Expr *square(Graph *g, Expr *a) { return apply(g, OP_square, a, NULL, NULL); }
static inline Expr *eq(Graph *g, Expr *a, Expr *b) { return apply(g, OP_eq, a, b, NULL); }
static inline Expr *ne(Graph *g, Expr *a, Expr *b) { return apply(g, OP_ne, a, b, NULL); }
static inline Expr *lt(Graph *g, Expr *a, Expr *b) { return apply(g, OP_lt, a, b, NULL); }
static inline Expr *le(Graph *g, Expr *a, Expr *b) { return apply(g, OP_le, a, b, NULL); }
static inline Expr *both(Graph *g, Expr *a, Expr *b)
{
    return apply(g, OP_and, a, b, NULL);
}
static inline Expr *either(Graph *g, Expr *a, Expr *b)
{
    return apply(g, OP_or, a, b, NULL);
}
static inline Expr *negate(Graph *g, Expr *a) { return apply(g, OP_not, a, NULL, NULL); }
static inline Expr *unary(Graph *g, Op op, Expr *a) { return apply(g, op, a, NULL, NULL); }
static inline Expr *choose(Graph *g, Expr *c, Expr *a, Expr *b)
{
    return apply(g, OP_select, c, a, b);
}

#endif
