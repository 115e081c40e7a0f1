/* Expressions, rewriting, printing, and what the verifier does not let pass. */
#include "graphs.h"

#include <criterion/criterion.h>
#include <string.h>

#define begin                                                                              \
    Arena *arena = new_arena();                                                            \
    Graph *g = new_graph(arena, "test")

/* Structurally equal is the same pointer, and nothing else is. */
Test(graph, one_copy_of_each)
{
    begin;
    Tensor *x = given(g, INPUT, "x", 2, 4, 3), *y = given(g, INPUT, "y", 2, 4, 3);
    Expr *e = ADD(AT(x, I(0), I(1)), NUMBER(2));
    cr_assert_eq(e, ADD(AT(x, I(0), I(1)), NUMBER(2)));
    cr_assert_neq(e, ADD(NUMBER(2), AT(x, I(0), I(1))));
    cr_assert_neq(AT(x, I(0), I(1)), AT(x, I(1), I(0)));
    cr_assert_neq(AT(x, I(0), I(1)), AT(y, I(0), I(1)));
    cr_assert_neq(AT(x, I(0), I(1)), AT_OR(x, NUMBER(0), I(0), I(1)));
    cr_assert_neq(NUMBER(0), NUMBER(-0.0), "1/x tells them apart");
    cr_assert_neq(random_number(g, OP_uniform, 1, I(0)),
                  random_number(g, OP_uniform, 2, I(0)));
    Expr *sum = NUMBER(0);
    for (int i = 0; i < 3000; i++)
        sum = ADD(sum, NUMBER(i)); /* the tables grow */
    cr_assert_eq(e, ADD(AT(x, I(0), I(1)), NUMBER(2)));
}

Test(graph, names_are_unique)
{
    begin;
    given(g, INPUT, "x", 0);
    cr_assert_str_eq(given(g, INPUT, "x", 0)->name, "x.2");
    cr_assert_str_eq(given(g, INPUT, "x", 0)->name, "x.3");
}

/* Everything that stands for an index is replaced: subscripts, data, numbers, the value
 * outside. */
Test(graph, substitution)
{
    begin;
    Tensor *x = given(g, INPUT, "x", 1, 8), *t = integers(given(g, INPUT, "t", 1, 8), 8);
    const Sub *to[2] = {PLUS(I(1), C(2)), TIMES(I(0), 3)};
    Index idx[2] = {{"p", 2, false}, {"q", 2, false}};
    Expr *e =
        ADD(AT_OR(x, number_of(g, I(1)), PLUS(I(0), C(1))),
            MUL(AT(x, sub_data(g, AT(t, I(1)))), random_number(g, OP_normal, 1, I(0))));
    Expr *made = ADD(AT_OR(x, number_of(g, TIMES(I(0), 3)), PLUS(I(1), C(3))),
                     MUL(AT(x, sub_data(g, AT(t, TIMES(I(0), 3)))),
                         random_number(g, OP_normal, 1, PLUS(I(1), C(2)))));
    cr_assert_eq(substitute(g, e, to, idx), made);
    cr_assert(expr_uses(e, 0) && expr_uses(e, 1) && !expr_uses(e, 2));
    cr_assert(expr_uses(AT(x, sub_data(g, AT(t, I(1)))), 1));
    cr_assert(expr_reads(e, t) && !expr_reads(ADD(NUMBER(1), NUMBER(2)), t));
}

Test(graph, order)
{
    begin;
    Tensor *z = equation(g, "z", 1, REDUCE_NONE, 1, 4),
           *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    Tensor *x = given(g, INPUT, "x", 1, 4);
    y->body = AT(x, I(0));
    z->body = ADD(AT(y, I(0)), AT(x, I(0)));
    sort_graph(g);
    verify_graph(g);
    cr_assert(x->id == 0 && y->id == 1 && z->id == 2);
}

