/* Statements, one after the other, and how what they make is named. */
#include "eq.h"

#include "str.h"

/* ---- Naming ---- */

static void count_calls(const Env *env, const Syn *s, Naming *n)
{
    if (!s)
        return;
    if (is_instantiated(env, s)) {
        const Def *d = find_callee(env->e->program, s).def;
        n->layers += d && d->kind == DEF_LAYER;
        n->instances += d != NULL;
    }
    for (int i = 0; i < s->args.n; i++)
        count_calls(env, s->args.at[i].value, n);
    for (int i = 0; i < s->list.n; i++)
        count_calls(env, s->list.at[i], n);
    count_calls(env, s->a, n);
    count_calls(env, s->b, n);
    count_calls(env, s->c, n);
}

/* Calls in the statement that defines `name` are named after it. */
void begin_statement(Env *env, const char *name, const Syn *value)
{
    env->naming = (Naming){.path = path_of(env, name)};
    count_calls(env, value, &env->naming);
}

/* What fields of the variable just defined begin with. */
const char *field_path(const Env *env)
{
    return env->naming.used ? env->naming.used : env->naming.path;
}

/* ---- Repeat ---- */

enum { MOST_TIMES = 4096 };

static void elaborate_repeat(Env *env, const Stmt *st)
{
    int64_t times;
    const char *suffix = env->suffix;
    if (!whole_number(env, st->value, &times))
        return;
    if (times < 0 || times > MOST_TIMES) {
        fault(env, st->value->span, "%lld times: a repeat goes from 0 to %d times",
              (long long)times, MOST_TIMES);
        return;
    }
    for (int64_t i = 1; i <= times && !env->e->full; i++) {
        int outer = env->var.n;
        env->suffix = intern_f("%s.%lld", suffix, (long long)i);
        elaborate_body(env, &st->body);
        env->var.n = outer;
    }
    env->suffix = suffix;
}

static void elaborate_statement(Env *env, const Stmt *st)
{
    switch (st->kind) {
    case STMT_INPUT:
        elaborate_input(env, st);
        return;
    case STMT_PARAM:
        elaborate_variable(env, st, PARAM);
        return;
    case STMT_STATE:
        elaborate_variable(env, st, STATE);
        return;
    case STMT_EQUATION:
        define(env, st);
        return;
    case STMT_UPDATE:
        elaborate_update(env, st);
        return;
    case STMT_LOSS:
        elaborate_mean(env, st, ROOT_LOSS, intern("loss"));
        return;
    case STMT_METRIC:
        elaborate_mean(env, st, ROOT_METRIC, st->name);
        return;
    case STMT_OUTPUT:
        elaborate_output(env, st);
        return;
    case STMT_REPEAT:
        elaborate_repeat(env, st);
        return;
    case STMT_TRAIN: /* when all is known: elaborate() */
    case STMT_SETTING:
        return;
    }
}

void mark_call(Graph *g, int from, const Stmt *st)
{
    for (int i = from; i < g->tensor.n; i++)
        if (!g->tensor.at[i]->call.source)
            g->tensor.at[i]->call = st->span;
}

void elaborate_body(Env *env, const StmtList *body)
{
    const StmtList *outer = env->body;
    env->body = body;
    for (int i = 0; i < body->n && !env->e->full; i++) {
        int made = env->e->graph->tensor.n;
        elaborate_statement(env, body->at[i]);
        if (!env->caller)
            mark_call(env->e->graph, made, body->at[i]);
    }
    env->body = outer;
}
