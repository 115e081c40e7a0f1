/* Expressions of constants are computed as they are built, by the table of primitives:
 * extents, rates and the branches of conditions are to be known now, and the equations
 * print as a person would write them. Nothing else is simplified here. */
#include "eq.h"

bool is_constant(const Expr *e, double *value)
{
    *value = e->value;
    return e->op == OP_const;
}

static bool known(const Expr *e, double *value)
{
    bool t;
    if (!is_truth(e, &t))
        return is_constant(e, value);
    *value = t;
    return true;
}

/* One operand decides, or does not matter. */
static Expr *fold_logic(Graph *g, Op op, Expr *a, Expr *b)
{
    bool va, vb, decides = op == OP_or;
    bool ka = is_truth(a, &va), kb = is_truth(b, &vb);
    if ((ka && va == decides) || (kb && vb == decides))
        return truth(g, decides);
    return ka ? b : kb ? a : NULL;
}

Expr *make(Graph *g, Op op, Expr *a, Expr *b, Expr *c)
{
    double x = 0, y = 0, z = 0;
    Expr *folded = NULL;
    bool all = known(a, &x) && (!b || known(b, &y)) && (!c || known(c, &z));
    if (all)
        return opinfo[op].result == BOOL ? truth(g, value_of_op(op, x, y, z) != 0)
                                         : constant(g, value_of_op(op, x, y, z));
    if (op == OP_and || op == OP_or)
        folded = fold_logic(g, op, a, b);
    bool chosen;
    if (op == OP_select && is_truth(a, &chosen))
        folded = chosen ? b : c;
    return folded ? folded : apply(g, op, a, b, c);
}

Expr *read_element(Graph *g, Tensor *t, const Sub *const *sub, Expr *outside)
{
    bool same = t->reduce == REDUCE_NONE && t->body && t->body->op == OP_const && !outside;
    return same ? t->body : read_at(g, t, sub, outside);
}

Expr *as_real(Graph *g, Expr *e)
{
    return !e || kind_of(e) == REAL ? e : make(g, OP_real, e, NULL, NULL);
}
