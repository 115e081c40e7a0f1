/* Arrays while a graph is written: nodes, constants, and values with a dimension for each
 * index. */
#ifndef VALUE_H
#define VALUE_H

#include "proto.h"

enum {
    REAL_TYPE = 1,
    BYTE_TYPE = 2,
    INT_TYPE = 6,
    LONG_TYPE = 7,
    BOOL_TYPE = 9,
    DOUBLE_TYPE = 11
};

/* The array `name`, with a dimension for each index in `axes`, the least first. */
typedef struct Value {
    const char *name;
    unsigned axes; /* a set of indices of the equation */
} Value;

typedef struct Attribute {
    const char *name;
    int64_t value;
    const int *list; /* of `n`, instead */
    int n;
    const char *text; /* instead */
} Attribute;

typedef struct Node {
    const char *op, *output;
    const char **input;
    int inputs;
    Attribute attribute[2];
} Node;

typedef struct Memo {
    const Expr *e;
    Value value;
} Memo;

typedef struct Writer {
    Arena *a;
    Graph *g;
    Onnx *onnx;
    int real;        /* the type of reals */
    const Tensor *t; /* whose equation is being written */
    VEC(Node) node;
    Bytes tables;                /* initializers */
    VEC(const char *) constants; /* their names */
    int names;                   /* given so far */
    VEC(Memo) memo;              /* of this equation, or of one step of it */
    const char **
        *steps; /* [id of a tensor][step]: the slices so far of a recurrence; or NULL */
    int step;   /* in a recurrence: the index that stands still; else -1 */
} Writer;

void give_up(Writer *w, const Tensor *t, const char *why); /* the first fault counts */

/* ---- nodes: each returns the name of its output ---- */

const char *next_name(Writer *w);
const char *node_of_all(Writer *w, const char *op, const char *const *x, int n,
                        Attribute first);
const char *node(Writer *w, const char *op, const char *x,
                 const char *y); /* y may be NULL */
const char *node_of(Writer *w, const char *op, const char *x, Attribute first);
const char *gathered(Writer *w, const char *x, const char *places, int axis);
Node *node_named(Writer *w, const char *output); /* NULL: there is none */
const char *cast(Writer *w, const char *x, int type);
const char *transposed(Writer *w, const char *x, const int *order, int n);

/* ---- constants ---- */

const char *longs(Writer *w, const int64_t *x, int n); /* of one dimension */
const char *one_long(Writer *w, int64_t x);            /* of none */
const char *real_number(Writer *w, double x);          /* a real of no dimension */
const char *examples(Writer *w);                       /* how many, as longs of [1] */

/* A table over some indices, in their order: the value of f at each place. */
Value table(Writer *w, int type, unsigned axes,
            int64_t (*f)(const void *context, const int *at), const void *context);

/* ---- values ---- */

int position(unsigned axes, int index); /* of an index among the dimensions */
int count_axes(unsigned axes);
bool varies_with_batch(const Writer *w, int index);

const char *in_line(Writer *w, Value v,
                    unsigned axes);                /* with 1 where v lacks one of axes */
Value expanded(Writer *w, Value v, unsigned axes); /* repeated along those */
Value combined(Writer *w, const char *op, Value x, Value y);
Value chosen(Writer *w, Value c, Value x, Value y);

#endif
