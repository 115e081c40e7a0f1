/* Scalar expressions: the value of an equation at one element. */
#include "eq.h"

#include "str.h"

/* ---- Names ---- */

/* e.attention.W: the tensor whose name is that of e's path and the fields. */
static Value field_of(Env *env, const Syn *s)
{
    Value base = s->a->kind == SYN_FIELD ? field_of(env, s->a) : find_value(env, s->a);
    if (!base.path)
        return nothing();
    const char *path = intern_f("%s.%s", base.path, s->name);
    const Graph *g = env->e->graph;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->name == path) {
            Value v = tensor_value(g->tensor.at[i], s->span);
            v.path = path;
            return v;
        }
    return (Value){.what = NOTHING, .path = path};
}

Value find_value(Env *env, const Syn *s)
{
    if (s->kind == SYN_FIELD)
        return field_of(env, s);
    if (s->kind != SYN_NAME)
        return nothing();
    const Var *v = find_var(env, s->name);
    return v ? v->value : read_ahead(env, s->name);
}

/* The longest name below path that is one step away, for a suggestion. */
static void unknown_field(Env *env, const Syn *s)
{
    Value base = find_value(env, s->a);
    const Graph *g = env->e->graph;
    const char **candidate = NEWN(env->e->arena, const char *, g->tensor.n + 1);
    size_t n = base.path ? strlen(base.path) : 0;
    int found = 0;
    for (int i = 0; base.path && i < g->tensor.n; i++)
        if (!strncmp(g->tensor.at[i]->name, base.path, n) &&
            g->tensor.at[i]->name[n] == '.')
            candidate[found++] = g->tensor.at[i]->name + n + 1;
    const char *meant = nearest(s->name, candidate, found);
    const char *whose = s->a->name;
    if (base.what == NOTHING && !base.path)
        return;
    fault(env, s->span, meant ? "'%s' has no '%s'; did you mean '%s'?" : "'%s' has no '%s'",
          whose, s->name, meant);
}

Value value_of(Eq *q, const Syn *s)
{
    Value v = find_value(q->env, s);
    if (s->kind == SYN_FIELD && v.what == NOTHING)
        unknown_field(q->env, s);
    if (s->kind == SYN_NAME && !find_var(q->env, s->name) && s->name == intern("grad_norm"))
        return grad_norm_value(q->env, s->span);
    return v;
}

static const char *name_text(const Syn *s)
{
    return s->kind == SYN_CALL || s->kind == SYN_NAME ? s->name : s->name ? s->name : "it";
}

/* ---- Tensors element by element ---- */

/* The first tensor gives a whole expression its dimensions. */
static void take_shape(Eq *q, const Value *v, const char *name)
{
    q->rank = dims_of(v->tensor);
    q->like = name;
    q->like_value = *v;
    for (int k = 0; k < q->rank; k++)
        q->idx[DIM + k] = *dim_of(v->tensor, k);
}

static bool same_shape(const Eq *q, const Value *v)
{
    if (q->rank != dims_of(v->tensor))
        return false;
    for (int k = 0; k < q->rank; k++)
        if (q->idx[DIM + k].extent != dim_of(v->tensor, k)->extent)
            return false;
    return true;
}

static const char *eq_shape_text(const Eq *q)
{
    Tensor t = {.rank = q->rank};
    for (int k = 0; k < q->rank; k++)
        t.idx[k] = q->idx[DIM + k];
    return shape_text(&t);
}

static void needs_indices(Eq *q, const Value *v, const Syn *s)
{
    static const char *const letters[] = {"", "i", "i, j", "i, j, k", "i, j, k, l", "..."};
    int n = dims_of(v->tensor);
    if (s->kind == SYN_CALL)
        fault(q->env, s->span,
              "'%s' gives a tensor %s: bind it to a name, and read that with indices",
              s->name, shape_text(v->tensor));
    else
        fault(q->env, s->span, "'%s' has %d dimension%s: in an equation write %s[%s]",
              name_text(s), n, n == 1 ? "" : "s", name_text(s), letters[n < 5 ? n : 5]);
    if (s->kind != SYN_CALL)
        note_shape(name_text(s), v);
}

