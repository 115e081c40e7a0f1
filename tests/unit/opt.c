/* Simplified equations say what the originals said: random graphs, their gradients, and both
 * versions through the interpreter. And some forms that a textbook gives. */
#include "diff.h"
#include "interp.h"
#include "opt.h"
#include "str.h"

#include <criterion/criterion.h>
#include <math.h>

/* ---- Small sizes: every range has an extent of its own ---- */

enum { BATCH = 5, RANGES = 3 };
static const Index range[RANGES] = {
    {"batch", BATCH, true}, {"i", 3, false}, {"j", 4, false}};

typedef struct Maker {
    Graph *g;
    unsigned random;
    Tensor *t;         /* under construction */
    int of[RANGES];    /* t's index that runs over this range, or -1 */
} Maker;

static unsigned draw(Maker *m, unsigned below)
{
    m->random = m->random * 1664525u + 1013904223u;
    return (m->random >> 8) % below;
}

static void add_index(Maker *m, int r)
{
    m->of[r] = m->t->nidx;
    m->t->idx[m->t->nidx++] = range[r];
}

/* A tensor over those ranges whose bit is set. */
static Tensor *tensor(Maker *m, Role role, const char *name, unsigned ranges)
{
    m->t = new_tensor(m->g, role, name, (Span){0});
    for (int r = 0; r < RANGES; r++) {
        m->of[r] = -1;
        if (ranges & 1u << r)
            add_index(m, r);
    }
    m->t->rank = m->t->nidx;
    return m->t;
}

static int range_of(const Index *x)
{
    return x->batch ? 0 : x->extent == range[1].extent ? 1 : 2;
}

/* A read of a random earlier tensor all of whose ranges m->t has; else a constant. */
static Expr *random_read(Maker *m)
{
    const Tensor *t = m->g->tensor.at[draw(m, (unsigned)m->t->id)];
    const Sub **sub = NEWN(m->g->arena, const Sub *, MAXRANK);
    for (int d = 0; d < t->rank; d++) {
        int mine = m->of[range_of(&t->idx[d])];
        if (mine < 0 || t->elem != ELEM_REAL)
            return constant(m->g, (double)draw(m, 5) / 2 - 1);
        sub[d] = sub_index(m->g, mine);
    }
    return read_at(m->g, (Tensor *)t, sub, NULL);
}

/* Where index j is what the label says. */
static Expr *random_condition(Maker *m, int depth);

static Expr *is_label(Maker *m)
{
    Tensor *label = m->g->tensor.at[0];
    const Sub **sub = NEWN(m->g->arena, const Sub *, 1);
    sub[0] = sub_index(m->g, m->of[0]);
    const Sub *data = sub_data(m->g, read_at(m->g, label, sub, NULL));
    return apply(m->g, OP_eq, number_of(m->g, sub_index(m->g, m->of[2])),
                 number_of(m->g, data), NULL);
}

static Expr *random_expr(Maker *m, int depth)
{
    static const Op unary[] = {OP_neg, OP_square, OP_tanh, OP_sigmoid, OP_stop, OP_exp};
    static const Op binary[] = {OP_add, OP_sub, OP_mul, OP_max};
    Graph *g = m->g;
    if (depth == 0)
        return random_read(m);
    Expr *a = random_expr(m, depth - 1);
    switch (draw(m, 6)) {
    case 0:
        return apply(g, unary[draw(m, 6)], apply(g, OP_sigmoid, a, NULL, NULL), NULL, NULL);
    case 1:
        return apply(g, OP_div, a, scalar(g, SCALAR_n), NULL);
    case 2:
        return apply(g, OP_div, a,
                     apply(g, OP_add, constant(g, 1),
                           apply(g, OP_square, random_expr(m, depth - 1), NULL, NULL), NULL),
                     NULL);
    case 3:
        return apply(g, OP_select, random_condition(m, depth - 1), a,
                     draw(m, 2) ? constant(g, 0) : random_expr(m, depth - 1));
    default:
        return apply(g, binary[draw(m, 4)], a, random_expr(m, depth - 1), NULL);
    }
}

static Expr *random_condition(Maker *m, int depth)
{
    if (m->of[0] >= 0 && m->of[2] >= 0 && draw(m, 2))
        return is_label(m);
    return apply(m->g, OP_lt, random_read(m), random_expr(m, depth), NULL);
}

static void random_equation(Maker *m)
{
    tensor(m, EQUATION, "t", draw(m, 8));
    for (int r = 0; r < RANGES; r++)
        if (m->of[r] < 0 && draw(m, 2)) {
            add_index(m, r);
            m->t->reduce = REDUCE_SUM;
        }
    m->t->body = random_expr(m, 3);
}

/* The sum of the last tensors over all their indices. */
static Tensor *add_up(Maker *m, int first)
{
    Expr *sum = NULL;
    for (int k = first, n = m->g->tensor.n; k < n; k++) {
        Tensor *t = m->g->tensor.at[k];
        Tensor *part = new_tensor(m->g, EQUATION, "part", (Span){0});
        part->nidx = t->rank;
        for (int i = 0; i < t->rank; i++)
            part->idx[i] = t->idx[i];
        part->reduce = t->rank ? REDUCE_SUM : REDUCE_NONE;
        part->body = read_same(m->g, t);
        Expr *term = read_same(m->g, part);
        sum = sum ? apply(m->g, OP_add, sum, term, NULL) : term;
    }
    Tensor *loss = new_tensor(m->g, EQUATION, "loss", (Span){0});
    loss->body = apply(m->g, OP_div, sum, scalar(m->g, SCALAR_n), NULL);
    return loss;
}

