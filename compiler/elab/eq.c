/* Closing an equation: from slots to a tensor with its own indices. */
#include "eq.h"

#include "str.h"

Eq *new_eq(Env *env, const char *name, Span span, bool whole)
{
    Eq *q = NEW(env->e->arena, Eq);
    *q = (Eq){.env = env,
              .g = env->e->graph,
              .name = name,
              .span = span,
              .whole = whole,
              .rank = whole ? -1 : 0,
              .batch = BATCH,
              .first = env->e->graph->tensor.n};
    q->idx[BATCH] = (Index){intern("batch"), q->g->batch, true};
    q->idx[POSITION] = (Index){intern("position"), INT32_MAX, false};
    return q;
}

/* ---- Indices ---- */

int find_index(const Eq *q, const char *name)
{
    for (int i = q->index.n; i-- > q->hidden;)
        if (q->index.at[i].name == name)
            return q->index.at[i].slot;
    return -1;
}

void name_index(Eq *q, const char *name, int slot)
{
    PUSH(q->g->arena, &q->index, (IndexName){name, slot});
}

int new_binder(Eq *q, Span at, const char *name, int extent)
{
    int slot = BINDER + q->binders;
    if (slot == POSITION) {
        fault(q->env, at, "too many indices in one equation: at most %d can be reduced",
              POSITION - BINDER);
        return -1;
    }
    q->binders++;
    q->idx[slot] = (Index){name, extent, false};
    return slot;
}

int pack_slots(const Eq *q, int *slot)
{
    const char *dots = intern("...");
    int n = 0;
    for (int i = q->hidden; i < q->index.n && n < MAXRANK; i++)
        if (q->index.at[i].name == dots)
            slot[n++] = q->index.at[i].slot;
    return n || (q->env->has_pack && q->env->npack == 0) ? n : -1;
}

static void use_sub(const Sub *s, unsigned *used)
{
    for (int i = 0; i < s->nterm; i++) {
        if (s->term[i].kind == ATOM_INDEX)
            *used |= 1u << s->term[i].index;
        if (s->term[i].of)
            use_sub(s->term[i].of, used);
    }
}

static void use_expr(Expr *e, void *context)
{
    int n = e->op == OP_read ? e->tensor->rank
            : e->op == OP_number || e->op == OP_uniform || e->op == OP_normal ? 1
                                                                              : 0;
    for (int i = 0; i < n; i++)
        use_sub(e->sub[i], context);
}

unsigned used_slots(const Expr *e)
{
    unsigned used = 0;
    walk(e, use_expr, &used);
    return used;
}

/* ---- Closing ---- */

/* Which slots become the tensor's indices, in order. */
typedef struct Layout {
    int slot[MAXIDX];
    int rank, n;
} Layout;

static const char *name_apart(const Tensor *t, int k, const char *name)
{
    const char *apart = name;
    for (int i = 0, n = 2; i < k; i++)
        if (t->idx[i].name == apart) {
            apart = intern_f("%s%d", name, n++);
            i = -1;
        }
    return apart;
}

/* So much work is a mistake, and positions in it stay far from overflow. */
static const double MOST_TERMS = 1e15;

static double count_of_slots(const Eq *q, const int *slot, int n)
{
    double count = 1;
    for (int k = 0; k < n; k++)
        count *= q->idx[slot[k]].extent;
    return count;
}

static bool fits(const Eq *q, Span at, const Layout *l)
{
    double count = count_of_slots(q, l->slot, l->rank);
    double terms = count_of_slots(q, l->slot, l->n);
    if (l->rank > MAXRANK)
        fault(q->env, at,
              "'%s' has %d dimensions, the batch included: at most %d are possible",
              q->name, l->rank, MAXRANK);
    else if (l->n > POSITION)
        fault(q->env, at, "'%s' has %d indices: at most %d are possible", q->name, l->n,
              POSITION);
    else if (count >= 2147483648.0)
        fault(q->env, at, "'%s' has %.0f elements: at most 2147483647 are possible",
              q->name, count);
    else if (terms > MOST_TERMS)
        fault(q->env, at, "'%s' takes %g terms to compute: at most %g are possible",
              q->name, terms, MOST_TERMS);
    else
        return true;
    return false;
}