static void wrong_shape(Eq *q, const Value *v, const Syn *s)
{
    fault(q->env, s->span, "'%s' is %s, but '%s' is %s", name_text(s),
          shape_text(v->tensor), q->like, eq_shape_text(q));
    note_shape(name_text(s), v);
    note_shape(q->like, &q->like_value);
}

static Expr *element_of_tensor(Eq *q, const Value *v, const Syn *s)
{
    int n = dims_of(v->tensor);
    if (n > 0 && !q->whole) {
        needs_indices(q, v, s);
        return NULL;
    }
    if (n > 0 && q->rank < 0)
        take_shape(q, v, name_text(s));
    if (n > 0 && !same_shape(q, v)) {
        wrong_shape(q, v, s);
        return NULL;
    }
    const Sub *sub[MAXRANK];
    int k = 0;
    if (is_batched(v->tensor))
        sub[k++] = sub_index(q->g, q->batch);
    for (int i = 0; i < n; i++)
        sub[k++] = sub_index(q->g, DIM + i);
    return read_element(q->g, v->tensor, sub, NULL);
}

/* An inline function's argument belongs to the equation around it; in another one it is
 * taken as a whole, which it can be if that equation is about whole tensors. */
static Expr *element_of_argument(Eq *q, const Value *v, const Syn *s)
{
    if (v->owner == q)
        return v->element;
    if (!v->owner->whole) {
        fault(q->env, s->span, "'%s' is a single element here, not a tensor", name_text(s));
        return NULL;
    }
    Value whole = tensor_value(close_eq(v->owner, v->element), v->at);
    return whole.what == NOTHING ? NULL : element_of_tensor(q, &whole, s);
}

Expr *element_of(Eq *q, const Value *v, const Syn *s)
{
    switch (v->what) {
    case NOTHING:
        return NULL;
    case A_NUMBER:
        return constant(q->g, v->number);
    case A_TENSOR:
        return element_of_tensor(q, v, s);
    case AN_ELEMENT:
        return element_of_argument(q, v, s);
    }
    return NULL;
}

/* Known to the program, and not here: an index where only whole tensors or constants can
 * stand, or an extent of a tensor that was not given. */
static void no_value(Eq *q, const Syn *s)
{
    if (q->known)
        fault(q->env, s->span, "'%s' must be a whole number known when compiling", s->name);
    else
        fault(q->env, s->span,
              "'%s' has no value here, where whole tensors and numbers stand", s->name);
}

static Expr *name_expr(Eq *q, const Syn *s)
{
    int slot = s->kind == SYN_NAME ? find_index(q, s->name) : -1;
    if (slot >= 0)
        return number_of(q->g, sub_index(q->g, slot));
    if (s->kind == SYN_FIELD || find_var(q->env, s->name) ||
        s->name == intern("grad_norm")) {
        Value v = value_of(q, s);
        return element_of(q, &v, s);
    }
    if (s->name == intern("training"))
        return make(q->g, OP_ne, scalar(q->g, SCALAR_training), constant(q->g, 0), NULL);
    if (s->name == intern("step"))
        return update_number(q->g);
    if (s->name == intern("steps"))
        return updates_planned(q->g);
    if (s->name == intern("examples"))
        return scalar(q->g, SCALAR_n);
    no_value(q, s);
    return NULL;
}

/* ---- Operators ---- */

Expr *real_expr(Eq *q, const Syn *s) { return as_real(q->g, expr(q, s)); }

/* A truth value; a number known now is true unless it is 0. */
Expr *condition(Eq *q, const Syn *s)
{
    Expr *e = expr(q, s);
    double value;
    if (!e || kind_of(e) == BOOL)
        return e;
    if (is_constant(e, &value))
        return truth(q->g, value != 0);
    fault(q->env, s->span,
          "a condition is needed here, such as a comparison with 0; this is a number");
    return NULL;
}

