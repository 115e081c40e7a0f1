/* Equations: tensor expressions over index variables, the second of the compiler's three
 * languages and the one where gradc lives.
 *
 *   T[i...] = reduce(op; r...) expression
 *
 * A graph holds tensors in topological order: inputs, parameters and states, then equations
 * (a parameter's update is an equation whose value a root assigns to the parameter). Ranks
 * are small, extents are constants; the batch is an ordinary leading index whose number of
 * steps is known only at run time: at most its extent, SCALAR_n examples are given.
 *
 * Expressions and subscripts are immutable and hash-consed per graph: structurally equal
 * means the same pointer. Within an equation of rank k, index variables 0..k-1 are its
 * output dimensions and k..nidx-1 the reduced ones. */
#ifndef IR_H
#define IR_H

#include "arena.h"
#include "diag.h"
#include "out.h"
#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

enum { MAXRANK = 8, MAXIDX = 32 };

typedef struct Tensor Tensor;
typedef struct Expr Expr;
typedef struct Sub Sub;
typedef struct Graph Graph;

/* ---- Operations: leaves first, then a row each from ops.def ---- */

typedef enum Op {
    OP_const,   /* value */
    OP_read,    /* tensor[sub...], or arg[0] where a subscript leaves the tensor */
    OP_number,  /* the integer sub[0] as a real */
    OP_scalar,  /* a number known at run time: scalar */
    OP_uniform, /* in [0, 1): random number sub[0] of site `site` at this step */
    OP_normal,  /* mean 0, deviation 1; likewise */
#define OP(name, ...) OP_##name,
#include "ops.def"
    NOP
} Op;

enum { COMMUTES = 1, LOGIC = 2, PICK = 4, COSTLY = 8, NOGRAD = 16 };
typedef enum ValueKind { REAL, BOOL } ValueKind;

typedef struct OpInfo {
    const char *name;
    int arity;
    const char *value; /* C text over a, b, c */
    ValueKind result;
    unsigned properties;
    double lo, hi;
} OpInfo;
extern const OpInfo opinfo[NOP]; /* leaves have a name, arity 0 and no value */

/* A primitive of constants, in double. Truth is any number but 0. */
double value_of_op(Op op, double a, double b, double c);

/* Numbers that the running program knows: name as printed, meaning. */
#define SCALARS(X)                                                                         \
    X(n, "examples in this batch")                                                         \
    X(step, "number of this update, from 1")                                               \
    X(steps, "updates planned for the whole run")                                          \
    X(training, "1 while training, else 0")

typedef enum Scalar {
#define X(name, meaning) SCALAR_##name,
    SCALARS(X)
#undef X
        NSCALAR
} Scalar;
extern const char *const scalar_name[NSCALAR];

/* ---- Subscripts: c + sum of coef * atom, over integers ---- */

typedef enum AtomKind {
    ATOM_INDEX, /* index variable */
    ATOM_DIV,   /* floor(of / by), by > 0 */
    ATOM_MOD,   /* of - by * floor(of / by) */
    ATOM_DATA,  /* the integer that an OP_read of a BYTE or INDEX tensor yields */
} AtomKind;

typedef struct Term {
    int64_t coef;
    AtomKind kind;
    int index;
    const Sub *of;
    int64_t by;
    Expr *data;
} Term;

struct Sub {
    int64_t c;
    int nterm;
    const Term *term; /* sorted, no zero coefficients, no two equal atoms */
    uint64_t hash;
    int id; /* position in the order of making */
};

/* ---- Scalar expressions ---- */

struct Expr {
    Op op;
    Expr *arg[3];
    double value;
    Scalar scalar;
    Tensor *tensor;
    const Sub *const *sub; /* OP_read: tensor->rank of them; OP_number, random: one */
    int site;
    uint64_t hash;
    int id; /* position in the order of making, unique in the graph */
};

/* ---- Tensors ---- */

typedef struct Index {
    const char *name;
    int extent;
    bool batch; /* runs to SCALAR_n */
} Index;

typedef enum Role { INPUT, PARAM, STATE, EQUATION } Role;
typedef enum Elem { ELEM_REAL, ELEM_BYTE, ELEM_INDEX } Elem;

/* argmax and argmin yield the row-major position within the reduced indices, the first one
 * on ties. max and min of nothing are -inf and inf. */
