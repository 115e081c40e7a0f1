/* The one rule of derivation: reads turned around, for every shape of read. */
#include "gradients.h"

/* Every test starts with `begin;`: an arena and an empty graph g. */
#define begin                                                                              \
    Arena *arena = new_arena();                                                            \
    Graph *g = new_graph(arena, "test")

static Expr *position_of(Graph *g, const Sub *s) { return number_of(g, s); }

/* z[a, b] = B[b] + s[a, b], s[a, b] = sum(c) W[b, c] * x[a, c]; y = tanh(z) */
Test(reads, dense_layer)
{
    begin;
    Tensor *x = given(g, INPUT, "x", 2, 4, 3), *w = given(g, PARAM, "W", 2, 5, 3);
    Tensor *b = given(g, PARAM, "B", 1, 5);
    Tensor *s = equation(g, "s", 2, REDUCE_SUM, 3, 4, 5, 3);
    s->body = MUL(AT(w, I(1), I(2)), AT(x, I(0), I(2)));
    Tensor *z = equation(g, "z", 2, REDUCE_NONE, 2, 4, 5);
    z->body = OP1(tanh, ADD(AT(b, I(1)), AT(s, I(0), I(1))));
    loss_of(g, z);
    want(g, x);
    want(g, w);
    want(g, b);
    expect_gradients(g, -1, 1);
}

/* y[a, b] = x[a] * x[b], and x once more as a whole */
Test(reads, repeated)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 5);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 5, 5);
    y->body = ADD(MUL(AT(x, I(0)), AT(x, I(1))), OP1(exp, AT(x, I(0))));
    loss_of(g, y);
    want(g, x);
    expect_gradients(g, -1, 1);
}

/* The diagonal y[a] = A[a, a], the trace-like sum(a, b) A[b, a] * A[a, b], a constant place
 */
Test(reads, diagonal_and_constant)
{
    begin;
    Tensor *m = given(g, PARAM, "A", 2, 4, 4);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    y->body = MUL(AT(m, I(0), I(0)), AT(m, C(2), C(1)));
    Tensor *z = equation(g, "z", 1, REDUCE_SUM, 3, 4, 4, 4);
    z->body = MUL(MUL(AT(m, I(2), I(1)), AT(m, I(1), I(2))), AT(y, I(0)));
    loss_of(g, z);
    want(g, m);
    expect_gradients(g, -1, 1);
}

/* A tensor that nobody reads, one that only a stop reads, and one the loss does not need.
 */
Test(reads, nothing_flows)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 4), *u = given(g, PARAM, "u", 1, 4);
    Tensor *v = given(g, PARAM, "v", 1, 4);
    Tensor *aside = equation(g, "aside", 1, REDUCE_NONE, 1, 4);
    aside->body = AT(u, I(0));
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    y->body = MUL(AT(x, I(0)), OP1(stop, OP1(exp, AT(v, I(0)))));
    loss_of(g, y);
    want(g, x);
    Tensor *du = want(g, u), *dv = want(g, v);
    Run r = derive_and_run(g, -1, 1);
    int kinks = 0;
    cr_assert(worst_gradient(&r, &kinks) < 1e-7);
    cr_assert_eq(magnitude(&r, du), 0);
    cr_assert_eq(magnitude(&r, dv), 0);
}

/* y[k, p, q] = sum(c, r, s) w[k, c, r, s] * x[c, p*stride + r*dilation - pad, q*... | 0] */
static void convolution(int stride, int dilation, int pad)
{
    begin;
    enum { N = 7, K = 2, CH = 3, R = 3 };
    int out = (N + 2 * pad - dilation * (R - 1) - 1) / stride + 1;
    Tensor *x = given(g, INPUT, "x", 3, CH, N, N),
           *w = given(g, PARAM, "w", 4, K, CH, R, R);
    Tensor *y = equation(g, "y", 3, REDUCE_SUM, 6, K, out, out, CH, R, R);
    const Sub *at[2];
    for (int i = 0; i < 2; i++)
        at[i] = PLUS(PLUS(TIMES(I(1 + i), stride), TIMES(I(4 + i), dilation)), C(-pad));
    y->body = MUL(AT(w, I(0), I(3), I(4), I(5)), AT_OR(x, NUMBER(0), I(3), at[0], at[1]));
    loss_of(g, y);
    want(g, x);
    want(g, w);
    expect_gradients(g, -1, 1);
    free_arena(arena);
}

