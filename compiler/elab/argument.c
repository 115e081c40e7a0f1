/* Arguments of an instance: whole tensors and numbers; what their shapes bind, and whether
 * they fit. */
#include "eq.h"

#include "str.h"

#include <math.h>
#include <string.h>

/* "h.relu" for what relu(...) gives to a layer of h, "h.x" for other expressions. */
static Value argument_value(Env *env, const Decl *formal, const Syn *s)
{
    const char *last = s->kind == SYN_CALL ? s->name : formal->name;
    return whole_value(env, s, intern_f("%s.%s", env->naming.path, last));
}

Value as_tensor(Env *env, Value v, const char *name, Span at)
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

static bool right_rank(Env *env, const Decl *formal, const Value *v, int n, int named,
                       bool dots)
{
    if (dots ? n >= named : n == named)
        return true;
    fault(env->caller, v->at, "'%s' of '%s' is %s, but this is %s", formal->name,
          env->def->name, decl_shape_text(env, formal), shape_text(v->tensor));
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
        bind_extent(env, limit, v->tensor->elem == ELEM_BYTE ? 256 : v->tensor->bound,
                    v->at);
    return true;
}

static void wrong_extent(Env *env, const Decl *formal, const Value *v, const Syn *dim,
                         int k, int is, int wanted)
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
            wrong_extent(env, formal, v, formal->dims.at[i], k,
                         dim_of(v->tensor, k)->extent, wanted);
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
        v = as_tensor(env->caller, v, intern_f("%s.%s", env->path, formal->name),
                      value->span);
    bind(env, formal->name, v);
    return v.what != NOTHING;
}

/* A number as the default of a formal with brackets is that of every element. */
static Value filled(Env *env, const Decl *f, double number)
{
    Tensor shape = {.span = f->span};
    if (!declared_shape(env, f, shape.idx, &shape.rank))
        return nothing();
    Eq *q = eq_like(env, path_of(env, f->name), f->value->span, &shape, f->name);
    Tensor *t = close_eq(q, constant(q->g, number));
    if (t && f->type.kind != TYPE_REAL && number == floor(number) && number >= 0) {
        t->elem = ELEM_INDEX;
        t->bound = (int)number + 1;
    }
    return tensor_value(t, f->span);
}

static bool bind_default(Env *env, const Decl *f)
{
    Value v = whole_value(env, f->value, path_of(env, f->name));
    if (f->has_shape && v.what == A_NUMBER)
        v = filled(env, f, v.number);
    bind(env, f->name, v);
    return v.what != NOTHING && (!f->has_shape || bind_shape(env, f, &v));
}

/* Given arguments first, then the extents they show, then defaults, which may use both; at
 * last shapes and types are held against all that. */
bool bind_arguments(Env *env, const Syn *call, const Def *d)
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
        if (arg[k] < 0)
            fine = bind_default(env, &d->formals.at[k]);
    for (int k = 0; k < d->formals.n && fine; k++) {
        const Decl *f = &d->formals.at[k];
        Value v = find_var(env, f->name)->value;
        if (f->has_shape && v.what == A_TENSOR)
            fine = check_extents(env, f, &v) && check_type(env, f, &v);
    }
    return fine;
}
