/* Loops from equations: what runs together, in which order, where it goes. That the numbers are
 * right is for tests/grad: lower_*.nn there hold emitted programs against the interpreter. */
#include "graphs.h"
#include "loop.h"

#include <criterion/criterion.h>

static const Target wide = {"test", "", 64, 32, ""};

static Module *lowered(Graph *g, int lanes)
{
    Graph *entry[NENTRY] = {[ENTRY_STEP] = g};
    LowerOptions o = {.target = &wide, .lanes = lanes};
    verify_graph(g);
    Module *m = lower(g, entry, &o, g->arena);
    verify_module(m);
    return m;
}

static const Entry *step_of(Graph *g) { return &lowered(g, 16)->entry[ENTRY_STEP]; }

static Graph *new_test_graph(void) { return new_graph(new_arena(), "test"); }

/* y[b, o] = sum(i) W[o, i] * x[b, i] */
static Tensor *product(Graph *g, Tensor *x, Tensor *w)
{
    Tensor *y = equation(g, "y", 2, REDUCE_SUM, 3, x->idx[0].extent, w->idx[0].extent,
                         x->idx[1].extent);
    y->body = MUL(AT(w, I(1), I(2)), AT(x, I(0), I(2)));
    return y;
}

/* f of t, element by element. */
static Tensor *map(Graph *g, const char *name, Tensor *t, Expr *body)
{
    Tensor *m = new_tensor(g, EQUATION, name, (Span){0});
    m->rank = m->nidx = t->rank;
    memcpy(m->idx, t->idx, sizeof m->idx);
    m->body = body;
    return m;
}

static const Buffer *buffer_named(const Region *r, const char *name, bool written)
{
    for (int i = 0; i < r->view.n; i++) {
        const View *v = r->view.at[i];
        if (v->buffer && v->written == written && !strcmp(v->buffer->name, name))
            return v->buffer;
    }
    return NULL;
}

/* Statements of a kind, in all loops. */
static int count(const LoopBody *body, LoopKind kind)
{
    int n = 0;
    for (int i = 0; i < body->n; i++)
        n += (body->at[i]->kind == kind) + count(&body->at[i]->body, kind);
    return n;
}

/* Variables of the block that has the most. */
static int most_variables(const LoopBody *body)
{
    int own = 0, most = 0;
    for (int i = 0; i < body->n; i++) {
        int inner = most_variables(&body->at[i]->body);
        own += body->at[i]->kind == LOOP_VAR;
        most = inner > most ? inner : most;
    }
    return own > most ? own : most;
}

static bool has_vectors(const LoopBody *body)
{
    for (int i = 0; i < body->n; i++) {
        const LoopStmt *s = body->at[i];
        if ((s->reg && s->reg->vector) || (s->val && s->val->vector) || has_vectors(&s->body))
            return true;
    }
    return false;
}

Test(lower, what_maps_a_sum_joins_its_nest)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 20, 30), *w = given(g, PARAM, "W", 2, 40, 30);
    Tensor *b = given(g, PARAM, "b", 1, 40), *y = product(g, x, w);
    Tensor *z = map(g, "z", y, ADD(read_same(g, y), AT(b, I(1))));
    Tensor *h = map(g, "h", z, OP1(tanh, read_same(g, z)));
    root(g, ROOT_OUTPUT, h, NULL);
    const Entry *e = step_of(g);
    cr_assert_eq(e->region.n, 1);
    cr_assert_eq(e->region.at[0]->equation.n, 3);
    cr_assert_not(buffer_named(e->region.at[0], "z", true), "nobody else reads z");
}

Test(lower, a_path_through_another_nest_keeps_apart)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 20, 30);
    Tensor *e = map(g, "e", x, OP1(exp, read_same(g, x)));
    Tensor *s = equation(g, "s", 1, REDUCE_SUM, 2, 20, 30);
    s->body = AT(e, I(0), I(1));
    Tensor *y = map(g, "y", e, OP2(div, read_same(g, e), AT(s, I(0))));
    root(g, ROOT_OUTPUT, y, NULL);
    const Entry *step = step_of(g);
    cr_assert_eq(step->region.n, 3, "e, s over rows of e, and y, which needs all of s");
    cr_assert_eq(step->region.at[2]->equation.at[0], y);
}

