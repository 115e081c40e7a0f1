/* Subscripts, and reads at them. */
#include "eq.h"

#include "str.h"

#include <math.h>

/* ---- Whole numbers ---- */

static const int64_t FAR = (int64_t)1 << 31; /* beyond any extent */

/* Numbers are kept small enough that no sum or product of two of them can overflow. */
static bool is_small(const Sub *a)
{
    bool small = a->c <= FAR && a->c >= -FAR && a->nterm <= MAXIDX;
    for (int i = 0; small && i < a->nterm; i++)
        small = a->term[i].coef <= FAR && a->term[i].coef >= -FAR;
    return small;
}

static const Sub *sub_of_binary(Eq *q, const Expr *e)
{
    const Sub *a = sub_of_expr(q, e->arg[0]), *b = sub_of_expr(q, e->arg[1]);
    if (!a || !b || !is_small(a) || !is_small(b))
        return NULL;
    if (e->op == OP_mul && sub_is_const(a))
        return sub_scale(q->g, b, a->c);
    if (e->op == OP_mul)
        return sub_is_const(b) ? sub_scale(q->g, a, b->c) : NULL;
    return sub_add(q->g, a, e->op == OP_add ? b : sub_scale(q->g, b, -1));
}

const Sub *sub_of_expr(Eq *q, const Expr *e)
{
    switch (e->op) {
    case OP_const:
        if (e->value != floor(e->value) || fabs(e->value) > (double)FAR)
            return NULL;
        return sub_const(q->g, (int64_t)e->value);
    case OP_number:
        return e->sub[0];
    case OP_read:
        if (e->tensor->elem == ELEM_REAL || e->arg[0])
            return NULL;
        return sub_data(q->g, (Expr *)e);
    case OP_neg: {
        const Sub *a = sub_of_expr(q, e->arg[0]);
        return a ? sub_scale(q->g, a, -1) : NULL;
    }
    case OP_add:
    case OP_sub:
    case OP_mul:
        return sub_of_binary(q, e);
    default:
        return NULL;
    }
}

static void not_known(Eq *q, const Syn *s)
{
    Out o = new_out(q->g->arena);
    print_syn(&o, s);
    fault(q->env, s->span, "'%s' must be a whole number known when compiling", o.text);
}

static void not_whole(Eq *q, const Syn *s, const Expr *e)
{
    double value;
    if (is_constant(e, &value))
        fault(q->env, s->span, "a whole number is needed here, not %g", value);
    else if (q->known)
        not_known(q, s);
    else if (e->op == OP_read)
        fault(
            q->env, s->span,
            "'%s' holds real numbers: a subscript needs an integer tensor (': index < N')",
            s->kind == SYN_READ ? s->a->name : s->name);
    else
        fault(q->env, s->span,
              "a subscript is made of indices, whole numbers and integer data, "
              "with + - * and / %% by a constant");
}

static const Sub *divided(Eq *q, const Syn *s, const Sub *a, const Sub *b)
{
    if (!sub_is_const(b) || b->c <= 0) {
        fault(q->env, s->b->span, "a subscript is divided by a constant of at least 1");
        return NULL;
    }
    return s->oper == OPER_DIV ? sub_div(q->g, a, b->c, q->idx)
                               : sub_mod(q->g, a, b->c, q->idx);
}

static const Sub *multiplied(Eq *q, const Syn *s, const Sub *a, const Sub *b)
{
    if (sub_is_const(a))
        return sub_scale(q->g, b, a->c);
    if (sub_is_const(b))
        return sub_scale(q->g, a, b->c);
    fault(q->env, s->span, "a subscript cannot multiply two things that vary");
    return NULL;
}

static const Sub *sub_binary(Eq *q, const Syn *s)
{
    const Sub *a = subscript(q, s->a), *b = subscript(q, s->b);
    if (!a || !b)
        return NULL;
    switch (s->oper) {
    case OPER_ADD:
        return sub_add(q->g, a, b);
    case OPER_SUB:
        return sub_add(q->g, a, sub_scale(q->g, b, -1));
    case OPER_MUL:
        return multiplied(q, s, a, b);
    default:
        return divided(q, s, a, b);
    }
}

static bool is_whole_arithmetic(Oper o)
{
    return o == OPER_ADD || o == OPER_SUB || o == OPER_MUL || o == OPER_DIV ||
           o == OPER_MOD;
}

static const Sub *bounded(Eq *q, const Syn *s, const Sub *a)
{
    if (!a || is_small(a))
        return a;
    fault(q->env, s->span, "this number is too large for a subscript or an extent");
    return NULL;
}

const Sub *subscript(Eq *q, const Syn *s)
{
    if (s->kind == SYN_BINARY && is_whole_arithmetic(s->oper))
        return bounded(q, s, sub_binary(q, s));
    if (s->kind == SYN_UNARY && s->oper == OPER_NEG) {
        const Sub *a = subscript(q, s->a);
        return a ? sub_scale(q->g, a, -1) : NULL;
    }
    Expr *e = real_expr(q, s);
    const Sub *a = e ? sub_of_expr(q, e) : NULL;
    if (e && !a)
        not_whole(q, s, e);
    return a;
}

