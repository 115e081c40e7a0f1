/* Rules inside one expression, applied from the operands upwards.
 *
 * Every rule gives an expression that is smaller, or has constants, divisions by n and signs
 * further out, or conditions further out; so they stop. They are exact in floating point but for
 *   - the sign of a zero: x + 0 = x, 0 - x = -x;
 *   - one rounding where constants meet or the count n moves outwards: (x / n) * y = (x * y) / n,
 *     x / z + y / z = (x + y) / z, x * (1 / y) = x / y, expm1(x) + 1 = exp(x);
 *   - a guard: select(p, x, 0) * y = select(p, x * y, 0), which keeps 0 where y is infinite.
 * Not made, because they lose infinities or NaN: 0 * x = 0, x - x = 0, x / x = 1. */
#include "opt.h"

#include "scale.h"

#include <math.h>

typedef struct Fold {
    Graph *g;
    const Tensor *t; /* whose body is folded: the ranges of its indices */
} Fold;

static Expr *fold(void *context, Expr *e);

/* Build and fold. */
static Expr *make(Fold *f, Op op, Expr *a, Expr *b, Expr *c)
{
    return fold(f, apply(f->g, op, a, b, c));
}

/* ---- Truth ---- */

static bool is_opposite(const Expr *a, const Expr *b)
{
    return (a->op == OP_not && a->arg[0] == b) || (b->op == OP_not && b->arg[0] == a);
}

static bool is_reverse(const Expr *less, const Expr *equal)
{
    return less->op == OP_lt && equal->op == OP_le && less->arg[0] == equal->arg[1] &&
           less->arg[1] == equal->arg[0];
}

/* They never hold both. One need not: a NaN fails x < y and y <= x. */
static bool exclude(const Expr *a, const Expr *b)
{
    return is_opposite(a, b) || is_reverse(a, b) || is_reverse(b, a);
}

static Expr *fold_not(Expr *e)
{
    return e->arg[0]->op == OP_not ? e->arg[0]->arg[0] : e;
}

static Expr *fold_pair(Fold *f, Expr *e)
{
    if (e->op == OP_and && exclude(e->arg[0], e->arg[1]))
        return truth(f->g, false);
    if (e->op == OP_or && is_opposite(e->arg[0], e->arg[1]))
        return truth(f->g, true);
    return e->arg[0] == e->arg[1] ? e->arg[0] : e;
}

/* [p] != 0 says p. */
static Expr *fold_ne(Expr *e)
{
    return e->arg[0]->op == OP_real && is_number(e->arg[1], 0) ? e->arg[0]->arg[0] : e;
}

/* ---- Guards: select(p, x, 0) and select(p, 0, x) ---- */

/* The operand of e that is not 0 by a guard's word: 1 or 2; 0 if e is no guard. */
static int guarded(const Expr *e)
{
    if (e->op != OP_select)
        return 0;
    return is_number(e->arg[2], 0) ? 1 : is_number(e->arg[1], 0) ? 2 : 0;
}

/* x in place of e's guarded operand. */
static Expr *within_guard(Fold *f, const Expr *e, Expr *x)
{
    Expr *zero = constant(f->g, 0);
    return guarded(e) == 1 ? make(f, OP_select, e->arg[0], x, zero)
                           : make(f, OP_select, e->arg[0], zero, x);
}

/* op applied inside the guard of operand k. */
static Expr *into_guard(Fold *f, Expr *e, int k)
{
    Expr *inner[2] = {e->arg[0], e->arg[1]}, *guard = inner[k];
    inner[k] = guard->arg[guarded(guard)];
    return within_guard(f, guard, make(f, e->op, inner[0], inner[1], NULL));
}

/* e guards x with p, or with its opposite. */
static Expr *fold_guarded(Fold *f, Expr *e)
{
    Expr *p = e->arg[0], *x = e->arg[guarded(e)];
    Scale s = peel(f->g, x);
    if (is_number(x, 1)) {
        if (guarded(e) == 2)
            p = make(f, OP_not, p, NULL, NULL);
        return apply(f->g, OP_real, p, NULL, NULL);
    }
    if (!is_plain(s) && isfinite(s.k)) { /* 0 * inf would be no 0 */
        s.core = within_guard(f, e, s.core ? s.core : constant(f->g, 1));
        return scaled(f->g, s);
    }
    if (guarded(e) == 2)
        return e;
    if (guarded(x) == 1)
        return make(f, OP_select, make(f, OP_and, p, x->arg[0], NULL), x->arg[1], x->arg[2]);
    if (x->op == OP_real)
        return make(f, OP_real, make(f, OP_and, p, x->arg[0], NULL), NULL, NULL);
    return e;
}

