/* Guards of a reduction as bounds of its loops.
 *
 * A term that a guard makes the reduction's neutral value need not be reached: `if 0 <= p +
 * r
 * - 1 and ... then e else 0` under a sum over r is a sum of e from r = 1 - p on. So is a
 * read with the neutral value outside, and a product of such terms. (A factor that is not
 * finite then counts only where it meets an element.)
 *
 * Every condition becomes an integer that is not negative, over the nest's axes. The loop
 * over a reduced axis that stands in it keeps it so, which it can where no unrolled axis
 * stands in it; a condition without reduced axes ends the first of the loops before it
 * begins. */
#include "gen.h"

#include <math.h>

typedef struct Stripping {
    Nest *n;
    uint32_t barred; /* axes that no condition may use */
    double neutral;
    Bounds *bounds;
} Stripping;

static bool is_known(const Bounds *b, const Sub *at)
{
    for (int i = 0; i < b->n; i++)
        if (b->at[i] == at)
            return true;
    return false;
}

/* Loops can see to it that at >= 0. */
static bool can_keep(const Stripping *s, const Sub *at)
{
    const Nest *n = s->n;
    for (int i = 0; i < at->nterm; i++)
        if (at->term[i].kind == ATOM_DATA)
            return false;
    for (int axis = 0; axis < n->naxis + n->fixed; axis++)
        if (sub_uses(at, axis) &&
            (s->barred >> axis & 1 || (axis >= n->rank && !uses_plainly(at, axis))))
            return false;
    return true;
}

static bool keep(Stripping *s, const Sub *at)
{
    int64_t lo, hi;
    sub_range(at, s->n->axis, &lo, &hi);
    if (lo >= 0 || is_known(s->bounds, at))
        return true;
    if (!can_keep(s, at))
        return false;
    PUSH(s->n->g->arena, s->bounds, at);
    return true;
}

/* extent - 1 - s: not negative where s < extent. */
static const Sub *room_above(const Nest *n, const Sub *s, int64_t extent)
{
    return sub_add(n->g, sub_const(n->g, extent - 1), sub_scale(n->g, s, -1));
}

bool is_bounded(const Nest *n, const Sub *s, int extent)
{
    int64_t lo, hi;
    sub_range(s, n->axis, &lo, &hi);
    return (lo >= 0 || is_known(&n->bound, s)) &&
           (hi < extent || is_known(&n->bound, room_above(n, s, extent)));
}

/* An integer of the nest; NULL: e is something else. */
static const Sub *as_integer(const Nest *n, const Expr *e)
{
    if (e->op == OP_number)
        return e->sub[0];
    bool whole = e->op == OP_const && e->value == floor(e->value) && fabs(e->value) < 1e9;
    return whole ? sub_const(n->g, (int64_t)e->value) : NULL;
}

/* What is left of a condition; NULL: nothing. */
static Expr *strip_condition(Stripping *s, Expr *e)
{
    Graph *g = s->n->g;
    if (e->op == OP_and) {
        Expr *a = strip_condition(s, e->arg[0]), *b = strip_condition(s, e->arg[1]);
        return a && b ? apply(g, OP_and, a, b, NULL) : a ? a : b;
    }
    if (e->op != OP_le && e->op != OP_lt)
        return e;
    const Sub *a = as_integer(s->n, e->arg[0]), *b = as_integer(s->n, e->arg[1]);
    if (!a || !b)
        return e;
    const Sub *at = sub_add(g, b, sub_scale(g, a, -1));
    if (e->op == OP_lt)
        at = sub_add(g, at, sub_const(g, -1));
    return keep(s, at) ? NULL : e;
}

static Expr *strip_read(Stripping *s, Expr *e)
{
    bool inside = true;
    for (int k = 0; k < e->tensor->rank; k++) {
        const Sub *above = room_above(s->n, e->sub[k], e->tensor->idx[k].extent);
        inside = keep(s, e->sub[k]) && keep(s, above) && inside;
    }
    return inside ? read_at(s->n->g, e->tensor, e->sub, NULL) : e;
}

static bool is_neutral(const Stripping *s, const Expr *e)
{
    return e && e->op == OP_const && e->value == s->neutral;
}

static Expr *strip(Stripping *s, Expr *e)
{
    Graph *g = s->n->g;
    if (e->op == OP_select && is_neutral(s, e->arg[2])) {
        Expr *left = strip_condition(s, e->arg[0]), *value = strip(s, e->arg[1]);
        return left ? apply(g, OP_select, left, value, e->arg[2]) : value;
    }
    if (e->op == OP_read && is_neutral(s, e->arg[0]))
        return strip_read(s, e);
    if (s->neutral == 0 && e->op == OP_mul)
        return apply(g, OP_mul, strip(s, e->arg[0]), strip(s, e->arg[1]), NULL);
    if (s->neutral == 0 && e->op == OP_neg)
        return apply(g, OP_neg, strip(s, e->arg[0]), NULL, NULL);
    return e;
}

