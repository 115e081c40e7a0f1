/* Taking constant factors off a product and putting them back. */
#include "scale.h"

#include <math.h>

bool is_number(const Expr *e, double value)
{
    return e->op == OP_const && e->value == value;
}

bool is_exact_divisor(double k)
{
    int exponent;
    return isfinite(k) && fabs(frexp(k, &exponent)) == 0.5 && exponent > -100 && exponent < 100;
}

static Expr *times(Graph *g, Expr *a, Expr *b)
{
    return a ? apply(g, OP_mul, a, b, NULL) : b;
}

/* The factor stands leftmost: (2 * a) * b. */
Scale peel(Graph *g, Expr *e)
{
    Scale s = {.k = 1, .core = e};
    switch (e->op) {
    case OP_const:
        return (Scale){.k = e->value};
    case OP_neg:
        s = peel(g, e->arg[0]);
        s.k = -s.k;
        return s;
    case OP_mul:
        s = peel(g, e->arg[0]);
        s.core = times(g, s.core, e->arg[1]);
        return s;
    case OP_div:
        s = peel(g, e->arg[0]);
        if (e->arg[1]->op == OP_scalar && e->arg[1]->scalar == SCALAR_n)
            s.powers++;
        else
            s.core = apply(g, OP_div, s.core ? s.core : constant(g, 1), e->arg[1], NULL);
        return s;
    default:
        return s;
    }
}

static Expr *leftmost(Graph *g, double k, Expr *e)
{
    if (e->op == OP_mul || e->op == OP_div)
        return apply(g, e->op, leftmost(g, k, e->arg[0]), e->arg[1], NULL);
    if (e->op == OP_const)
        return constant(g, k * e->value);
    return apply(g, OP_mul, constant(g, k), e, NULL);
}

static Expr *times_number(Graph *g, double k, Expr *e)
{
    if (k == 1)
        return e;
    if (k != -1)
        return leftmost(g, k, e);
    if (e->op == OP_sub)
        return apply(g, OP_sub, e->arg[1], e->arg[0], NULL);
    return apply(g, OP_neg, e, NULL, NULL);
}

Expr *scaled(Graph *g, Scale s)
{
    Expr *e = s.core ? times_number(g, s.k, s.core) : constant(g, s.k);
    for (int i = 0; i < s.powers; i++)
        e = apply(g, OP_div, e, scalar(g, SCALAR_n), NULL);
    return e;
}
