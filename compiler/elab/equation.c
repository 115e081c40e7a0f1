/* Equations: a left side with its ranges, or a whole tensor; and the updates of states. */
#include "eq.h"

#include "str.h"

#include <string.h>

/* ---- The left side ---- */

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

static bool add_dimension(Eq *q, const Syn *at, const char *name, const char *shown,
                          int extent)
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
    if (is_batch(at)) {
        q->batched = true;
        return true;
    }
    if (at->kind != SYN_DOTS) {
        const char *name = at->kind == SYN_BINARY ? at->a->name : at->name;
        int extent = range_of_left(q, at, value, d);
        return extent && add_dimension(q, at, name, name, extent);
    }
    for (int k = 0; k < q->env->npack; k++)
        if (!add_dimension(q, at, intern("..."), q->env->pack[k].name,
                           q->env->pack[k].extent))
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

bool bind_left(Eq *q, const Stmt *st)
{
    Declared d = declared_by(q->env, st);
    if (d.failed)
        return false;
    for (int i = 0; i < st->index.n; i++)
        if (!add_left(q, st->index.at[i], st->value, &d))
            return false;
    return left_fits(q, st, &d);
}

/* ---- Variables ---- */

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
        fault(env, st->span,
              "'%s' is declared an index: only argmax, argmin and reads of integers are",
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

/* The tensor of a variable: an instance's result may have a name from outside. */
static const char *tensor_name(const Env *env, const Stmt *st)
{
    bool is_result = env->def->has_result && env->def->result.name == st->name;
    return is_result && env->result_name ? env->result_name : path_of(env, st->name);
}

/* The statement's variable; bound to nothing after an error. */
Value define(Env *env, const Stmt *st)
{
    const char *name = tensor_name(env, st);
    begin_statement(env, st->name, st->value);
    Value v;
    if (st->has_index) {
        Tensor *t = equation_tensor(env, st, name);
        set_elem(env, st, t);
        if (t)
            settle_ahead(env, st, t);
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

/* Later reads of the name see the new value; the state itself changes when the step ends.
 * The last of several updates is what it changes to. */
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

void elaborate_update(Env *env, const Stmt *st)
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
        fault(env, st->value->span,
              "'%s' has no batch, but this has: reduce it, as in mean(batch)", st->name);
        return;
    }
    Tensor *t = close_eq(q, when_training(q, var, e));
    if (!t)
        return;
    var->value = tensor_value(t, st->span);
    set_update(q->g, var->target, t, st->span);
}
