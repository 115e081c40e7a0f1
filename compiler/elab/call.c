/* Calls: primitives, draws, inline functions, and instances of everything that has a body.
 */
#include "eq.h"

#include "str.h"

#include <string.h>

/* ---- What is built in ---- */

static Expr *apply_op(Eq *q, const Syn *s, Op op)
{
    Expr *arg[3] = {0};
    unsigned properties = opinfo[op].properties;
    for (int i = 0; i < opinfo[op].arity; i++) {
        bool logic = properties & LOGIC || (properties & PICK && i == 0);
        const Syn *value = s->args.at[i].value;
        arg[i] = logic ? condition(q, value) : real_expr(q, value);
        if (!arg[i])
            return NULL;
    }
    return make(q->g, op, arg[0], arg[1], arg[2]);
}

static bool is_number(const Expr *e, double n)
{
    double value;
    return is_constant(e, &value) && value == n;
}

/* base + scale * draw; what changes nothing is not written. */
static Expr *spread_draw(Graph *g, Expr *base, Expr *scale, Expr *draw)
{
    Expr *scaled = is_number(scale, 1) ? draw : make(g, OP_mul, scale, draw, NULL);
    return is_number(base, 0) ? scaled : make(g, OP_add, base, scaled, NULL);
}

static Expr *draw(Eq *q, const Syn *s, Op op)
{
    Expr *a = real_expr(q, s->args.at[0].value), *b = real_expr(q, s->args.at[1].value);
    if (!a || !b)
        return NULL;
    Expr *scale = op == OP_uniform ? make(q->g, OP_sub, b, a, NULL) : b;
    Expr *r = random_number(q->g, op, q->g->sites++, sub_index(q->g, POSITION));
    return spread_draw(q->g, a, scale, r);
}

/* ---- Inline functions ---- */

static Env *inline_env(Eq *q, const Syn *call, const Def *d)
{
    Env *env = new_env(q->env->e, d, q->env, call->span, q->env->path);
    env->naming = q->env->naming;
    env->suffix = q->env->suffix;
    return env;
}

static Value element_value(Eq *q, Expr *e, Span at)
{
    double number;
    if (!e)
        return nothing();
    if (is_constant(e, &number))
        return number_value(number, at);
    return (Value){.what = AN_ELEMENT, .element = e, .owner = q, .at = at};
}

/* The equation goes on in the function's body: same indices, out of sight, and other names.
 */
static Expr *expr_in(Eq *q, Env *env, const Syn *body)
{
    Env *outer = q->env;
    int hidden = q->hidden;
    q->env = env;
    q->hidden = q->index.n;
    Expr *e = expr(q, body);
    q->env = outer;
    q->hidden = hidden;
    return e;
}

/* Functions of functions grow without bound where each calls the one before it twice. */
enum { MOST_CALLS = 1000, MOST_CALLS_IN_ALL = 1000000 };

static bool may_call(Eq *q, const Syn *s)
{
    Elab *e = q->env->e;
    q->calls++;
    e->calls++;
    if (!e->full && (q->calls > MOST_CALLS || e->calls > MOST_CALLS_IN_ALL)) {
        e->full = true;
        fault(q->env, s->span,
              "too many calls of functions: at most %d in an equation, %d in all",
              MOST_CALLS, MOST_CALLS_IN_ALL);
    }
    return !e->full;
}

/* What was given first, because a default may be made of it. */
static bool bind_elements(Eq *q, Env *env, const Syn *s, const Def *d)
{
    int arg[MAXFORMALS];
    if (!match_arguments(d, s, arg))
        return false;
    for (int k = 0; k < d->formals.n; k++) {
        if (arg[k] < 0)
            continue;
        const Syn *value = s->args.at[arg[k]].value;
        bind(env, d->formals.at[k].name, element_value(q, expr(q, value), value->span));
    }
    for (int k = 0; k < d->formals.n; k++) {
        const Decl *f = &d->formals.at[k];
        if (arg[k] < 0)
            bind(env, f->name, element_value(q, expr_in(q, env, f->value), f->span));
    }
    return true;
}

/* x * stop(derivative by x): a number whose gradient is the one given by hand. */
static Expr *carrier_of(Eq *q, Env *env, const Value *x, const Syn *derivative)
{
    Expr *slope = expr_in(q, env, derivative);
    if (!slope)
        return NULL;
    slope = make(q->g, OP_stop, as_real(q->g, slope), NULL, NULL);
    return make(q->g, OP_mul, as_real(q->g, x->element), slope, NULL);
}

/* Its value is the body's, its gradient that of the carriers of all arguments that vary. */
static Expr *with_derivative(Eq *q, Env *env, const Def *d, Expr *body)
{
    Expr *sum = NULL;
    for (int k = 0; k < d->formals.n; k++) {
        const char *name = d->formals.at[k].name;
        const Value *x = &find_var(env, name)->value;
        if (x->what != AN_ELEMENT)
            continue;
        if (k >= d->derivative.n) {
            fault(q->env, x->at,
                  "'%s' has no derivative by '%s': give it a number that is "
                  "known when compiling",
                  d->name, name);
            return NULL;
        }
        Expr *e = carrier_of(q, env, x, d->derivative.at[k]);
        if (!e)
            return NULL;
        sum = sum ? make(q->g, OP_add, sum, e, NULL) : e;
    }
    return sum ? make(q->g, OP_surrogate, as_real(q->g, body), sum, NULL) : body;
}

