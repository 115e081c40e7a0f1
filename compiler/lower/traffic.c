/* Bytes that a nest in tiles moves from beyond the caches.
 *
 * Around a tile lie loops, and each level of them passes over a certain part of every
 * operand. The outermost level whose parts all fit a cache finds there what it passed
 * before; what the loops around it do not change stays as well, and all else comes again.
 */
#include "cost.h"

#include <limits.h>

/* Bytes that a core's caches hold, as taken to be free for this. */
enum { L1 = 32 << 10, L2 = 512 << 10, LINE = 64 };

/* The loops around a tile, outermost first: those of the order, and the one over blocks.
 * Level k is what loops k, k + 1, ... and the tile pass over. */
static int loops_around(const Choosing *c, const Tiling *t)
{
    return c->n->rank + (t->blocked > 0);
}

static int axis_of_loop(const Choosing *c, const Tiling *t, int loop)
{
    int block = t->blocked ? c->n->rank - 2 : INT_MAX;
    return t->order[loop == block ? c->n->rank - 1 : loop > block ? loop - 1 : loop];
}

/* Elements of an axis passed at a level. */
static double span(const Choosing *c, const Tiling *t, int axis, int level)
{
    double extent = c->n->axis[axis].extent;
    double tile = axis == t->row ? t->rows : axis == t->col ? t->cols : 1;
    tile *= axis == t->lane ? c->lanes : 1;
    int inside = 0;
    for (int k = level; k < loops_around(c, t); k++)
        inside += axis_of_loop(c, t, k) == axis;
    bool blocked = t->blocked && axis == t->order[c->n->rank - 1];
    double here = axis >= c->n->rank || inside > blocked ? extent
                  : inside                               ? t->blocked
                                                         : tile;
    return here < extent ? here : extent;
}

/* Elements next to each other of what a read passes over at a level. */
static double run_of(const Choosing *c, const Tiling *t, const Item *it, int level)
{
    double run = 1;
    for (int i = 0; i < c->n->naxis; i++)
        if (has(it->axes, i) &&
            (it->stride[i] == 1 || it->stride[i] == -1 || it->e == t->pack))
            run *= span(c, t, i, level);
    return run;
}

static int element_size(const Choosing *c) { return c->s->module->f64 ? 8 : 4; }

/* What a read passes over at a level, in bytes; runs shorter than a line cost a line. */
static double footprint(const Choosing *c, const Tiling *t, const Item *it, int level)
{
    double bytes = element_size(c), run = run_of(c, t, it, level) * bytes;
    for (int i = 0; i < c->n->naxis; i++)
        if (has(it->axes, i))
            bytes *= span(c, t, i, level);
    return run < LINE && bytes > element_size(c) ? bytes * LINE / run : bytes;
}

/* Lines that lie a power of two of them apart share few sets of a cache: by how much less
 * of it there is for a read that the innermost loop moves by such a stride. */
static double crowding(const Choosing *c, const Tiling *t, const Item *it, int level)
{
    enum { SETS = 64 };
    int axis = t->order[c->n->naxis - 1];
    int64_t stride = it->stride[axis] * element_size(c);
    if (axis < c->n->rank || it->e == t->pack || c->n->axis[axis].extent < SETS || !stride)
        return 1;
    double apart = 1, run = run_of(c, t, it, level) * element_size(c) / LINE;
    for (int64_t lines = stride / LINE; lines && lines % 2 == 0 && apart < SETS; lines /= 2)
        apart *= 2;
    return run < 1 ? apart : run < apart ? apart / run : 1;
}

static double all_footprints(const Choosing *c, const Tiling *t, int level)
{
    double sum = 0;
    for (int i = 0; i < c->body.n; i++) {
        const Item *it = &c->body.at[i];
        if (it->e->op == OP_read)
            sum += footprint(c, t, it, level) * crowding(c, t, it, level);
    }
    return sum;
}

/* Bytes of a read that come from beyond a cache of this size. The outermost level that fits
 * keeps what it passes; what a loop around it does not change stays as well. */
static double traffic(const Choosing *c, const Tiling *t, const Item *it, double cache)
{
    int level = loops_around(c, t), loop;
    bool fits = all_footprints(c, t, level) <= cache;
    while (level > 0 && all_footprints(c, t, level - 1) <= cache)
        level--;
    double bytes = footprint(c, t, it, level);
    for (loop = level - 1; fits && loop >= 0 && !has(it->axes, axis_of_loop(c, t, loop));)
        loop--;
    for (; loop >= 0; loop--) {
        int axis = axis_of_loop(c, t, loop);
        bytes *= span(c, t, axis, loop) / span(c, t, axis, loop + 1);
    }
    return bytes;
}

double memory_cycles(const Choosing *c, const Tiling *t)
{
    double cycles = 0;
    for (int i = 0; i < c->body.n; i++) {
        const Item *it = &c->body.at[i];
        if (it->e->op == OP_read)
            cycles += traffic(c, t, it, L1) / 50 + traffic(c, t, it, L2) / 10;
    }
    return cycles;
}