Test(lower, an_update_is_written_in_place_after_those_who_read)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 20, 30), *w = given(g, PARAM, "W", 2, 40, 30);
    Tensor *d = equation(g, "d", 2, REDUCE_SUM, 3, 40, 30, 20);
    d->body = MUL(AT(x, I(2), I(1)), NUMBER(2));
    Tensor *new_w = map(g, "W.new", w, OP2(sub, read_same(g, w), read_same(g, d)));
    Tensor *y = product(g, x, w);
    root(g, ROOT_UPDATE, new_w, w);
    root(g, ROOT_OUTPUT, y, NULL);
    const Entry *e = step_of(g);
    cr_assert_eq(e->region.n, 2);
    cr_assert_eq(e->region.at[0]->equation.at[0], y, "reads the old W");
    cr_assert(buffer_named(e->region.at[1], "W", true));
    cr_assert_eq(e->scratch, 0, "the gradient stays in registers");
}

Test(lower, an_update_that_reads_elsewhere_is_copied_at_the_end)
{
    Graph *g = new_test_graph();
    Tensor *s = given(g, STATE, "s", 1, 40);
    Tensor *turned = map(g, "turned", s, AT(s, PLUS(C(39), TIMES(I(0), -1))));
    root(g, ROOT_UPDATE, turned, s);
    const Entry *e = step_of(g);
    cr_assert_eq(e->region.n, 2);
    cr_assert_not(buffer_named(e->region.at[0], "s", true));
    cr_assert(buffer_named(e->region.at[1], "s", true));
    cr_assert_eq(e->scratch, 192);
}

Test(lower, two_states_change_places)
{
    Graph *g = new_test_graph();
    Tensor *a = given(g, STATE, "a", 1, 8), *b = given(g, STATE, "b", 1, 8);
    root(g, ROOT_UPDATE, b, a);
    root(g, ROOT_UPDATE, a, b);
    const Entry *e = step_of(g);
    cr_assert_eq(e->region.n, 3, "one of them is kept for a while");
    cr_assert_gt(e->scratch, 0);
}

Test(lower, scratch_is_used_again)
{
    Graph *g = new_test_graph();
    Tensor *t = given(g, INPUT, "x", 1, 1024);
    for (int i = 0; i < 5; i++) {
        Tensor *next = map(g, "t", t, AT(t, PLUS(C(1023), TIMES(I(0), -1))));
        t = next;
    }
    root(g, ROOT_OUTPUT, t, NULL);
    const Entry *e = step_of(g);
    cr_assert_eq(e->region.n, 5);
    cr_assert_eq(e->bound, 2 * 4096);
    cr_assert_eq(e->scratch, e->bound);
}

Test(lower, a_tile_fits_the_registers)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 384, 512), *w = given(g, PARAM, "W", 2, 384, 512);
    Tensor *d = equation(g, "d", 2, REDUCE_SUM, 3, 384, 512, 384);
    d->body = MUL(AT(w, I(2), I(0)), AT(x, I(2), I(1)));
    root(g, ROOT_OUTPUT, d, NULL);
    const Region *r = step_of(g)->region.at[0];
    int accumulators = most_variables(&r->body);
    cr_assert_geq(accumulators, 16, "enough to hide the latency, and for each load its share");
    cr_assert_leq(accumulators, 28);
    cr_assert(r->parallel);
}

Test(lower, one_lane_is_scalar)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 20, 30), *w = given(g, PARAM, "W", 2, 40, 30);
    root(g, ROOT_OUTPUT, product(g, x, w), NULL);
    const Module *m = lowered(g, 1);
    for (int i = 0; i < m->entry[ENTRY_STEP].region.n; i++)
        cr_assert_not(has_vectors(&m->entry[ENTRY_STEP].region.at[i]->body));
}

Test(lower, trailing_dimensions_run_as_one)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 3, 4, 3, 10);
    Tensor *y = map(g, "y", x, MUL(read_same(g, x), NUMBER(2)));
    root(g, ROOT_OUTPUT, y, NULL);
    const Region *r = step_of(g)->region.at[0];
    cr_assert_eq(count(&r->body, LOOP_FOR), 1);
    cr_assert_eq(r->view.at[0]->rank, 1);
    cr_assert_eq(r->view.at[0]->dim[0], 120);
}

