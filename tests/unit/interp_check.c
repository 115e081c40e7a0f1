/* The table of `gradc check` must notice what it is there to notice. */
#include "check.h"
#include "gradients.h"
#include "sample.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* y[a, b] = tanh(sum(c) W[b, c] * x[a, c] + B[b]), x batched; W moves by its gradient. */
static Graph *layer(Arena *arena, Tensor **dw)
{
    Graph *g = new_graph(arena, "test");
    g->batch = 8;
    Tensor *x = given(g, INPUT, "x", 2, 8, 3), *w = given(g, PARAM, "W", 2, 5, 3);
    Tensor *b = given(g, PARAM, "B", 1, 5);
    Tensor *s = equation(g, "s", 2, REDUCE_SUM, 3, 8, 5, 3);
    s->body = MUL(AT(w, I(1), I(2)), AT(x, I(0), I(2)));
    Tensor *y = equation(g, "y", 2, REDUCE_NONE, 2, 8, 5);
    y->body = OP1(tanh, ADD(read_same(g, s), AT(b, I(1))));
    x->idx[0].batch = s->idx[0].batch = y->idx[0].batch = true;
    Tensor *w0 = equation(g, "w0", 2, REDUCE_NONE, 2, 5, 3);
    w0->body = random_number(g, OP_normal, 0, PLUS(TIMES(I(0), 3), I(1)));
    Tensor *b0 = equation(g, "b0", 1, REDUCE_NONE, 1, 5);
    b0->body = NUMBER(0);
    root(g, ROOT_INIT, w0, w);
    root(g, ROOT_INIT, b0, b);
    loss_of(g, y);
    *dw = want(g, w);
    want(g, b);
    want(g, x);
    Tensor *w1 = equation(g, "w1", 2, REDUCE_NONE, 2, 5, 3);
    w1->body = OP2(sub, read_same(g, w), read_same(g, *dw));
    root(g, ROOT_UPDATE, w1, w);
    derive(g);
    return g;
}

static bool passes(const Graph *g, CheckOptions o, Out *table)
{
    *table = new_out(g->arena);
    return check_graph(table, g, &o, NULL);
}

static bool says(const Out *o, const char *what) { return strstr(o->text, what) != NULL; }

Test(check, good)
{
    Tensor *dw;
    Graph *g = layer(new_arena(), &dw);
    Out table;
    cr_assert(passes(g, (CheckOptions){.seed = 1}, &table), "%s", table.text);
    cr_assert(says(&table, "W[5, 3]"), "%s", table.text);
    cr_assert(says(&table, "15 of 15"), "%s", table.text);
    cr_assert_not(says(&table, "wrong"));
}

Test(check, same_seed_same_table)
{
    Tensor *dw;
    Graph *g = layer(new_arena(), &dw);
    Out one, two;
    passes(g, (CheckOptions){.seed = 5}, &one);
    passes(g, (CheckOptions){.seed = 5}, &two);
    cr_assert_str_eq(one.text, two.text);
}

/* A ten-millionth part too much, and one element out of place. */
Test(check, wrong_derivatives)
{
    Tensor *dw;
    Out table;
    Graph *g = layer(new_arena(), &dw);
    dw->body = MUL(dw->body, NUMBER(1 + 3e-7));
    cr_assert_not(passes(g, (CheckOptions){.seed = 1}, &table));
    cr_assert(says(&table, "dL/dW"), "%s", table.text);
    cr_assert(says(&table, "the derivation is wrong"), "%s", table.text);

    g = layer(new_arena(), &dw);
    Expr *there = OP2(eq, number_of(g, PLUS(TIMES(I(0), 3), I(1))), NUMBER(7));
    dw->body = ADD(dw->body, IF(there, NUMBER(1e-5), NUMBER(0)));
    cr_assert_not(passes(g, (CheckOptions){.seed = 1}, &table));
    cr_assert(says(&table, "dL/dW[2, 1]"), "%s", table.text);
}

/* ---- Which of the three is wrong ---- */

static void put_record(FILE *f, const char *name, const Real *at, int64_t count)
{
    int32_t length = (int32_t)strlen(name);
    fwrite(&length, sizeof length, 1, f);
    fputs(name, f);
    fwrite(&count, sizeof count, 1, f);
    for (int64_t i = 0; i < count; i++)
        fwrite(&(double){(double)at[i]}, sizeof(double), 1, f);
}

/* What an emitted program answers: the gradients of g at the point of the check, but that
 * by W has its element 7 multiplied. */
static void answer(FILE *f, const Graph *g, double factor)
{
    Run r = new_run(g, g->arena);
    const Tensor *loss = NULL;
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            loss = g->root.at[i].value;
    r.step = 4, r.steps = 10;
    set_point(&r, loss, 1);
    for (int i = 0; i < g->root.n; i++) {
        const Root *root = &g->root.at[i];
        Real *at = r.value[root->value->id];
        if (root->kind == ROOT_GRADIENT && !strcmp(root->target->name, "W"))
            at[7] *= factor;
        if (root->kind == ROOT_GRADIENT)
            put_record(f, intern_f("grad.%s", root->target->name), at,
                       count_of(root->value->idx, root->value->rank));
    }
    put_record(f, "", NULL, 0);
    put_record(f, "", NULL, 0);
}

static const char *program_of(const Graph *g, double factor)
{
    const char *path = intern_f("%s/answers.%d", SCRATCH, (int)getpid());
    FILE *f = fopen(intern_f("%s.data", path), "wb");
    answer(f, g, factor);
    fclose(f);
    f = fopen(path, "w");
    fprintf(f, "#!/bin/sh\ncat >/dev/null\ncat %s.data\n", path);
    fclose(f);
    chmod(path, 0755);
    return path;
}

