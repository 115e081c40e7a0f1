/* Values, names and paths of an instance, and what is said when something in it is wrong.
 */
#include "instance.h"

#include "str.h"

#include <stdarg.h>
#include <stdio.h>

Env *new_env(Elab *e, const Def *def, Env *caller, Span call, const char *path)
{
    Env *env = NEW(e->arena, Env);
    *env = (Env){.e = e,
                 .def = def,
                 .caller = caller,
                 .call = call,
                 .path = path,
                 .suffix = "",
                 .naming = {.path = path}};
    return env;
}

/* ---- Values ---- */

Var *find_var(const Env *env, const char *name)
{
    for (int i = env->var.n; i-- > 0;)
        if (env->var.at[i].name == name)
            return &env->var.at[i];
    return NULL;
}

/* A name taken again stays the same variable: `x = x + f(x)`. */
Var *bind(Env *env, const char *name, Value v)
{
    Var *var = find_var(env, name);
    if (!var) {
        PUSH(env->e->arena, &env->var, (Var){.name = name});
        var = &env->var.at[env->var.n - 1];
    }
    var->value = v;
    return var;
}

Value number_value(double number, Span at)
{
    return (Value){.what = A_NUMBER, .number = number, .at = at};
}

Value tensor_value(Tensor *t, Span at)
{
    return t ? (Value){.what = A_TENSOR, .tensor = t, .at = at} : nothing();
}

/* ---- Shapes ---- */

bool is_batched(const Tensor *t) { return t->rank > 0 && t->idx[0].batch; }

int dims_of(const Tensor *t) { return t->rank - is_batched(t); }

Index *dim_of(Tensor *t, int k) { return &t->idx[k + is_batched(t)]; }

const char *shape_text(const Tensor *t)
{
    char text[MAXRANK * 13 + 3];
    int n = snprintf(text, sizeof text, "[");
    for (int k = is_batched(t); k < t->rank; k++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s%d",
                      k > is_batched(t) ? ", " : "", t->idx[k].extent);
    snprintf(text + n, sizeof text - (size_t)n, "]");
    return intern(text);
}

/* ---- Paths ---- */

const char *path_of(const Env *env, const char *name)
{
    return intern_f("%s%s%s%s", env->path, *env->path ? "." : "", name, env->suffix);
}

static bool is_taken(const Elab *e, const char *path)
{
    for (int i = 0; i < e->paths.n; i++)
        if (e->paths.at[i] == path)
            return true;
    return false;
}

const char *new_path(Elab *e, const char *path)
{
    const char *unique = intern(path);
    for (int k = 2; is_taken(e, unique); k++)
        unique = intern_f("%s.%d", path, k);
    PUSH(e->arena, &e->paths, unique);
    return unique;
}

/* ---- Errors ---- */

static bool is_library(const Env *env) { return is_std(env->def->span.source); }

void fault(const Env *env, Span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *text = NEWN(env->e->arena, char, 512);
    vsnprintf(text, 512, fmt, args);
    va_end(args);

    const Env *user = env;
    Span place = at;
    while (is_library(user) && user->caller) {
        place = user->call;
        user = user->caller;
    }
    error(place, "%s", text);
    if (user != env)
        note(at, "in '%s', here", env->def->name);
    for (; user->caller; user = user->caller)
        note(user->call, "'%s' is used here", user->def->name);
}

void note_shape(const char *name, const Value *v)
{
    if (v->what == A_TENSOR)
        note(v->at, "'%s' is %s here", name, shape_text(v->tensor));
}
