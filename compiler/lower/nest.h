/* Nests under construction, private to lower/: what one entry computes together, before
 * loops. */
#ifndef NEST_H
#define NEST_H

#include "layout.h"
#include "loop.h"
#include "name.h"

typedef struct Nest Nest;
typedef VEC(const Sub *) Bounds; /* not negative */

/* One equation of a nest. */
typedef struct Step {
    const Tensor *tensor;
    Expr *body;       /* over the nest's axes, in the nest's graph */
    Expr *place;      /* likewise: a read of `tensor` at the element this computes */
    VEC(Buffer *) to; /* where its values go; empty: only its nest reads them */
} Step;

/* Equations over the same output space. At most the first reduces; the others read those
 * before them at the element they compute themselves. */
struct Nest {
    int id;
    const Layout *layout; /* by tensor id; NULL: all row-major */
    VEC(Step) step;
    VEC(Nest *) after; /* nests that run before this one */
    int asked;         /* the last question of runs_after that came by */
    int group;         /* the recurrence it belongs to, as in Tensor */

    /* axes.c: output axes, then reduced ones */
    Graph *g; /* where bodies and places live */
    Index axis[MAXIDX];
    int rank, naxis;
    int fixed; /* 1: axis[naxis] is the step of a recurrence, moved from outside */
    int64_t per[MAXIDX]; /* a batch axis has per * n elements: others were merged into it */
    VEC(uint64_t) dependence; /* axes_of, by expression id */
    Bounds bound;             /* what the loops of the reduction see to, for it alone */
};

/* What one entry runs. */
typedef struct Schedule {
    Arena *arena;
    const Graph *graph;
    const Module *module;
    Names *names; /* of buffers */
    EntryKind kind;
    VEC(Nest *) nest; /* in the order they run, once scheduled */
    int questions;    /* of runs_after, so far */
    int *spelled;     /* by expression id: its number among all that were; 0: none */
    int spellings;
    int tensors;      /* of the graph, and copies made of them */
    Layout *layout;   /* by tensor id */
    Nest **home;      /* by tensor id: who computes it; NULL for what is given or dead */
    Buffer **buffer;  /* by tensor id: where other nests find it; NULL: nowhere */
} Schedule;

/* nest.c */
const char *result_name(const Root *r); /* in the model's table */
Schedule *schedule(const Graph *g, EntryKind kind, const Module *m, Names *names, Arena *a);
int length_of_group(const Schedule *s, int i); /* nests of one region, from i on */
Buffers buffers_of(const Schedule *s, const Nest *n, Arena *a); /* scratch that it touches */

/* turn.c: put the nests into the order in which they run. */
void order_nests(Schedule *s);

/* axes.c: give the nest its graph and axes, merging neighbours that every access runs
 * through in one go. */
void build_axes(Nest *n, Arena *a);

/* unroll.c: steps of their own for positions of axes that decide something. */
void unroll_axes(Nest *n, Arena *a);

/* How a read or a place sees its tensor: dimensions as they lie in memory, merged where
 * that spares a quotient. */
typedef struct Access {
    int rank;
    int dim[MAXRANK];
    const Sub *sub[MAXRANK];
} Access;
Access access_of(const Nest *n, const Expr *read);
int quotients(const Sub *s);
bool uses_plainly(const Sub *s, int axis); /* as a term, and nowhere inside one */
/* For every value of the axes; and where the read is made, which for what depends on a
 * reduced axis is within the loops that keep the nest's bounds. */
bool is_in_range(const Nest *n, const Sub *s, int extent);
bool stays_inside(const Nest *n, const Expr *read, const Sub *s, int extent);

/* bounds.c: the body of a reduction without the guards that loops can see to, which become
 * bounds, as far as they do not use the barred axes. */
Expr *strip_guards(Nest *n, Expr *body, uint32_t barred, Bounds *bounds);
bool is_bounded(const Nest *n, const Sub *s, int extent); /* stays in [0, extent) */
uint32_t bounding_axes(const Nest *n); /* that stand in the nest's bounds */
double share_within_bounds(const Nest *n); /* of all values of its axes */

/* Elements of one step along axis within the tensor; false: no constant number. */
bool stride_of(const Nest *n, const Expr *read, int axis, int64_t *stride);

/* The axes that an expression of the nest depends on, as bits. What the nest computes
 * depends on all output axes. */
uint32_t axes_of(Nest *n, const Expr *e);

/* The step whose value e reads, or -1. */
int step_read(const Nest *n, const Expr *e);

/* region.c: the loops of a nest whose axes are built. */
Region *build_region(const Schedule *s, Nest *n, const char *name);

/* recurrence.c: those of the n nests of a recurrence, one after the other, within a loop
 * over its steps. */
Region *build_recurrence(const Schedule *s, Nest *const *nest, int n, const char *name);

/* share.c: what nests compute, up to names and addresses. */
typedef struct Spelling {
    VEC(int64_t) word;
    uint64_t hash;
    VEC(Buffer *) buffer; /* in the order in which they occur */
    VEC(int) site;        /* likewise */
    const Region *region; /* made for it */
} Spelling;
typedef VEC(Spelling *) Spellings;

Spelling *spell(Schedule *s, Nest *const *nest, int n);
Spelling *find_spelling(const Spellings *known, const Spelling *x); /* NULL: there is none */
/* A region for nests spelled x, with the loops of another that is spelled alike. */
Region *share_region(const Schedule *s, const Spelling *like, const Spelling *x,
                     Nest *const *nest, int n, const char *name);

/* module.c: of the tensor's type and shape, with a name of its own. layout NULL: row-major.
 */
Buffer *new_buffer(const Tensor *t, const Layout *layout, const Module *m, Names *names,
                   Arena *a);

/* plan.c: places for the scratch buffers, from base on; sets scratch and bound. */
size_t aligned(size_t bytes);
void plan_scratch(Entry *e, size_t base, Arena *a);
void plan_nests(Entry *e, const Schedule *s, Arena *a); /* the same before there are regions */

/* again.c: g, or a graph that computes the same and whose plan takes at most `room` bytes, or as
 * few as it can. */
Graph *spare_memory(const Module *m, EntryKind kind, Graph *g, size_t room, Names *names,
                    Arena *a);

/* stack.c: the most that the C of the entries keeps on the stack. */
size_t bound_stack(const Module *m);

#endif