Test(reads, convolution) { convolution(1, 1, 0); }
Test(reads, convolution_padded) { convolution(1, 1, 1); }
Test(reads, convolution_strided) { convolution(2, 1, 1); }
Test(reads, convolution_dilated) { convolution(1, 2, 2); }
Test(reads, convolution_strided_and_dilated) { convolution(3, 2, 2); }

/* The terms that the adjoint of t takes, all elements together; its gradient is right. */
static int64_t terms_of(Graph *g, Tensor *y, Tensor *t)
{
    Tensor *dt = want(g, t);
    loss_of(g, y);
    expect_gradients(g, -1, 1);
    /* what t's only reader gives is dt itself */
    return count_of(dt->idx, dt->nidx);
}

/* y[k] = x[k/(K/G)*(C/G) + c] as in grouped convolution: a quotient inside an affine form
 */
Test(reads, groups)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 6), *w = given(g, PARAM, "w", 2, 4, 3);
    Tensor *y = equation(g, "y", 1, REDUCE_SUM, 2, 4, 3);
    const Sub *at = PLUS(TIMES(sub_div(g, I(0), 2, y->idx), 3), I(1));
    y->body = MUL(AT(w, I(0), I(1)), AT(x, at));
    want(g, w);
    cr_assert_eq(terms_of(g, y, x), 12, "each of 6 is read by 2");
}

/* y[a] = x[a/6, a/2 % 3, a % 2], and back: z[a, b, c] = y[6*a + 2*b + c] */
Test(reads, reshape)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 3, 4, 3, 2);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 24);
    y->body =
        AT(x, sub_div(g, I(0), 6, y->idx),
           sub_mod(g, sub_div(g, I(0), 2, y->idx), 3, y->idx), sub_mod(g, I(0), 2, y->idx));
    Tensor *z = equation(g, "z", 3, REDUCE_NONE, 3, 4, 3, 2);
    z->body = MUL(AT(y, PLUS(PLUS(TIMES(I(0), 6), TIMES(I(1), 2)), I(2))),
                  AT(y, PLUS(PLUS(TIMES(I(0), 6), TIMES(I(1), 2)), I(2))));
    loss_of(g, z);
    Tensor *dx = want(g, x);
    Run r = derive_and_run(g, -1, 1);
    int kinks = 0;
    cr_assert(worst_gradient(&r, &kinks) < 1e-7);
    cr_assert_eq(dx->reduce, REDUCE_NONE, "a reshape turned around is a reshape");
}

/* Only one digit is read: the rest is summed over. y[a] = u[a/5] + v[a % 5] */
Test(reads, single_digits)
{
    begin;
    Tensor *u = given(g, PARAM, "u", 1, 4), *v = given(g, PARAM, "v", 1, 5);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 18);
    y->body = ADD(AT(u, sub_div(g, I(0), 5, y->idx)), AT(v, sub_mod(g, I(0), 5, y->idx)));
    loss_of(g, y);
    want(g, u);
    want(g, v);
    expect_gradients(g, -1, 1);
}

/* Every place three times: y[a] = x[a/3]. Only those three are added. */
Test(reads, repeated_places)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 5);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 15);
    y->body = AT(x, sub_div(g, I(0), 3, y->idx));
    cr_assert_eq(terms_of(g, y, x), 15);
}

/* Round and round: y[a] = x[(a - 2) % 5], a < 9, is three rounds, none of them whole. */
Test(reads, rounds)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 5);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 9);
    y->body = AT(x, sub_mod(g, PLUS(I(0), C(-2)), 5, y->idx));
    cr_assert_eq(terms_of(g, y, x), 15);
}

