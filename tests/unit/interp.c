/* The interpreter against loops written out, and its random numbers against published ones.
 */
#include "interp.h"
#include "graphs.h"
#include "random.h"

#include <criterion/criterion.h>
#include <math.h>

static double noise(int i) { return sin(12.9898 * (i + 1)) * 1.7; }

static void fill(Run *r, const Tensor *t, int seed)
{
    for (int i = 0; i < count_of(t->idx, t->rank); i++)
        r->value[t->id][i] = noise(i + 100 * seed);
}

/* Random123 1.14, kat_vectors: philox4x32 10 rounds. */
Test(random, known_answers)
{
    static const struct {
        uint32_t counter[4];
        uint64_t key;
        uint32_t out[4];
    } known[] = {
        {{0, 0, 0, 0}, 0, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         0xffffffffffffffff,
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         0x299f31d0a4093822,
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (int k = 0; k < 3; k++) {
        Philox p = philox(known[k].key, known[k].counter);
        for (int i = 0; i < 4; i++)
            cr_assert_eq(p.word[i], known[k].out[i], "vector %d word %d: %08x", k, i,
                         p.word[i]);
    }
}

/* The counter of the language: element, site, step; the key is the seed. */
Test(random, draws)
{
    uint64_t seed = 0x299f31d0a4093822, step = 0x03707344;
    int64_t element = (int64_t)0x85a308d3243f6a88;
    Real u = uniform_at(seed, step, 0x13198a2e, element);
    cr_assert_eq(u, (double)(0xd16cfe09u >> 8) / (1 << 24));
    double radius = sqrt(-2 * log((double)((0xd16cfe09u >> 8) + 1) / (1 << 24)));
    double angle = 2 * M_PI * (double)(0x94fdccebu >> 8) / (1 << 24);
    cr_assert_float_eq(normal_at(seed, step, 0x13198a2e, element), radius * cos(angle),
                       1e-15);
}

Test(random, moments)
{
    enum { N = 20000 };
    double mean = 0, second = 0, fourth = 0;
    for (int i = 0; i < N; i++) {
        double x = normal_at(7, 1, 0, i);
        mean += x / N;
        second += x * x / N;
        fourth += x * x * x * x / N;
    }
    cr_assert(fabs(mean) < 0.03 && fabs(second - 1) < 0.05 && fabs(fourth - 3) < 0.3);
}

/* y[a, b] = sum(c) W[b, c] * x[a, c] */
Test(interp, contraction)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 2, 4, 3), *w = given(g, PARAM, "W", 2, 5, 3);
    Tensor *y = equation(g, "y", 2, REDUCE_SUM, 3, 4, 5, 3);
    y->body = MUL(AT(w, I(1), I(2)), AT(x, I(0), I(2)));
    verify_graph(g);
    Run r = new_run(g, a);
    fill(&r, x, 1);
    fill(&r, w, 2);
    interpret(&r);
    for (int i = 0; i < 4; i++)
        for (int o = 0; o < 5; o++) {
            double sum = 0;
            for (int k = 0; k < 3; k++)
                sum += r.value[w->id][o * 3 + k] * r.value[x->id][i * 3 + k];
            cr_assert_eq(r.value[y->id][i * 5 + o], sum);
        }
}

/* Loops over the batch end at n, what lies beyond stays; a mean divides by n. */
Test(interp, part_of_a_batch)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    g->batch = 4;
    Tensor *x = given(g, INPUT, "x", 2, 4, 3);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 4, 3);
    Tensor *mean = equation(g, "mean", 1, REDUCE_SUM, 2, 3, 4);
    x->idx[0].batch = y->idx[0].batch = mean->idx[1].batch = true;
    y->body = MUL(read_same(g, x), NUMBER(2));
    mean->body = OP2(div, AT(y, I(1), I(0)), scalar(g, SCALAR_n));
    verify_graph(g);
    Run r = new_run(g, a);
    r.n = 3;
    fill(&r, x, 1);
    interpret(&r);
    const Real *X = r.value[x->id];
    for (int k = 0; k < 3; k++) {
        cr_assert_eq(r.value[y->id][3 * 3 + k], 0);
        cr_assert_float_eq(r.value[mean->id][k], 2 * (X[k] + X[3 + k] + X[6 + k]) / 3,
                           1e-15);
    }
}

static Real reduced(Reduce reduce, const Real *data, int n)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 1, n), *y = equation(g, "y", 0, reduce, 1, n);
    y->body = AT(x, I(0));
    Run r = new_run(g, a);
    for (int i = 0; i < n; i++)
        r.value[x->id][i] = data[i];
    interpret(&r);
    Real result = r.value[y->id][0];
    free_arena(a);
    return result;
}

Test(interp, reductions)
{
    const Real x[] = {2, -3, 5, 5, -3};
    cr_assert_eq(reduced(REDUCE_SUM, x, 5), 6);
    cr_assert_eq(reduced(REDUCE_PROD, x, 5), 450);
    cr_assert_eq(reduced(REDUCE_MAX, x, 5), 5);
    cr_assert_eq(reduced(REDUCE_MIN, x, 5), -3);
    cr_assert_eq(reduced(REDUCE_ARGMAX, x, 5), 2, "the first of two equal");
    cr_assert_eq(reduced(REDUCE_ARGMIN, x, 5), 1);
    const Real odd[] = {1, (Real)NAN, 3};
    cr_assert(isnan((double)reduced(REDUCE_MAX, odd, 3)));
    const Real low[] = {-(Real)INFINITY, -(Real)INFINITY};
    cr_assert_eq(reduced(REDUCE_ARGMAX, low, 2), 0);
}

