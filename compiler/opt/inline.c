/* Equations that are not worth a tensor: their readers compute them.
 *
 *   - a constant, an index value, another tensor read otherwise (a reshape, a transposition), or
 *     arithmetic on numbers that are the same everywhere, such as 1 / n: wherever it is read;
 *   - an equation of the model: only where at most half of its elements are read, such as the
 *     one log-probability of each example's class. Otherwise its name is what people look for;
 *   - a derived equation of few operations: where no reader loops over more than it has; or
 *     where its only reader is no sum, so that it can be computed outside the inner loop.
 * A sum is never inlined, nor the value of a root, nor what reads itself a step away. */
#include "opt.h"

#include "scale.h"

typedef struct Use {
    int reads;      /* distinct places that read it */
    int64_t widest; /* the most elements that the loops around one of them visit */
    bool in_sum;    /* some reader reduces */
} Use;

typedef struct Inlining {
    Graph *g;
    Use *use;          /* by id */
    bool *chosen;      /* by id */
    const Tensor *reader;
} Inlining;

static void count_read(Expr *e, void *context)
{
    Inlining *in = context;
    if (e->op != OP_read)
        return;
    Use *u = &in->use[e->tensor->id];
    int64_t size = count_of(in->reader->idx, in->reader->nidx);
    u->reads++;
    u->in_sum = u->in_sum || in->reader->reduce != REDUCE_NONE;
    if (size > u->widest)
        u->widest = size;
}

static void count_operation(Expr *e, void *context)
{
    int *weight = context;
    *weight += opinfo[e->op].properties & COSTLY ? 100 : opinfo[e->op].arity > 0;
    if (e->op == OP_read && e->arg[0])
        *weight += 2;
}

static int weight_of(const Expr *e)
{
    int weight = 0;
    walk(e, count_operation, &weight);
    return weight;
}

enum { FEW = 4, HALF = 2 };

static bool is_map(const Tensor *t)
{
    return t->role == EQUATION && t->body && t->reduce == REDUCE_NONE &&
           t->elem == ELEM_REAL && !(t->group && expr_reads(t->body, t));
}

static bool is_trivial(const Inlining *in, const Tensor *t)
{
    (void)in; /* wherever it is read */
    if (!is_map(t))
        return false;
    int weight = weight_of(t->body);
    return weight == 0 || (weight <= FEW && is_uniform(t->body));
}

static bool is_worth_it(const Inlining *in, const Tensor *t)
{
    if (!is_map(t))
        return false;
    int weight = weight_of(t->body);
    Use u = in->use[t->id];
    int64_t size = count_of(t->idx, t->rank);
    if (!t->of && !t->from)
        return u.widest * HALF <= size;
    if (weight <= FEW && u.reads == 1 && !u.in_sum)
        return true;
    return u.widest <= size && (u.reads == 1 || weight <= FEW);
}

/* t is another name of a tensor of the same shape: that tensor; else NULL. */
static Tensor *alias_of(const Tensor *t)
{
    const Expr *e = t->body;
    if (e->op != OP_read || e->arg[0] || e->tensor->rank != t->rank)
        return NULL;
    for (int i = 0; i < t->rank; i++) {
        int index;
        if (!sub_is_index(e->sub[i], &index) || index != i ||
            e->tensor->idx[i].extent != t->idx[i].extent)
            return NULL;
    }
    return e->tensor;
}

static Expr *put_in_place(void *context, Expr *e)
{
    Inlining *in = context;
    if (e->op != OP_read || !in->chosen[e->tensor->id])
        return e;
    Tensor *alias = alias_of(e->tensor);
    if (e->arg[0])
        return alias ? read_at(in->g, alias, e->sub, e->arg[0]) : e;
    return substitute(in->g, e->tensor->body, e->sub, in->reader->idx);
}

static void count_uses(Inlining *in)
{
    Graph *g = in->g;
    for (int i = 0; i < g->tensor.n; i++) {
        in->reader = g->tensor.at[i];
        if (in->reader->body)
            walk(in->reader->body, count_read, in);
    }
}

/* Inline what `is_chosen` says. */
static bool inline_those(Inlining *in, bool (*is_chosen)(const Inlining *, const Tensor *))
{
    Graph *g = in->g;
    for (int i = 0; i < g->tensor.n; i++)
        in->chosen[i] = is_chosen(in, g->tensor.at[i]);
    for (int i = 0; i < g->root.n; i++)
        in->chosen[g->root.at[i].value->id] = false;
    bool changed = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->body)
            continue;
        in->reader = t;
        Expr *body = rewrite_by(g, t->body, t->idx, put_in_place, in);
        changed = changed || body != t->body;
        t->body = body;
        in->chosen[i] = in->chosen[i] && is_chosen(in, t); /* it may have grown */
    }
    return changed;
}

/* Trivial ones first: what reads through another name counts as a reader of the thing itself. */
bool inline_equations(Graph *g)
{
    Arena *scratch = new_arena();
    Inlining in = {.g = g,
                   .use = NEWN(scratch, Use, g->tensor.n),
                   .chosen = NEWN(scratch, bool, g->tensor.n)};
    bool changed = inline_those(&in, is_trivial);
    if (!changed) {
        count_uses(&in);
        changed = inline_those(&in, is_worth_it);
    }
    free_arena(scratch);
    return changed;
}