enum { MOST_TENSORS = 20000 };

static bool has_room(Eq *q, Span at)
{
    Elab *e = q->env->e;
    if (q->g->tensor.n >= MOST_TENSORS && !e->full) {
        e->full = true;
        fault(q->env, at, "more than %d equations: this model is too large", MOST_TENSORS);
    }
    return !e->full;
}

/* The position in the equation, row-major over all its indices. */
static const Sub *position_in(Graph *g, const Tensor *t)
{
    const Sub *at = sub_const(g, 0);
    for (int k = 0; k < t->nidx; k++)
        at = sub_add(g, sub_scale(g, at, t->idx[k].extent), sub_index(g, k));
    return at;
}

static Tensor *close(Eq *q, const char *name, Span at, const Layout *l, Expr *value,
                     Reduce reduce)
{
    if (!has_room(q, at) || !fits(q, at, l))
        return NULL;
    Graph *g = q->g;
    Tensor *t = new_tensor(g, EQUATION, name, q->span);
    const Sub *to[MAXIDX] = {0};
    t->rank = l->rank;
    t->nidx = l->n;
    t->reduce = reduce;
    for (int k = 0; k < l->n; k++) {
        t->idx[k] = q->idx[l->slot[k]];
        t->idx[k].name = name_apart(t, k, t->idx[k].name);
        to[l->slot[k]] = sub_index(g, k);
    }
    to[POSITION] = position_in(g, t);
    t->body = substitute(g, as_real(g, value), to, t->idx);
    return t;
}

/* The reduction just closed, if value is nothing but it over the equation's own dimensions.
 */
static Tensor *adopt(Eq *q, const Layout *l, const Expr *value)
{
    if (value->op != OP_read || value->arg[0] || value->tensor->reduce == REDUCE_NONE ||
        value->tensor->id < q->first || value->tensor->rank != l->rank)
        return NULL;
    for (int k = 0; k < l->rank; k++)
        if (value->sub[k] != sub_index(q->g, l->slot[k]))
            return NULL;
    return value->tensor;
}

Tensor *close_eq(Eq *q, Expr *value)
{
    if (!value)
        return NULL;
    Layout l = {0};
    if (q->batched || used_slots(value) & 1u << BATCH)
        l.slot[l.rank++] = BATCH;
    for (int k = 0; k < q->rank; k++)
        l.slot[l.rank++] = DIM + k;
    l.n = l.rank;
    Tensor *t = adopt(q, &l, value);
    if (!t)
        return close(q, q->name, q->span, &l, value, REDUCE_NONE);
    t->name = intern("");
    t->name = unique_name(q->g, q->name);
    return t;
}

/* Free slots in the order of the equation: the batch, dimensions, outer reductions. A draw
 * belongs to each element, so it uses them all. */
Expr *close_reduction(Eq *q, Span at, Reduce reduce, Expr *value, const int *slot, int n)
{
    unsigned used = used_slots(value), reduced = 0;
    Layout l = {0};
    for (int i = 0; i < n; i++)
        reduced |= 1u << slot[i];
    for (int k = 0; k < BINDER + q->binders; k++) {
        bool own = (k >= DIM && k < DIM + q->rank) || (k == BATCH && q->batched);
        bool draws = used & 1u << POSITION && own;
        if ((used & 1u << k || draws) && !(reduced & 1u << k))
            l.slot[l.rank++] = k;
    }
    l.n = l.rank;
    for (int i = 0; i < n; i++)
        l.slot[l.n++] = slot[i];
    if (n == 0)
        return value;
    const char *name = intern_f("%s.%s", q->name, reduce_name[reduce]);
    Tensor *t = close(q, name, at, &l, value, reduce);
    if (!t)
        return NULL;
    const Sub *sub[MAXRANK];
    for (int k = 0; k < l.rank; k++)
        sub[k] = sub_index(q->g, l.slot[k]);
    return read_at(q->g, t, sub, NULL);
}
