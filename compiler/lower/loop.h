/* Loops: nests of loops over registers and buffers, the last of the compiler's three languages.
 *
 * A Module is what one model becomes: buffers with addresses in one block of memory, and for each
 * entry point the regions to run, in order. lower/ decides everything here; emit/ prints it.
 *
 * A region computes one equation, or several over the same output indices, as a loop nest. It may
 * be split over threads: its outermost loop then runs over [lo, hi), a part of that loop's range,
 * and the result does not depend on where the parts meet. */
#ifndef LOOP_H
#define LOOP_H

#include "ir.h"

typedef struct Val Val;
typedef struct Int Int;
typedef struct LoopStmt LoopStmt;

/* ---- Memory ---- */

typedef struct Buffer {
    const Tensor *tensor; /* whose values it has, first */
    const char *name; /* the tensor's, as in the source: "h.W" */
    const char *c_name; /* a C identifier: "h_W"; no other buffer of the entry has it */
    Elem elem;
    int rank;
    int dim[MAXRANK];
    bool batched;  /* dim[0] is the batch */
    bool fixed;    /* in the model's table: the same place for every entry; else scratch */
    size_t bytes;
    size_t offset; /* from the start of the block, a multiple of 64 */
    int first, last; /* scratch: the regions of its entry between which it is live */
} Buffer;

typedef VEC(Buffer *) Buffers;

/* How a region sees a buffer: as an array of these dimensions, outermost first. A buffer of one
 * number is seen as [1]. Several dimensions may be collapsed into one. */
typedef struct View {
    Buffer *buffer;   /* NULL: an array of reals of the region's own, aligned, on the stack */
    const char *name; /* a C identifier, unique in the region */
    int rank;
    int dim[MAXRANK];
    bool written;
} View;

/* ---- Integers: c + sum of coef * atom, as in Sub but over loop counters ---- */

/* A counter, or one of the integers every region has: n, lo, hi. */
typedef struct Var {
    const char *name;
} Var;

typedef enum IntAtom {
    INT_VAR,
    INT_DIV,  /* floor(of / by); never negative: of >= 0 is proved, else lower adds a multiple */
    INT_MOD,  /* likewise */
    INT_CLAMP, /* of, moved into [0, by): the element is guarded, its address is not */
    INT_LEAST, /* of, or limit where that is less */
    INT_MOST,  /* of, or limit where that is greater */
    INT_LOAD, /* an integer that data holds: a scalar VAL_LOAD of a BYTE or INDEX buffer */
} IntAtom;

typedef struct IntTerm {
    int64_t coef; /* not 0 */
    IntAtom kind;
    const Var *var;
    const Int *of, *limit;
    int64_t by;
    const Val *load;
} IntTerm;

struct Int {
    int64_t c;
    int nterm;
    const IntTerm *term;
};

/* ---- Values ---- */

/* A local variable of the generated C. */
typedef struct Reg {
    const char *name; /* a C identifier; no other name in sight of it is the same */
    bool vector;      /* GR_LANES numbers, else one */
    ValueKind kind;   /* REAL: real or vec. BOOL: int or mask */
} Reg;

typedef enum ValKind {
    VAL_CONST,  /* value: a scalar */
    VAL_REG,    /* reg */
    VAL_LOAD,   /* view[sub...]: one element; a vector reads the lanes from there on (see stride) */
    VAL_NUMBER, /* the integer sub[0] as a real; a vector has sub[0], sub[0] + stride, ... */
    VAL_SCALAR, /* scalar: kept in the context */
    VAL_RANDOM, /* op is OP_uniform or OP_normal; site; element sub[0], a vector sub[0] + lane */
    VAL_OP,     /* op over arg: all of one width, but scalars may stand beside vectors under
                   + - * / and the comparisons */
    VAL_SPLAT,  /* arg[0], a scalar, in every lane */
    VAL_KEEP,   /* arg[0] with lanes from `part` on set to value */
    VAL_FOLD,   /* the lanes of arg[0] reduced to a scalar by `reduce` (SUM PROD MAX MIN) */
} ValKind;

struct Val {
    ValKind kind;
    bool vector;
    ValueKind result;
    Op op;
    const Val *arg[3];
    double value;
    Scalar scalar;
    const Reg *reg;
    View *view;
    const Int *sub[MAXRANK];
    int64_t stride; /* elements between lanes: 1 contiguous; else a gather */
    int part;       /* lanes that exist: 0 all of them; the others read as 0 */
    int site; /* its place in the region's list */
    Reduce reduce;
};

/* ---- Statements ---- */

