/* Gradients and what the optimizer does with them.
 *
 * Every parameter and every real input gets a tensor for its adjoint; derivation fills them
 * in. The optimizer's body is instantiated once for each parameter, element by element. */
#include "eq.h"

#include "str.h"

#include <string.h>

const Stmt *find_setting(const Stmt *train, const char *name)
{
    for (int i = 0; train && i < train->body.n; i++)
        if (train->body.at[i]->name == intern(name))
            return train->body.at[i];
    return NULL;
}

/* ---- Adjoints ---- */

Tensor *tensor_like(Graph *g, const Tensor *t, Role role, const char *name, Span span)
{
    Tensor *like = new_tensor(g, role, name, span);
    like->rank = like->nidx = t->rank;
    memcpy(like->idx, t->idx, sizeof(Index) * (size_t)t->rank);
    return like;
}

static Tensor *new_adjoint(Graph *g, Tensor *of)
{
    Tensor *d = new_beside(g, intern_f("dL/d%s", of->name), of);
    d->rank = d->nidx = of->rank;
    memcpy(d->idx, of->idx, sizeof(Index) * (size_t)of->rank);
    d->of = of;
    return d;
}

static bool wants_gradient(const Tensor *t)
{
    return (t->role == PARAM && !t->frozen) || (t->role == INPUT && t->elem == ELEM_REAL);
}

static void add_adjoints(Graph *g)
{
    int n = g->tensor.n;
    for (int i = 0; i < n; i++) {
        Tensor *t = g->tensor.at[i];
        if (wants_gradient(t))
            PUSH(g->arena, &g->root,
                 (Root){ROOT_GRADIENT, t->name, new_adjoint(g, t), t, t->span});
    }
}

/* ---- The norm over all of them ---- */

/* The sum of the squares of d, p's gradient, as a tensor. */
static Tensor *squares(Env *env, const Tensor *p, Tensor *d, Span at)
{
    Eq *q = new_eq(env, intern_f("grad_norm.%s", p->name), at, false);
    const Sub *sub[MAXRANK];
    int slot[MAXRANK];
    for (int k = 0; k < d->rank; k++) {
        slot[k] = new_binder(q, at, d->idx[k].name, d->idx[k].extent);
        sub[k] = sub_index(q->g, slot[k]);
    }
    Expr *e = apply(q->g, OP_square, read_at(q->g, d, sub, NULL), NULL, NULL);
    return close_eq(q, close_reduction(q, at, REDUCE_SUM, e, slot, d->rank));
}

Value grad_norm_value(Env *env, Span at)
{
    Elab *e = env->e;
    Graph *g = e->graph;
    int n = g->root.n;
    Expr *sum = NULL;
    for (int i = 0; i < n && !e->grad_norm; i++) {
        const Root *r = &g->root.at[i];
        if (r->kind != ROOT_GRADIENT || r->target->role != PARAM)
            continue;
        Tensor *t = squares(env, r->target, e->gradient[i], at);
        Expr *one = t ? read_at(g, t, NULL, NULL) : NULL;
        sum = !one ? NULL : sum ? apply(g, OP_add, sum, one, NULL) : one;
    }
    if (sum) {
        Eq *q = new_eq(env, "grad_norm", at, false);
        e->grad_norm = close_eq(q, apply(g, OP_sqrt, sum, NULL, NULL));
    }
    return tensor_value(e->grad_norm, at);
}

/* ---- The optimizer ---- */

/* One number for all parameters: known now, or computed once per step, as a schedule is. */
static bool is_single(Env *model, const Value *v, const Syn *s, const char *formal)
{
    if (v->what != A_TENSOR || v->tensor->rank == 0)
        return v->what != NOTHING;
    fault(model, s->span, "'%s' must be one number, but this is %s%s", formal,
          shape_text(v->tensor), is_batched(v->tensor) ? " for each example" : "");
    return false;
}

static bool bind_rate(Env *model, Env *env, const Decl *f, const Syn *value, bool given)
{
    const char *name = intern_f("%s.%s", env->def->name, f->name);
    Value v = whole_value(given ? model : env, value, name);
    bind(env, f->name, v);
    return is_single(model, &v, value, f->name);
}

static bool bind_rates(Env *model, Env *env, const Syn *call)
{
    int arg[MAXFORMALS];
    const Def *d = env->def;
    bool fine = match_arguments(d, call, arg);
    for (int k = 0; k < d->formals.n && fine; k++)
        if (arg[k] >= 0)
            fine =
                bind_rate(model, env, &d->formals.at[k], call->args.at[arg[k]].value, true);
    for (int k = 0; k < d->formals.n && fine; k++)
        if (arg[k] < 0)
            fine = bind_rate(model, env, &d->formals.at[k], d->formals.at[k].value, false);
    return fine;
}

