/* Inputs, parameters and states: tensors that are given, and the values they start with. */
#include "eq.h"

#include "str.h"

#include <ctype.h>
#include <string.h>

/* `text[T]` has index t; a number gives i, j, k by position. */
static const char *index_name(const Syn *dim, int k)
{
    static const char *const letter[] = {"i", "j", "k", "l", "m", "n", "o", "p"};
    if (dim->kind != SYN_NAME)
        return intern(letter[k]);
    char name[64];
    int n = 0;
    for (; dim->name[n] && n < 63; n++)
        name[n] = (char)tolower((unsigned char)dim->name[n]);
    return intern_n(name, (size_t)n);
}

/* `W[H, H]` has indices h and h2. */
static const char *apart(const Index *idx, int n, const char *name)
{
    const char *distinct = name;
    for (int k = 0, count = 2; k < n; k++)
        if (idx[k].name == distinct) {
            distinct = intern_f("%s%d", name, count++);
            k = -1;
        }
    return distinct;
}

bool declared_shape(Env *env, const Decl *d, Index *idx, int *rank)
{
    int n = 0;
    for (int i = 0; i < d->dims.n; i++) {
        const Syn *dim = d->dims.at[i];
        int width = dim->kind == SYN_DOTS ? env->npack : 1;
        if (n + width > MAXRANK) {
            fault(env, d->span, "'%s' has more than %d dimensions", d->name, MAXRANK);
            return false;
        }
        for (int k = 0; k < width; k++, n++) {
            int extent = 0;
            if (dim->kind != SYN_DOTS && !extent_of(env, dim, d->name, &extent))
                return false;
            idx[n] = dim->kind == SYN_DOTS ? env->pack[k]
                                           : (Index){index_name(dim, n), extent, false};
            idx[n].name = apart(idx, n, idx[n].name);
        }
    }
    *rank = n;
    return true;
}

/* A given tensor; `batched` puts the batch before its dimensions. */
static Tensor *declare(Env *env, const Decl *d, Role role, bool batched, Span span)
{
    Graph *g = env->e->graph;
    Index idx[MAXRANK];
    int rank;
    if (!declared_shape(env, d, idx, &rank))
        return NULL;
    double count = batched ? g->batch : 1;
    for (int k = 0; k < rank; k++)
        count *= idx[k].extent;
    if (rank + batched > MAXRANK || count >= 2147483648.0) {
        fault(env, d->span,
              "'%s' has %d dimensions and %.0f elements%s: at most %d and 2147483647 are "
              "possible",
              d->name, rank + batched, count, batched ? ", the batch included" : "",
              MAXRANK);
        return NULL;
    }
    Tensor *t = new_tensor(g, role, path_of(env, d->name), span);
    t->rank = t->nidx = rank + batched;
    if (batched)
        t->idx[0] = (Index){intern("batch"), g->batch, true};
    memcpy(t->idx + batched, idx, sizeof(Index) * (size_t)rank);
    return t;
}

void elaborate_input(Env *env, const Stmt *st)
{
    Tensor *t = declare(env, &st->decl, INPUT, true, st->span);
    const TypeSyn *type = &st->decl.type;
    Value v = tensor_value(t, st->span);
    if (t && type->kind == TYPE_BYTE)
        t->elem = ELEM_BYTE;
    if (t && type->kind == TYPE_INDEX) {
        t->elem = ELEM_INDEX;
        if (!extent_of(env, type->limit, st->name, &t->bound))
            v = nothing();
    }
    bind(env, st->name, v);
}

void add_root(Graph *g, RootKind kind, const char *name, Tensor *value, Tensor *target,
              Span span)
{
    PUSH(g->arena, &g->root, (Root){kind, name, value, target, span});
}

/* ---- Whole expressions of a shape that is given ---- */

/* An equation over t's dimensions for `name`: what := makes of t, or its initial value. */
Eq *eq_like(Env *env, const char *name, Span span, Tensor *t, const char *like)
{
    Eq *q = new_eq(env, name, span, true);
    q->rank = dims_of(t);
    q->like = like;
    q->like_value = tensor_value(t, t->span);
    for (int k = 0; k < q->rank; k++)
        q->idx[DIM + k] = *dim_of(t, k);
    return q;
}

struct Fixed {
    bool *seen;          /* by id */
    const Tensor *reads; /* something given, if there is such a thing */
};

static void look_for_given(Expr *e, void *context)
{
    struct Fixed *f = context;
    if (e->op != OP_read || f->reads || f->seen[e->tensor->id])
        return;
    f->seen[e->tensor->id] = true;
    if (e->tensor->role != EQUATION || !e->tensor->body)
        f->reads = e->tensor;
    else
        walk(e->tensor->body, look_for_given, context);
}

/* Before anything runs there are only numbers and draws. */
static bool is_initial(Env *env, const Syn *s, const Expr *e)
{
    const Elab *all = env->e;
    struct Fixed f = {.seen = NEWN(all->arena, bool, all->graph->tensor.n)};
    walk(e, look_for_given, &f);
    if (f.reads)
        fault(env, s->span, "an initial value cannot depend on '%s'", f.reads->name);
    return !f.reads;
}

static void elaborate_initial(Env *env, const Stmt *st, Tensor *t)
{
    const char *name = intern_f("%s.init", t->name);
    Eq *q = eq_like(env, name, st->span, t, st->name);
    Expr *e = real_expr(q, st->decl.value);
    if (!e || !is_initial(env, st->decl.value, e))
        return;
    Tensor *value = close_eq(q, e);
    if (value)
        add_root(q->g, ROOT_INIT, t->name, value, t, st->span);
}

void elaborate_variable(Env *env, const Stmt *st, Role role)
{
    begin_statement(env, st->name, st->decl.value);
    Tensor *t;
    if (env->adjoint &&
        !st->decl.has_shape) { /* an optimizer's state is like its parameter */
        t = new_tensor(env->e->graph, role, path_of(env, st->name), st->span);
        t->rank = t->nidx = env->npack;
        memcpy(t->idx, env->pack, sizeof(Index) * (size_t)env->npack);
    } else {
        t = declare(env, &st->decl, role, false, st->span);
    }
    if (t) {
        t->optimizer = env->adjoint != NULL;
        elaborate_initial(env, st, t);
    }
    bind(env, st->name, tensor_value(t, st->span))->target = t;
}

/* ---- What is not read ---- */

static void mark_read(Expr *e, void *context)
{
    bool *read = context;
    if (e->op == OP_read)
        read[e->tensor->id] = true;
}

static bool is_unread(const Tensor *t, const bool *read)
{
    return t->role == PARAM && !read[t->id];
}

/* A parameter that no equation reads does not exist: a bias where there is to be none. */
void drop_unread(Elab *e)
{
    Graph *g = e->graph;
    bool *read = NEWN(e->arena, bool, g->tensor.n);
    int roots = 0, n = 0;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, mark_read, read);
    for (int i = 0; i < g->root.n; i++)
        if (!g->root.at[i].target || !is_unread(g->root.at[i].target, read))
            g->root.at[roots++] = g->root.at[i];
    g->root.n = roots;
    for (int i = 0; i < g->tensor.n; i++)
        if (!is_unread(g->tensor.at[i], read))
            g->tensor.at[n++] = g->tensor.at[i];
    g->tensor.n = n;
    for (int i = 0; i < n; i++)
        g->tensor.at[i]->id = i;
}
