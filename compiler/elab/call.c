/* Calls: primitives, draws, inline functions, and instances of everything that has a body. */
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

static void bind_element(Eq *q, Env *env, const Decl *formal, const Syn *value)
{
    Expr *e = expr(q, value);
    double number;
    Value v = {.what = AN_ELEMENT, .element = e, .owner = q, .at = value->span};
    if (!e)
        v = nothing();
    else if (is_constant(e, &number))
        v = number_value(number, value->span);
    bind(env, formal->name, v);
}

/* The equation goes on in the function's body: same indices, out of sight, and other names. */
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

static void bind_default(Eq *q, Env *env, const Decl *formal)
{
    Expr *e = expr_in(q, env, formal->value);
    double number;
    bind(env, formal->name,
         e && is_constant(e, &number)
             ? number_value(number, formal->span)
             : (Value){e ? AN_ELEMENT : NOTHING, .element = e, .owner = q, .at = formal->span});
}

static Expr *call_inline(Eq *q, const Syn *s, const Def *d)
{
    int arg[MAXFORMALS];
    match_arguments(d, s, arg);
    Env *env = inline_env(q, s, d);
    for (int k = 0; k < d->formals.n; k++)
        if (arg[k] >= 0)
            bind_element(q, env, &d->formals.at[k], s->args.at[arg[k]].value);
    for (int k = 0; k < d->formals.n; k++)
        if (arg[k] < 0)
            bind_default(q, env, &d->formals.at[k]);
    return expr_in(q, env, d->value);
}

/* ---- Arguments of an instance ---- */

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
    return c.builtin ? c.builtin->kind == BUILTIN_FLATTEN || c.builtin->kind == BUILTIN_RESHAPE
                     : c.def && !is_inline(c.def);
}

/* "h.relu" for what relu(...) gives to a layer of h, "h.x" for other expressions. */
static Value argument_value(Env *env, const Decl *formal, const Syn *s)
{
    const char *last = s->kind == SYN_CALL ? s->name : formal->name;
    return whole_value(env, s, intern_f("%s.%s", env->naming.path, last));
}

/* A number where a tensor is expected is a tensor of no dimensions. */
static Value as_tensor(Env *env, Value v, const char *name, Span at)
{
    if (v.what != A_NUMBER)
        return v;
    Eq *q = new_eq(env, name, at, true);
    return tensor_value(close_eq(q, constant(q->g, v.number)), v.at);
}

static const char *decl_shape_text(Env *env, const Decl *d)
{
    Out o = new_out(env->e->arena);
    put(&o, "[");
    for (int i = 0; i < d->dims.n; i++) {
        put(&o, i ? ", " : "");
        print_syn(&o, d->dims.at[i]);
    }
    put(&o, "]");
    return o.text;
}

static int dots_of(const Decl *d)
{
    for (int i = 0; i < d->dims.n; i++)
        if (d->dims.at[i]->kind == SYN_DOTS)
            return i;
    return -1;
}

/* The `...` of all arguments is the same. */
static bool bind_pack(Env *env, const Decl *formal, const Value *v, int from, int n)
{
    bool same = !env->has_pack || env->npack == n;
    for (int k = 0; same && env->has_pack && k < n; k++)
        same = env->pack[k].extent == dim_of(v->tensor, from + k)->extent;
    if (!same) {
        Tensor mine = {.rank = n}, other = {.rank = env->npack};
        memcpy(mine.idx, v->tensor->idx + is_batched(v->tensor) + from,
               sizeof(Index) * (size_t)n);
        memcpy(other.idx, env->pack, sizeof(Index) * (size_t)env->npack);
        fault(env->caller, v->at, "'...' of '%s' is %s in '%s' but %s in '%s'",
              env->def->name, shape_text(&mine), formal->name, shape_text(&other),
              env->pack_of);
        note(env->pack_at, "'%s' is this", env->pack_of);
        note(formal->span, "'%s' is declared here", formal->name);
        return false;
    }
    for (int k = 0; k < n; k++)
        env->pack[k] = *dim_of(v->tensor, from + k);
    env->has_pack = true;
    env->npack = n;
    env->pack_of = formal->name;
    env->pack_at = v->at;
    return true;
}

static bool right_rank(Env *env, const Decl *formal, const Value *v, int n, int named, bool dots)
{
    if (dots ? n >= named : n == named)
        return true;
    fault(env->caller, v->at, "'%s' of '%s' is %s, but this is %s", formal->name, env->def->name,
          decl_shape_text(env, formal), shape_text(v->tensor));
    note(formal->span, "'%s' is this argument", formal->name);
    return false;
}

