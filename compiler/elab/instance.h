/* One use of a definition, with concrete extents, and the values its names have there.
 * Private to elab/.
 *
 * What goes wrong records an error and yields nothing: a Value that is NOTHING, an
 * expression or a tensor that is NULL. Whoever combines it with something yields nothing
 * and stays silent, so that one mistake gives one message. */
#ifndef INSTANCE_H
#define INSTANCE_H

#include "ast.h"
#include "ir.h"
#include "names.h"

typedef struct Eq Eq;

typedef enum What {
    NOTHING,  /* an error has been recorded */
    A_NUMBER, /* known now */
    A_TENSOR,
    AN_ELEMENT /* argument of an inline function: an expression of the equation under way */
} What;

typedef struct Value {
    What what;
    double number;
    Tensor *tensor;
    Expr *element;
    Eq *owner;        /* of element */
    const char *path; /* its fields' names begin with this: "x.3" in "x.3.W" */
    Span at;          /* what a note about it shows */
} Value;

typedef struct Var {
    const char *name;
    Value value;
    Tensor *target; /* a state, or an optimizer's param: what := changes */
} Var;

typedef struct Elab {
    const Program *program;
    Arena *arena;
    Graph *graph;
    VEC(const char *) paths; /* taken by instances */
    VEC(Tensor *) stand_ins; /* recurrence.c */
    Tensor **gradient;       /* by root: what the optimizer gets for one */
    Tensor *grad_norm;       /* made when first read */
    Tensor *batches;         /* in the sums of gradients, this one included; accumulate.c */
    int calls;               /* of inline functions */
    bool full;               /* too large: said so, and stopped */
} Elab;

/* The statement being elaborated, for naming what its calls make. */
typedef struct Naming {
    const char *path; /* "x.3" */
    int layers;       /* calls of layers in it */
    int instances;    /* calls of anything that is instantiated */
    const char *used; /* path of its layer, if it has only one */
} Naming;

/* A name that was read before its equation was there. */
typedef struct Ahead {
    const char *name;
    Tensor *stand_in;
} Ahead;

typedef struct Env Env;
struct Env {
    Elab *e;
    const Def *def;
    Env *caller; /* NULL: the model */
    Span call;
    const char *path;        /* "" in the model */
    const char *suffix;      /* of names within a repeat: ".3" */
    const char *result_name; /* the result's tensor is called so; NULL: path.result */
    Naming naming;
    VEC(Var) var;
    const StmtList *body; /* being elaborated */
    VEC(Ahead) ahead;
    bool has_pack; /* `...` stands for these dimensions */
    int npack;
    Index pack[MAXRANK];
    const char *pack_of; /* the argument that said so, and where */
    Span pack_at;
    Tensor *adjoint; /* optimizer: of its parameter */
};

/* ---- instance.c ---- */

Env *new_env(Elab *e, const Def *def, Env *caller, Span call, const char *path);
Var *find_var(const Env *env, const char *name);
Var *bind(Env *env, const char *name, Value v);

static inline Value nothing(void) { return (Value){.what = NOTHING}; }
Value number_value(double number, Span at);
Value tensor_value(Tensor *t, Span at); /* of NULL: nothing */

/* The batch apart, a tensor has this many dimensions, from this one on. */
int dims_of(const Tensor *t);
Index *dim_of(Tensor *t, int k);
bool is_batched(const Tensor *t);
const char *shape_text(const Tensor *t); /* "[8, 8]" */

/* "h", "h.W", "x.3.W": a name of this instance as the graph knows it. */
const char *path_of(const Env *env, const char *name);
/* A path that no other instance has: "x.dense", then "x.dense.2". */
const char *new_path(Elab *e, const char *path);

/* An error at this place of the instance. What is inside the standard library is not what
 * the user wrote: there the error is the user's call, and the place a note. */
__attribute__((format(printf, 3, 4))) void fault(const Env *env, Span at, const char *fmt,
                                                 ...);
void note_shape(const char *name, const Value *v); /* "'x' is [8, 8] here" */

/* ---- statement.c ---- */

void elaborate_body(Env *env, const StmtList *body);

/* The tensors from number `from` on came about by this statement, or by one inside it that has
 * marked them. */
void mark_call(Graph *g, int from, const Stmt *st);

/* Until the next call of this, what is made is named after `name`, whose statement it is.
 */
void begin_statement(Env *env, const char *name, const Syn *value);
const char *field_path(const Env *env);

/* ---- declare.c, equation.c, report.c ---- */

void elaborate_input(Env *env, const Stmt *st);
void elaborate_variable(Env *env, const Stmt *st, Role role);
void drop_unread(Elab *e);
void elaborate_update(Env *env, const Stmt *st);
void elaborate_mean(Env *env, const Stmt *st, RootKind kind, const char *name);
void elaborate_output(Env *env, const Stmt *st);
Value define(Env *env, const Stmt *st);

/* Dimensions from brackets; `...` is the pack. False after an error. */
bool declared_shape(Env *env, const Decl *d, Index *idx, int *rank);
void add_root(Graph *g, RootKind kind, const char *name, Tensor *value, Tensor *target,
              Span span);

/* ---- recurrence.c ---- */

/* What stands for a name that a later equation of the body defines; NOTHING if none does.
 */
Value read_ahead(Env *env, const char *name);
/* The equation is there. */
void settle_ahead(Env *env, const Stmt *st, Tensor *t);
/* When all is elaborated: an error for a cycle that does not step. */
void close_recurrences(Elab *e);

/* ---- call.c, argument.c, reshape.c ---- */

/* The value of a whole expression, as an argument or a setting; name: of the tensor that it
 * may take. */
Value whole_value(Env *env, const Syn *s, const char *name);

/* What a call of something that is instantiated gives; result_name: of its tensor, or NULL.
 */
bool is_instantiated(const Env *env, const Syn *s);
Value instantiate(Env *env, const Syn *call, const Def *def, const char *result_name);
Value reshape(Env *env, const Syn *call, const char *result_name);

/* In the new instance env: what the call gives, the extents that shows, and defaults. */
bool bind_arguments(Env *env, const Syn *call, const Def *d);
/* A number where a tensor is expected is a tensor of no dimensions. */
Value as_tensor(Env *env, Value v, const char *name, Span at);

/* ---- subscript.c ---- */

/* A whole number known now; false after an error. */
bool whole_number(Env *env, const Syn *s, int64_t *n);
/* Likewise, at least 1: an extent or a count of what is called `what`. */
bool extent_of(Env *env, const Syn *s, const char *what, int *n);

/* ---- optimizer.c ---- */

/* Roots for every gradient, and the updates that the train block's optimizer makes of them;
 * train: the block, or NULL. */
void freeze_parameters(Env *model, const Stmt *freeze); /* freeze.c */
void elaborate_gradients(Env *model, const Stmt *train);

/* sqrt of the sum of the squares of all parameters' gradients. */
Value grad_norm_value(Env *env, Span at);

const Stmt *find_setting(const Stmt *train,
                         const char *name); /* or NULL; train may be NULL */

#endif
