/* What a model reports: its loss, its metrics, its outputs. */
#include "eq.h"

#include "str.h"

/* The mean over the batch and all dimensions. */
static Tensor *mean_of_all(Eq *q, Span span, Expr *e)
{
    Graph *g = q->g;
    int slot[MAXRANK + 1], n = 0;
    double count = 1;
    bool batched = used_slots(e) & 1u << BATCH;
    if (batched)
        slot[n++] = BATCH;
    for (int k = 0; k < q->rank; k++) {
        slot[n++] = DIM + k;
        count *= q->idx[DIM + k].extent;
    }
    e = close_reduction(q, span, REDUCE_SUM, e, slot, n);
    if (e && batched)
        e = make(g, OP_div, e,
                 count == 1
                     ? scalar(g, SCALAR_n)
                     : make(g, OP_mul, scalar(g, SCALAR_n), constant(g, count), NULL),
                 NULL);
    else if (e && n)
        e = make(g, OP_div, e, constant(g, count), NULL);
    q->rank = 0;
    return close_eq(q, e);
}

void elaborate_mean(Env *env, const Stmt *st, RootKind kind, const char *name)
{
    begin_statement(env, name, st->value);
    Eq *q = new_eq(env, path_of(env, name), st->span, true);
    Expr *e = real_expr(q, st->value);
    Tensor *t = e ? mean_of_all(q, st->span, e) : NULL;
    if (t)
        add_root(q->g, kind, name, t, NULL, st->span);
}

static Value output_value(Env *env, const Stmt *st)
{
    if (st->value)
        return define(env, st);
    const Var *var = find_var(env, st->name);
    return var ? var->value : nothing();
}

/* An output is an equation of its own: not something given, and not a number. */
void elaborate_output(Env *env, const Stmt *st)
{
    Value v = output_value(env, st);
    if (v.what == NOTHING)
        return;
    Tensor *t = v.tensor;
    if (v.what == A_NUMBER || t->role != EQUATION) {
        Syn name = {.kind = SYN_NAME, .name = st->name, .span = st->name_span};
        Eq *q = new_eq(env, intern_f("%s.out", st->name), st->span, true);
        t = close_eq(q, real_expr(q, &name));
    }
    if (t)
        add_root(env->e->graph, ROOT_OUTPUT, st->name, t, NULL, st->span);
}