/* The host sees the argument called lr, if there is one. */
static void show_rate(Env *rates, Span at)
{
    const Var *lr = find_var(rates, intern("lr"));
    const char *name = intern_f("%s.lr", rates->def->name);
    Value v = lr ? as_tensor(rates, lr->value, name, at) : nothing();
    if (v.what == A_TENSOR)
        add_root(rates->e->graph, ROOT_RATE, name, v.tensor, NULL, at);
}

Env *setting_env(Env *model, const Tensor *p)
{
    Env *env = new_env(model->e, model->def, model->caller, model->call, p->name);
    for (int i = 0; i < model->var.n; i++)
        bind(env, model->var.at[i].name, model->var.at[i].value);
    return env;
}

/* The clipped gradient: an expression of grad and grad_norm. */
static Tensor *clipped(Env *model, const Stmt *clip, const Tensor *p, Tensor *grad)
{
    Env *env = setting_env(model, p);
    bind(env, intern("grad"), tensor_value(grad, clip->name_span));
    Value v = whole_value(env, clip->value, intern_f("%s.clipped", p->name));
    if (v.what == A_TENSOR && v.tensor->rank == p->rank)
        return v.tensor;
    if (v.what != NOTHING)
        fault(model, clip->value->span, "a clipped gradient has the gradient's shape");
    return NULL;
}

/* The parameter's new value. */
static Value update_parameter(const Env *rates, Tensor *p, Tensor *grad)
{
    Env *env = new_env(rates->e, rates->def, rates->caller, rates->call, p->name);
    for (int i = 0; i < rates->var.n; i++)
        bind(env, rates->var.at[i].name, rates->var.at[i].value);
    env->adjoint = grad;
    env->has_pack = true;
    env->npack = p->rank;
    memcpy(env->pack, p->idx, sizeof(Index) * (size_t)p->rank);
    bind(env, intern("param"), tensor_value(p, rates->call))->target = p;
    bind(env, intern("grad"), tensor_value(grad, rates->call));
    elaborate_body(env, &env->def->body);
    return find_var(env, intern("param"))->value;
}

/* ---- All parameters ---- */

static void update_all(Env *model, const Env *rates, const Stmt *train)
{
    const Stmt *clip = find_setting(train, "clip");
    const Stmt *average = find_setting(train, "average");
    Elab *e = model->e;
    int n = e->graph->root.n;
    for (int i = 0; i < n; i++) {
        Root r = e->graph->root.at[i];
        if (r.kind != ROOT_GRADIENT || r.target->role != PARAM)
            continue;
        Tensor *grad = e->gradient[i];
        if (clip)
            grad = clipped(model, clip, r.target, grad);
        Value now = grad ? update_parameter(rates, r.target, grad) : nothing();
        if (average && now.what == A_TENSOR)
            average_parameter(model, average, r.target, now);
    }
}

static void elaborate_optimizer(Env *model, const Stmt *train)
{
    Elab *e = model->e;
    Graph *g = e->graph;
    const Syn *call = find_setting(train, "optimizer")->value;
    const Stmt *accumulate = find_setting(train, "accumulate");
    const Def *d = find_def(e->program, call->name, call->span.source);
    Env *rates = new_env(e, d, model, call->span, d->name);
    int first = g->tensor.n, sums = g->root.n;
    accumulate_gradients(e, accumulate ? accumulate->span : call->span);
    int updates = g->root.n;
    if (!bind_rates(model, rates, call))
        return;
    show_rate(rates, call->span);
    update_all(model, rates, train);
    if (error_count())
        return;
    hold_updates(e, sums, updates);
    remove_idle_states(g, first);
}

static bool has_loss(const Graph *g)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            return true;
    return false;
}

void elaborate_gradients(Env *model, const Stmt *train)
{
    if (!has_loss(model->e->graph))
        return;
    const Stmt *freeze = find_setting(train, "freeze");
    if (freeze)
        freeze_parameters(model, freeze);
    add_adjoints(model->e->graph);
    int made = model->e->graph->tensor.n;
    if (!find_setting(train, "optimizer"))
        return;
    elaborate_optimizer(model, train);
    mark_call(model->e->graph, made, find_setting(train, "optimizer"));
}