typedef enum Reduce {
    REDUCE_NONE,
    REDUCE_SUM,
    REDUCE_PROD,
    REDUCE_MAX,
    REDUCE_MIN,
    REDUCE_ARGMAX,
    REDUCE_ARGMIN,
    NREDUCE
} Reduce;
extern const char *const reduce_name[NREDUCE];

struct Tensor {
    int id; /* position in graph->tensor */
    const char
        *name; /* unique in the graph: "h.W", "dL/dh.W"; printable, not a C identifier */
    Span span; /* the source line it comes from */
    Span call; /* the statement of the model that it came about by; or no place */
    Role role;
    Elem elem;
    int bound; /* ELEM_INDEX: values are 0 .. bound-1 */
    int rank, nidx;
    Index idx[MAXIDX]; /* the first `rank` are the dimensions */
    Reduce reduce;     /* EQUATION */
    Expr *body;        /* EQUATION; NULL for an adjoint not derived yet */
    Tensor *of;        /* adjoint: the tensor whose adjoint it is; else NULL */
    Tensor *from;      /* derived: the forward equation whose rule gave it; else NULL */
    const char
        *why;       /* derived: the rule, in words ("sum over o: 'z' reads 'W'"); or NULL */
    Tensor *again;  /* what it computes a second time, for the backward pass; or NULL */
    int group;      /* EQUATION: the recurrence it belongs to, counted from 1; else 0 */
    int step;       /* in a recurrence: the dimension that steps */
    bool backward;  /* in a recurrence: it steps from the last to the first */
    bool frozen;    /* PARAM: gets no gradient and no update */
    bool optimizer; /* STATE that belongs to an optimizer */
    bool averages;  /* STATE that evaluation reads in place of a parameter, */
    Tensor *average; /* PARAM: namely this one's; or NULL */
};

typedef enum RootKind {
    ROOT_LOSS,     /* value: rank 0 */
    ROOT_METRIC,   /* value: rank 0, a mean over the examples given */
    ROOT_OUTPUT,   /* value */
    ROOT_GRADIENT, /* value is the adjoint of target (PARAM, or INPUT of reals) */
    ROOT_UPDATE,   /* value, of target's shape, becomes target (PARAM or STATE) at a step */
    ROOT_INIT,     /* value, of target's shape, is target (PARAM or STATE) at the start */
    ROOT_RATE,     /* value: rank 0, the optimizer's learning rate at a step */
    ROOT_INNER,    /* value: any other equation of reals, for those who look inside */
    NROOT
} RootKind;

extern const char *const root_name[NROOT]; /* print.c: "loss" */

typedef struct Root {
    RootKind kind;
    const char *name;
    Tensor *value, *target;
    Span span;
} Root;

/* What is known of SCALAR_training. */
typedef enum Training { TRAINING_OPEN, TRAINING_OFF, TRAINING_ON } Training;

struct Graph {
    Arena *arena;
    const char *name; /* of the model */
    VEC(Tensor *) tensor;
    VEC(Root) root; /* updates in the order written */
    int batch;      /* extent of every batch index */
    int accumulate; /* batches to an update */
    int epochs;     /* of the train block, or a default */
    uint64_t seed;
    double validation; /* part of the examples held back, 0..1 */
    Training training;
    int sites;         /* random sites used so far */
    int made;          /* expressions made */
    struct Cons *cons; /* the tables of hash-consing, graph.c */
};

/* ---- Building (graph.c) ---- */

Graph *new_graph(Arena *a, const char *name);

/* A tensor appended to the graph. Dimensions are set by the caller before anyone reads it.
 * The name is made unique by appending ".2", ".3" ... */
Tensor *new_tensor(Graph *g, Role role, const char *name, Span span);
Tensor *new_beside(Graph *g, const char *name,
                   const Tensor *t); /* an equation from t's place */
Tensor *new_part(Graph *g, const char *name,
                 const Tensor *t); /* likewise, of what t computes: derived as t is */
const char *unique_name(Graph *g, const char *name);

Expr *constant(Graph *g, double value);
Expr *read_at(Graph *g, Tensor *t, const Sub *const *sub, Expr *outside);
Expr *read_same(Graph *g, Tensor *t); /* T[0, 1, ..., rank-1]: index k in dimension k */
Expr *number_of(Graph *g, const Sub *s);
Expr *scalar(Graph *g, Scalar s);
Expr *random_number(Graph *g, Op op, int site, const Sub *counter);
Expr *apply(Graph *g, Op op, Expr *a, Expr *b,
            Expr *c); /* exactly as given, nothing folded */