/* y[a, b] = x[2*a + b - 1 | -7], and z[a] = x[(a + 5) / 3 * 2] + x[(a + 5) % 3] */
Test(interp, subscripts)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 1, 9);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 5, 3);
    y->body = AT_OR(x, NUMBER(-7), PLUS(PLUS(TIMES(I(0), 2), I(1)), C(-1)));
    Tensor *z = equation(g, "z", 1, REDUCE_NONE, 1, 7);
    const Sub *shifted = PLUS(I(0), C(5));
    z->body = ADD(AT(x, TIMES(sub_div(g, shifted, 3, z->idx), 2)),
                  AT(x, sub_mod(g, shifted, 3, z->idx)));
    verify_graph(g);
    Run r = new_run(g, a);
    fill(&r, x, 1);
    interpret(&r);
    const Real *X = r.value[x->id];
    for (int i = 0; i < 5; i++)
        for (int k = 0; k < 3; k++) {
            int at = 2 * i + k - 1;
            cr_assert_eq(r.value[y->id][3 * i + k], at < 0 || at > 8 ? -7 : X[at]);
        }
    for (int i = 0; i < 7; i++)
        cr_assert_eq(r.value[z->id][i], X[(i + 5) / 3 * 2] + X[(i + 5) % 3]);
}

/* y[a, b] = E[t[a], b], where t repeats */
Test(interp, data_subscripts)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *t = integers(given(g, INPUT, "t", 1, 4), 3), *e = given(g, PARAM, "E", 2, 3, 2);
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 4, 2);
    y->body = AT(e, sub_data(g, AT(t, I(0))), I(1));
    verify_graph(g);
    Run r = new_run(g, a);
    fill(&r, e, 1);
    const int token[] = {2, 0, 2, 1};
    for (int i = 0; i < 4; i++)
        r.value[t->id][i] = token[i];
    interpret(&r);
    for (int i = 0; i < 8; i++)
        cr_assert_eq(r.value[y->id][i], r.value[e->id][2 * token[i / 2] + i % 2]);
}

/* y[a] = if a > 0 then x[a - 1] else 5: nothing is read at -1. */
Test(interp, branch_not_taken)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 1, 4);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    Expr *guard = OP2(lt, NUMBER(0), number_of(g, I(0)));
    y->body = IF(guard, AT(x, PLUS(I(0), C(-1))), NUMBER(5));
    Run r = new_run(g, a);
    fill(&r, x, 1);
    interpret(&r);
    cr_assert_eq(r.value[y->id][0], 5);
    for (int i = 1; i < 4; i++)
        cr_assert_eq(r.value[y->id][i], r.value[x->id][i - 1]);
}

Test(interp, unguarded_read, .exit_code = 70)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 1, 4);
    equation(g, "y", 1, REDUCE_NONE, 1, 4)->body = AT(x, PLUS(I(0), C(1)));
    Run r = new_run(g, a);
    interpret(&r);
}

/* Updates see the values before any of them; draws depend on step, site and element. */
Test(interp, init_and_updates)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    g->seed = 11;
    Tensor *p = given(g, PARAM, "p", 1, 3), *s = given(g, STATE, "s", 1, 3);
    Tensor *p0 = equation(g, "p0", 1, REDUCE_NONE, 1, 3);
    Tensor *s0 = equation(g, "s0", 1, REDUCE_NONE, 1, 3);
    Tensor *p1 = equation(g, "p1", 1, REDUCE_NONE, 1, 3);
    Tensor *s1 = equation(g, "s1", 1, REDUCE_NONE, 1, 3);
    p0->body = random_number(g, OP_normal, 4, I(0));
    s0->body = MUL(AT(p, I(0)), NUMBER(3));
    p1->body = ADD(AT(s, I(0)), random_number(g, OP_uniform, 5, I(0)));
    s1->body = ADD(AT(p, I(0)), scalar(g, SCALAR_step));
    root(g, ROOT_INIT, p0, p);
    root(g, ROOT_INIT, s0, s);
    root(g, ROOT_UPDATE, p1, p);
    root(g, ROOT_UPDATE, s1, s);
    verify_graph(g);
    Run r = new_run(g, a);
    run_init(&r);
    Real first[3];
    for (int i = 0; i < 3; i++) {
        first[i] = r.value[p->id][i];
        cr_assert_eq(first[i], normal_at(11, 0, 4, i));
        cr_assert_eq(r.value[s->id][i], 3 * first[i]);
    }
    interpret(&r);
    apply_updates(&r);
    cr_assert_eq(r.step, 2);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(r.value[p->id][i], 3 * first[i] + uniform_at(11, 1, 5, i));
        cr_assert_eq(r.value[s->id][i], first[i] + 1);
    }
}

/* A stop holds what it gave when recorded, whatever its operand is now. */
Test(interp, stop_replays)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Tensor *x = given(g, INPUT, "x", 1, 3), *y = equation(g, "y", 1, REDUCE_NONE, 1, 3);
    y->body = ADD(AT(x, I(0)), OP1(stop, AT(x, I(0))));
    Run r = new_run(g, a);
    fill(&r, x, 1);
    r.stop = STOP_RECORD;
    interpret(&r);
    Real was = r.value[x->id][1];
    r.value[x->id][1] = 10;
    r.stop = STOP_REPLAY;
    interpret(&r);
    cr_assert_eq(r.value[y->id][1], 10 + was);
    r.stop = STOP_LIVE;
    interpret(&r);
    cr_assert_eq(r.value[y->id][1], 20);
}
