/* Averages of the parameters: for each a state that evaluation reads in its place. What it
 * becomes is the train block's expression of itself, `average`, and of the parameter's new
 * value, `param`. */
#include "eq.h"

#include "str.h"

/* It starts as the parameter does. */
static void start_average(Graph *g, const Tensor *p)
{
    for (int i = 0; i < g->root.n; i++) {
        Root r = g->root.at[i];
        if (r.kind != ROOT_INIT || r.target != p)
            continue;
        Tensor *t =
            tensor_like(g, p, EQUATION, intern_f("%s.init", p->average->name), r.span);
        t->body = read_same(g, r.value);
        add_root(g, ROOT_INIT, p->average->name, t, p->average, r.span);
        return;
    }
}

void average_parameter(Env *model, const Stmt *average, Tensor *p, Value now)
{
    Graph *g = model->e->graph;
    Env *env = setting_env(model, p);
    const char *name = intern_f("%s.average", p->name);
    p->average = tensor_like(g, p, STATE, name, average->span);
    p->average->averages = true;
    start_average(g, p);
    bind(env, intern("average"), tensor_value(p->average, average->name_span));
    bind(env, intern("param"), now);
    begin_statement(env, intern("average"), average->value);
    Eq *q = eq_like(env, intern_f("%s.new", name), average->span, p->average, "average");
    Expr *e = real_expr(q, average->value);
    if (e && used_slots(e) & 1u << BATCH)
        fault(model, average->value->span, "'average' cannot depend on the examples");
    else if (e)
        add_root(g, ROOT_UPDATE, p->average->name, close_eq(q, e), p->average,
                 average->span);
}