/* A count that divides both branches. */
static Expr *fold_branches(Fold *f, Expr *e)
{
    Scale a = peel(f->g, e->arg[1]), b = peel(f->g, e->arg[2]);
    if (a.powers == 0 || a.powers != b.powers || a.d != b.d)
        return e;
    Scale outer = {.k = 1, .d = a.d, .powers = a.powers};
    a.powers = b.powers = 0;
    a.d = b.d = 1;
    outer.core = make(f, OP_select, e->arg[0], scaled(f->g, a), scaled(f->g, b));
    return scaled(f->g, outer);
}

static Expr *fold_select(Fold *f, Expr *e)
{
    Expr *p = e->arg[0], *a = e->arg[1], *b = e->arg[2];
    if (a == b)
        return a;
    if (p->op == OP_not)
        return make(f, OP_select, p->arg[0], b, a);
    if (a->op == OP_select && a->arg[0] == p)
        return make(f, OP_select, p, a->arg[1], b);
    if (a->op == OP_select && exclude(a->arg[0], p))
        return make(f, OP_select, p, a->arg[2], b);
    if (b->op == OP_select && b->arg[0] == p)
        return make(f, OP_select, p, a, b->arg[2]);
    return guarded(e) ? fold_guarded(f, e) : fold_branches(f, e);
}

/* ---- Arithmetic ---- */

/* 1 / x / y ... */
static bool is_reciprocal(const Expr *e)
{
    return e->op == OP_div && (is_number(e->arg[0], 1) || is_reciprocal(e->arg[0]));
}

/* e with `a` in place of the 1. */
static Expr *over_reciprocal(Fold *f, Expr *a, const Expr *e)
{
    if (!is_number(e->arg[0], 1))
        a = over_reciprocal(f, a, e->arg[0]);
    return apply(f->g, OP_div, a, e->arg[1], NULL);
}

static Expr *product(Fold *f, Expr *a, Expr *b)
{
    if (!a || !b)
        return a ? a : b;
    if (a == b)
        return apply(f->g, OP_square, a, NULL, NULL);
    if (is_reciprocal(a))
        return over_reciprocal(f, b, a);
    if (is_reciprocal(b))
        return over_reciprocal(f, a, b);
    return apply(f->g, OP_mul, a, b, NULL);
}

static Expr *fold_mul(Fold *f, Expr *e)
{
    if (guarded(e->arg[0]))
        return into_guard(f, e, 0);
    if (guarded(e->arg[1]))
        return into_guard(f, e, 1);
    Scale a = peel(f->g, e->arg[0]), b = peel(f->g, e->arg[1]);
    return scaled(f->g, (Scale){.k = a.k * b.k,
                                .d = a.d * b.d,
                                .powers = a.powers + b.powers,
                                .core = product(f, a.core, b.core)});
}

/* 1/sqrt(x) has a name; x / (y / z) stays: z may be 0. */
static Expr *quotient(Fold *f, Expr *a, Expr *b)
{
    if (!a && b->op == OP_sqrt)
        return apply(f->g, OP_rsqrt, b->arg[0], NULL, NULL);
    return apply(f->g, OP_div, a ? a : constant(f->g, 1), b, NULL);
}

static Expr *fold_div(Fold *f, Expr *e)
{
    Expr *b = e->arg[1];
    double d;
    if (is_number(b, 1))
        return e->arg[0];
    if (guarded(e->arg[0]))
        return into_guard(f, e, 0);
    Scale a = peel(f->g, e->arg[0]);
    if (b->op == OP_const && a.k != 1 && is_exact_divisor(b->value)) {
        a.k /= b->value;
    } else if (is_divisor(b, &d)) {
        a.powers++;
        a.d *= d;
    } else if (b->op == OP_neg) {
        a.k = -a.k;
        a.core = quotient(f, a.core, b->arg[0]);
    } else {
        a.core = quotient(f, a.core, b);
    }
    return scaled(f->g, a);
}

static Expr *signed_sum(Fold *f, Expr *a, Expr *b, int sign)
{
    return make(f, sign > 0 ? OP_add : OP_sub, a, b, NULL);
}

/* Both sides are divided by the same count of terms, or by the same thing: once is enough. */
static Expr *sum_over_divisor(Fold *f, Scale x, Scale y, int sign)
{
    Scale outer = {.k = 1, .d = 1};
    if (x.powers == y.powers && x.d == y.d && x.powers > 0) {
        outer.d = x.d;
        outer.powers = x.powers;
        x.powers = y.powers = 0;
        x.d = y.d = 1;
        outer.core = signed_sum(f, scaled(f->g, x), scaled(f->g, y), sign);
        return scaled(f->g, outer);
    }
    if (x.powers || y.powers || !x.core || !y.core || x.core->op != OP_div ||
        y.core->op != OP_div || x.core->arg[1] != y.core->arg[1])
        return NULL;
    Expr *divisor = x.core->arg[1];
    x.core = x.core->arg[0];
    y.core = y.core->arg[0];
    return make(f, OP_div, signed_sum(f, scaled(f->g, x), scaled(f->g, y), sign), divisor, NULL);
}