/* Digits of a sum: y[a] = x[(a + 1)/4, (a + 1) % 4] */
Test(reads, digits_of_a_sum)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 3, 4);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 10);
    const Sub *at = PLUS(I(0), C(1));
    y->body = AT(x, sub_div(g, at, 4, y->idx), sub_mod(g, at, 4, y->idx));
    cr_assert_eq(terms_of(g, y, x), 12);
}

/* A digit between those that are read: y[a] = x[a/6, a % 2], a < 24 */
Test(reads, digit_left_out)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 4, 2);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 24);
    y->body = AT(x, sub_div(g, I(0), 6, y->idx), sub_mod(g, I(0), 2, y->idx));
    cr_assert_eq(terms_of(g, y, x), 24);
}

/* Four channels become one of twice the size: y[c, p, q] = x[4*c + 2*(p % 2) + q % 2, p/2,
 * q/2], which is a permutation, and so is its inverse. */
Test(reads, permutation)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 3, 8, 3, 2);
    Tensor *y = equation(g, "y", 3, REDUCE_NONE, 3, 2, 6, 4);
    const Sub *p = sub_mod(g, I(1), 2, y->idx), *q = sub_mod(g, I(2), 2, y->idx);
    y->body = AT(x, PLUS(TIMES(I(0), 4), PLUS(TIMES(p, 2), q)), sub_div(g, I(1), 2, y->idx),
                 sub_div(g, I(2), 2, y->idx));
    cr_assert_eq(terms_of(g, y, x), 48);
}

/* z[k, h, w] = y[k/4, 2*h + k/2 % 2, 2*w + k % 2] */
Test(reads, permutation_back)
{
    begin;
    Tensor *y = given(g, PARAM, "y", 3, 2, 6, 4);
    Tensor *z = equation(g, "z", 3, REDUCE_NONE, 3, 8, 3, 2);
    const Sub *p = sub_mod(g, sub_div(g, I(0), 2, z->idx), 2, z->idx);
    z->body = AT(y, sub_div(g, I(0), 4, z->idx), PLUS(TIMES(I(1), 2), p),
                 PLUS(TIMES(I(2), 2), sub_mod(g, I(0), 2, z->idx)));
    cr_assert_eq(terms_of(g, z, y), 48);
}

/* Windows side by side, y[a] = sum(b) x[3*a + b - 1 | 0], and with gaps between: two of
 * three places are read. */
static void windows(int size)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 12);
    Tensor *y = equation(g, "y", 1, REDUCE_SUM, 2, 5, size);
    y->body = AT_OR(x, NUMBER(0), PLUS(PLUS(TIMES(I(0), 3), I(1)), C(-1)));
    cr_assert_eq(terms_of(g, y, x), 12);
    free_arena(arena);
}

Test(reads, windows_side_by_side) { windows(3); }
Test(reads, windows_apart) { windows(2); }

/* A common factor: y[a] = sum(b) x[2*a + 4*b + 1 | 0] */
Test(reads, common_factor)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 11);
    Tensor *y = equation(g, "y", 1, REDUCE_SUM, 2, 3, 3);
    y->body = AT_OR(x, NUMBER(0), PLUS(PLUS(TIMES(I(0), 2), TIMES(I(1), 4)), C(1)));
    cr_assert_eq(terms_of(g, y, x), 22, "two windows of each remainder");
}

/* What keeps a solved index in its range is about an index that is solved later: y[a] =
 * sum(b) x[a + 2*b, b + 1] */
Test(reads, one_after_the_other)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 8, 4);
    Tensor *y = equation(g, "y", 1, REDUCE_SUM, 2, 4, 3);
    y->body = AT(x, PLUS(I(0), TIMES(I(1), 2)), PLUS(I(1), C(1)));
    cr_assert_eq(terms_of(g, y, x), 32);
}

/* The extent does not fill the digits: y[a] = x[a/5, a % 5], a < 13, of x[3, 5] */
Test(reads, ragged_reshape)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 3, 5);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 13);
    y->body = AT(x, sub_div(g, I(0), 5, y->idx), sub_mod(g, I(0), 5, y->idx));
    loss_of(g, y);
    want(g, x);
    expect_gradients(g, -1, 1);
}