const Sub *sub_const(Graph *g, int64_t c);
const Sub *sub_index(Graph *g, int index);
const Sub *sub_data(Graph *g, Expr *read);
const Sub *sub_add(Graph *g, const Sub *a, const Sub *b);
const Sub *sub_scale(Graph *g, const Sub *a, int64_t by);
/* Floor division and remainder; idx bounds the indices, so that what cannot leave [0, by)
 * simplifies, and (d*q + r) / d = q. */
const Sub *sub_div(Graph *g, const Sub *a, int64_t by, const Index *idx);
const Sub *sub_mod(Graph *g, const Sub *a, int64_t by, const Index *idx);

/* The least and greatest value over all indices (and over bounds of data). */
void sub_range(const Sub *s, const Index *idx, int64_t *lo, int64_t *hi);
int64_t sub_value(const Sub *s, const int *at); /* the indices being at[...]; none is data */
bool sub_is_index(const Sub *s, int *index); /* a bare index variable */
bool sub_is_const(const Sub *s);
bool sub_uses(const Sub *s, int index);    /* data reads included */
int64_t sub_coef(const Sub *s, int index); /* of the bare index as a term, 0 if none */

/* e with every index k replaced by to[k] (idx: ranges of the new indices, for simplifying).
 */
Expr *substitute(Graph *g, Expr *e, const Sub *const *to, const Index *idx);
const Sub *substitute_sub(Graph *g, const Sub *s, const Sub *const *to, const Index *idx);
/* e with each tensor t that has with[t->id] != NULL replaced by it (same shape). */
Expr *replace_tensors(Graph *g, Expr *e, Tensor *const *with);

/* e rebuilt from its operands upwards: rule says what becomes of each rebuilt subexpression. */
Expr *rewrite_by(Graph *g, Expr *e, const Index *idx, Expr *(*rule)(void *context, Expr *e),
                 void *context);

/* What the ranges of indices decide about e, whose operands are decided (decide.c): a condition that
 * always or never holds, what depends on one, a read that never or always leaves its tensor. */
Expr *decide(Graph *g, Expr *e, const Index *idx);
Expr *truth(Graph *g, bool value); /* the condition 1 != 0, or 0 != 0 */
bool is_truth(const Expr *e, bool *value);

bool expr_uses(const Expr *e, int index);
bool expr_reads(const Expr *e, const Tensor *t);
ValueKind kind_of(const Expr *e);
int64_t count_of(const Index *idx, int n); /* product of extents */
double operations_of(const Expr *e);       /* distinct ones, each counts one */
double flops_of(const Tensor *t);          /* to compute it for a full batch, likewise */

/* Call f once for each distinct subexpression, operands first (subscript data included). */
void walk(const Expr *e, void (*f)(Expr *e, void *context), void *context);

/* live[id] of t and of every tensor that it is computed from. */
void mark_reached(bool *live, const Tensor *t);

/* ---- Order (order.c) ---- */

/* Put the tensors into an order in which each comes after what it reads, otherwise keeping the
 * order they have, and renumber ids.
 *
 * Equations that read each other in a cycle form a recurrence if it steps: each has one dimension
 * (step), of the same extent, at which the others are read at its own index plus a constant, all
 * constants <= 0 (or all >= 0: backward), and without the reads at a constant other than 0 there
 * is no cycle left. Members of a group stand together, ordered by those reads; to evaluate a
 * recurrence is to evaluate, for one step after the other, that slice of every member in order. */
void sort_graph(Graph *g);

/* A cycle that is no recurrence: t's read is to blame. */
typedef struct Cycle {
    const Tensor *t;
    const Expr *read;
    const char *why;
} Cycle;

bool order_graph(Graph *g, Cycle *fault); /* false: there is one, and the graph is as before */

/* ---- Copying (copy.c) ---- */

/* A graph of its own with the roots whose kinds are in the set (1 << ROOT_LOSS | ...) and what
 * they need. Every input, parameter and state comes along. With TRAINING_OFF averages are read
 * in place of their parameters. */
Graph *copy_graph(const Graph *g, unsigned roots, Training training, Arena *a);

/* ---- Printing and verifying ---- */

void print_graph(Out *o, const Graph *g);
void print_tensor(Out *o, const Tensor *t); /* one equation, one line */
void print_expr(Out *o, const Tensor *of, const Expr *e);
void verify_graph(const Graph *g); /* bug() on anything the comments above rule out */

#endif
