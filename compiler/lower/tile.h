/* How a nest is cut into register tiles; private to lower/. */
#ifndef TILE_H
#define TILE_H

#include "nest.h"

/* Positions of `row` and `col` are unrolled and stay in registers; lanes run along `lane`,
 * which is `col` or a reduced axis. -1: there is no such axis. */
typedef struct Tiling {
    int lane, row, col;
    int rows, cols;    /* at most: positions of row; vectors or positions of col */
    int unroll;        /* reduced lanes: vectors added up apart from each other */
    int order[MAXIDX]; /* output axes outermost first, then reduced ones */
    int blocked; /* the last output axis of the order goes block by block, around the one
                    before it: positions in a block; 0: it does not */
    const Expr *pack; /* a read that is copied, lanes side by side, before the loops from
                         pack_level on, which do not change it; or NULL */
    int pack_level;
    bool rolled;  /* what follows the reduction is done in loops over the tile */
    int finish;   /* lanes of it that are done apart, where lanes run along a reduced axis;
                     -1: done with the tile */
    bool bounded; /* guards of the reduction are bounds of its loops, but for those that
                     lanes run along */
    double cycles, flops; /* of a full batch */
} Tiling;

/* Positions, or vectors where it has lanes, of a tile along an axis. */
int tile_width(const Tiling *t, int axis);

/* Parts of an axis that threads run may meet at multiples of it: tiles are then the same for any
 * number of parts. */
int64_t grain_of(const Tiling *t, int axis, int lanes);

Tiling choose_tiling(const Schedule *s, Nest *n);

#endif
