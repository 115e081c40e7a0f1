/* What a nest costs when it is cut into tiles one way or another; private to lower/. */
#ifndef COST_H
#define COST_H

#include "tile.h"

/* An axis in a dimension of a read. */
typedef struct Use {
    int dim, axis;
    bool plain; /* as coef * axis; else inside of a quotient or of data */
    int64_t coef;
} Use;

/* One expression of a nest. */
typedef struct Item {
    const Expr *e;
    uint32_t axes;
    bool fused;     /* a product that is only added up */
    uint32_t plain; /* a read: axes along which it has a stride */
    int64_t stride[MAXIDX];
    Access access;
    VEC(Use) use;
    bool guarded; /* could leave its tensor */
} Item;

typedef VEC(Item) Items;

/* What a nest computes, and the best way so far to do it. */
typedef struct Choosing {
    const Schedule *s;
    Nest *n;
    Items body, rest, stores; /* of the reduction; of what follows it; places */
    int finish; /* an output axis along which what follows takes lanes; -1: none */
    int lanes;
    Tiling best;
} Choosing;

static inline bool has(uint32_t axes, int axis) { return axis >= 0 && axes >> axis & 1; }

/* cost.c */
void list_items(Choosing *c);
bool in_loop(const Choosing *c, const Item *it); /* of the reduction */
double nest_cycles(const Choosing *c, const Tiling *t);
double pack_cycles(const Choosing *c, const Tiling *t, const Item *it);
int registers_needed(const Choosing *c, const Tiling *t);
double count_flops(const Choosing *c);

/* traffic.c: what comes from beyond the caches */
double memory_cycles(const Choosing *c, const Tiling *t);

#endif