/* A bare name takes the extent it meets. */
static void bind_extent(Env *env, const Syn *dim, int extent, Span at)
{
    if (dim->kind == SYN_NAME && !find_var(env, dim->name))
        bind(env, dim->name, number_value(extent, at));
}

static bool bind_shape(Env *env, const Decl *formal, const Value *v)
{
    int dots = dots_of(formal), n = dims_of(v->tensor);
    int named = formal->dims.n - (dots >= 0), width = n - named;
    if (!right_rank(env, formal, v, n, named, dots >= 0))
        return false;
    if (dots >= 0 && !bind_pack(env, formal, v, dots, width))
        return false;
    for (int i = 0; i < formal->dims.n; i++)
        if (i != dots) {
            int k = dots >= 0 && i > dots ? i + width - 1 : i;
            bind_extent(env, formal->dims.at[i], dim_of(v->tensor, k)->extent, v->at);
        }
    const Syn *limit = formal->type.limit;
    if (limit && v->tensor->elem != ELEM_REAL)
        bind_extent(env, limit, v->tensor->elem == ELEM_BYTE ? 256 : v->tensor->bound, v->at);
    return true;
}

static void wrong_extent(Env *env, const Decl *formal, const Value *v, const Syn *dim, int k,
                         int is, int wanted)
{
    Out o = new_out(env->e->arena);
    print_syn(&o, dim);
    fault(env->caller, v->at, "dimension %d of '%s' is %d here, but '%s' is %d", k + 1,
          formal->name, is, o.text, wanted);
    note(formal->span, "'%s' of '%s' is %s", formal->name, env->def->name,
         decl_shape_text(env, formal));
    const Var *other = dim->kind == SYN_NAME ? find_var(env, dim->name) : NULL;
    if (other)
        note(other->value.at, "'%s' is %d from here", dim->name, wanted);
}

static bool check_extents(Env *env, const Decl *formal, const Value *v)
{
    int dots = dots_of(formal), width = dims_of(v->tensor) - formal->dims.n + (dots >= 0);
    for (int i = 0; i < formal->dims.n; i++) {
        int wanted, k = dots >= 0 && i > dots ? i + width - 1 : i;
        if (i == dots)
            continue;
        if (!extent_of(env, formal->dims.at[i], formal->name, &wanted))
            return false;
        if (wanted != dim_of(v->tensor, k)->extent) {
            wrong_extent(env, formal, v, formal->dims.at[i], k, dim_of(v->tensor, k)->extent,
                         wanted);
            return false;
        }
    }
    return true;
}

/* `: index < V` takes whole numbers that are less than V, all of them. */
static bool check_type(Env *env, const Decl *formal, const Value *v)
{
    if (formal->type.kind == TYPE_REAL)
        return true;
    int bound = v->tensor->elem == ELEM_BYTE ? 256 : v->tensor->bound, limit = 256;
    if (v->tensor->elem == ELEM_REAL) {
        fault(env->caller, v->at, "'%s' of '%s' takes whole numbers, but this holds reals",
              formal->name, env->def->name);
        note(formal->span, "'%s' is this argument", formal->name);
        return false;
    }
    if (formal->type.limit && !extent_of(env, formal->type.limit, formal->name, &limit))
        return false;
    if (bound <= limit)
        return true;
    fault(env->caller, v->at, "'%s' of '%s' must be less than %d, but this reaches %d",
          formal->name, env->def->name, limit, bound - 1);
    note(formal->span, "'%s' is this argument", formal->name);
    return false;
}

static bool bind_given(Env *env, const Decl *formal, const Syn *value)
{
    Value v = argument_value(env->caller, formal, value);
    if (v.what == NOTHING)
        return false;
    v.at = value->span;
    if (formal->has_shape)
        v = as_tensor(env->caller, v, intern_f("%s.%s", env->path, formal->name), value->span);
    bind(env, formal->name, v);
    return v.what != NOTHING;
}

/* Given arguments first, then the extents they show, then defaults, which may use both; at last
 * shapes and types are held against all that. */