static void want_gradient(Graph *g, Tensor *t)
{
    Tensor *d = new_tensor(g, EQUATION, intern_f("dL/d%s", t->name), (Span){0});
    d->rank = d->nidx = t->rank;
    for (int i = 0; i < t->rank; i++)
        d->idx[i] = t->idx[i];
    d->of = t;
    PUSH(g->arena, &g->root, (Root){ROOT_GRADIENT, t->name, d, t, {0}});
}

static Graph *random_graph(Arena *a, unsigned seed)
{
    Graph *g = new_graph(a, "random");
    g->batch = BATCH;
    Maker m = {.g = g, .random = seed};
    Tensor *label = tensor(&m, INPUT, "label", 1);
    label->elem = ELEM_INDEX;
    label->bound = range[2].extent;
    Tensor *given[] = {tensor(&m, INPUT, "x", 1 + 4), tensor(&m, PARAM, "a", 2 + 4),
                       tensor(&m, PARAM, "b", 4), tensor(&m, PARAM, "c", 2)};
    int first = g->tensor.n;
    for (int i = 0; i < 5; i++)
        random_equation(&m);
    Tensor *loss = add_up(&m, first);
    PUSH(a, &g->root, (Root){ROOT_LOSS, "loss", loss, NULL, {0}});
    for (int i = 0; i < 4; i++)
        want_gradient(g, given[i]);
    derive(g);
    return g;
}

static Run run_graph(const Graph *g, Arena *a, int n)
{
    Run r = new_run(g, a);
    r.n = n;
    for (int k = 0; k < 5; k++)
        for (int i = 0; i < count_of(g->tensor.at[k]->idx, g->tensor.at[k]->rank); i++)
            r.value[k][i] = k ? sin(1.0 + 7 * k + 3 * i) : i % 4;
    interpret(&r);
    return r;
}

static void compare(const Run *r, const Run *s, unsigned seed)
{
    for (int k = 0; k < r->g->root.n; k++) {
        const Tensor *t = r->g->root.at[k].value, *u = s->g->root.at[k].value;
        int64_t count = count_of(t->idx, t->rank);
        if (t->rank && t->idx[0].batch)
            count = count / BATCH * r->n;
        for (int i = 0; i < count; i++) {
            double x = (double)r->value[t->id][i], y = (double)s->value[u->id][i];
            cr_assert(fabs(x - y) <= 1e-11 * (1 + fabs(x)),
                      "seed %u, %s[%d]: %.17g became %.17g", seed, t->name, i, x, y);
        }
    }
}

Test(opt, keeps_the_meaning)
{
    for (unsigned seed = 1; seed <= 300; seed++) {
        Arena *a = new_arena();
        Graph *g = random_graph(a, seed);
        verify_graph(g);
        Graph *s = copy_graph(g, ~0u, TRAINING_OPEN, a);
        simplify(s);
        verify_graph(s);
        Run before = run_graph(g, a, 3), after = run_graph(s, a, 3);
        compare(&before, &after, seed);
        free_arena(a);
    }
}

/* ---- Forms ---- */

/* The body of the last tensor after folding, as text. */
static const char *folded(Graph *g, Expr *body)
{
    Maker m = {.g = g};
    Tensor *t = tensor(&m, EQUATION, "t", 7);
    t->body = body;
    fold_constants(g);
    Out o = new_out(g->arena);
    print_expr(&o, t, t->body);
    return o.text;
}

Test(opt, constants_meet)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "m");
    g->batch = BATCH;
    Maker m = {.g = g};
    Expr *x = read_same(g, tensor(&m, INPUT, "x", 7)), *n = scalar(g, SCALAR_n);
    Expr *y = read_same(g, tensor(&m, INPUT, "y", 7));
    Expr *two = constant(g, 2), *half = constant(g, 0.5);
    Expr *p = apply(g, OP_lt, x, y, NULL);
#define MAKE(op, a, b) apply(g, OP_##op, a, b, NULL)
    cr_expect_str_eq(folded(g, MAKE(mul, MAKE(mul, y, half), MAKE(mul, two, x))),
                     "y[batch, i, j] * x[batch, i, j]");
    cr_expect_str_eq(folded(g, MAKE(mul, MAKE(div, x, n), y)),
                     "x[batch, i, j] * y[batch, i, j] / n");
    cr_expect_str_eq(folded(g, MAKE(sub, MAKE(div, x, n), MAKE(div, y, n))),
                     "(x[batch, i, j] - y[batch, i, j]) / n");
    cr_expect_str_eq(folded(g, MAKE(mul, MAKE(div, constant(g, 1), y), x)),
                     "x[batch, i, j] / y[batch, i, j]");
    cr_expect_str_eq(folded(g, MAKE(div, x, constant(g, 3))), "x[batch, i, j] / 3");
    cr_expect_str_eq(folded(g, MAKE(div, x, constant(g, 1))), "x[batch, i, j]");
    cr_expect_str_eq(folded(g, MAKE(mul, constant(g, 0), x)), "0 * x[batch, i, j]");
    cr_expect_str_eq(folded(g, apply(g, OP_select, p, MAKE(neg, n, NULL), constant(g, 0))),
                     "-(if x[batch, i, j] < y[batch, i, j] then n else 0)");
    cr_expect_str_eq(folded(g, apply(g, OP_select, p, constant(g, -1), constant(g, 0))),
                     "-[x[batch, i, j] < y[batch, i, j]]");
    cr_expect_str_eq(
        folded(g, apply(g, OP_select, p, constant(g, -INFINITY), constant(g, 0))),
        "if x[batch, i, j] < y[batch, i, j] then -inf else 0");
}
