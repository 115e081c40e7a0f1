/* Graphs written by hand, for tests of the stages that work on them.
 *
 *   Tensor *x = given(g, INPUT, "x", 2, 4, 3);
 *   Tensor *y = equation(g, "y", 1, REDUCE_SUM, 2, 4, 3);    y[a] = sum(b) ..., a < 4, b <
 * 3 y->body = MUL(AT(x, I(0), I(1)), NUMBER(2));
 *
 * Indices are called a, b, c ... The macros expect the graph in a variable g. */
#ifndef GRAPHS_H
#define GRAPHS_H

#include "ir.h"
#include "str.h"

#include <stdarg.h>

#define I(k)                   sub_index(g, (k))
#define C(n)                   sub_const(g, (n))
#define PLUS(a, b)             sub_add(g, (a), (b))
#define TIMES(a, n)            sub_scale(g, (a), (n))
#define AT(t, ...)             read_at(g, (t), (const Sub *const[]){__VA_ARGS__}, NULL)
#define AT_OR(t, outside, ...) read_at(g, (t), (const Sub *const[]){__VA_ARGS__}, (outside))
#define WHOLE(t)               read_at(g, (t), NULL, NULL) /* rank 0 */
#define NUMBER(x)              constant(g, (x))
#define OP1(op, a)             apply(g, OP_##op, (a), NULL, NULL)
#define OP2(op, a, b)          apply(g, OP_##op, (a), (b), NULL)
#define ADD(a, b)              OP2(add, a, b)
#define MUL(a, b)              OP2(mul, a, b)
#define IF(c, a, b)            apply(g, OP_select, (c), (a), (b))

static inline const char *letter(int k) { return intern_f("%c", 'a' + k); }

static inline void shape(Tensor *t, int rank, int nidx, va_list extents)
{
    t->rank = rank;
    t->nidx = nidx;
    for (int i = 0; i < nidx; i++)
        t->idx[i] = (Index){.name = letter(i), .extent = va_arg(extents, int)};
}

static inline Tensor *given(Graph *g, Role role, const char *name, int rank, ...)
{
    Tensor *t = new_tensor(g, role, name, (Span){0});
    va_list extents;
    va_start(extents, rank);
    shape(t, rank, rank, extents);
    va_end(extents);
    return t;
}

/* Extents of all indices, then its dimensions are the first `rank`. */
static inline Tensor *equation(Graph *g, const char *name, int rank, Reduce reduce,
                               int nidx, ...)
{
    Tensor *t = new_tensor(g, EQUATION, name, (Span){0});
    va_list extents;
    va_start(extents, nidx);
    shape(t, rank, nidx, extents);
    va_end(extents);
    t->reduce = reduce;
    return t;
}

static inline Tensor *integers(Tensor *t, int bound)
{
    t->elem = ELEM_INDEX;
    t->bound = bound;
    return t;
}

static inline void root(Graph *g, RootKind kind, Tensor *value, Tensor *target)
{
    PUSH(g->arena, &g->root,
         (Root){.kind = kind, .name = value->name, .value = value, .target = target});
}

/* The loss: the sum of sin(t + 0.3) over all elements, which weighs each differently. */
static inline void loss_of(Graph *g, Tensor *t)
{
    Tensor *loss = new_tensor(g, EQUATION, "loss", (Span){0});
    loss->nidx = t->rank;
    for (int i = 0; i < t->rank; i++)
        loss->idx[i] = t->idx[i];
    loss->reduce = t->rank ? REDUCE_SUM : REDUCE_NONE;
    loss->body = OP1(sin, ADD(read_same(g, t), NUMBER(0.3)));
    root(g, ROOT_LOSS, loss, NULL);
}

/* Ask for the adjoint of t. */
static inline Tensor *want(Graph *g, Tensor *t)
{
    Tensor *d = new_tensor(g, EQUATION, intern_f("dL/d%s", t->name), t->span);
    d->rank = d->nidx = t->rank;
    for (int i = 0; i < t->rank; i++)
        d->idx[i] = t->idx[i];
    d->of = t;
    root(g, ROOT_GRADIENT, d, t);
    return d;
}

#endif