typedef enum LoopKind {
    LOOP_FOR,   /* for var from `from` while var + step <= to (step 1: var < to); step -1: from
                   `from` down while var >= to */
    LOOP_INT,   /* int var = from: a counter that several loops in a row share */
    LOOP_LET,   /* reg, constant from here on, is val */
    LOOP_VAR,   /* reg, to be changed, is val at first */
    LOOP_SET,   /* reg = val */
    LOOP_STORE, /* view[sub...] = val; a vector stores its lanes (stride, part as in Val) */
    LOOP_FREE,  /* no vector register keeps what is from before: the loop that follows takes all */
} LoopKind;

typedef VEC(LoopStmt *) LoopBody;

struct LoopStmt {
    LoopKind kind;
    const Var *var;
    const Int *from; /* LOOP_FOR: NULL goes on where the last loop over var stopped */
    const Int *to;
    int64_t step;
    bool short_last;  /* LOOP_FOR: runs while var < to; what is inside ends at to */
    LoopBody body;
    const Reg *reg;
    const Val *val;
    View *view;
    const Int *sub[MAXRANK];
    int64_t stride;
    int part;
};

/* ---- Regions, entries, the module ---- */

/* Where its buffers are, and which random sites it draws from, are a region's arguments. So one
 * that does to other tensors what an earlier one does has that one's loops; view[k] and site[k]
 * of the one stand for those of the other. */
typedef struct Region Region;
struct Region {
    const char *name; /* a C identifier, unique in the module: "forward_h" */
    const Region *like; /* the earlier one that has its loops; NULL: they are its own */
    VEC(const Tensor *) equation; /* what it computes, in order: printed above it */
    const Tensor *result; /* the first of them that is stored */
    VEC(View *) view;
    VEC(int) site;
    LoopBody body;
    const Int *range; /* what [lo, hi) is a part of; NULL: the region is not split */
    int64_t grain;    /* parts meet at multiples of it */
    bool parallel;    /* large enough to be worth threads */
    double flops, cycles; /* estimates for a full batch */
};

/* init finds the block full of zeros. */
typedef enum EntryKind { ENTRY_INIT, ENTRY_FORWARD, ENTRY_GRADIENTS, ENTRY_STEP, NENTRY } EntryKind;
extern const char *const entry_name[NENTRY]; /* "init", "forward", "gradients", "step" */

typedef struct Entry {
    const Graph *graph; /* the equations it was made from */
    VEC(Region *) region;
    Buffers scratch_buffer; /* in the order they are first written */
    size_t scratch, bound; /* bytes: as planned; the most that are live at once */
    int fullest;           /* the first region in which so many are */
} Entry;

/* A row of the model's table. */
typedef struct Slot {
    const Tensor *tensor; /* of the whole graph */
    const char *name;     /* "grad.h.W" for a gradient */
    RootKind root;        /* of a result: LOSS METRIC OUTPUT GRADIENT INNER; else NROOT */
    Buffer *buffer;
    bool target;          /* an input that no output depends on */
    bool drawn;           /* an output that depends on no input */
} Slot;

typedef struct Module {
    const Graph *graph; /* the whole model */
    const struct Target *target;
    bool f64;
    bool serial;        /* no region is for threads */
    int lanes;
    VEC(Slot) slot;
    Entry entry[NENTRY];
    size_t size;        /* bytes of a block: context, fixed tensors, scratch */
    size_t stack;       /* bytes that a call takes at most, without threads */
    const struct Module *ample; /* the same with all the memory it likes; NULL: it has that */
} Module;

typedef VEC(Module *) Modules;

/* A machine that C is generated for. */
typedef struct Target {
    const char *name;   /* "x86-64-v3" */
    const char *flags;  /* for the C compiler */
    int bytes;          /* of a vector register */
    int registers;      /* vector registers */
    const char *needs;  /* for __builtin_cpu_supports; NULL: a program cannot ask */
} Target;

extern const Target target[];
extern const int targets;
const Target *find_target(const char *name); /* NULL: unknown. "native" asks the machine. */

typedef struct LowerOptions {
    const Target *target;
    bool f64;
    int lanes; /* 0: as the target says */
    bool serial;
    size_t memory; /* bytes that a block should not exceed, at the price of work; 0: any size */
} LowerOptions;

/* Loops for a model: graph is the whole derived one (for the table), entry[k] the simplified one
 * of entry k, whose fixed tensors have the same names. It gains equations that speed needs. */
Module *lower(const Graph *graph, Graph *const entry[NENTRY], const LowerOptions *o,
              Arena *a);

double flops_of_entry(const Entry *e); /* of a full batch, as estimated */
double cycles_of_entry(const Entry *e);

void print_module(Out *o, const Module *m);
void print_region(Out *o, const Region *r);
void verify_module(const Module *m);

#endif
