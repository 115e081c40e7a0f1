/* The loops of one region under construction, private to lower/. */
#ifndef GEN_H
#define GEN_H

#include "name.h"
#include "tile.h"

enum { MAXTILE = 16, MAXDEPTH = MAXIDX + 1 };

/* Where an axis stands: at var + inner + at. */
typedef struct Point {
    const Var *var; /* NULL: at a constant */
    int64_t at;
    const Var *inner; /* a loop over positions of a tile: added to that; or NULL */
    int depth;        /* of the block that moves it */
    int opened;       /* when, in g->time */
    int width;        /* positions, or vectors, that are unrolled here */
    bool vector;      /* they are vectors */
    int part;         /* lanes of the last one; 0: all */
} Point;

/* A value and what becomes of it. Every Val of a region is the head of a Node. */
typedef struct Node {
    Val val;
    uint32_t axes;      /* that it depends on */
    int row, col, turn; /* where it was made */
    int depth;          /* of the innermost block that changes it */
    int time;           /* when it was made */
    int uses, epoch;    /* in the statements that are being written */
    int size;           /* of its text, in operands */
    const char *name;   /* for a register */
    bool early;         /* to be loaded before anything is stored */
    const Reg *reg;     /* holds it, in the block of this id */
    int block;
} Node;

typedef struct Block {
    LoopBody body;
    Names names;
    Names below; /* taken in blocks inside it that are closed */
    int id;
} Block;

typedef enum Phase { WHOLE, TILES, FINISHING } Phase;

typedef struct Gen {
    Arena *a;
    const Schedule *s;
    Nest *nest;
    Region *region;
    Tiling tile;
    int lanes;
    Point point[MAXIDX];
    const Int *from[MAXIDX], *to[MAXIDX]; /* part of an axis to run; NULL: all of it */
    bool in_block;
    Phase phase;
    View *panel;         /* where tile.pack is copied */
    bool packed;         /* it has been */
    Buffer *apart;       /* where a reduction's values wait to be finished; or NULL */
    View *stage;         /* likewise, those of one tile; or NULL */
    bool staged;         /* that is where they are now */
    int64_t stage_at[2]; /* where the tile's rows and columns start, as Point.at */
    int row, col, turn;  /* the position being computed; turn: along reduced lanes */
    int time, epoch, blocks;
    Block block[MAXDEPTH];
    int depth, floor;    /* innermost block; the block that holds the tile */
    struct Known *known; /* what is computed where */
    /* of the reduction, by row, column and turn */
    const Reg *acc[MAXTILE][MAXTILE][MAXTILE];
    const Reg *rest[MAXTILE][MAXTILE]; /* single elements after the last vector */
    const Reg *at[MAXTILE][MAXTILE];   /* position of the extremum */
    Node *total[MAXTILE][MAXTILE];     /* the value */
} Gen;

/* body.c */
Node *evaluate(Gen *g, Expr *e); /* at the current position */
Node *evaluate_step(Gen *g, int step);
const Int *int_of(Gen *g, const Sub *s);
int unit_of(const Gen *g, int axis); /* elements between positions of a tile */
Node *wide(Gen *g, Node *x);         /* as a vector */
Node *apply_op(Gen *g, Op op, Node *a, Node *b, Node *c);
Node *literal(Gen *g, double value);
Node *reg_value(Gen *g, const Reg *r);
Node *keep_lanes(Gen *g, Node *x, double identity);
Node *fold_lanes(Gen *g, Node *x, Reduce reduce);
bool is_zero_beyond(const Node *x); /* the lanes that do not exist are 0 */
View *view_of(Gen *g, const Expr *read, Buffer *b);
Node *load_of(Gen *g, Val v, const Expr *read); /* of what a read reads, from elsewhere */
void place_of(Gen *g, const Expr *read, const Int **sub, int64_t *stride);
int lanes_here(const Gen *g); /* part of the current position */
bool vector_here(const Gen *g);

/* let.c: from a graph of values to statements in order. */
void count_uses(Gen *g, Node *x);
const Val *settle(Gen *g, Node *x); /* what to write for x, after emitting what it needs */
const Reg *new_reg(Gen *g, const char *name, bool vector, ValueKind kind);
void emit(Gen *g, LoopStmt s);

/* region.c */
Gen *new_gen(const Schedule *s, const char *name);
void take_nest(Gen *g, Nest *n, Tiling t);  /* the next one of the region */
void run_level(Gen *g, int level);          /* its loops, from this level of the order on */
bool is_worth_threads(const Region *r, const Module *m);
void run_part_of(Gen *g, int axis);         /* from lo to hi */
void open_block(Gen *g);
LoopBody close_block(Gen *g);
Var *new_var(Gen *g, const char *name);
const Int *number(Gen *g, int64_t c);
const Int *variable_plus(Gen *g, const Var *var, int64_t c);
bool ends_at_run_time(const Gen *g, int axis);
bool leaves_elements(const Gen *g, int axis); /* to do after its last whole vector, one by one */
const Int *length_of(Gen *g, int axis);
const Int *combine_ints(Gen *g, IntAtom kind, const Int *of, const Int *limit);
void run_axis(Gen *g, int level);

/* bounds.c: [from, to) of a reduced axis within the nest's bounds */
void bound_loop(Gen *g, int axis, const Int **from, const Int **to);

/* Positions of the tile at hand. */
static inline int width(const Gen *g, int axis)
{
    return axis < 0 ? 1 : g->point[axis].width;
}
static inline int rows(const Gen *g) { return width(g, g->tile.row); }
static inline int cols(const Gen *g) { return width(g, g->tile.col); }
static inline bool lanes_reduced(const Gen *g) { return g->tile.lane >= g->nest->rank; }

/* pack.c */
View *new_panel(Gen *g);
void pack(Gen *g);
Node *load_from_panel(Gen *g);

/* reduce.c */
void start_accumulators(Gen *g);
void reduce_here(Gen *g);
void finish_accumulators(Gen *g);

/* finish.c */
void finish_tile(Gen *g);             /* the steps and stores, as the tiling says */
void finish_here(Gen *g);             /* at every position */
void finish_apart(Gen *g, int level); /* in loops from this level on */
View *new_stage(Gen *g);
Node *load_from_tile(Gen *g);

#endif