/* y[a, b] = x[b - a + 3] with a mirrored: coefficient -1, and x[9 - 2*a - b | y0] */
Test(reads, negative_coefficients)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 8), *o = given(g, PARAM, "o", 1, 5);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 4, 5);
    y->body = MUL(AT(x, PLUS(PLUS(I(1), TIMES(I(0), -1)), C(3))),
                  AT_OR(x, OP1(exp, AT(o, I(1))),
                        PLUS(C(6), PLUS(TIMES(I(0), -2), TIMES(I(1), -1)))));
    loss_of(g, y);
    want(g, x);
    want(g, o);
    expect_gradients(g, -1, 1);
}

/* y[a, b] = E[t[a], b] with rows read twice and a row never read */
Test(reads, embedding)
{
    begin;
    Tensor *t = integers(given(g, INPUT, "t", 1, 6), 5), *e = given(g, PARAM, "E", 2, 6, 3);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 6, 3);
    y->body = AT(e, sub_data(g, AT(t, I(0))), I(1));
    loss_of(g, y);
    want(g, e);
    expect_gradients(g, -1, 1);
}

/* loss = -sum(a) log_p[a, label[a]]: data picks the place along a row */
Test(reads, picked_by_label)
{
    begin;
    Tensor *t = integers(given(g, INPUT, "t", 1, 6), 4), *z = given(g, PARAM, "z", 2, 6, 4);
    Tensor *e = equation(g, "e", 1, REDUCE_SUM, 2, 6, 4);
    e->body = OP1(exp, AT(z, I(0), I(1)));
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 6);
    y->body = OP2(sub, OP1(log, AT(e, I(0))), AT(z, I(0), sub_data(g, AT(t, I(0)))));
    loss_of(g, y);
    want(g, z);
    expect_gradients(g, -2, 2);
}

/* m[c] = mean over batch and a of x; v likewise of the squares; y normalised. */
Test(reads, batch_reduction)
{
    begin;
    g->batch = 5;
    Tensor *x = given(g, INPUT, "x", 3, 5, 3, 2);
    Tensor *m = equation(g, "m", 1, REDUCE_SUM, 3, 2, 5, 3);
    Tensor *v = equation(g, "v", 1, REDUCE_SUM, 3, 2, 5, 3);
    Tensor *y = equation(g, "y", 3, REDUCE_NONE, 3, 5, 3, 2);
    x->idx[0].batch = m->idx[1].batch = v->idx[1].batch = y->idx[0].batch = true;
    Expr *count = MUL(scalar(g, SCALAR_n), NUMBER(3));
    m->body = OP2(div, AT(x, I(1), I(2), I(0)), count);
    Expr *centred = OP2(sub, AT(x, I(1), I(2), I(0)), AT(m, I(0)));
    v->body = OP2(div, OP1(square, centred), count);
    y->body = MUL(OP2(sub, read_same(g, x), AT(m, I(2))),
                  OP1(rsqrt, ADD(AT(v, I(2)), NUMBER(1e-5))));
    loss_of(g, y);
    want(g, x);
    verify_graph(g);
    derive(g);
    verify_graph(g);
    for (int n = 5; n >= 2; n -= 3) {
        Run r = new_run(g, arena);
        r.n = n;
        fill_given(&r, -1, 1);
        interpret(&r);
        int kinks = 0;
        cr_assert(worst_gradient(&r, &kinks) < 1e-7, "n = %d", n);
        cr_assert_eq(kinks, 0);
    }
}

/* y[a] = reduce(b) x[a, b] * w[b] */
static Graph *reduction(Arena *arena, Reduce reduce)
{
    Graph *g = new_graph(arena, "test");
    Tensor *x = given(g, PARAM, "x", 2, 4, 3), *w = given(g, PARAM, "w", 1, 3);
    Tensor *y = equation(g, "y", 1, reduce, 2, 4, 3);
    y->body = MUL(AT(x, I(0), I(1)), AT(w, I(1)));
    loss_of(g, y);
    want(g, x);
    want(g, w);
    return g;
}

