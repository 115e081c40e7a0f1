/* An equation under construction. Private to elab/.
 *
 * Its indices live in slots: the batch, the dimensions, the indices of reductions, and one
 * that stands for the position in the equation (random draws count by it). Whether the
 * equation has the batch is known when it is closed: if something in it has, or its left
 * side says so. Reductions become tensors of their own on the way. */
#ifndef EQ_H
#define EQ_H

#include "instance.h"

/* clang-format off */
enum { BATCH = 0, DIM = 1, BINDER = DIM + MAXRANK, POSITION = MAXIDX - 1 };
/* clang-format on */

/* A name that stands for a slot; the dimensions of a `...` are called "...". */
typedef struct IndexName {
    const char *name;
    int slot;
} IndexName;

struct Eq {
    Env *env; /* where names are looked up */
    Graph *g;
    const char *name; /* of the tensor it will be */
    Span span;
    bool known;       /* only numbers known now are meant: an extent, a count */
    bool batched;     /* `batch` stands on the left: a value per example in any case */
    bool whole;       /* no indices are written: tensors are taken element by element */
    int first;        /* the graph's tensors from this one on were made for it */
    int rank;         /* dimensions; -1: a whole expression that has met no tensor yet */
    const char *like; /* whole: the tensor that gave the dimensions, and where */
    Value like_value;
    Index idx[MAXIDX];
    int calls;   /* of inline functions in it */
    int binders; /* slots in use from BINDER on */
    int batch;   /* the slot in which batched tensors are read */
    VEC(IndexName) index;
    int hidden;            /* indices before this one cannot be seen: an inline function */
    VEC(const Sub *) fact; /* each is >= 0 here, as enclosing conditions say */
};

/* ---- eq.c ---- */

Eq *new_eq(Env *env, const char *name, Span span, bool whole);
int find_index(const Eq *q, const char *name); /* slot, or -1 */
void name_index(Eq *q, const char *name, int slot);
int new_binder(Eq *q, Span at, const char *name, int extent); /* slot, or -1 */

/* The slots of the `...` in sight; their number, or -1 if it is not in sight. */
int pack_slots(const Eq *q, int *slot);

unsigned used_slots(const Expr *e);

/* The equation's tensor: value over its dimensions, and the batch if it is used. */
Tensor *close_eq(Eq *q, Expr *value);
/* A reduction of value over n slots, as a tensor read in q; mean is left to the caller. */
Expr *close_reduction(Eq *q, Span at, Reduce reduce, Expr *value, const int *slot, int n);

/* ---- equation.c ---- */

/* The indices of a left side, with their ranges; false after an error. */
bool bind_left(Eq *q, const Stmt *st);

/* ---- declare.c ---- */

/* A whole equation over t's dimensions, called `name`; in messages t is `like`. */
Eq *eq_like(Env *env, const char *name, Span span, Tensor *t, const char *like);

/* ---- expr.c, reduction.c ---- */

Expr *reduce_expr(Eq *q, const Syn *s);
Expr *expr(Eq *q, const Syn *s);
Expr *real_expr(Eq *q, const Syn *s);
Expr *condition(Eq *q, const Syn *s);
Value value_of(Eq *q, const Syn *s); /* of a name or a field */
Value find_value(Env *env,
                 const Syn *s); /* likewise; NOTHING, silently, if there is none */
Expr *element_of(Eq *q, const Value *v, const Syn *s); /* v, which s names, in q */

/* ---- call.c ---- */

Expr *call_expr(Eq *q, const Syn *s);

/* ---- subscript.c ---- */

const Sub *subscript(Eq *q, const Syn *s);
const Sub *sub_of_expr(Eq *q, const Expr *e); /* NULL if it is not made of whole numbers */
Expr *read_expr(Eq *q, const Syn *s);

/* ---- guard.c ---- */

void assume(Eq *q, const Expr *condition, bool holds);
bool follows(const Eq *q, const Sub *s); /* s >= 0, from the facts */

/* ---- range.c ---- */

/* The extent of index `name`, bound at `at`, from its bare uses in `in`; 0 after an error.
 * A declaration that says it already (`declared` > 0, in `of` at `of_at`) has to agree with
 * them. */
typedef struct Wanted {
    const char *name;
    Span at;
    int declared;
    const char *of;
    Span of_at;
} Wanted;
int find_range(Eq *q, const Syn *in, const Wanted *w);

/* ---- optimizer.c ---- */

Tensor *tensor_like(Graph *g, const Tensor *t, Role role, const char *name, Span span);

/* Where a setting about parameter p is an expression: the model's arguments have names, and
 * what the caller adds. */
Env *setting_env(Env *model, const Tensor *p);

/* ---- accumulate.c ---- */

/* What the optimizer gets: e->gradient, of each root that is a gradient. */
void accumulate_gradients(Elab *e, Span at);
/* From this root on updates are of sums, then, from `optimizer` on, the optimizer's. */
void hold_updates(Elab *e, int sums, int optimizer);
/* What the names `step` and `steps` mean. */
Expr *update_number(Graph *g);
Expr *updates_planned(Graph *g);

/* ---- average.c ---- */

/* now: the parameter's new value. */
void average_parameter(Env *model, const Stmt *average, Tensor *p, Value now);

/* ---- idle.c ---- */

/* The graph's tensors from `first` on are the optimizer's. */
void remove_idle_states(Graph *g, int first);

/* ---- fold.c ---- */

/* apply(), and constants are folded; truth is a comparison of constants. */
Expr *make(Graph *g, Op op, Expr *a, Expr *b, Expr *c);
bool is_constant(const Expr *e, double *value);
Expr *as_real(Graph *g, Expr *e); /* true is 1, false is 0 */
/* read_at(), or the number that every element of t is. */
Expr *read_element(Graph *g, Tensor *t, const Sub *const *sub, Expr *outside);

#endif