/* z[b, t, i] = sum(k) W[i, k] * h[b, t - 1, k | 0];  h[b, t, j] = x[b, t, j] + z[b, t, 2*j] */
static Tensor *recurrence(Graph *g, int batch, int steps, int width)
{
    Tensor *x = given(g, INPUT, "x", 3, batch, steps, width);
    Tensor *w = given(g, PARAM, "W", 2, 2 * width, width);
    Tensor *z = equation(g, "z", 3, REDUCE_SUM, 4, batch, steps, 2 * width, width);
    Tensor *h = equation(g, "h", 3, REDUCE_NONE, 3, batch, steps, width);
    z->body =
        MUL(AT(w, I(2), I(3)), AT_OR(h, NUMBER(0), I(0), PLUS(I(1), C(-1)), I(3)));
    h->body = ADD(read_same(g, x), AT(z, I(0), I(1), TIMES(I(2), 2)));
    root(g, ROOT_OUTPUT, h, NULL);
    sort_graph(g);
    return h;
}

Test(lower, a_nest_after_one_that_goes_in_blocks_is_whole)
{
    Graph *g = new_test_graph();
    recurrence(g, 32, 4, 256);
    cr_assert_eq(step_of(g)->region.n, 1);
}

/* Where op occurs in the value. */
static int count_in(const Val *v, Op op)
{
    int n = v->kind == VAL_OP && v->op == op;
    for (int i = 0; i < 3 && v->arg[i]; i++)
        n += count_in(v->arg[i], op);
    return n;
}

static int count_op(const LoopBody *body, Op op)
{
    int n = 0;
    for (int i = 0; i < body->n; i++)
        n += (body->at[i]->val ? count_in(body->at[i]->val, op) : 0) +
             count_op(&body->at[i]->body, op);
    return n;
}

Test(lower, a_recurrence_runs_apart_for_each_example)
{
    Graph *g = new_test_graph();
    recurrence(g, 32, 8, 64);
    const Region *r = step_of(g)->region.at[0];
    cr_assert(r->parallel);
    cr_assert_eq(r->range->c, 32);
    cr_assert_leq(r->grain, 8);
}

Test(lower, a_recurrence_across_its_first_dimension_is_not_split)
{
    Graph *g = new_test_graph();
    Tensor *w = given(g, PARAM, "W", 2, 256, 256);
    Tensor *h = equation(g, "h", 2, REDUCE_SUM, 3, 256, 64, 256);
    h->body =
        MUL(AT(w, I(0), I(2)), AT_OR(h, NUMBER(1), I(2), PLUS(I(1), C(-1))));
    root(g, ROOT_OUTPUT, h, NULL);
    sort_graph(g);
    cr_assert_not(step_of(g)->region.at[0]->parallel);
}

Test(lower, an_axis_that_decides_is_unrolled)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 2, 20, 64);
    Tensor *y = equation(g, "y", 3, REDUCE_NONE, 3, 20, 3, 64);
    Expr *third = OP2(eq, number_of(g, I(1)), NUMBER(2));
    y->body = IF(third, OP1(exp, AT(x, I(0), I(2))), AT(x, I(0), I(2)));
    root(g, ROOT_OUTPUT, y, NULL);
    const Region *r = step_of(g)->region.at[0];
    cr_assert_eq(count_op(&r->body, OP_select), 0);
    cr_assert_eq(count_op(&r->body, OP_exp), 1);
    cr_assert_eq(r->equation.n, 1);
}

Test(lower, names_are_c_identifiers)
{
    Graph *g = new_test_graph();
    Tensor *x = given(g, INPUT, "x", 1, 8), *c = given(g, PARAM, "double", 1, 8);
    Tensor *y = map(g, "dL/dx.y", x, MUL(read_same(g, x), read_same(g, c)));
    root(g, ROOT_OUTPUT, y, NULL);
    const Region *r = step_of(g)->region.at[0];
    cr_assert_str_eq(r->name, "step_dL_dx_y");
    cr_assert_str_eq(buffer_named(r, "double", false)->c_name, "double_");
    cr_assert_str_eq(buffer_named(r, "dL/dx.y", true)->c_name, "dL_dx_y");
}

Test(lower, targets_are_known_by_name)
{
    cr_assert_eq(find_target("x86-64-v4")->bytes, 64);
    cr_assert(find_target("native"));
    cr_assert_null(find_target("pdp-11"));
}
