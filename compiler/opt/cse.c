/* Common subexpressions across equations. Within one, hash-consing has found them already. */
#include "opt.h"

#include "scale.h"

static bool is_root_value(const Graph *g, const Tensor *t)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].value == t)
            return true;
    return false;
}

static bool same_ranges(const Index *a, const Index *b, int n)
{
    for (int i = 0; i < n; i++)
        if (a[i].extent != b[i].extent || a[i].batch != b[i].batch)
            return false;
    return true;
}

static bool is_same(const Tensor *a, const Tensor *b)
{
    return a->body == b->body && a->reduce == b->reduce && a->rank == b->rank &&
           a->nidx == b->nidx && a->elem == b->elem && same_ranges(a->idx, b->idx, a->nidx);
}

/* The first equation before t that says the same, or NULL. */
static Tensor *find_same(const Graph *g, const Tensor *t)
{
    for (int i = 0; i < t->id; i++)
        if (is_same(g->tensor.at[i], t))
            return g->tensor.at[i];
    return NULL;
}

bool merge_equal(Graph *g)
{
    Arena *scratch = new_arena();
    Tensor **with = NEWN(scratch, Tensor *, g->tensor.n);
    bool changed = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->body)
            continue;
        t->body = replace_tensors(g, t->body, with);
        if (!is_root_value(g, t) && (with[i] = find_same(g, t)))
            changed = true;
    }
    for (int i = 0; changed && i < g->tensor.n; i++) /* recurrences read ahead, too */
        if (g->tensor.at[i]->group)
            g->tensor.at[i]->body = replace_tensors(g, g->tensor.at[i]->body, with);
    free_arena(scratch);
    return changed;
}

/* ---- Values that a tensor holds ---- */

typedef struct Saved {
    Graph *g;
    Tensor *reader;
} Saved;

/* Division is the one cheap operation that is not. */
static bool is_costly(const Expr *e)
{
    if (opinfo[e->op].properties & COSTLY || e->op == OP_div)
        return true;
    for (int i = 0; i < opinfo[e->op].arity; i++)
        if (is_costly(e->arg[i]))
            return true;
    return false;
}

/* t, an equation of the model, holds e for the indices that the reader loops over. Both number
 * them from 0. Derived equations are inlined or not by what they cost: no saving here. */
static bool holds(const Tensor *t, const Expr *e, const Tensor *reader)
{
    return t->body == e && !t->of && !t->from && t->reduce == REDUCE_NONE && t->elem == ELEM_REAL &&
           t->rank <= reader->nidx && same_ranges(t->idx, reader->idx, t->rank);
}

/* A read of the tensor that holds e, or NULL. */
static Expr *find_saved(Saved *s, const Expr *e)
{
    if (kind_of(e) != REAL || is_uniform(e) || !is_costly(e))
        return NULL;
    for (int i = 0; i < s->reader->id; i++)
        if (holds(s->g->tensor.at[i], e, s->reader))
            return read_same(s->g, s->g->tensor.at[i]);
    return NULL;
}

/* x / s * e holds e / s as well as it can. */
static Expr *find_quotient(Saved *s, const Expr *e)
{
    if (e->op != OP_mul || e->arg[0]->op != OP_div)
        return NULL;
    Expr *quotient = apply(s->g, OP_div, e->arg[1], e->arg[0]->arg[1], NULL);
    Expr *saved = find_saved(s, quotient);
    return saved ? apply(s->g, OP_mul, e->arg[0]->arg[0], saved, NULL) : NULL;
}

static Expr *read_saved(void *context, Expr *e)
{
    Expr *saved = find_saved(context, e);
    if (!saved)
        saved = find_quotient(context, e);
    return saved ? saved : e;
}

bool use_saved_values(Graph *g)
{
    bool changed = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->body)
            continue;
        Expr *body = rewrite_by(g, t->body, t->idx, read_saved, &(Saved){g, t});
        changed = changed || body != t->body;
        t->body = body;
    }
    return changed;
}
