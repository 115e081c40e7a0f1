/* The reverse sweep.
 *
 * Equations are taken from the loss backwards. Each is differentiated as a scalar
 * expression, in reverse over its subexpressions; what arrives at a read is turned around
 * by transpose.c into a contribution to the adjoint of the tensor read. When an equation's
 * turn comes all who read it have had theirs, so its adjoint is the sum of its
 * contributions.
 *
 * Only what lies between the loss and a wanted adjoint is visited. */
#include "build.h"
#include "diff.h"
#include "str.h"
#include "transpose.h"

#include <assert.h>

typedef VEC(Tensor *) Parts;

typedef struct Sweep {
    Graph *g;
    Arena *scratch;
    int n;            /* tensors before the sweep */
    bool *needed;     /* by id: depends on a tensor whose adjoint is wanted */
    Tensor **adjoint; /* by id: where it is wanted or was made */
    Parts *part;      /* by id: contributions */
    int *spot;        /* by id of an expression: its place in Local */
} Sweep;

/* ---- One equation ---- */

/* A subexpression of the body: whether it depends on a needed tensor, and what has arrived.
 */
typedef struct Spot {
    Expr *e;
    bool needed;
    Flow arrived;
} Spot;

/* Operands come before their users. */
typedef struct Local {
    Sweep *s;
    Tensor *t;
    VEC(Spot) spot;
} Local;

static Spot *spot_of(const Local *l, const Expr *e)
{
    return &l->spot.at[l->s->spot[e->id]];
}

static void list_expr(Expr *e, void *context)
{
    Local *l = context;
    bool needed = e->op == OP_read && l->s->needed[e->tensor->id];
    for (int i = 0; i < 3; i++)
        needed = needed || (e->arg[i] && spot_of(l, e->arg[i])->needed);
    l->s->spot[e->id] = l->spot.n;
    PUSH(l->s->scratch, &l->spot, (Spot){.e = e, .needed = needed});
}

static Expr *settled(Graph *g, Flow f)
{
    return f.guard ? choose(g, f.guard, f.value, num(g, 0)) : f.value;
}

static void arrive(Local *l, const Expr *at, Flow f)
{
    Graph *g = l->s->g;
    Flow *sum = &spot_of(l, at)->arrived;
    if (!sum->value)
        *sum = f;
    else if (sum->guard == f.guard)
        sum->value = add(g, sum->value, f.value);
    else
        *sum = (Flow){sum->guard && f.guard ? either(g, sum->guard, f.guard) : NULL,
                      add(g, settled(g, *sum), settled(g, f))};
}

/* f, and only where `guard` holds. */
static Flow within(Graph *g, Expr *guard, Flow f)
{
    if (guard)
        f.guard = f.guard ? both(g, guard, f.guard) : guard;
    return f;
}

/* Where the read leaves its tensor. */
static Expr *is_outside(Graph *g, const Expr *read)
{
    Expr *inside = NULL;
    for (int i = 0; i < read->tensor->rank; i++) {
        Expr *at = number_of(g, read->sub[i]);
        Expr *in =
            both(g, le(g, num(g, 0), at), lt(g, at, num(g, read->tensor->idx[i].extent)));
        inside = inside ? both(g, inside, in) : in;
    }
    return negate(g, inside);
}

static const char *reason(Graph *g, const Tensor *t, const Expr *read)
{
    Out o = new_out(g->arena);
    put(&o, "'%s' reads ", t->name);
    print_expr(&o, t, read);
    return o.text;
}

/* What arrived at a read becomes a contribution to the tensor's adjoint. */
static void contribute(Local *l, Expr *read, Flow f)
{
    Sweep *s = l->s;
    Tensor *a = read->tensor;
    if (!s->needed[a->id])
        return;
    const char *name = intern_f("dL/d%s.%s", a->name, l->t->name);
    Tensor *part = new_beside(s->g, name, l->t);
    part->rank = a->rank;
    part->from = l->t;
    part->why = reason(s->g, l->t, read);
    transpose_read(s->g, part, l->t, read, f);
    PUSH(s->scratch, &s->part[a->id], part);
}

static void pass_on(Local *l, Expr *e, Flow f)
{
    Graph *g = l->s->g;
    if (e->op == OP_read) {
        contribute(l, e, f);
        if (e->arg[0] && spot_of(l, e->arg[0])->needed)
            arrive(l, e->arg[0], within(g, is_outside(g, e), f));
        return;
    }
    if (!rule_of[e->op])
        return;
    Flow flow[3] = {0};
    rule_of[e->op](g, e, e->arg, f.value, flow);
    for (int k = 0; k < opinfo[e->op].arity; k++)
        if (flow[k].value && spot_of(l, e->arg[k])->needed)
            arrive(l, e->arg[k], within(g, f.guard, flow[k]));
}

