/* What a sum need not sum. Rules for T[i] = sum(r) e, each of which takes an index or a factor
 * out of the sum, or divides it into sums that other rules then shorten; so they stop:
 *
 *   sum(r) e             = extent * e               where e does not use r (n * e for the batch)
 *   sum(r) [r == f] * e  = e with f for r           the delta that a data-dependent or bare
 *                                                   read leaves behind
 *   sum(r) k * e         = k * sum(r) e             k, or the divisor, does not use any r
 *   sum(r) if p then e else 0 = if p then sum(r) e else 0
 *   sum(r) (e + f)       = sum(r) e + sum(r) f      when one of the two can be shortened
 *
 * They change the result by rounding alone: the terms are the same, or fewer. */
#include "opt.h"

#include "scale.h"
#include "str.h"

#include <string.h>

typedef struct Sum {
    Graph *g;
    Tensor *t;
} Sum;

static bool is_invariant(const Tensor *t, const Expr *e)
{
    for (int i = t->rank; i < t->nidx; i++)
        if (expr_uses(e, i))
            return false;
    return true;
}

/* Index r becomes `value`, and the indices after it move down. */
static Expr *without_index(Graph *g, Tensor *t, int r, const Sub *value)
{
    const Sub *to[MAXIDX];
    for (int i = 0; i < t->nidx; i++)
        to[i] = i == r ? value : sub_index(g, i);
    Expr *body = value ? substitute(g, t->body, to, t->idx) : t->body;
    for (int i = 0; i < t->nidx; i++)
        to[i] = sub_index(g, i > r ? i - 1 : i);
    t->nidx--;
    for (int i = r; i < t->nidx; i++)
        t->idx[i] = t->idx[i + 1];
    if (t->nidx == t->rank)
        t->reduce = REDUCE_NONE;
    return substitute(g, body, to, t->idx);
}

/* ---- An index that the body does not use ---- */

static bool drop_unused(Sum *s)
{
    Graph *g = s->g;
    Tensor *t = s->t;
    for (int r = t->rank; r < t->nidx; r++) {
        if (expr_uses(t->body, r))
            continue;
        Expr *count = t->idx[r].batch ? scalar(g, SCALAR_n) : constant(g, t->idx[r].extent);
        t->body = apply(g, OP_mul, count, without_index(g, t, r, NULL), NULL);
        return true;
    }
    return false;
}

/* ---- A delta ---- */

/* A claim a == b about integers, as a - b; NULL if e is none. */
static const Sub *as_delta(Graph *g, const Expr *e)
{
    if (e->op != OP_eq)
        return NULL;
    const Sub *side[2];
    for (int i = 0; i < 2; i++) {
        Expr *x = e->arg[i];
        if (x->op == OP_number)
            side[i] = x->sub[0];
        else if (x->op == OP_const && x->value == (double)(int)x->value)
            side[i] = sub_const(g, (int64_t)x->value);
        else if (x->op == OP_read && x->tensor->elem != ELEM_REAL && !x->arg[0])
            side[i] = sub_data(g, x);
        else
            return NULL;
    }
    return sub_add(g, side[0], sub_scale(g, side[1], -1));
}

/* The reduced index that `delta == 0` determines, and its value; -1 if there is none. */
static int solve(Sum *s, const Sub *delta, const Sub **value)
{
    Graph *g = s->g;
    for (int r = s->t->rank; r < s->t->nidx; r++) {
        int64_t coef = sub_coef(delta, r);
        const Sub *rest =
            sub_add(g, delta, sub_scale(g, sub_index(g, r), -coef));
        if ((coef != 1 && coef != -1) || sub_uses(rest, r))
            continue;
        *value = sub_scale(g, rest, -coef);
        int64_t lo, hi;
        sub_range(*value, s->t->idx, &lo, &hi);
        if (lo >= 0 && hi < s->t->idx[r].extent && !s->t->idx[r].batch)
            return r;
    }
    return -1;
}

/* A conjunct of guard p that determines a reduced index; the others stay and become true. */
static int find_delta(Sum *s, const Expr *p, const Sub **value)
{
    if (p->op == OP_and) {
        int r = find_delta(s, p->arg[0], value);
        return r >= 0 ? r : find_delta(s, p->arg[1], value);
    }
    const Sub *delta = as_delta(s->g, p);
    return delta ? solve(s, delta, value) : -1;
}

/* e is zero unless a guard holds: the guard, else NULL. */
static Expr *guard_of(const Expr *e)
{
    if (e->op == OP_real)
        return e->arg[0];
    if (e->op == OP_select && is_number(e->arg[2], 0))
        return e->arg[0];
    return NULL;
}

static bool has_delta(Sum *s, const Expr *e)
{
    const Sub *value;
    return guard_of(e) && find_delta(s, guard_of(e), &value) >= 0;
}

static bool apply_delta(Sum *s)
{
    const Sub *value;
    Expr *guard = guard_of(s->t->body);
    int r = guard ? find_delta(s, guard, &value) : -1;
    if (r < 0)
        return false;
    s->t->body = without_index(s->g, s->t, r, value);
    return true;
}

