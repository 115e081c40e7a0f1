/* The axes of a nest, and how its equations run along them.
 *
 * Bodies move into a graph of the nest's own, over its axes. Two neighbouring axes become
 * one where every access goes through both in one go, so that an element-wise [64][10] is
 * one loop over 640. Whether it does is seen by trying: with a = c / extent and b = c %
 * extent put in, the dimensions of every access merge until no quotient is left. */
#include "nest.h"

#include "str.h"

#include <assert.h>

int quotients(const Sub *s)
{
    int count = 0;
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if (t->of)
            count += 1 + quotients(t->of);
        if (t->kind == ATOM_DATA)
            for (int k = 0; k < t->data->tensor->rank; k++)
                count += quotients(t->data->sub[k]);
    }
    return count;
}

bool is_in_range(const Nest *n, const Sub *s, int extent)
{
    int64_t lo, hi;
    sub_range(s, n->axis, &lo, &hi);
    return lo >= 0 && hi < extent;
}

static bool is_in_reduction(const Nest *n, const Expr *read)
{
    for (int k = 0; k < read->tensor->rank; k++)
        for (int axis = n->rank; axis < n->naxis; axis++)
            if (sub_uses(read->sub[k], axis))
                return true;
    return false;
}

bool stays_inside(const Nest *n, const Expr *read, const Sub *s, int extent)
{
    return is_in_range(n, s, extent) ||
           (is_bounded(n, s, extent) && is_in_reduction(n, read));
}

static bool merge_pair(const Nest *n, const Expr *read, Access *a)
{
    for (int k = 0; k + 1 < a->rank; k++) {
        const Sub *outer = a->sub[k], *inner = a->sub[k + 1];
        if (!stays_inside(n, read, outer, a->dim[k]) ||
            !stays_inside(n, read, inner, a->dim[k + 1]))
            continue;
        const Sub *both = sub_add(n->g, sub_scale(n->g, outer, a->dim[k + 1]), inner);
        if (quotients(both) >= quotients(outer) + quotients(inner))
            continue;
        a->sub[k] = both;
        a->dim[k] *= a->dim[k + 1];
        a->rank--;
        for (int i = k + 1; i < a->rank; i++) {
            a->sub[i] = a->sub[i + 1];
            a->dim[i] = a->dim[i + 1];
        }
        return true;
    }
    return false;
}

Access access_of(const Nest *n, const Expr *read)
{
    Access a = {.rank = read->tensor->rank};
    const Layout *l = n->layout ? &n->layout[read->tensor->id] : NULL;
    for (int i = 0; i < a.rank; i++) {
        int k = l && l->turned ? l->dim[i] : i;
        a.sub[i] = read->sub[k];
        a.dim[i] = read->tensor->idx[k].extent;
    }
    while (merge_pair(n, read, &a))
        ;
    return a;
}

bool uses_plainly(const Sub *s, int axis)
{
    for (int i = 0; i < s->nterm; i++) {
        Sub alone = {.nterm = 1, .term = &s->term[i]};
        if (s->term[i].kind != ATOM_INDEX && sub_uses(&alone, axis))
            return false;
    }
    return true;
}

bool stride_of(const Nest *n, const Expr *read, int axis, int64_t *stride)
{
    Access a = access_of(n, read);
    int64_t step = 1;
    *stride = 0;
    for (int k = a.rank; k-- > 0; step *= a.dim[k]) {
        *stride += sub_coef(a.sub[k], axis) * step;
        if (!uses_plainly(a.sub[k], axis))
            return false;
    }
    return true;
}

/* ---- Merging axes ---- */

struct Counting {
    const Nest *n;
    int count;
};

static void count_quotients(Expr *e, void *context)
{
    struct Counting *c = context;
    if (e->op == OP_read) {
        Access a = access_of(c->n, e);
        for (int i = 0; i < a.rank; i++)
            c->count += quotients(a.sub[i]);
    } else if (e->op == OP_number || e->op == OP_uniform || e->op == OP_normal) {
        c->count += quotients(e->sub[0]);
    }
}

static int all_quotients(const Nest *n)
{
    struct Counting c = {.n = n};
    for (int i = 0; i < n->step.n; i++) {
        walk(n->step.at[i].body, count_quotients, &c);
        walk(n->step.at[i].place, count_quotients, &c);
    }
    return c.count;
}

/* Put to[k] for axis k in every step. */
static void rewrite_steps(Nest *n, const Step *from, const Sub *const *to)
{
    for (int i = 0; i < n->step.n; i++) {
        n->step.at[i].body = substitute(n->g, from[i].body, to, n->axis);
        n->step.at[i].place = substitute(n->g, from[i].place, to, n->axis);
    }
}

