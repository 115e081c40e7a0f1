/* Recurrences: the interpreter against loops, and back-propagation through time against finite
 * differences. */
#include "gradients.h"

#define begin                                                                                \
    Arena *arena = new_arena();                                                              \
    Graph *g = new_graph(arena, "test")

enum { T = 4 };

/* h[t] = a[t] * h[t-1] + x[t], from 0.5. */
static Tensor *linear(Graph *g, Tensor *a, Tensor *x, int offset)
{
    Tensor *h = equation(g, "h", 1, REDUCE_NONE, 1, T);
    Expr *before = AT_OR(h, NUMBER(0.5), PLUS(I(0), C(offset)));
    h->body = ADD(MUL(AT(a, I(0)), before), AT(x, I(0)));
    return h;
}

Test(recurrence, is_evaluated_step_by_step)
{
    begin;
    Tensor *a = given(g, PARAM, "a", 1, T), *x = given(g, PARAM, "x", 1, T);
    Tensor *up = linear(g, a, x, -1), *down = linear(g, a, x, 1);
    loss_of(g, up);
    sort_graph(g);
    verify_graph(g);
    cr_assert(up->group && !up->backward && down->group && down->backward);
    cr_assert(up->group != down->group);
    Run r = new_run(g, arena);
    fill_given(&r, -1, 1);
    interpret(&r);
    double h = 0.5;
    for (int t = 0; t < T; t++) {
        h = r.value[a->id][t] * h + r.value[x->id][t];
        cr_assert_eq(h, r.value[up->id][t]);
    }
    h = 0.5;
    for (int t = T; t-- > 0;) {
        h = r.value[a->id][t] * h + r.value[x->id][t];
        cr_assert_eq(h, r.value[down->id][t]);
    }
}

static void linear_gradients(int offset)
{
    begin;
    Tensor *a = given(g, PARAM, "a", 1, T), *x = given(g, PARAM, "x", 1, T);
    loss_of(g, linear(g, a, x, offset));
    sort_graph(g);
    want(g, a);
    want(g, x);
    expect_gradients(g, -1, 1);
}

Test(recurrence, up) { linear_gradients(-1); }
Test(recurrence, down) { linear_gradients(1); }
Test(recurrence, two_steps_away) { linear_gradients(-2); }

/* z[t, j] = sum(i) W[j, i] x[t, i] + sum(k) V[j, k] h[t-1, k]; c[t] = sigmoid(z) c[t-1] + z;
 * h = tanh(c): a group of four, with two things carried over. */
Test(recurrence, a_group)
{
    begin;
    Tensor *x = given(g, INPUT, "x", 2, T, 2), *w = given(g, PARAM, "W", 2, 3, 2);
    Tensor *v = given(g, PARAM, "V", 2, 3, 3), *c0 = given(g, PARAM, "c0", 1, 3);
    Tensor *h = equation(g, "h", 2, REDUCE_NONE, 2, T, 3);
    Tensor *wx = equation(g, "wx", 2, REDUCE_SUM, 3, T, 3, 2);
    wx->body = MUL(AT(w, I(1), I(2)), AT(x, I(0), I(2)));
    Tensor *vh = equation(g, "vh", 2, REDUCE_SUM, 3, T, 3, 3);
    vh->body = MUL(AT(v, I(1), I(2)), AT_OR(h, NUMBER(0), PLUS(I(0), C(-1)), I(2)));
    Tensor *z = equation(g, "z", 2, REDUCE_NONE, 2, T, 3);
    z->body = ADD(AT(wx, I(0), I(1)), AT(vh, I(0), I(1)));
    Tensor *c = equation(g, "c", 2, REDUCE_NONE, 2, T, 3);
    Expr *gate = OP1(sigmoid, AT(z, I(0), I(1)));
    Expr *before = AT_OR(c, AT(c0, I(1)), PLUS(I(0), C(-1)), I(1));
    c->body = ADD(MUL(gate, before), AT(z, I(0), I(1)));
    h->body = OP1(tanh, AT(c, I(0), I(1)));
    loss_of(g, h);
    want(g, x);
    want(g, w);
    want(g, v);
    want(g, c0);
    sort_graph(g);
    cr_assert(h->group && h->group == vh->group && h->group == c->group);
    cr_assert_eq(wx->group, 0, "the product with x is not in the cycle");
    expect_gradients(g, -1, 1);
}

/* One recurrence reads another, and both are read outside. */
Test(recurrence, in_a_row)
{
    begin;
    Tensor *a = given(g, PARAM, "a", 1, T), *x = given(g, PARAM, "x", 1, T);
    Tensor *h = linear(g, a, linear(g, a, x, -1), 1);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, T);
    y->body = MUL(AT(h, I(0)), AT(x, I(0)));
    loss_of(g, y);
    sort_graph(g);
    want(g, a);
    want(g, x);
    expect_gradients(g, -1, 1);
}

static const char *fault_of(Graph *g)
{
    Cycle c;
    return order_graph(g, &c) ? NULL : c.why;
}

Test(recurrence, cycles_that_do_not_step)
{
    begin;
    Tensor *h = equation(g, "h", 1, REDUCE_NONE, 1, T);
    h->body = AT(h, I(0));
    cr_assert(fault_of(g), "reads itself at the same place");
    h->body = ADD(AT_OR(h, NUMBER(0), PLUS(I(0), C(-1))), AT_OR(h, NUMBER(0), PLUS(I(0), C(1))));
    cr_assert(fault_of(g), "steps both ways");
    h->body = AT_OR(h, NUMBER(0), TIMES(I(0), 2));
    cr_assert(fault_of(g), "is no constant step away");
    h->body = AT_OR(h, NUMBER(0), PLUS(I(0), C(-1)));
    cr_assert(!fault_of(g));
}
