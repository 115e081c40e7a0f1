/* One rule per row of ops.def: how the adjoint dy of y = op(x0, x1, x2) reaches the
 * operands.
 *
 * A rule is linear in dy and may use y itself, which is then kept from the forward pass
 * rather than computed again. At kinks: |x|' = 0 at 0; max(a, b) and min(a, b) give each
 * side half on a tie; `if` gives the branch taken everything and the other nothing. */
#include "vjp.h"

#include "build.h"

#include <stddef.h>

#define RULE(name)                                                                         \
    static void vjp_##name(Graph *g, Expr *y, Expr *const *x, Expr *dy, Flow *flow)
#define UNUSED (void)y, (void)x, (void)g
#define NO_FLOW(name)                                                                      \
    RULE(name) { UNUSED, (void)dy, (void)flow; }

#define GIVE(k, e)                  (flow[k] = (Flow){.value = (e)})
#define GIVE_WHERE(k, condition, e) (flow[k] = (Flow){(condition), (e)})

/* clang-format off */
RULE(add)      { UNUSED; GIVE(0, dy); GIVE(1, dy); }
RULE(sub)      { UNUSED; GIVE(0, dy); GIVE(1, neg(g, dy)); }
RULE(mul)      { UNUSED; GIVE(0, mul(g, dy, x[1])); GIVE(1, mul(g, dy, x[0])); }
RULE(div)      { GIVE(0, divide(g, dy, x[1])); GIVE(1, neg(g, mul(g, dy, divide(g, y, x[1])))); }
RULE(neg)      { UNUSED; GIVE(0, neg(g, dy)); }
RULE(square)   { UNUSED; GIVE(0, mul(g, dy, mul(g, num(g, 2), x[0]))); }
RULE(sqrt)     { UNUSED; GIVE(0, divide(g, mul(g, dy, num(g, 0.5)), y)); }
RULE(rsqrt)    { UNUSED; GIVE(0, mul(g, dy, mul(g, num(g, -0.5), mul(g, y, square(g, y))))); }
RULE(exp)      { UNUSED; GIVE(0, mul(g, dy, y)); }
RULE(expm1)    { UNUSED; GIVE(0, mul(g, dy, add(g, y, num(g, 1)))); }
RULE(log)      { UNUSED; GIVE(0, divide(g, dy, x[0])); }
RULE(log1p)    { UNUSED; GIVE(0, divide(g, dy, add(g, num(g, 1), x[0]))); }
RULE(sin)      { UNUSED; GIVE(0, mul(g, dy, unary(g, OP_cos, x[0]))); }
RULE(cos)      { UNUSED; GIVE(0, neg(g, mul(g, dy, unary(g, OP_sin, x[0])))); }
RULE(tan)      { UNUSED; GIVE(0, mul(g, dy, add(g, num(g, 1), square(g, y)))); }
RULE(atan)     { UNUSED; GIVE(0, divide(g, dy, add(g, num(g, 1), square(g, x[0])))); }
RULE(sinh)     { UNUSED; GIVE(0, mul(g, dy, unary(g, OP_cosh, x[0]))); }
RULE(cosh)     { UNUSED; GIVE(0, mul(g, dy, unary(g, OP_sinh, x[0]))); }
RULE(tanh)     { UNUSED; GIVE(0, mul(g, dy, sub(g, num(g, 1), square(g, y)))); }
RULE(sigmoid)  { UNUSED; GIVE(0, mul(g, dy, mul(g, y, sub(g, num(g, 1), y)))); }
RULE(softplus) { UNUSED; GIVE(0, mul(g, dy, unary(g, OP_sigmoid, x[0]))); }
RULE(abs)      { UNUSED; GIVE(0, mul(g, dy, unary(g, OP_sign, x[0]))); }
RULE(surrogate) { UNUSED; GIVE(1, dy); }
RULE(select)   { UNUSED; GIVE_WHERE(1, x[0], dy); GIVE_WHERE(2, negate(g, x[0]), dy); }
/* clang-format on */

/* 2/sqrt(pi) exp(-x^2) */
static Expr *gauss(Graph *g, Expr *x)
{
    return mul(g, num(g, 1.12837916709551257390), unary(g, OP_exp, neg(g, square(g, x))));
}

RULE(erf)
{
    UNUSED;
    GIVE(0, mul(g, dy, gauss(g, x[0])));
}
RULE(erfc)
{
    UNUSED;
    GIVE(0, neg(g, mul(g, dy, gauss(g, x[0]))));
}

/* a^b: b a^(b-1) and a^b log a. Where b is 0 the first, and where a^b is 0 the second, is 0
 * and not 0 times an infinity. */
RULE(pow)
{
    Expr *a = x[0], *b = x[1];
    Expr *less = apply(g, OP_pow, a, sub(g, b, num(g, 1)), NULL);
    GIVE_WHERE(0, ne(g, b, num(g, 0)), mul(g, dy, mul(g, b, less)));
    GIVE_WHERE(1, ne(g, y, num(g, 0)), mul(g, dy, mul(g, y, unary(g, OP_log, a))));
}

/* Everything to the winner, on a tie half to each: le holds for both then. */
static Flow to_winner(Graph *g, Expr *loser, Expr *winner, Expr *dy)
{
    Expr *half = mul(g, dy, num(g, 0.5));
    return (Flow){le(g, loser, winner), choose(g, lt(g, loser, winner), dy, half)};
}

RULE(max)
{
    UNUSED;
    flow[0] = to_winner(g, x[1], x[0], dy);
    flow[1] = to_winner(g, x[0], x[1], dy);
}

RULE(min)
{
    UNUSED;
    flow[0] = to_winner(g, x[0], x[1], dy);
    flow[1] = to_winner(g, x[1], x[0], dy);
}

NO_FLOW(stop)
NO_FLOW(sign)
NO_FLOW(floor)
NO_FLOW(eq)
NO_FLOW(ne)
NO_FLOW(lt)
NO_FLOW(le)
NO_FLOW(and)
NO_FLOW(or)
NO_FLOW(not )
NO_FLOW(real)

Rule *const rule_of[NOP] = {
#define OP(name, ...) [OP_##name] = vjp_##name,
#include "ops.def"
};