/* ---- What moves out of the sum ---- */

/* "dL/dx.sum" for "dL/dx", and for itself. */
static const char *name_of_sum(const char *name)
{
    size_t n = strlen(name);
    return n > 4 && strcmp(name + n - 4, ".sum") == 0 ? name : intern_f("%s.sum", name);
}

/* The same sum over another body, as a tensor of its own; read at t's indices. */
static Expr *sum_of(Sum *s, Expr *body)
{
    Tensor *t = s->t;
    Tensor *inner = new_part(s->g, name_of_sum(t->name), t);
    inner->rank = t->rank;
    inner->nidx = t->nidx;
    for (int i = 0; i < t->nidx; i++)
        inner->idx[i] = t->idx[i];
    inner->reduce = REDUCE_SUM;
    inner->body = body;
    return read_same(s->g, inner);
}

static void become_map(Sum *s, Expr *body)
{
    s->t->body = body;
    s->t->reduce = REDUCE_NONE;
    s->t->nidx = s->t->rank;
}

/* The part of a product that uses reduced indices (inner) and the part that does not. NULL: 1. */
typedef struct Parts {
    Expr *inner, *outer;
} Parts;

static Expr *times(Graph *g, Expr *a, Expr *b)
{
    return a && b ? apply(g, OP_mul, a, b, NULL) : a ? a : b;
}

static Expr *over(Graph *g, Expr *a, Expr *b)
{
    return apply(g, OP_div, a ? a : constant(g, 1), b, NULL);
}

static Parts factors(Sum *s, Expr *e)
{
    Graph *g = s->g;
    if (is_invariant(s->t, e))
        return (Parts){.outer = e};
    if (e->op == OP_neg) {
        Parts p = factors(s, e->arg[0]);
        return (Parts){p.inner, times(g, constant(g, -1), p.outer)};
    }
    if (e->op == OP_mul) {
        Parts a = factors(s, e->arg[0]), b = factors(s, e->arg[1]);
        return (Parts){times(g, a.inner, b.inner), times(g, a.outer, b.outer)};
    }
    if (e->op == OP_div) {
        Parts a = is_number(e->arg[0], 1) ? (Parts){0} : factors(s, e->arg[0]);
        if (is_invariant(s->t, e->arg[1]))
            return (Parts){a.inner, over(g, a.outer, e->arg[1])};
        return (Parts){over(g, a.inner, e->arg[1]), a.outer};
    }
    return (Parts){.inner = e};
}

static bool take_out_factors(Sum *s)
{
    Parts p = factors(s, s->t->body);
    if (!p.outer || !p.inner)
        return false;
    become_map(s, apply(s->g, OP_mul, sum_of(s, p.inner), p.outer, NULL));
    return true;
}

struct Inside {
    const Tensor *t;
    bool inside;
};

static void look_outside(Expr *e, void *context)
{
    struct Inside *in = context;
    for (int i = 0; e->op == OP_read && !e->arg[0] && i < e->tensor->rank; i++) {
        int64_t lo, hi;
        sub_range(e->sub[i], in->t->idx, &lo, &hi);
        in->inside = in->inside && lo >= 0 && hi < e->tensor->idx[i].extent;
    }
}

/* No read of e needs a guard to stay inside its tensor. */
static bool is_safe(const Tensor *t, const Expr *e)
{
    struct Inside in = {t, true};
    walk(e, look_outside, &in);
    return in.inside;
}

static bool take_out_guard(Sum *s)
{
    Expr *e = s->t->body, *guard = guard_of(e);
    if (!guard || e->op != OP_select || !is_invariant(s->t, guard) || !is_safe(s->t, e->arg[1]))
        return false;
    become_map(s, apply(s->g, OP_select, guard, sum_of(s, e->arg[1]), constant(s->g, 0)));
    return true;
}

/* ---- Two sums ---- */

static bool can_shorten(Sum *s, Expr *e)
{
    for (int r = s->t->rank; r < s->t->nidx; r++)
        if (!expr_uses(e, r))
            return true;
    Expr *core = peel(s->g, e).core;
    return has_delta(s, core ? core : e);
}

static bool split_sum(Sum *s)
{
    Expr *e = s->t->body;
    if ((e->op != OP_add && e->op != OP_sub) ||
        (!can_shorten(s, e->arg[0]) && !can_shorten(s, e->arg[1])))
        return false;
    Expr *a = sum_of(s, e->arg[0]);
    become_map(s, apply(s->g, e->op, a, sum_of(s, e->arg[1]), NULL));
    return true;
}

bool simplify_sums(Graph *g)
{
    bool changed = false;
    for (int i = 0; i < g->tensor.n; i++) { /* new tensors have their turn, too */
        Sum s = {g, g->tensor.at[i]};
        while (s.t->body && s.t->reduce == REDUCE_SUM &&
               (drop_unused(&s) || apply_delta(&s) || take_out_factors(&s) ||
                take_out_guard(&s) || split_sum(&s)))
            changed = true;
    }
    if (changed)
        sort_graph(g);
    return changed;
}