/* Both sides are guarded by the same condition: one select does. */
static Expr *sum_within_guard(Fold *f, Scale x, Scale y, int sign)
{
    if (!x.core || !y.core || !guarded(x.core) || !guarded(y.core) ||
        x.core->arg[0] != y.core->arg[0])
        return NULL;
    Expr *p = x.core->arg[0], *part[2];
    for (int i = 0; i < 2; i++) {
        Scale a = x, b = y;
        a.core = x.core->arg[1 + i];
        b.core = y.core->arg[1 + i];
        part[i] = signed_sum(f, is_number(a.core, 0) ? a.core : scaled(f->g, a),
                             is_number(b.core, 0) ? b.core : scaled(f->g, b), sign);
    }
    return make(f, OP_select, p, part[0], part[1]);
}

/* a + sign * b */
static Expr *fold_sum(Fold *f, Expr *a, Expr *b, int sign)
{
    Graph *g = f->g;
    if (is_number(b, 0))
        return a;
    if (is_number(a, 0))
        return sign > 0 ? b : make(f, OP_neg, b, NULL, NULL);
    if (a->op == OP_expm1 && is_number(b, 1) && sign > 0)
        return apply(g, OP_exp, a->arg[0], NULL, NULL);
    Scale x = peel(g, a), y = peel(g, b);
    Expr *joined = sum_over_divisor(f, x, y, sign);
    if (!joined)
        joined = sum_within_guard(f, x, y, sign);
    if (joined)
        return joined;
    if (x.core && x.k < 0 && (sign > 0) == (y.k > 0)) { /* -x + y = y - x; -x - -y likewise */
        x.k = -x.k;
        y.k = y.k < 0 ? -y.k : y.k;
        return apply(g, OP_sub, scaled(g, y), scaled(g, x), NULL);
    }
    if (y.k < 0) {
        y.k = -y.k;
        sign = -sign;
        b = scaled(g, y);
    }
    return apply(g, sign > 0 ? OP_add : OP_sub, a, b, NULL);
}

static Expr *fold_neg(Fold *f, Expr *e)
{
    Scale s = peel(f->g, e->arg[0]);
    s.k = -s.k;
    return scaled(f->g, s);
}

static Expr *fold_pow(Fold *f, Expr *e)
{
    if (is_number(e->arg[1], 1))
        return e->arg[0];
    if (is_number(e->arg[1], 2))
        return apply(f->g, OP_square, e->arg[0], NULL, NULL);
    return e;
}

/* (-x)^2 = x^2 */
static Expr *fold_square(Fold *f, Expr *e)
{
    if (e->arg[0]->op == OP_neg)
        return make(f, OP_square, e->arg[0]->arg[0], NULL, NULL);
    return e;
}

/* ---- Leaves and constants ---- */

static Expr *fold_scalar(Fold *f, Expr *e)
{
    if (e->scalar == SCALAR_training && f->g->training != TRAINING_OPEN)
        return constant(f->g, f->g->training == TRAINING_ON);
    return e;
}

static bool is_constant(const Expr *e)
{
    for (int i = 0; i < opinfo[e->op].arity; i++)
        if (e->arg[i]->op != OP_const)
            return false;
    return opinfo[e->op].arity > 0;
}

static Expr *fold_constant(Fold *f, Expr *e)
{
    double x[3] = {0};
    for (int i = 0; i < opinfo[e->op].arity; i++)
        x[i] = e->arg[i]->value;
    double y = value_of_op(e->op, x[0], x[1], x[2]);
    return kind_of(e) == BOOL ? truth(f->g, y != 0) : constant(f->g, y);
}

static Expr *fold(void *context, Expr *e)
{
    Fold *f = context;
    if (is_constant(e))
        return fold_constant(f, e);
    Expr *decided = decide(f->g, e, f->t->idx);
    if (decided != e)
        return decided;
    switch (e->op) {
    case OP_scalar: return fold_scalar(f, e);
    case OP_add: return fold_sum(f, e->arg[0], e->arg[1], 1);
    case OP_sub: return fold_sum(f, e->arg[0], e->arg[1], -1);
    case OP_mul: return fold_mul(f, e);
    case OP_div: return fold_div(f, e);
    case OP_neg: return fold_neg(f, e);
    case OP_pow: return fold_pow(f, e);
    case OP_square: return fold_square(f, e);
    case OP_not: return fold_not(e);
    case OP_and:
    case OP_or: return fold_pair(f, e);
    case OP_ne: return fold_ne(e);
    case OP_select: return fold_select(f, e);
    case OP_stop:
    case OP_surrogate: return e->arg[0]; /* derivation is over */
    default: return e;
    }
}

bool fold_constants(Graph *g)
{
    bool changed = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->body)
            continue;
        Expr *folded = rewrite_by(g, t->body, t->idx, fold, &(Fold){g, t});
        changed = changed || folded != t->body;
        t->body = folded;
    }
    return changed;
}
