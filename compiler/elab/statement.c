/* Statements become tensors and roots. */
#include "eq.h"

#include "str.h"

#include <ctype.h>
#include <string.h>

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
static const char *begin_statement(Env *env, const char *name, const Syn *value)
{
    env->naming = (Naming){.path = path_of(env, name)};
    count_calls(env, value, &env->naming);
    return env->naming.path;
}

/* What fields of the variable just defined begin with. */
static const char *field_path(const Env *env)
{
    return env->naming.used ? env->naming.used : env->naming.path;
}

/* The tensor of a variable: an instance's result may have a name from outside. */
static const char *tensor_name(const Env *env, const Stmt *st)
{
    bool is_result = env->def->has_result && env->def->result.name == st->name;
    return is_result && env->result_name ? env->result_name : path_of(env, st->name);
}

/* ---- Declarations ---- */

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
        fault(env, d->span, "'%s' has %d dimensions and %.0f elements%s: at most %d and 2147483647 are possible",
              d->name, rank + batched, count, batched ? ", the batch included" : "", MAXRANK);
        return NULL;
    }
    Tensor *t = new_tensor(g, role, path_of(env, d->name), span);
    t->rank = t->nidx = rank + batched;
    if (batched)
        t->idx[0] = (Index){intern("batch"), g->batch, true};
    memcpy(t->idx + batched, idx, sizeof(Index) * (size_t)rank);
    return t;
}

static void elaborate_input(Env *env, const Stmt *st)
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

static void add_root(Graph *g, RootKind kind, const char *name, Tensor *value, Tensor *target,
                     Span span)
{
    PUSH(g->arena, &g->root, (Root){kind, name, value, target, span});
}

/* ---- Whole expressions of a shape that is given ---- */

/* An equation over t's dimensions for `name`: what := makes of t, or its initial value. */
static Eq *eq_like(Env *env, const char *name, Span span, Tensor *t, const char *like)
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
    const Tensor *reads; /* something given, if there is such a thing */
};

static void look_for_given(Expr *e, void *context)
{
    struct Fixed *f = context;
    if (e->op != OP_read || f->reads)
        return;
    if (e->tensor->role != EQUATION || !e->tensor->body)
        f->reads = e->tensor;
    else
        walk(e->tensor->body, look_for_given, context);
}

