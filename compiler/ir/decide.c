/* What the ranges of indices decide: comparisons of integers that always or never hold, reads
 * that never or always leave their tensor, and whatever depends on these. */
#include "ir.h"

#include <math.h>

Expr *truth(Graph *g, bool value)
{
    return apply(g, OP_ne, constant(g, value), constant(g, 0), NULL);
}

bool is_truth(const Expr *e, bool *value)
{
    if (e->op != OP_ne || e->arg[0]->op != OP_const || e->arg[1]->op != OP_const)
        return false;
    *value = e->arg[0]->value != e->arg[1]->value;
    return true;
}

/* e as an integer of indices and data, or NULL. */
static const Sub *as_integer(Graph *g, Expr *e)
{
    if (e->op == OP_number)
        return e->sub[0];
    if (e->op == OP_const && e->value == floor(e->value) && fabs(e->value) < 1e9)
        return sub_const(g, (int64_t)e->value);
    if (e->op == OP_read && e->tensor->elem != ELEM_REAL && !e->arg[0])
        return sub_data(g, e);
    return NULL;
}

static Expr *decide_comparison(Graph *g, Expr *e, const Index *idx)
{
    const Sub *a = as_integer(g, e->arg[0]), *b = as_integer(g, e->arg[1]);
    if (!a || !b)
        return e;
    int64_t lo, hi;
    sub_range(sub_add(g, a, sub_scale(g, b, -1)), idx, &lo, &hi);
    bool never = lo > 0 || hi < 0, always = lo == 0 && hi == 0;
    switch (e->op) {
    case OP_eq:
        return always || never ? truth(g, always) : e;
    case OP_ne:
        return always || never ? truth(g, never) : e;
    case OP_lt:
        return hi < 0 || lo >= 0 ? truth(g, hi < 0) : e;
    default: /* OP_le */
        return hi <= 0 || lo > 0 ? truth(g, hi <= 0) : e;
    }
}

/* and: `deciding` is false, or: it is true. */
static Expr *decide_pair(Expr *e, bool deciding)
{
    bool value;
    for (int i = 0; i < 2; i++)
        if (is_truth(e->arg[i], &value))
            return e->arg[value == deciding ? i : 1 - i];
    return e;
}

static Expr *decide_read(Graph *g, Expr *e, const Index *idx)
{
    bool inside = true;
    for (int i = 0; e->arg[0] && i < e->tensor->rank; i++) {
        int64_t lo, hi, extent = e->tensor->idx[i].extent;
        sub_range(e->sub[i], idx, &lo, &hi);
        if (hi < 0 || lo >= extent)
            return e->arg[0];
        inside = inside && lo >= 0 && hi < extent;
    }
    return e->arg[0] && inside ? read_at(g, e->tensor, e->sub, NULL) : e;
}

Expr *decide(Graph *g, Expr *e, const Index *idx)
{
    bool value;
    switch (e->op) {
    case OP_read:
        return decide_read(g, e, idx);
    case OP_eq:
    case OP_ne:
    case OP_lt:
    case OP_le:
        return decide_comparison(g, e, idx);
    case OP_and:
        return decide_pair(e, false);
    case OP_or:
        return decide_pair(e, true);
    case OP_not:
        return is_truth(e->arg[0], &value) ? truth(g, !value) : e;
    case OP_select:
        return is_truth(e->arg[0], &value) ? e->arg[value ? 1 : 2] : e;
    case OP_real:
        return is_truth(e->arg[0], &value) ? constant(g, value) : e;
    default:
        return e;
    }
}