Test(reads, maximum) { expect_gradients(reduction(new_arena(), REDUCE_MAX), -1, 1); }
Test(reads, minimum) { expect_gradients(reduction(new_arena(), REDUCE_MIN), -1, 1); }
Test(reads, product) { expect_gradients(reduction(new_arena(), REDUCE_PROD), -1, 1); }
Test(reads, sum) { expect_gradients(reduction(new_arena(), REDUCE_SUM), -1, 1); }

/* An argmax has slope 0. */
Test(reads, argmax) { expect_gradients(reduction(new_arena(), REDUCE_ARGMAX), -1, 1); }

/* A maximum over two indices: windows that overlap, y[a, b] = max(c, d) x[2*a + c, 2*b + d]
 */
Test(reads, maximum_of_windows)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 7, 7);
    Tensor *y = equation(g, "y", 2, REDUCE_MAX, 4, 3, 3, 3, 3);
    y->body = AT(x, PLUS(TIMES(I(0), 2), I(2)), PLUS(TIMES(I(1), 2), I(3)));
    loss_of(g, y);
    want(g, x);
    expect_gradients(g, -1, 1);
}

/* The first of equal maxima gets everything. */
Test(reads, ties)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 5);
    Tensor *y = equation(g, "y", 0, REDUCE_MAX, 1, 5);
    y->body = AT(x, I(0));
    root(g, ROOT_LOSS, y, NULL);
    Tensor *dx = want(g, x);
    derive(g);
    Run r = new_run(g, arena);
    const Real value[] = {1, 3, 2, 3, 3}, expected[] = {0, 1, 0, 0, 0};
    for (int i = 0; i < 5; i++)
        r.value[x->id][i] = value[i];
    interpret(&r);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(r.value[dx->id][i], expected[i]);
}

/* A product with one factor 0 has a gradient there; with two it has none anywhere. */
Test(reads, product_with_zeros)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 2, 3, 3);
    Tensor *y = equation(g, "y", 1, REDUCE_PROD, 2, 3, 3);
    y->body = AT(x, I(0), I(1));
    Tensor *loss = equation(g, "loss", 0, REDUCE_SUM, 1, 3);
    loss->body = AT(y, I(0));
    root(g, ROOT_LOSS, loss, NULL);
    Tensor *dx = want(g, x);
    derive(g);
    Run r = new_run(g, arena);
    const Real value[] = {2, 3, 4, 2, 0, 4, 0, 3, 0};
    const Real expected[] = {12, 8, 6, 0, 8, 0, 0, 0, 0};
    for (int i = 0; i < 9; i++)
        r.value[x->id][i] = value[i];
    interpret(&r);
    for (int i = 0; i < 9; i++)
        cr_assert_eq(r.value[dx->id][i], expected[i]);
}

/* A product over two indices at once */
Test(reads, product_over_two)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 3, 2, 2, 3), *w = given(g, PARAM, "w", 1, 3);
    Tensor *y = equation(g, "y", 1, REDUCE_PROD, 3, 2, 2, 3);
    y->body = ADD(AT(x, I(0), I(1), I(2)), AT(w, I(2)));
    loss_of(g, y);
    want(g, x);
    want(g, w);
    expect_gradients(g, -1, 1);
}

/* y[a] = if x[a] > 0 then log(x[a]) * w[a] else w[a]: the logarithm's slope is infinite or
 * no number where x is not positive, and must not get out. */