/* Before anything runs there are only numbers and draws. */
static bool is_initial(Env *env, const Syn *s, const Expr *e)
{
    struct Fixed f = {0};
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

static void elaborate_variable(Env *env, const Stmt *st, Role role)
{
    begin_statement(env, st->name, st->decl.value);
    Tensor *t;
    if (env->adjoint && !st->decl.has_shape) { /* an optimizer's state is like its parameter */
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

/* ---- Equations ---- */

/* What a declaration says about an equation's dimensions; rank -1: nothing. */
typedef struct Declared {
    int rank;
    Index idx[MAXRANK];
    const char *of;
    Span at;
    bool failed;
} Declared;

static Declared declared_by(Env *env, const Stmt *st)
{
    Declared d = {.rank = -1, .of = st->name};
    const Def *def = env->def;
    const Var *var = find_var(env, st->name);
    if (st->kind == STMT_UPDATE && var && var->target) {
        d.rank = dims_of(var->target);
        d.at = var->target->span;
        memcpy(d.idx, var->target->idx, sizeof(Index) * (size_t)d.rank);
    } else if (def->has_result && def->result.name == st->name && def->result.has_shape) {
        d.at = def->result.span;
        d.failed = !declared_shape(env, &def->result, d.idx, &d.rank);
    }
    return d;
}

static bool add_dimension(Eq *q, const Syn *at, const char *name, const char *shown, int extent)
{
    if (q->rank == MAXRANK) {
        fault(q->env, at->span, "more than %d dimensions", MAXRANK);
        return false;
    }
    int slot = DIM + q->rank++;
    q->idx[slot] = (Index){shown, extent, false};
    name_index(q, name, slot);
    return true;
}

static int range_of_left(Eq *q, const Syn *at, const Syn *value, const Declared *d)
{
    if (at->kind == SYN_BINARY) {
        int extent;
        return extent_of(q->env, at->b, at->a->name, &extent) ? extent : 0;
    }
    Wanted w = {.name = at->name, .at = at->span};
    if (d->rank > q->rank) {
        w.declared = d->idx[q->rank].extent;
        w.of = d->of;
        w.of_at = d->at;
    }
    return find_range(q, value, &w);
}

static bool add_left(Eq *q, const Syn *at, const Syn *value, const Declared *d)
{
    if (at->kind != SYN_DOTS) {
        const char *name = at->kind == SYN_BINARY ? at->a->name : at->name;
        int extent = range_of_left(q, at, value, d);
        return extent && add_dimension(q, at, name, name, extent);
    }
    for (int k = 0; k < q->env->npack; k++)
        if (!add_dimension(q, at, intern("..."), q->env->pack[k].name, q->env->pack[k].extent))
            return false;
    return true;
}

static bool left_fits(Eq *q, const Stmt *st, const Declared *d)
{
    bool fits = d->rank < 0 || d->rank == q->rank;
    for (int k = 0; fits && k < d->rank; k++)
        fits = d->idx[k].extent == q->idx[DIM + k].extent;
    if (fits)
        return true;
    Tensor is = {.rank = q->rank}, wanted = {.rank = d->rank};
    memcpy(is.idx, q->idx + DIM, sizeof(Index) * (size_t)q->rank);
    memcpy(wanted.idx, d->idx, sizeof(Index) * (size_t)d->rank);
    fault(q->env, st->span, "'%s' is %s here, but declared %s", st->name, shape_text(&is),
          shape_text(&wanted));
    note(d->at, "'%s' is declared here", st->name);
    return false;
}

/* The indices of the left side, with their ranges. */
static bool bind_left(Eq *q, const Stmt *st)
{
    Declared d = declared_by(q->env, st);
    if (d.failed)
        return false;
    for (int i = 0; i < st->index.n; i++)
        if (!add_left(q, st->index.at[i], st->value, &d))
            return false;
    return left_fits(q, st, &d);
}

static Tensor *equation_tensor(Env *env, const Stmt *st, const char *name)
{
    Eq *q = new_eq(env, name, st->span, false);
    if (!bind_left(q, st))
        return NULL;
    return close_eq(q, expr(q, st->value));
}

/* `: index < N` of a result: what is whole by construction may be used as a subscript. */
static void set_elem(Env *env, const Stmt *st, Tensor *t)
{
    const Decl *r = &env->def->result;
    if (!t || !env->def->has_result || r->name != st->name || r->type.kind != TYPE_INDEX)
        return;
    const Expr *e = t->body;
    bool position = t->reduce == REDUCE_ARGMAX || t->reduce == REDUCE_ARGMIN;
    bool whole = position || (t->reduce == REDUCE_NONE && e->op == OP_read && !e->arg[0] &&
                              e->tensor->elem != ELEM_REAL);
    int64_t count = position ? count_of(t->idx + t->rank, t->nidx - t->rank)
                    : !whole ? 0
                    : e->tensor->elem == ELEM_BYTE ? 256
                                                   : e->tensor->bound;
    int bound;
    if (!extent_of(env, r->type.limit, r->name, &bound))
        return;
    if (!whole) {
        fault(env, st->span, "'%s' is declared an index: only argmax, argmin and reads of integers are",
              st->name);
    } else if (count > bound) {
        fault(env, st->span, "'%s' reaches %lld, but is declared less than %d", st->name,
              (long long)count - 1, bound);
    } else {
        t->elem = ELEM_INDEX;
        t->bound = bound;
    }
}

static Value whole_statement(Env *env, const Stmt *st, const char *name)
{
    if (!is_instantiated(env, st->value))
        return whole_value(env, st->value, name);
    const Def *d = find_callee(env->e->program, st->value).def;
    return d ? instantiate(env, st->value, d, name) : reshape(env, st->value, name);
}

static Value define(Env *env, const Stmt *st)
{
    const char *name = tensor_name(env, st);
    begin_statement(env, st->name, st->value);
    Value v;
    if (st->has_index) {
        Tensor *t = equation_tensor(env, st, name);
        set_elem(env, st, t);
        v = tensor_value(t, st->name_span);
    } else {
        v = whole_statement(env, st, name);
        v.at = st->name_span;
    }
    v.path = field_path(env);
    bind(env, st->name, v);
    return v;
}

/* ---- State ---- */

/* Later reads of the name see the new value; the state itself changes when the step ends. The
 * last of several updates is what it changes to. */
static void set_update(Graph *g, Tensor *target, Tensor *value, Span span)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_UPDATE && g->root.at[i].target == target) {
            g->root.at[i].value = value;
            return;
        }
    add_root(g, ROOT_UPDATE, target->name, value, target, span);
}

static Eq *update_eq(Env *env, const Stmt *st, Tensor *target)
{
    const char *name = intern_f("%s.new", target->name);
    if (!st->has_index)
        return eq_like(env, name, st->span, target, st->name);
    Eq *q = new_eq(env, name, st->span, false);
    return bind_left(q, st) ? q : NULL;
}

/* Only training changes the state of a layer; an optimizer runs only then. */
static Expr *when_training(Eq *q, const Var *var, Expr *e)
{
    if (q->env->adjoint)
        return e;
    const Sub *sub[MAXRANK];
    Tensor *now = var->value.tensor;
    for (int k = 0; k < now->rank; k++)
        sub[k] = sub_index(q->g, DIM + k);
    Expr *training =
        make(q->g, OP_ne, scalar(q->g, SCALAR_training), constant(q->g, 0), NULL);
    return make(q->g, OP_select, training, e, read_at(q->g, now, sub, NULL));
}

static void elaborate_update(Env *env, const Stmt *st)
{
    Var *var = find_var(env, st->name);
    if (!var || !var->target || var->value.what != A_TENSOR)
        return;
    begin_statement(env, st->name, st->value);
    Eq *q = update_eq(env, st, var->target);
    Expr *e = q ? real_expr(q, st->value) : NULL;
    if (!e)
        return;
    if (used_slots(e) & 1u << BATCH) {
        fault(env, st->value->span, "'%s' has no batch, but this has: reduce it, as in mean(batch)",
              st->name);
        return;
    }
    Tensor *t = close_eq(q, when_training(q, var, e));
    if (!t)
        return;
    var->value = tensor_value(t, st->span);
    set_update(q->g, var->target, t, st->span);
}

/* ---- What a model reports ---- */

/* The mean over the batch and all dimensions. */
static Tensor *mean_of_all(Eq *q, Span span, Expr *e)
{
    Graph *g = q->g;
    int slot[MAXRANK + 1], n = 0;
    double count = 1;
    bool batched = used_slots(e) & 1u << BATCH;
    if (batched)
        slot[n++] = BATCH;
    for (int k = 0; k < q->rank; k++) {
        slot[n++] = DIM + k;
        count *= q->idx[DIM + k].extent;
    }
    e = close_reduction(q, span, REDUCE_SUM, e, slot, n);
    if (e && batched)
        e = make(g, OP_div, e,
                 count == 1 ? scalar(g, SCALAR_n)
                            : make(g, OP_mul, scalar(g, SCALAR_n), constant(g, count), NULL),
                 NULL);
    else if (e && n)
        e = make(g, OP_div, e, constant(g, count), NULL);
    q->rank = 0;
    return close_eq(q, e);
}

static void elaborate_mean(Env *env, const Stmt *st, RootKind kind, const char *name)
{
    begin_statement(env, name, st->value);
    Eq *q = new_eq(env, path_of(env, name), st->span, true);
    Expr *e = real_expr(q, st->value);
    Tensor *t = e ? mean_of_all(q, st->span, e) : NULL;
    if (t)
        add_root(q->g, kind, name, t, NULL, st->span);
}

static Value output_value(Env *env, const Stmt *st)
{
    if (st->value)
        return define(env, st);
    const Var *var = find_var(env, st->name);
    return var ? var->value : nothing();
}

/* An output is an equation of its own: not something given, and not a number. */
static void elaborate_output(Env *env, const Stmt *st)
{
    Value v = output_value(env, st);
    if (v.what == NOTHING)
        return;
    Tensor *t = v.tensor;
    if (v.what == A_NUMBER || t->role != EQUATION) {
        Syn name = {.kind = SYN_NAME, .name = st->name, .span = st->name_span};
        Eq *q = new_eq(env, intern_f("%s.out", st->name), st->span, true);
        t = close_eq(q, real_expr(q, &name));
    }
    if (t)
        add_root(env->e->graph, ROOT_OUTPUT, st->name, t, NULL, st->span);
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
    case STMT_INPUT: elaborate_input(env, st); return;
    case STMT_PARAM: elaborate_variable(env, st, PARAM); return;
    case STMT_STATE: elaborate_variable(env, st, STATE); return;
    case STMT_EQUATION: define(env, st); return;
    case STMT_UPDATE: elaborate_update(env, st); return;
    case STMT_LOSS: elaborate_mean(env, st, ROOT_LOSS, intern("loss")); return;
    case STMT_METRIC: elaborate_mean(env, st, ROOT_METRIC, st->name); return;
    case STMT_OUTPUT: elaborate_output(env, st); return;
    case STMT_REPEAT: elaborate_repeat(env, st); return;
    case STMT_TRAIN: /* when all is known: elaborate() */
    case STMT_SETTING: return;
    }
}

void elaborate_body(Env *env, const StmtList *body)
{
    for (int i = 0; i < body->n && !env->e->full; i++)
        elaborate_statement(env, body->at[i]);
}