static Expr *call_inline(Eq *q, const Syn *s, const Def *d)
{
    if (!may_call(q, s))
        return NULL;
    Env *env = inline_env(q, s, d);
    if (!bind_elements(q, env, s, d))
        return NULL;
    Expr *e = expr_in(q, env, d->value);
    return e && d->derivative.n ? with_derivative(q, env, d, e) : e;
}

/* ---- Whole values ---- */

static bool is_identity(const Eq *q, const Expr *e)
{
    if (e->op != OP_read || e->arg[0] || dims_of(e->tensor) != (q->rank < 0 ? 0 : q->rank))
        return false;
    int k = 0;
    if (is_batched(e->tensor) && e->sub[k++] != sub_index(q->g, BATCH))
        return false;
    for (int i = 0; k < e->tensor->rank; i++, k++)
        if (e->sub[k] != sub_index(q->g, DIM + i))
            return false;
    return true;
}

Value whole_value(Env *env, const Syn *s, const char *name)
{
    Value known = find_value(env, s);
    if (known.what == A_NUMBER || known.what == A_TENSOR)
        return known;
    Eq *q = new_eq(env, name, s->span, true);
    Expr *e = expr(q, s);
    double number;
    if (!e)
        return nothing();
    if (is_constant(e, &number))
        return number_value(number, s->span);
    bool reduced_here = e->op == OP_read && e->tensor->id >= q->first &&
                        e->tensor->reduce != REDUCE_NONE && !is_instantiated(env, s);
    if (is_identity(q, e) && !reduced_here)
        return tensor_value(e->tensor, s->span);
    return tensor_value(close_eq(q, e), s->span);
}

bool is_instantiated(const Env *env, const Syn *s)
{
    if (s->kind != SYN_CALL)
        return false;
    Callee c = find_callee(env->e->program, s);
    return c.builtin
               ? c.builtin->kind == BUILTIN_FLATTEN || c.builtin->kind == BUILTIN_RESHAPE
               : c.def && !is_inline(c.def);
}

/* ---- Instances ---- */

/* The path of a statement's only layer is the statement's. */
static const char *instance_path(Env *env, const Def *d)
{
    Naming *n = &env->naming;
    int several = d->kind == DEF_LAYER ? n->layers : n->instances;
    const char *path = several > 1 ? intern_f("%s.%s", n->path, d->name) : n->path;
    path = new_path(env->e, path);
    if (d->kind == DEF_LAYER && several == 1)
        n->used = path;
    return path;
}

/* A result that a whole statement gave has still to fit its declaration. */
static bool check_result(Env *env, const Value *v)
{
    Index idx[MAXRANK];
    int rank;
    const Decl *r = &env->def->result;
    if (!r->has_shape)
        return true;
    if (!declared_shape(env, r, idx, &rank))
        return false;
    bool fits = rank == dims_of(v->tensor);
    for (int k = 0; fits && k < rank; k++)
        fits = idx[k].extent == dim_of(v->tensor, k)->extent;
    if (fits)
        return true;
    Tensor wanted = {.rank = rank};
    memcpy(wanted.idx, idx, sizeof(Index) * (size_t)rank);
    fault(env, r->span, "the result '%s' is %s, but declared %s", r->name,
          shape_text(v->tensor), shape_text(&wanted));
    return false;
}

/* A function that is one expression has no name for its result; its own stands for it,
 * which the path may end in already. */
static const char *value_name(const Env *env)
{
    if (env->result_name)
        return env->result_name;
    bool said = env->caller->naming.instances > 1;
    return said ? env->path : path_of(env, env->def->name);
}

static Value result_of(Env *env)
{
    const Def *d = env->def;
    if (d->value) {
        Eq *q = new_eq(env, value_name(env), d->value->span, false);
        return tensor_value(close_eq(q, expr(q, d->value)), env->call);
    }
    elaborate_body(env, &d->body);
    const Var *var = find_var(env, d->result.name);
    Value v = var ? as_tensor(env, var->value, path_of(env, d->result.name), d->result.span)
                  : nothing();
    if (v.what != A_TENSOR || !check_result(env, &v))
        return nothing();
    v.at = env->call;
    return v;
}

Value instantiate(Env *env, const Syn *call, const Def *d, const char *result_name)
{
    Env *inner = new_env(env->e, d, env, call->span, env->naming.path);
    if (!bind_arguments(inner, call, d))
        return nothing();
    inner->path = instance_path(env, d);
    inner->result_name = result_name;
    return result_of(inner);
}

Expr *call_expr(Eq *q, const Syn *s)
{
    Callee c = find_callee(q->env->e->program, s);
    if (c.builtin && c.builtin->kind == BUILTIN_OP)
        return apply_op(q, s, c.builtin->op);
    if (c.builtin && c.builtin->kind == BUILTIN_DRAW)
        return draw(q, s, c.builtin->op);
    if (c.def && is_inline(c.def))
        return call_inline(q, s, c.def);
    Value v = c.builtin ? reshape(q->env, s, NULL) : instantiate(q->env, s, c.def, NULL);
    return element_of(q, &v, s);
}