/* A companion of t over the indices first..nidx-1 of t, filled in by the caller. */
static Tensor *companion(Sweep *s, const Tensor *t, const char *suffix)
{
    Tensor *c = new_beside(s->g, intern_f("%s.%s", t->name, suffix), t);
    c->rank = t->rank;
    c->nidx = t->nidx;
    for (int i = 0; i < t->nidx; i++)
        c->idx[i] = t->idx[i];
    c->body = t->body;
    return c;
}

/* Row-major position among the reduced indices. */
static Expr *flat_position(Graph *g, const Tensor *t)
{
    const Sub *flat = sub_const(g, 0);
    for (int i = t->rank; i < t->nidx; i++)
        flat = sub_add(g, sub_scale(g, flat, t->idx[i].extent), sub_index(g, i));
    return number_of(g, flat);
}

/* max and min: everything to the place that won, the first one on ties. */
static Flow to_extremum(Sweep *s, const Tensor *t, Expr *dt)
{
    Tensor *at = companion(s, t, "at");
    at->reduce = t->reduce == REDUCE_MAX ? REDUCE_ARGMAX : REDUCE_ARGMIN;
    return (Flow){eq(s->g, flat_position(s->g, t), read_same(s->g, at)), dt};
}

/* prod: the product of all the others, which dividing by the factor would lose where it is
 * 0. */
static Flow to_factors(Sweep *s, const Tensor *t, Expr *dt)
{
    Graph *g = s->g;
    int reduced = t->nidx - t->rank;
    if (t->nidx > MAXRANK || t->nidx + reduced > MAXIDX)
        bug("the product '%s' has too many indices", t->name);
    Tensor *others = companion(s, t, "others");
    others->rank = t->nidx;
    others->nidx = t->nidx + reduced;
    others->reduce = REDUCE_PROD;
    const Sub *to[MAXIDX];
    for (int i = 0; i < t->nidx; i++)
        to[i] = sub_index(g, i < t->rank ? i : i + reduced);
    Expr *same = NULL;
    for (int i = t->rank; i < t->nidx; i++) {
        others->idx[i + reduced] = t->idx[i];
        others->idx[i + reduced].name = intern_f("%s2", t->idx[i].name);
        Expr *here =
            eq(g, number_of(g, sub_index(g, i)), number_of(g, sub_index(g, i + reduced)));
        same = same ? both(g, same, here) : here;
    }
    others->body = choose(g, same, num(g, 1), substitute(g, t->body, to, others->idx));
    return (Flow){.value = mul(g, dt, read_same(g, others))};
}

/* What flows into the body of t, given its adjoint. */
static Flow into_body(Sweep *s, const Tensor *t, Tensor *adjoint)
{
    Expr *dt = read_same(s->g, adjoint);
    switch (t->reduce) {
    case REDUCE_NONE:
    case REDUCE_SUM:
        return (Flow){.value = dt};
    case REDUCE_MAX:
    case REDUCE_MIN:
        return to_extremum(s, t, dt);
    case REDUCE_PROD:
        return to_factors(s, t, dt);
    case REDUCE_ARGMAX:
    case REDUCE_ARGMIN:
    case NREDUCE:
        break;
    }
    return (Flow){0};
}

static void differentiate(Sweep *s, Tensor *t, Tensor *adjoint)
{
    Local l = {.s = s, .t = t};
    walk(t->body, list_expr, &l);
    Flow seed = into_body(s, t, adjoint);
    if (seed.value)
        arrive(&l, t->body, seed);
    for (int i = l.spot.n; i-- > 0;)
        if (l.spot.at[i].arrived.value)
            pass_on(&l, l.spot.at[i].e, l.spot.at[i].arrived);
}

/* ---- The whole graph ---- */

static void remove_tensor(Graph *g, const Tensor *t)
{
    int n = 0;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i] != t)
            g->tensor.at[n++] = g->tensor.at[i];
    g->tensor.n = n;
    for (int i = 0; i < n; i++)
        g->tensor.at[i]->id = i;
}

/* The only contribution is the adjoint itself. */
static void become(Sweep *s, Tensor *adjoint, Tensor *part)
{
    adjoint->nidx = part->nidx;
    for (int i = 0; i < part->nidx; i++)
        adjoint->idx[i] = part->idx[i];
    adjoint->reduce = part->reduce;
    adjoint->body = part->body;
    adjoint->from = part->from;
    adjoint->why = part->why;
    adjoint->span = part->span;
    remove_tensor(s->g, part);
}