static bool has_neutral(Reduce r, double *value)
{
    *value = r == REDUCE_SUM                         ? 0
             : r == REDUCE_MAX || r == REDUCE_ARGMAX ? -INFINITY
                                                     : INFINITY;
    return r != REDUCE_NONE && r != REDUCE_PROD;
}

Expr *strip_guards(Nest *n, Expr *body, uint32_t barred, Bounds *bounds)
{
    Stripping s = {.n = n, .barred = barred, .bounds = bounds};
    bounds->n = 0;
    return has_neutral(n->step.at[0].tensor->reduce, &s.neutral) ? strip(&s, body) : body;
}

static uint32_t axes_in(const Nest *n, const Sub *s)
{
    uint32_t axes = 0;
    for (int k = 0; k < n->naxis + n->fixed; k++)
        axes |= (uint32_t)sub_uses(s, k) << k;
    return axes;
}

uint32_t bounding_axes(const Nest *n)
{
    uint32_t axes = 0;
    for (int i = 0; i < n->bound.n; i++)
        axes |= axes_in(n, n->bound.at[i]);
    return axes;
}

/* ---- What is left of the work ---- */

/* The axes of a condition, and of all that share an axis with those. */
static uint32_t connected(const Nest *n, uint32_t axes)
{
    uint32_t before;
    do {
        before = axes;
        for (int i = 0; i < n->bound.n; i++)
            if (axes_in(n, n->bound.at[i]) & axes)
                axes |= axes_in(n, n->bound.at[i]);
    } while (axes != before);
    return axes;
}

static bool holds(const Nest *n, uint32_t axes, const int *at)
{
    for (int i = 0; i < n->bound.n; i++)
        if (axes_in(n, n->bound.at[i]) & axes && sub_value(n->bound.at[i], at) < 0)
            return false;
    return true;
}

static bool next(const Nest *n, uint32_t axes, int *at)
{
    for (int k = 0; k < n->naxis + n->fixed; k++)
        if (axes >> k & 1) {
            if (++at[k] < n->axis[k].extent)
                return true;
            at[k] = 0;
        }
    return false;
}

/* Of all values of these axes. */
static double share_of(const Nest *n, uint32_t axes)
{
    enum { MOST = 1 << 20 };
    int at[MAXIDX] = {0};
    int64_t size = 1, held = 0;
    for (int k = 0; k < n->naxis + n->fixed && size <= MOST; k++)
        size *= axes >> k & 1 ? n->axis[k].extent : 1;
    if (size > MOST)
        return 1;
    do
        held += holds(n, axes, at);
    while (next(n, axes, at));
    return (double)held / (double)size;
}

double share_within_bounds(const Nest *n)
{
    double share = 1;
    uint32_t seen = 0;
    for (int i = 0; i < n->bound.n; i++) {
        uint32_t axes = connected(n, axes_in(n, n->bound.at[i]));
        share *= axes & seen ? 1 : share_of(n, axes);
        seen |= axes;
    }
    return share;
}

/* ---- Loops ---- */

/* The innermost of the reduced axes in a condition; where there is none, the outermost of
 * all.
 */
static int carrier(const Gen *g, const Sub *at)
{
    const Nest *n = g->nest;
    for (int i = n->naxis; i-- > n->rank;)
        if (sub_uses(at, g->tile.order[i]))
            return g->tile.order[i];
    return g->tile.order[n->rank];
}

static void bound_axis(Gen *g, int axis, const Sub *at, const Int **from, const Int **to)
{
    Graph *graph = g->nest->g;
    int64_t coef = sub_coef(at, axis), by = coef < 0 ? -coef : coef, lo, hi;
    int extent = g->nest->axis[axis].extent;
    if (!coef) { /* no axis but for at >= 0 */
        const Sub *end = sub_scale(graph, sub_add(graph, at, sub_const(graph, 1)), extent);
        *to = combine_ints(g, INT_LEAST, int_of(g, end), *to);
        return;
    }
    const Sub *rest = sub_add(graph, at, sub_scale(graph, sub_index(graph, axis), -coef));
    const Sub *whole = by == 1 ? rest : sub_div(graph, rest, by, g->nest->axis);
    const Sub *limit =
        coef > 0 ? sub_scale(graph, whole, -1) : sub_add(graph, whole, sub_const(graph, 1));
    sub_range(limit, g->nest->axis, &lo, &hi);
    if (coef > 0 && hi > 0)
        *from = combine_ints(g, INT_MOST, int_of(g, limit), *from);
    if (coef < 0 && lo < extent)
        *to = combine_ints(g, INT_LEAST, int_of(g, limit), *to);
}

void bound_loop(Gen *g, int axis, const Int **from, const Int **to)
{
    for (int i = 0; i < g->nest->bound.n; i++)
        if (carrier(g, g->nest->bound.at[i]) == axis)
            bound_axis(g, axis, g->nest->bound.at[i], from, to);
}
