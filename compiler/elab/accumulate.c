/* Gradient accumulation: an update that takes several batches.
 *
 * The optimizer gets the mean of their gradients, each counted as often as its batch has
 * examples; what it makes of them is kept only with the last one. So the update is that of
 * one large batch, as far as the loss is a mean over examples. The sums are states, and so
 * is the number of batches in them: a step is the same equations every time. */
#include "eq.h"

#include "str.h"

/* ---- Steps and updates ---- */

/* The number of the update that takes step s. */
static Expr *in_updates(Graph *g, Scalar s)
{
    Expr *e = scalar(g, s);
    if (g->accumulate == 1)
        return e;
    e = make(g, OP_add, e, constant(g, g->accumulate - 1), NULL);
    e = make(g, OP_div, e, constant(g, g->accumulate), NULL);
    return make(g, OP_floor, e, NULL, NULL);
}

Expr *update_number(Graph *g) { return in_updates(g, SCALAR_step); }

Expr *updates_planned(Graph *g) { return in_updates(g, SCALAR_steps); }

/* ---- Sums ---- */

static Tensor *equation(Graph *g, const Tensor *like, const char *ending, Expr *body,
                        Span at)
{
    Tensor *t = tensor_like(g, like, EQUATION, intern_f("%s.%s", like->name, ending), at);
    t->body = body;
    return t;
}

/* What a sum that starts at 0, a state called `name`, is with `more`, given by its indices;
 * like: its shape, or NULL for a number. */
static Tensor *sum_with(Graph *g, const Tensor *like, const char *name, Expr *more, Span at)
{
    Tensor *sum =
        like ? tensor_like(g, like, STATE, name, at) : new_tensor(g, STATE, name, at);
    sum->optimizer = true;
    Tensor *init = equation(g, sum, "init", constant(g, 0), at);
    add_root(g, ROOT_INIT, sum->name, init, sum, at);
    Expr *both = make(g, OP_add, read_same(g, sum), more, NULL);
    Tensor *with = equation(g, sum, "new", both, at);
    add_root(g, ROOT_UPDATE, sum->name, with, sum, at);
    return with;
}

static Tensor *mean_gradient(Graph *g, const Root *r, Tensor *examples, Span at)
{
    const Tensor *p = r->target;
    const char *name = intern_f("%s.accumulated", p->name);
    Expr *more = make(g, OP_mul, scalar(g, SCALAR_n), read_same(g, r->value), NULL);
    Tensor *sum = sum_with(g, p, name, more, at);
    Expr *mean = make(g, OP_div, read_same(g, sum), read_same(g, examples), NULL);
    return equation(g, p, "mean", mean, at);
}

void accumulate_gradients(Elab *e, Span at)
{
    Graph *g = e->graph;
    Tensor *examples = NULL;
    int n = g->root.n;
    e->gradient = NEWN(e->arena, Tensor *, n);
    if (g->accumulate > 1) {
        e->batches = sum_with(g, NULL, "accumulated.batches", constant(g, 1), at);
        examples = sum_with(g, NULL, "accumulated.examples", scalar(g, SCALAR_n), at);
    }
    for (int i = 0; i < n; i++) {
        Root r = g->root.at[i];
        if (r.kind == ROOT_GRADIENT)
            e->gradient[i] = examples && r.target->role == PARAM
                                 ? mean_gradient(g, &r, examples, at)
                                 : r.value;
    }
}

/* ---- The last of the batches ---- */

void hold_updates(Elab *e, int sums, int optimizer)
{
    Graph *g = e->graph;
    for (int i = sums; i < g->root.n && e->batches; i++) {
        Root *r = &g->root.at[i];
        if (r->kind != ROOT_UPDATE)
            continue;
        Expr *last =
            make(g, OP_eq, read_same(g, e->batches), constant(g, g->accumulate), NULL);
        Expr *now = read_same(g, r->value);
        Expr *body = i < optimizer ? make(g, OP_select, last, constant(g, 0), now)
                                   : make(g, OP_select, last, now, read_same(g, r->target));
        r->value = equation(g, r->target, "next", body, r->span);
    }
}