/* A contribution that needs no sum of its own is a term. */
static Expr *as_term(Sweep *s, Tensor *part)
{
    if (part->reduce != REDUCE_NONE)
        return read_same(s->g, part);
    Expr *body = part->body;
    remove_tensor(s->g, part);
    return body;
}

static void add_up(Sweep *s, Tensor *adjoint, Parts parts)
{
    if (parts.n == 1) {
        become(s, adjoint, parts.at[0]);
        return;
    }
    Expr *sum = NULL;
    for (int i = 0; i < parts.n; i++) {
        Expr *term = as_term(s, parts.at[i]);
        sum = sum ? add(s->g, sum, term) : term;
    }
    adjoint->body = sum ? sum : num(s->g, 0);
    adjoint->why = sum ? "sum of what its readers give" : "the loss does not depend on it";
}

static Tensor *new_adjoint(Sweep *s, Tensor *t)
{
    Tensor *d = new_beside(s->g, intern_f("dL/d%s", t->name), t);
    d->rank = d->nidx = t->rank;
    for (int i = 0; i < t->rank; i++)
        d->idx[i] = t->idx[i];
    d->of = t;
    return d;
}

struct Needing {
    Sweep *s;
    bool needed;
};

static void look_for_needed(Expr *e, void *context)
{
    struct Needing *n = context;
    n->needed = n->needed || (e->op == OP_read && n->s->needed[e->tensor->id]);
}

static bool reads_needed(Sweep *s, const Tensor *t)
{
    struct Needing n = {.s = s};
    if (t->body && !t->of)
        walk(t->body, look_for_needed, &n);
    return n.needed;
}

/* Once over the tensors, but for recurrences, whose members read ahead. */
static void mark_needed(Sweep *s)
{
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < s->n; i++) {
            Tensor *t = s->g->tensor.at[i];
            if (s->needed[i] || (!s->adjoint[i] && !reads_needed(s, t)))
                continue;
            s->needed[i] = true;
            changed = changed || t->group;
        }
    }
}

static Tensor *find_loss(const Graph *g)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            return g->root.at[i].value;
    return NULL;
}

static void sweep_equation(Sweep *s, Tensor *t, const Tensor *loss)
{
    int i = t->id;
    bool reached = t == loss || s->part[i].n > 0;
    if (s->adjoint[i])
        add_up(s, s->adjoint[i], s->part[i]);
    if (!reached || !s->needed[i] || !t->body)
        return;
    Tensor *d = new_adjoint(s, t);
    if (t == loss)
        d->body = num(s->g, 1);
    else
        add_up(s, d, s->part[i]);
    differentiate(s, t, d);
}

static int first_of_group(Tensor *const *t, int i)
{
    while (t[i]->group && i > 0 && t[i - 1]->group == t[i]->group)
        i--;
    return i;
}

/* Back-propagation through time. The members contribute to each other, a step away, so all
 * adjoints have to exist before any is added up; they make a recurrence that runs the other
 * way. */
static void sweep_recurrence(Sweep *s, Tensor *const *member, int n)
{
    bool reached = false;
    for (int i = 0; i < n; i++)
        reached = reached || s->part[member[i]->id].n > 0;
    if (!reached)
        return;
    Tensor **d = NEWN(s->scratch, Tensor *, n);
    for (int i = 0; i < n; i++)
        if (s->needed[member[i]->id])
            d[i] = new_adjoint(s, member[i]);
    for (int i = n; i-- > 0;)
        if (d[i])
            differentiate(s, member[i], d[i]);
    for (int i = 0; i < n; i++)
        if (d[i])
            add_up(s, d[i], s->part[member[i]->id]);
}

void derive(Graph *g)
{
    Tensor *loss = find_loss(g);
    if (!loss)
        return;
    sort_graph(g);
    Sweep s = {.g = g, .scratch = new_arena(), .n = g->tensor.n};
    s.needed = NEWN(s.scratch, bool, s.n);
    s.adjoint = NEWN(s.scratch, Tensor *, s.n);
    s.part = NEWN(s.scratch, Parts, s.n);
    s.spot = NEWN(s.scratch, int, g->made);
    Tensor **forward = NEWN(s.scratch, Tensor *, s.n);
    for (int i = 0; i < s.n; i++) {
        forward[i] = g->tensor.at[i];
        if (forward[i]->of && !forward[i]->body)
            s.adjoint[forward[i]->of->id] = forward[i];
    }
    mark_needed(&s);

    for (int i = s.n; i-- > 0;) {
        int first = first_of_group(forward, i);
        if (forward[i]->group)
            sweep_recurrence(&s, forward + first, i - first + 1);
        else
            sweep_equation(&s, forward[i], loss);
        i = first;
    }
    sort_graph(g);
    free_arena(s.scratch);
}