/* The line of W in the table of worst elements. */
static const char *verdict_on_w(const Graph *g, const char *program)
{
    Out table;
    passes(g, (CheckOptions){.seed = 1, .n = 8, .f64 = program}, &table);
    const char *line = strstr(strstr(table.text, "worst element"), "  W[");
    return intern_n(line, strcspn(line, "\n"));
}

static void expect_verdict(const Graph *g, const char *program, const char *place,
                           const char *verdict)
{
    const char *line = verdict_on_w(g, program);
    cr_expect(strstr(line, verdict), "'%s' of %s", verdict, line);
    cr_expect(strstr(line, place), "'%s' of %s", place, line);
}

Test(check, says_which_is_wrong)
{
    Tensor *dw;
    Graph *g = layer(new_arena(), &dw);
    expect_verdict(g, program_of(g, 1), "W[", "  agree");
    expect_verdict(g, program_of(g, 1 + 1e-10), "W[2, 1]", "emitted is wrong");

    const char *right = program_of(g, 1);
    g = layer(new_arena(), &dw); /* as if the rule were wrong */
    dw->body = MUL(dw->body, NUMBER(1 + 3e-7));
    expect_verdict(g, right, "W[", "derived is wrong");
    expect_verdict(g, program_of(g, 1), "W[", "derived is wrong");
    expect_verdict(g, program_of(g, 2), "W[2, 1]", "all three differ");
}

/* A staircase has the slope 0 but at its steps, over which the differences reach. */
Test(check, says_that_differences_do_not_settle)
{
    Graph *g = new_graph(new_arena(), "test");
    g->batch = 8;
    Tensor *w = given(g, PARAM, "W", 1, 8), *t = equation(g, "t", 1, REDUCE_NONE, 1, 8);
    Expr *at = AT(w, I(0));
    t->body = ADD(OP1(square, at), MUL(OP1(floor, MUL(at, NUMBER(1e6))), NUMBER(1e-6)));
    loss_of(g, t);
    want(g, w);
    derive(g);
    expect_verdict(g, program_of(g, 1), "W[", "difference does not settle");
}

/* x^2 whose derivative by hand is 3x: both are there to be compared, and the hand is named.
 */
Test(check, wrong_derivative_by_hand)
{
    Graph *g = new_graph(new_arena(), "test");
    Tensor *x = given(g, PARAM, "x", 1, 4), *t = equation(g, "t", 1, REDUCE_NONE, 1, 4);
    Expr *at = AT(x, I(0)), *slope = OP1(stop, MUL(NUMBER(3), at));
    t->body = OP2(surrogate, OP1(square, at), MUL(at, slope));
    loss_of(g, t);
    want(g, x);
    derive(g);
    Out table;
    cr_assert_not(passes(g, (CheckOptions){.seed = 1}, &table));
    cr_assert(says(&table, "a derivative given by hand is wrong"), "%s", table.text);
}

/* Programs that answer with an error, not at all, or with something else. */
Test(check, broken_programs)
{
    Tensor *dw;
    Graph *g = layer(new_arena(), &dw);
    Out table;
    cr_assert_not(passes(g, (CheckOptions){.seed = 1, .f64 = "/bin/false"}, &table));
    cr_assert(says(&table, "ended with status 1"), "%s", table.text);
    cr_assert_not(passes(g, (CheckOptions){.seed = 1, .f64 = "/bin/true"}, &table));
    cr_assert(says(&table, "breaks off"), "%s", table.text);
    cr_assert_not(passes(g, (CheckOptions){.seed = 1, .f32 = "/bin/cat"}, &table));
    cr_assert(says(&table, "gives no 'grad.W'"), "%s", table.text);
    cr_assert_not(passes(g, (CheckOptions){.seed = 1, .f64 = "/nowhere/at/all"}, &table));
    cr_assert(says(&table, "emitted f64 program"), "%s", table.text);
}

/* The loss is |x| at 0: no slope, and it says so. */
Test(check, kinks_are_counted)
{
    Arena *arena = new_arena();
    Graph *g = new_graph(arena, "test");
    Tensor *x = given(g, PARAM, "x", 1, 4), *t = integers(given(g, INPUT, "t", 1, 4), 1);
    Tensor *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    Expr *zero = number_of(g, sub_data(g, AT(t, I(0))));
    y->body = IF(OP2(lt, number_of(g, I(0)), NUMBER(2)), OP1(abs, MUL(zero, AT(x, I(0)))),
                 OP1(abs, OP2(sub, AT(x, I(0)), OP1(stop, AT(x, I(0))))));
    loss_of(g, y);
    want(g, x);
    derive(g);
    Out table;
    cr_assert(passes(g, (CheckOptions){.seed = 1}, &table), "%s", table.text);
    cr_assert(says(&table, "2 of 4, 2 at a kink"), "%s", table.text);
}

Test(check, loss_without_a_number)
{
    Arena *arena = new_arena();
    Graph *g = new_graph(arena, "test");
    Tensor *x = given(g, PARAM, "x", 1, 4), *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    y->body = OP1(log, OP2(sub, NUMBER(-9), OP1(square, AT(x, I(0)))));
    loss_of(g, y);
    want(g, x);
    derive(g);
    Out table;
    cr_assert_not(passes(g, (CheckOptions){.seed = 1}, &table));
    cr_assert(says(&table, "nothing to compare"), "%s", table.text);
}