Test(reads, branch_not_taken)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 6), *w = given(g, PARAM, "w", 1, 6);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 6);
    Expr *positive = OP2(lt, NUMBER(0), AT(x, I(0)));
    y->body = IF(positive, MUL(OP1(log, AT(x, I(0))), AT(w, I(0))),
                 MUL(OP1(square, AT(x, I(0))), AT(w, I(0))));
    loss_of(g, y);
    Tensor *dx = want(g, x), *dw = want(g, w);
    derive(g);
    Run r = new_run(g, arena);
    for (int i = 0; i < 6; i++) {
        r.value[x->id][i] = i % 2 ? 0.5 + i : i == 2 ? 0 : -1 - i;
        r.value[w->id][i] = 1 + i;
    }
    interpret(&r);
    cr_assert_eq(r.value[dx->id][2], 0);
    cr_assert_eq(r.value[dw->id][2], 0);
    int kinks = 0;
    cr_assert(worst_gradient(&r, &kinks) < 1e-7);
    cr_assert_eq(kinks, 1, "at 0");
}

/* s[t, u] = if u > t then -inf else q[t] * k[u], then a softmax along u */
Test(reads, causal_mask)
{
    begin;
    enum { T = 5 };
    Tensor *q = given(g, PARAM, "q", 1, T), *k = given(g, PARAM, "k", 1, T);
    Tensor *s = equation(g, "s", 2, REDUCE_NONE, 2, T, T);
    Expr *later = OP2(lt, position_of(g, I(0)), position_of(g, I(1)));
    s->body = IF(later, NUMBER(-INFINITY), MUL(AT(q, I(0)), AT(k, I(1))));
    Tensor *m = equation(g, "m", 1, REDUCE_MAX, 2, T, T);
    m->body = AT(s, I(0), I(1));
    Tensor *e = equation(g, "e", 2, REDUCE_NONE, 2, T, T);
    e->body = OP1(exp, OP2(sub, AT(s, I(0), I(1)), OP1(stop, AT(m, I(0)))));
    Tensor *sum = equation(g, "sum", 1, REDUCE_SUM, 2, T, T);
    sum->body = AT(e, I(0), I(1));
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, T, T);
    y->body = OP2(div, AT(e, I(0), I(1)), AT(sum, I(0)));
    loss_of(g, y);
    want(g, q);
    want(g, k);
    expect_gradients(g, -2, 2);
}

/* A read under a guard that keeps it inside: y[a] = if a > 0 then x[a-1] * x[a] else x[0]
 */
Test(reads, guarded)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 6);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 6);
    y->body = IF(OP2(lt, NUMBER(0), position_of(g, I(0))),
                 MUL(AT(x, PLUS(I(0), C(-1))), AT(x, I(0))), AT(x, C(0)));
    loss_of(g, y);
    want(g, x);
    expect_gradients(g, -1, 1);
}

/* One subexpression arrives from branches under different guards, and from outside of them.
 */
Test(reads, shared_under_guards)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 8), *y = given(g, PARAM, "y", 1, 8);
    Tensor *t = equation(g, "t", 1, REDUCE_NONE, 1, 8);
    Expr *shared = OP1(exp, MUL(AT(x, I(0)), AT(y, I(0))));
    Expr *one = OP2(lt, AT(x, I(0)), NUMBER(0.1)),
         *two = OP2(lt, AT(y, I(0)), NUMBER(-0.1));
    t->body = ADD(IF(one, OP1(square, shared), AT(y, I(0))),
                  IF(two, IF(one, shared, OP1(log, shared)), MUL(shared, NUMBER(3))));
    loss_of(g, t);
    want(g, x);
    want(g, y);
    expect_gradients(g, -1, 1);
}

/* A hundred doublings of one expression: everything that walks it must see each node once.
 */
Test(reads, shared_deeply, .timeout = 10)
{
    begin;
    Tensor *x = given(g, PARAM, "x", 1, 3), *y = given(g, INPUT, "y", 1, 3);
    Tensor *t = equation(g, "t", 1, REDUCE_NONE, 1, 3);
    Expr *e = AT(x, I(0)), *unwanted = AT(y, I(0));
    for (int i = 0; i < 100; i++) {
        e = MUL(NUMBER(0.5), ADD(e, OP1(sin, e)));
        unwanted = MUL(NUMBER(0.5), ADD(unwanted, OP1(sin, unwanted)));
    }
    t->body = MUL(e, unwanted);
    loss_of(g, t);
    want(g, x);
    expect_gradients(g, -1, 1);
}