static const char *text_of(const Tensor *t, Arena *a)
{
    Out o = new_out(a);
    print_tensor(&o, t);
    return o.text;
}

Test(graph, printing)
{
    begin;
    Tensor *x = given(g, INPUT, "x", 2, 4, 6), *t = integers(given(g, INPUT, "t", 1, 4), 6);
    Tensor *y = equation(g, "y", 2, REDUCE_SUM, 3, 4, 6, 6);
    y->body = MUL(AT(x, I(0), I(2)),
                  AT_OR(x, NUMBER(0), PLUS(TIMES(I(0), 2), C(-1)), PLUS(I(1), I(2))));
    cr_assert_str_eq(text_of(y, arena), "y[a, b] = sum(c) x[a, c] * x[2*a - 1, b + c | 0]");
    y->body = ADD(OP2(sub, AT(x, I(0), I(2)), OP2(sub, NUMBER(1), NUMBER(2.5))),
                  OP1(exp, AT(x, I(0), sub_data(g, AT(t, I(0))))));
    cr_assert_str_eq(text_of(y, arena),
                     "y[a, b] = sum(c) (x[a, c] - (1 - 2.5) + exp(x[a, t[a]]))");
    Tensor *z = equation(g, "z", 1, REDUCE_NONE, 1, 24);
    z->body = IF(OP2(lt, number_of(g, I(0)), NUMBER(3)),
                 AT(x, sub_div(g, I(0), 6, z->idx), sub_mod(g, I(0), 6, z->idx)),
                 OP1(neg, OP1(square, ADD(NUMBER(1), scalar(g, SCALAR_step)))));
    cr_assert_str_eq(text_of(z, arena),
                     "z[a] = if a < 3 then x[a/6, a % 6] else -(1 + step)^2");
    cr_assert_str_eq(text_of(t, arena), "input t[4] : index < 6");
}

/* ---- The verifier ends the program with status 70 ---- */

static Tensor *plain(Graph *g)
{
    Tensor *x = given(g, INPUT, "x", 1, 4), *y = equation(g, "y", 1, REDUCE_NONE, 1, 4);
    y->body = AT(x, I(0));
    return y;
}

Test(verify, accepts)
{
    begin;
    plain(g);
    verify_graph(g);
}

Test(verify, read_ahead, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g), *z = equation(g, "z", 1, REDUCE_NONE, 1, 4);
    z->body = AT(y, I(0));
    y->body = AT(z, I(0));
    verify_graph(g);
}

Test(verify, index_beyond_the_dimension, .exit_code = 70)
{
    begin;
    plain(g)->idx[0].extent = 5;
    verify_graph(g);
}

Test(verify, index_that_is_not_there, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g);
    y->body = AT(g->tensor.at[0], I(1));
    verify_graph(g);
}

Test(verify, reduced_index_without_reduction, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g);
    y->idx[y->nidx++] = (Index){"b", 3, false};
    verify_graph(g);
}

Test(verify, truth_as_a_number, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g);
    y->body = ADD(y->body, OP2(lt, y->body, NUMBER(1)));
    verify_graph(g);
}

Test(verify, number_as_truth, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g);
    y->body = IF(y->body, NUMBER(1), NUMBER(2));
    verify_graph(g);
}

Test(verify, real_as_subscript, .exit_code = 70)
{
    begin;
    Tensor *y = plain(g);
    y->body = AT(g->tensor.at[0], sub_data(g, AT(g->tensor.at[0], I(0))));
    verify_graph(g);
}

Test(verify, batch_read_as_a_plain_index, .exit_code = 70)
{
    begin;
    g->batch = 4;
    plain(g)->idx[0].batch = true;
    verify_graph(g);
}

Test(verify, update_of_another_shape, .exit_code = 70)
{
    begin;
    root(g, ROOT_UPDATE, plain(g), given(g, PARAM, "p", 1, 5));
    verify_graph(g);
}