static bool bind_arguments(Env *env, const Syn *call, const Def *d)
{
    int arg[MAXFORMALS];
    bool fine = match_arguments(d, call, arg);
    for (int k = 0; k < d->formals.n && fine; k++)
        if (arg[k] >= 0)
            fine = bind_given(env, &d->formals.at[k], call->args.at[arg[k]].value);
    for (int k = 0; k < d->formals.n && fine; k++)
        if (arg[k] >= 0 && d->formals.at[k].has_shape)
            fine = bind_shape(env, &d->formals.at[k],
                              &find_var(env, d->formals.at[k].name)->value);
    for (int k = 0; k < d->formals.n && fine; k++)
        if (arg[k] < 0) {
            const Decl *f = &d->formals.at[k];
            Value v = whole_value(env, f->value, path_of(env, f->name));
            bind(env, f->name, v);
            fine = v.what != NOTHING;
        }
    for (int k = 0; k < d->formals.n && fine; k++) {
        const Decl *f = &d->formals.at[k];
        Value v = find_var(env, f->name)->value;
        if (f->has_shape && v.what == A_TENSOR)
            fine = check_extents(env, f, &v) && check_type(env, f, &v);
    }
    return fine;
}

/* ---- Instances ---- */

/* The path of a statement's only layer is the statement's. */
static const char *instance_path(Env *env, const Def *d)
{
    Naming *n = &env->naming;
    int several = d->kind == DEF_LAYER ? n->layers : n->instances;
    const char *path =
        several > 1 ? intern_f("%s.%s", n->path, d->name) : n->path;
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

/* A function that is one expression has no name for its result; its own stands for it, which
 * the path may end in already. */
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

/* ---- Reshaping ---- */

/* Dimension k of a tensor at row-major position `at`. */
static const Sub *digit(Graph *g, Tensor *t, int k, const Sub *at, const Index *idx)
{
    int64_t stride = 1;
    for (int i = k + 1; i < dims_of(t); i++)
        stride *= dim_of(t, i)->extent;
    return sub_mod(g, sub_div(g, at, stride, idx), dim_of(t, k)->extent, idx);
}

static Expr *read_reshaped(Eq *q, Tensor *t)
{
    const Sub *at = sub_const(q->g, 0), *sub[MAXRANK];
    int n = 0;
    for (int k = 0; k < q->rank; k++)
        at = sub_add(q->g, sub_scale(q->g, at, q->idx[DIM + k].extent),
                     sub_index(q->g, DIM + k));
    if (is_batched(t))
        sub[n++] = sub_index(q->g, BATCH);
    for (int k = 0; k < dims_of(t); k++)
        sub[n++] = digit(q->g, t, k, at, q->idx);
    return read_at(q->g, t, sub, NULL);
}

static bool new_extents(Eq *q, const Syn *call)
{
    static const char *const letter[] = {"i", "j", "k", "l", "m", "n", "o", "p"};
    q->rank = call->args.n - 1;
    for (int k = 0; k < q->rank; k++) {
        Index *dim = &q->idx[DIM + k];
        dim->name = intern(letter[k]);
        if (!extent_of(q->env, call->args.at[k + 1].value, call->name, &dim->extent))
            return false;
    }
    return true;
}

static Value reshape_tensor(Env *env, const Syn *call, Tensor *t, const char *name)
{
    int64_t count = count_of(t->idx + is_batched(t), dims_of(t));
    Eq *q = new_eq(env, name, call->span, false);
    if (call->args.n > 1) {
        if (!new_extents(q, call))
            return nothing();
    } else {
        q->rank = 1;
        q->idx[DIM] = (Index){intern("k"), (int)count, false};
    }
    double wanted = 1;
    for (int k = 0; k < q->rank; k++)
        wanted *= q->idx[DIM + k].extent;
    if (wanted != (double)count) {
        fault(env, call->span, "a tensor %s has %lld elements, not %.0f", shape_text(t),
              (long long)count, wanted);
        return nothing();
    }
    return tensor_value(close_eq(q, read_reshaped(q, t)), call->span);
}

Value reshape(Env *env, const Syn *call, const char *result_name)
{
    const Syn *arg = call->args.at[0].value;
    const char *name =
        result_name ? result_name : intern_f("%s.%s", env->naming.path, call->name);
    Value v = whole_value(env, arg, intern_f("%s.x", name));
    if (v.what == A_TENSOR)
        return reshape_tensor(env, call, v.tensor, name);
    if (v.what == A_NUMBER)
        fault(env, arg->span, "'%s' takes a tensor, and this is a number", call->name);
    return nothing();
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