static const struct OperRow {
    Op op;
    bool swap; /* a > b is b < a */
} oper_row[] = {
    [OPER_ADD] = {OP_add, false}, [OPER_SUB] = {OP_sub, false},
    [OPER_MUL] = {OP_mul, false}, [OPER_DIV] = {OP_div, false},
    [OPER_POW] = {OP_pow, false}, [OPER_NEG] = {OP_neg, false},
    [OPER_EQ] = {OP_eq, false},   [OPER_NE] = {OP_ne, false},
    [OPER_LT] = {OP_lt, false},   [OPER_LE] = {OP_le, false},
    [OPER_GT] = {OP_lt, true},    [OPER_GE] = {OP_le, true},
    [OPER_AND] = {OP_and, false}, [OPER_OR] = {OP_or, false},
    [OPER_NOT] = {OP_not, false},
};

static Expr *operand(Eq *q, const Syn *s, Op op)
{
    return opinfo[op].properties & LOGIC ? condition(q, s) : real_expr(q, s);
}

/* The remainder of whole numbers, as in a subscript. */
static Expr *remainder_expr(Eq *q, const Syn *s)
{
    const Sub *at = subscript(q, s);
    return at ? number_of(q->g, at) : NULL;
}

static Expr *binary_expr(Eq *q, const Syn *s)
{
    if (s->oper == OPER_MOD)
        return remainder_expr(q, s);
    struct OperRow row = oper_row[s->oper];
    Expr *a = operand(q, row.swap ? s->b : s->a, row.op);
    Expr *b = operand(q, row.swap ? s->a : s->b, row.op);
    double value;
    if (!a || !b)
        return NULL;
    if (row.op == OP_pow && is_constant(b, &value) && value == 2)
        return make(q->g, OP_square, a, NULL, NULL);
    return make(q->g, row.op, a, b, NULL);
}

static Expr *unary_expr(Eq *q, const Syn *s)
{
    Op op = oper_row[s->oper].op;
    Expr *a = operand(q, s->a, op);
    return a ? make(q->g, op, a, NULL, NULL) : NULL;
}

static Expr *branch(Eq *q, const Syn *s, const Expr *c, bool holds)
{
    int mark = q->fact.n;
    assume(q, c, holds);
    Expr *e = expr(q, s);
    q->fact.n = mark;
    return e;
}

/* if c then a else b, of truth values. */
static Expr *choose_truth(Graph *g, Expr *c, Expr *a, Expr *b)
{
    Expr *then = make(g, OP_and, c, a, NULL);
    Expr *otherwise = make(g, OP_and, make(g, OP_not, c, NULL, NULL), b, NULL);
    return make(g, OP_or, then, otherwise, NULL);
}

/* What is decided now leaves only the branch taken: the other need not even have a meaning.
 */
static Expr *if_expr(Eq *q, const Syn *s)
{
    Expr *c = condition(q, s->a);
    bool decided;
    if (!c)
        return NULL;
    if (is_truth(c, &decided))
        return expr(q, decided ? s->b : s->c);
    Expr *a = branch(q, s->b, c, true), *b = branch(q, s->c, c, false);
    if (!a || !b)
        return NULL;
    if (kind_of(a) == BOOL && kind_of(b) == BOOL)
        return choose_truth(q->g, c, a, b);
    return make(q->g, OP_select, c, as_real(q->g, a), as_real(q->g, b));
}

Expr *expr(Eq *q, const Syn *s)
{
    switch (s->kind) {
    case SYN_NUMBER:
        return constant(q->g, s->number);
    case SYN_NAME:
    case SYN_FIELD:
        return name_expr(q, s);
    case SYN_READ:
        return read_expr(q, s);
    case SYN_CALL:
        return call_expr(q, s);
    case SYN_REDUCE:
        return reduce_expr(q, s);
    case SYN_UNARY:
        return unary_expr(q, s);
    case SYN_BINARY:
        return binary_expr(q, s);
    case SYN_IF:
        return if_expr(q, s);
    case SYN_DOTS:
    case SYN_TEXT:
        break;
    }
    bug("a kind of expression that is unknown");
}