bool whole_number(Env *env, const Syn *s, int64_t *n)
{
    Eq *q = new_eq(env, "", s->span, true);
    q->known = true;
    const Sub *a = subscript(q, s);
    if (a && !sub_is_const(a))
        not_known(q, s);
    if (!a || !sub_is_const(a))
        return false;
    *n = a->c;
    return true;
}

bool extent_of(Env *env, const Syn *s, const char *what, int *n)
{
    int64_t value;
    *n = 0;
    if (!whole_number(env, s, &value))
        return false;
    if (value < 1 || value >= FAR) {
        fault(env, s->span, "'%s' would be %lld: it must be from 1 to 2147483647", what,
              (long long)value);
        return false;
    }
    *n = (int)value;
    return true;
}

/* ---- Reads ---- */

/* Subscripts as written, `...` spread out. */
typedef struct Spread {
    const Sub *sub[MAXRANK];
    const Syn *at[MAXRANK]; /* `...` repeats */
    int n;
} Spread;

static bool add_subscript(Eq *q, Spread *p, const Syn *at, const Sub *s)
{
    if (p->n < MAXRANK) {
        p->at[p->n] = at;
        p->sub[p->n] = s;
    } else {
        fault(q->env, at->span, "more than %d subscripts", MAXRANK);
    }
    return p->n++ < MAXRANK && s;
}

static bool spread_pack(Eq *q, Spread *p, const Syn *at)
{
    int slot[MAXRANK], n = pack_slots(q, slot);
    if (n < 0)
        fault(q->env, at->span,
              "'...' is not bound in this equation: y[...] = or sum(...)");
    for (int k = 0; k < n; k++)
        if (!add_subscript(q, p, at, sub_index(q->g, slot[k])))
            return false;
    return n >= 0;
}

static bool spread_out(Eq *q, const Syn *s, Spread *p)
{
    bool fine = true;
    for (int i = 0; i < s->list.n; i++) {
        const Syn *at = s->list.at[i];
        fine &= at->kind == SYN_DOTS ? spread_pack(q, p, at)
                                     : add_subscript(q, p, at, subscript(q, at));
    }
    return fine;
}

static const char *read_name(const Syn *s) { return s->a->name; }

/* What is read: a tensor with as many dimensions as there are subscripts. */
static bool check_rank(Eq *q, const Syn *s, const Value *v, int n)
{
    const char *name = read_name(s);
    if (v->what == NOTHING)
        return false;
    if (v->what != A_TENSOR) {
        fault(q->env, s->a->span, "'%s' is a single number here: it has no dimensions",
              name);
        return false;
    }
    int rank = dims_of(v->tensor);
    if (rank == n)
        return true;
    fault(q->env, s->span, "'%s' has %d dimension%s, not %d", name, rank,
          rank == 1 ? "" : "s", n);
    note_shape(name, v);
    return false;
}

/* Where dimension k can be left. */
static void leaves(Eq *q, const Syn *s, const Value *v, const Spread *p, int k)
{
    int64_t lo, hi;
    int extent = dim_of(v->tensor, k)->extent;
    sub_range(p->sub[k], q->idx, &lo, &hi);
    if (lo < 0)
        fault(q->env, p->at[k]->span, "index reaches %lld in dimension %d of '%s'",
              (long long)lo, k + 1, read_name(s));
    else
        fault(q->env, p->at[k]->span,
              "index reaches %lld in dimension %d of '%s', which has %d", (long long)hi,
              k + 1, read_name(s), extent);
    note_shape(read_name(s), v);
}

/* *guarded: inside only because of the conditions around. */
static bool stays_inside(const Eq *q, const Sub *s, int extent, bool *guarded)
{
    int64_t lo, hi;
    sub_range(s, q->idx, &lo, &hi);
    if (lo >= 0 && hi < extent)
        return true;
    *guarded = true;
    const Sub *room = sub_add(q->g, sub_const(q->g, extent - 1), sub_scale(q->g, s, -1));
    return follows(q, s) && follows(q, room);
}

/* A read that only a condition keeps inside gets a value outside all the same: the equation
 * is computed for many elements at once, those without the condition among them. */
static bool check_inside(Eq *q, const Syn *s, const Value *v, const Spread *p,
                         Expr **outside)
{
    bool guarded = false, fine = true;
    for (int k = 0; k < p->n && !*outside; k++)
        if (!stays_inside(q, p->sub[k], dim_of(v->tensor, k)->extent, &guarded)) {
            leaves(q, s, v, p, k);
            fine = false;
        }
    if (guarded)
        *outside = constant(q->g, 0);
    return fine;
}

Expr *read_expr(Eq *q, const Syn *s)
{
    Spread p = {0};
    Value v = value_of(q, s->a);
    bool fine = spread_out(q, s, &p);
    if (!fine || !check_rank(q, s, &v, p.n))
        return NULL;
    Expr *outside = s->b ? real_expr(q, s->b) : NULL;
    if ((s->b && !outside) || !check_inside(q, s, &v, &p, &outside))
        return NULL;
    const Sub *sub[MAXRANK + 1];
    int k = 0;
    if (is_batched(v.tensor))
        sub[k++] = sub_index(q->g, q->batch);
    for (int i = 0; i < p.n; i++)
        sub[k++] = p.sub[i];
    return read_element(q->g, v.tensor, sub, outside);
}
