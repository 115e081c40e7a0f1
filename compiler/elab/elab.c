/* Elaboration: a model with its parameters' values becomes a graph of equations.
 *
 * Extents are constants, so a layer has no equations of its own: each call of it is an
 * instance, its body elaborated again with the extents at hand. The work is split by idea:
 *
 *   statement.c   bodies, names    declare.c    inputs, parameters, states
 *   equation.c    left sides, :=   report.c     loss, metrics, outputs
 *   expr.c        expressions      reduction.c  fold.c  of constants
 *   subscript.c   reads            range.c      how far indices run
 *   guard.c       what conditions say of indices
 *   recurrence.c  names read before they are there
 *   call.c        functions        argument.c   reshape.c
 *   optimizer.c   gradients and updates    freeze.c  of parameters
 *   accumulate.c  of gradients             average.c of parameters
 *   idle.c        states that do nothing
 *   eq.c          an equation under construction
 *   instance.c    values, names and errors of an instance */
#include "elab.h"

#include "eq.h"
#include "str.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- Which model ---- */

static const Source *user_source(const Program *p)
{
    for (int i = p->defs.n; i-- > 0;)
        if (!is_std(p->defs.at[i]->span.source))
            return p->defs.at[i]->span.source;
    return NULL;
}

static const Def *named_model(const Program *p, const char *name)
{
    const char **model = malloc(sizeof *model * (size_t)(p->defs.n + 1));
    int n = 0;
    for (int i = 0; i < p->defs.n; i++) {
        const Def *d = p->defs.at[i];
        if (d->kind == DEF_MODEL && !strcmp(d->name, name)) {
            free(model);
            return d;
        }
        if (d->kind == DEF_MODEL)
            model[n++] = d->name;
    }
    const char *meant = nearest(name, model, n);
    free(model);
    error((Span){0},
          meant ? "there is no model '%s'; did you mean '%s'?" : "there is no model '%s'",
          name, meant);
    return NULL;
}

static const Def *only_model(const Program *p)
{
    const Source *own = user_source(p);
    const Def *found = NULL;
    int n = 0;
    for (int i = 0; i < p->defs.n; i++) {
        const Def *d = p->defs.at[i];
        if (d->kind != DEF_MODEL || d->span.source != own)
            continue;
        if (++n == 2)
            error((Span){0}, "there are several models in '%s': name one with --model",
                  own->name);
        if (n == 2)
            note(found->name_span, "'%s'", found->name);
        if (n >= 2)
            note(d->name_span, "'%s'", d->name);
        found = d;
    }
    if (n == 0)
        error((Span){0}, own ? "there is no model in '%s'" : "there is no model",
              own ? own->name : "");
    return n == 1 ? found : NULL;
}

/* ---- Its parameters ---- */

static bool parse_number(const char *text, double *value)
{
    char *end;
    *value = strtod(text, &end);
    if (!strcmp(text, "true") || !strcmp(text, "false")) {
        *value = !strcmp(text, "true");
        return true;
    }
    return end != text && !*end && isfinite(*value);
}

static const Define *find_define(const ElabOptions *o, const char *name)
{
    const Define *found = NULL;
    for (int i = 0; i < o->defines; i++)
        if (!strcmp(o->define[i].name, name))
            found = &o->define[i];
    return found;
}

static void check_defines(const Def *model, const ElabOptions *o)
{
    for (int i = 0; i < o->defines; i++) {
        const char *name[MAXFORMALS];
        bool known = false;
        for (int k = 0; k < model->formals.n; k++) {
            name[k] = model->formals.at[k].name;
            known = known || !strcmp(name[k], o->define[i].name);
        }
        const char *meant = nearest(o->define[i].name, name, model->formals.n);
        if (!known)
            error((Span){0},
                  meant ? "model '%s' has no parameter '%s'; did you mean '%s'?"
                        : "model '%s' has no parameter '%s'",
                  model->name, o->define[i].name, meant);
    }
}

static Value model_argument(Env *env, const Decl *f, const ElabOptions *o)
{
    const Define *given = find_define(o, f->name);
    double value;
    if (given && parse_number(given->value, &value))
        return number_value(value, f->span);
    if (given) {
        error((Span){0}, "-D %s: '%s' is not a number", f->name, given->value);
    } else if (!f->value) {
        error(f->span, "'%s' has no value: give it one here or with -D %s=...", f->name,
              f->name);
    } else {
        Value v = whole_value(env, f->value, f->name);
        if (v.what == A_NUMBER || v.what == NOTHING)
            return v;
        error(f->value->span, "'%s' must be a number known when compiling", f->name);
    }
    return nothing();
}

/* ---- The train block's numbers ---- */

static double setting_number(Env *env, const Stmt *train, const char *name,
                             double otherwise)
{
    const Stmt *st = find_setting(train, name);
    if (!st)
        return otherwise;
    Value v = whole_value(env, st->value, name);
    if (v.what == A_TENSOR)
        fault(env, st->value->span, "'%s' must be a number known when compiling", name);
    return v.what == A_NUMBER ? v.number : otherwise;
}

static double whole_setting(Env *env, const Stmt *train, const char *name, double otherwise,
                            double least, double most)
{
    double value = setting_number(env, train, name, otherwise);
    if (value == floor(value) && value >= least && value <= most)
        return value;
    fault(env, find_setting(train, name)->value->span,
          "'%s' must be a whole number from %.0f to %.0f, not %g", name, least, most,
          value);
    return otherwise;
}

static void read_settings(Env *env, const Stmt *train, int batch)
{
    Graph *g = env->e->graph;
    g->batch = (int)whole_setting(env, train, "batch", 32, 1, 1 << 24);
    if (batch > 0)
        g->batch = batch;
    g->accumulate = (int)whole_setting(env, train, "accumulate", 1, 1, 1 << 24);
    g->epochs = (int)whole_setting(env, train, "epochs", 10, 1, 1e9);
    g->seed = (uint64_t)whole_setting(env, train, "seed", 0, 0, 9007199254740992.0);
    g->validation = setting_number(env, train, "validation", 0);
    if (!(g->validation >= 0 && g->validation < 1))
        fault(env, find_setting(train, "validation")->value->span,
              "'validation' is a part of the examples: from 0 to less than 1, not %g",
              g->validation);
}

static const Stmt *train_block(const Def *model)
{
    for (int i = 0; i < model->body.n; i++)
        if (model->body.at[i]->kind == STMT_TRAIN)
            return model->body.at[i];
    return NULL;
}

/* ---- All of it ---- */

static void elaborate_model(Elab *e, const Def *model, const ElabOptions *o)
{
    const Stmt *train = train_block(model);
    Env *env = new_env(e, model, NULL, model->name_span, "");
    check_defines(model, o);
    for (int k = 0; k < model->formals.n; k++)
        bind(env, model->formals.at[k].name, model_argument(env, &model->formals.at[k], o));
    read_settings(env, train, o->batch);
    elaborate_body(env, &model->body);
    if (!error_count())
        close_recurrences(e);
    if (!error_count()) {
        drop_unread(e);
        elaborate_gradients(env, train);
    }
}

Graph *elaborate(const Program *p, const ElabOptions *o, Arena *a)
{
    const Def *model = o->model ? named_model(p, o->model) : only_model(p);
    if (!model)
        return NULL;
    Elab e = {.program = p, .arena = a, .graph = new_graph(a, model->name)};
    e.graph->batch = 1; /* until the train block has been read */
    elaborate_model(&e, model, o);
    return error_count() ? NULL : e.graph;
}
