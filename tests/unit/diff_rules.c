/* Each row of ops.def: its rule against finite differences, where the row says it is
 * smooth. */
#include "gradients.h"

#include <criterion/parameterized.h>

static const Op row[] = {
#define OP(name, ...) OP_##name,
#include "ops.def"
};

ParameterizedTestParameters(rules, primitive)
{
    return cr_make_param_array(Op, (Op *)row, sizeof row / sizeof *row);
}

/* The row applied to x, y and z, made a number if it is a truth value. */
static Expr *use(Graph *g, Op op, Expr *x, Expr *y, Expr *z)
{
    const OpInfo *info = &opinfo[op];
    Expr *arg[3] = {x, y, z};
    if (info->properties & LOGIC) {
        arg[0] = OP2(lt, x, y);
        arg[1] = OP2(lt, y, z);
    }
    if (op == OP_surrogate) /* true where both are the same function */
        arg[0] = arg[1] = MUL(x, y);
    if (info->properties & PICK)
        arg[0] = OP2(lt, x, MUL(y, z));
    Expr *e = apply(g, op, arg[0], info->arity > 1 ? arg[1] : NULL,
                    info->arity > 2 ? arg[2] : NULL);
    return info->result == BOOL ? IF(e, x, z) : e;
}

ParameterizedTest(Op *op, rules, primitive)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, PARAM, "x", 1, 12), *y = given(g, PARAM, "y", 1, 12);
    Tensor *z = given(g, PARAM, "z", 1, 12);
    Tensor *t = equation(g, "t", 1, REDUCE_NONE, 1, 12);
    /* The operands twice, and the result under a further operation. */
    Expr *e = use(g, *op, AT(x, I(0)), AT(y, I(0)), AT(z, I(0)));
    t->body = ADD(MUL(e, AT(z, I(0))), ADD(AT(x, I(0)), AT(y, I(0))));
    loss_of(g, t);
    want(g, x);
    want(g, y);
    want(g, z);
    Run r = derive_and_run(g, opinfo[*op].lo, opinfo[*op].hi);
    int kinks = 0;
    double worst = worst_gradient(&r, &kinks);
    cr_assert(worst < 1e-7, "%s: error %g", opinfo[*op].name, worst);
    cr_assert_eq(kinks, 0);
    free_arena(a);
}

/* Gradients of t[a] = op(x[a], y[a]) at given points, the loss being the sum of t. */
typedef struct Pair {
    double x, y;
} Pair;

static Pair at_point(Op op, double px, double py)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, PARAM, "x", 0), *y = given(g, PARAM, "y", 0);
    Tensor *t = equation(g, "t", 0, REDUCE_NONE, 0);
    t->body = apply(g, op, WHOLE(x), opinfo[op].arity > 1 ? WHOLE(y) : NULL, NULL);
    root(g, ROOT_LOSS, t, NULL);
    Tensor *dx = want(g, x), *dy = want(g, y);
    derive(g);
    Run r = new_run(g, a);
    r.value[x->id][0] = px;
    r.value[y->id][0] = py;
    interpret(&r);
    Pair p = {(double)r.value[dx->id][0], (double)r.value[dy->id][0]};
    free_arena(a);
    return p;
}

/* At kinks the values are those the manual states. */
Test(rules, kinks)
{
    cr_assert_eq(at_point(OP_abs, 0, 0).x, 0);
    cr_assert_eq(at_point(OP_max, 2, 2).x, 0.5);
    cr_assert_eq(at_point(OP_max, 2, 2).y, 0.5);
    cr_assert_eq(at_point(OP_max, 3, 2).x, 1);
    cr_assert_eq(at_point(OP_max, 3, 2).y, 0);
    cr_assert_eq(at_point(OP_min, 2, 2).x, 0.5);
    cr_assert_eq(at_point(OP_min, 2, 2).y, 0.5);
    cr_assert_eq(at_point(OP_min, 3, 2).x, 0);
    cr_assert_eq(at_point(OP_min, 3, 2).y, 1);
}

/* Where a power has a slope, its gradient is that number and not 0 times an infinity. */
Test(rules, powers_of_zero)
{
    cr_assert_eq(at_point(OP_pow, 0, 2).x, 0);
    cr_assert_eq(at_point(OP_pow, 0, 1).x, 1);
    cr_assert_eq(at_point(OP_pow, 0, 0).x, 0);
    cr_assert_eq(at_point(OP_pow, 0, 2).y, 0);
    cr_assert_eq(at_point(OP_pow, -3, 2).x, -6);
}