static void join_axes(Nest *n, int a)
{
    Index *outer = &n->axis[a], *inner = &n->axis[a + 1];
    outer->name = inner->name;
    outer->extent *= inner->extent;
    n->per[a] *= inner->extent;
    n->naxis--;
    if (a < n->rank)
        n->rank--;
    for (int i = a + 1; i < n->naxis + n->fixed; i++) {
        n->axis[i] = n->axis[i + 1];
        n->per[i] = n->per[i + 1];
    }
}

/* Axes a and a + 1 as one, if no access minds. */
static bool merge_axes(Nest *n, int a, Arena *arena)
{
    bool across = (a < n->rank) != (a + 1 < n->rank);
    int64_t size = (int64_t)n->axis[a].extent * n->axis[a + 1].extent;
    if (across || n->axis[a + 1].batch || size > INT32_MAX)
        return false;
    int before = all_quotients(n);
    Nest old = *n;
    Step *steps = NEWN(arena, Step, n->step.n);
    memcpy(steps, n->step.at, sizeof *steps * (size_t)n->step.n);
    int by = n->axis[a + 1].extent;
    join_axes(n, a);
    const Sub *to[MAXIDX];
    for (int k = 0; k < old.naxis + old.fixed; k++)
        to[k] = sub_index(n->g, k > a ? k - 1 : k);
    to[a + 1] = sub_mod(n->g, to[a], by, n->axis);
    to[a] = sub_div(n->g, to[a], by, n->axis);
    rewrite_steps(n, steps, to);
    if (all_quotients(n) <= before)
        return true;
    *n = old;
    memcpy(n->step.at, steps, sizeof *steps * (size_t)n->step.n);
    return false;
}

static void take_axes(Nest *n, Arena *a)
{
    const Tensor *t = n->step.at[0].tensor;
    n->g = new_graph(a, t->name);
    n->fixed = t->group > 0;
    n->rank = t->rank - n->fixed;
    n->naxis = t->nidx - n->fixed;
    const Sub *to[MAXIDX];
    for (int i = 0; i < t->nidx; i++) {
        int k = !n->fixed || i < t->step ? i : i == t->step ? n->naxis : i - 1;
        n->axis[k] = t->idx[i];
        n->per[k] = 1;
        to[i] = sub_index(n->g, k);
    }
    for (int i = 0; i < n->step.n; i++) {
        Step *s = &n->step.at[i];
        s->body = substitute(n->g, s->tensor->body, to, n->axis);
        s->place = substitute(n->g, read_same(n->g, (Tensor *)s->tensor), to, n->axis);
    }
}

void build_axes(Nest *n, Arena *a)
{
    take_axes(n, a);
    unroll_axes(n, a);
    for (int k = 0; k + 1 < n->naxis;)
        if (!merge_axes(n, k, a))
            k++;
}

/* ---- Dependence ---- */

/* In a recurrence a tensor is read at other steps as well. */
static bool is_place(const Step *s, const Expr *e)
{
    for (int k = 0; k < e->tensor->rank; k++)
        if (e->sub[k] != s->place->sub[k])
            return false;
    return true;
}

int step_read(const Nest *n, const Expr *e)
{
    for (int i = 0; i < n->step.n; i++)
        if (n->step.at[i].tensor == e->tensor && is_place(&n->step.at[i], e))
            return i;
    return -1;
}

static uint32_t axes_of_sub(Nest *n, const Sub *s)
{
    uint32_t axes = 0;
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if (t->kind == ATOM_INDEX)
            axes |= 1u << t->index;
        if (t->kind == ATOM_DATA)
            axes |= axes_of(n, t->data);
        if (t->of)
            axes |= axes_of_sub(n, t->of);
    }
    return axes;
}

static uint32_t find_axes(Nest *n, const Expr *e)
{
    uint32_t axes = 0;
    for (int i = 0; i < 3; i++)
        if (e->arg[i])
            axes |= axes_of(n, e->arg[i]);
    if (e->op == OP_read && step_read(n, e) >= 0)
        return axes | ((1u << n->rank) - 1) | (uint32_t)n->fixed << n->naxis;
    int subs = e->op == OP_read
                   ? e->tensor->rank
                   : e->op == OP_number || e->op == OP_uniform || e->op == OP_normal;
    for (int i = 0; i < subs; i++)
        axes |= axes_of_sub(n, e->sub[i]);
    return axes;
}

uint32_t axes_of(Nest *n, const Expr *e)
{
    const uint64_t known = (uint64_t)1 << 32;
    while (n->dependence.n <= e->id)
        PUSH(n->g->arena, &n->dependence, 0);
    if (!n->dependence.at[e->id]) {
        uint64_t axes = find_axes(n, e);
        n->dependence.at[e->id] = known | axes;
    }
    return (uint32_t)n->dependence.at[e->id];
}
