/* Taking constant factors off a product and putting them back. */
#include "scale.h"

#include <math.h>

bool is_number(const Expr *e, double value)
{
    return e->op == OP_const && e->value == value;
}

bool is_exact_divisor(double k)
{
    int exponent;
    return isfinite(k) && fabs(frexp(k, &exponent)) == 0.5 && exponent > -100 && exponent < 100;
}

static Expr *times(Graph *g, Expr *a, Expr *b)
{
    return a ? apply(g, OP_mul, a, b, NULL) : b;
}

static bool is_count(const Expr *e) { return e->op == OP_scalar && e->scalar == SCALAR_n; }

bool is_divisor(const Expr *e, double *d)
{
    *d = 1;
    if (is_count(e))
        return true;
    if (e->op != OP_mul || e->arg[0]->op != OP_const || !is_count(e->arg[1]))
        return false;
    *d = e->arg[0]->value;
    return true;
}

/* The factor stands leftmost: (2 * a) * b. */
Scale peel(Graph *g, Expr *e)
{
    Scale s = {.k = 1, .d = 1, .core = e};
    double d;
    switch (e->op) {
    case OP_const:
        return (Scale){.k = e->value, .d = 1};
    case OP_neg:
        s = peel(g, e->arg[0]);
        s.k = -s.k;
        return s;
    case OP_mul:
        s = peel(g, e->arg[0]);
        s.core = times(g, s.core, e->arg[1]);
        return s;
    case OP_div:
        s = peel(g, e->arg[0]);
        if (is_divisor(e->arg[1], &d)) {
            s.powers++;
            s.d *= d;
        } else {
            s.core = apply(g, OP_div, s.core ? s.core : constant(g, 1), e->arg[1], NULL);
        }
        return s;
    default:
        return s;
    }
}

bool is_plain(Scale s) { return s.core && s.k == 1 && s.powers == 0; }

static Expr *leftmost(Graph *g, double k, Expr *e)
{
    if (e->op == OP_mul || e->op == OP_div)
        return apply(g, e->op, leftmost(g, k, e->arg[0]), e->arg[1], NULL);
    if (e->op == OP_const)
        return constant(g, k * e->value);
    return apply(g, OP_mul, constant(g, k), e, NULL);
}

static Expr *times_number(Graph *g, double k, Expr *e)
{
    if (k == 1)
        return e;
    if (k != -1)
        return leftmost(g, k, e);
    if (e->op == OP_sub)
        return apply(g, OP_sub, e->arg[1], e->arg[0], NULL);
    return apply(g, OP_neg, e, NULL, NULL);
}

/* 2 / 6 is 1 / 3. */
static void cancel(Scale *s)
{
    double up = s->k / s->d, down = s->d / s->k;
    if (s->powers == 0 || s->d == 1)
        return;
    if (up == floor(up)) {
        s->k = up;
        s->d = 1;
    } else if (down == floor(down)) {
        s->k = down < 0 ? -1 : 1;
        s->d = fabs(down);
    }
}

Expr *scaled(Graph *g, Scale s)
{
    cancel(&s);
    Expr *e = s.core ? times_number(g, s.k, s.core) : constant(g, s.k);
    for (int i = 0; i < s.powers; i++) {
        Expr *n = scalar(g, SCALAR_n);
        if (i == 0 && s.d != 1)
            n = apply(g, OP_mul, constant(g, s.d), n, NULL);
        e = apply(g, OP_div, e, n, NULL);
    }
    return e;
}

static void look_at_leaf(Expr *e, void *context)
{
    bool *uniform = context;
    *uniform = *uniform && (opinfo[e->op].arity > 0 || e->op == OP_const || e->op == OP_scalar);
}

bool is_uniform(const Expr *e)
{
    bool uniform = true;
    walk(e, look_at_leaf, &uniform);
    return uniform;
}
