/* Recurrences: equations that read a name before it is there, `h[t-1, k | 0]`.
 *
 * Such a name is bound to a stand-in, a tensor of the shape that its equation will have.
 * Once the equation is there, the stand-in is a copy of it; when all is elaborated, those
 * who read the stand-in read the equation itself, which closes the cycle, and order_graph()
 * says whether every cycle steps. Whatever depends on an input has the batch, and so does a
 * stand-in as soon as there is an input. */
#include "eq.h"

#include "str.h"

static const Stmt *find_equation(const Env *env, const char *name)
{
    for (int i = 0; env->body && i < env->body->n; i++) {
        const Stmt *st = env->body->at[i];
        if (st->kind == STMT_EQUATION && st->has_index && st->name == name)
            return st;
    }
    return NULL;
}

static bool has_input(const Graph *g)
{
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->role == INPUT)
            return true;
    return false;
}

static Tensor *new_stand_in(Env *env, const Eq *q, const Stmt *st)
{
    Graph *g = env->e->graph;
    const char *name = intern_f("%s.ahead", path_of(env, st->name));
    Tensor *t = new_tensor(g, EQUATION, name, st->span);
    if (has_input(g) && q->rank < MAXRANK)
        t->idx[t->rank++] = (Index){intern("batch"), g->batch, true};
    for (int k = 0; k < q->rank; k++)
        t->idx[t->rank++] = q->idx[DIM + k];
    t->nidx = t->rank;
    PUSH(env->e->arena, &env->e->stand_ins, t);
    return t;
}

/* While the shape is found, the name is bound to nothing: it cannot be read for that. */
Value read_ahead(Env *env, const char *name)
{
    const Stmt *st = find_equation(env, name);
    if (!st)
        return nothing();
    bind(env, name, nothing());
    Eq *q = new_eq(env, name, st->span, false);
    if (!bind_left(q, st))
        return nothing();
    Tensor *t = new_stand_in(env, q, st);
    PUSH(env->e->arena, &env->ahead, (Ahead){name, t});
    Var *var = bind(env, name, tensor_value(t, st->name_span));
    return var->value;
}

/* The stand-in reads t at its own place. */
static void stand_for(Graph *g, Tensor *stand_in, Tensor *t)
{
    const Sub **sub = NEWN(g->arena, const Sub *, MAXRANK);
    int missing = stand_in->rank - t->rank; /* the batch, where nothing depends on it */
    for (int k = 0; k < t->rank; k++)
        sub[k] = sub_index(g, k + missing);
    stand_in->body = read_at(g, t, sub, NULL);
}

void settle_ahead(Env *env, const Stmt *st, Tensor *t)
{
    for (int i = 0; i < env->ahead.n; i++) {
        Ahead *a = &env->ahead.at[i];
        if (a->name != st->name || a->stand_in->body)
            continue;
        if (is_batched(t) && !is_batched(a->stand_in))
            fault(env, st->name_span, "'%s' is read before an input that it depends on",
                  st->name);
        else
            stand_for(env->e->graph, a->stand_in, t);
    }
}

typedef struct Closing {
    Graph *g;
    bool *is_stand_in; /* by id */
} Closing;

/* A read of a stand-in becomes one of what it stands for. */
static Expr *read_through(void *context, Expr *e)
{
    Closing *c = context;
    if (e->op != OP_read || !c->is_stand_in[e->tensor->id])
        return e;
    Tensor *t = e->tensor->body->tensor;
    return read_at(c->g, t, e->sub + (e->tensor->rank - t->rank), e->arg[0]);
}

static void remove_stand_ins(Elab *e)
{
    Graph *g = e->graph;
    Closing c = {g, NEWN(e->arena, bool, g->tensor.n)};
    for (int i = 0; i < e->stand_ins.n; i++)
        c.is_stand_in[e->stand_ins.at[i]->id] = true;
    int n = 0;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (c.is_stand_in[t->id])
            continue;
        if (t->body)
            t->body = rewrite_by(g, t->body, t->idx, read_through, &c);
        g->tensor.at[n++] = t;
    }
    g->tensor.n = n;
}

void close_recurrences(Elab *e)
{
    Cycle c;
    if (!e->stand_ins.n)
        return;
    remove_stand_ins(e);
    if (order_graph(e->graph, &c))
        return;
    error(c.t->span, "'%s' reads itself, but not as a recurrence: %s", c.t->name, c.why);
    if (c.read && c.read->tensor->span.start != c.t->span.start)
        note(c.read->tensor->span, "through '%s'", c.read->tensor->name);
    note((Span){0}, "a recurrence reads itself a constant number of steps away, always the "
                    "same way, as in h[t - 1 | 0]");
}
