/* Bytes that a nest in tiles moves from beyond the caches.
 *
 * Around a tile lie loops, and each level of them passes over a certain part of every
 * operand. The outermost level whose parts all fit a cache finds there what it passed
 * before; what the loops around it do not change stays as well, and all else comes again.
 */
#include "cost.h"

#include <limits.h>
#include <math.h>
#include <string.h>

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

typedef struct Levels {
    const Choosing *c;
    const Tiling *t;
    int n;                           /* loops around the tile */
    double span[MAXIDX + 2][MAXIDX]; /* by level and axis: elements passed */
    double (*footprint)[MAXIDX + 2]; /* by item of the body and level: bytes */
    double all[MAXIDX + 2];          /* by level: of all reads, crowding included */
} Levels;

/* From the tile outwards. A blocked axis has two loops: the inner one passes over a block.
 */
static void find_spans(Levels *l)
{
    const Choosing *c = l->c;
    const Tiling *t = l->t;
    for (int axis = 0; axis < c->n->naxis; axis++) {
        double extent = c->n->axis[axis].extent;
        double tile = axis == t->row ? t->rows : axis == t->col ? t->cols : 1;
        tile *= axis == t->lane ? c->lanes : 1;
        l->span[l->n][axis] = axis >= c->n->rank || tile > extent ? extent : tile;
    }
    for (int level = l->n; level-- > 0;) {
        int axis = axis_of_loop(c, t, level);
        memcpy(l->span[level], l->span[level + 1], sizeof l->span[level]);
        bool inner =
            t->blocked && axis == t->order[c->n->rank - 1] && level > c->n->rank - 2;
        double extent = c->n->axis[axis].extent;
        l->span[level][axis] = inner && t->blocked < extent ? t->blocked : extent;
    }
}

/* Elements next to each other of what a read passes over at a level. */
static double run_of(const Levels *l, const Item *it, int level)
{
    double run = 1;
    for (int i = 0; i < l->c->n->naxis; i++)
        if (has(it->axes, i) &&
            (it->stride[i] == 1 || it->stride[i] == -1 || it->e == l->t->pack))
            run *= l->span[level][i];
    return run;
}

static int element_size(const Choosing *c) { return c->s->module->f64 ? 8 : 4; }

/* Values of one subscript at a level: as many as its indices have there, or as its range
 * holds where these meet, as in p + r. */
static double values(const Levels *l, const Item *it, int k, int level)
{
    double range = 1, count = 1, dim = it->access.dim[k];
    for (int i = 0; i < it->use.n; i++) {
        const Use *u = &it->use.at[i];
        if (u->dim != k)
            continue;
        double n = l->span[level][u->axis];
        range += u->plain ? fabs((double)u->coef) * (n - 1) : dim;
        count *= n;
    }
    double most = range < dim ? range : dim;
    return count < most ? count : most;
}

/* What a read passes over at a level, in bytes; runs shorter than a line cost a line. */
static double footprint(const Levels *l, const Item *it, int level)
{
    double bytes = element_size(l->c), run = run_of(l, it, level) * bytes;
    for (int k = 0; k < it->access.rank; k++)
        bytes *= values(l, it, k, level);
    return run < LINE && bytes > element_size(l->c) ? bytes * LINE / run : bytes;
}

/* Lines that lie a power of two of them apart share few sets of a cache: by how much less
 * of it there is for a read that the innermost loop moves by such a stride. */
static double crowding(const Levels *l, const Item *it, int level)
{
    enum { SETS = 64 };
    const Choosing *c = l->c;
    int axis = l->t->order[c->n->naxis - 1];
    int64_t stride = it->stride[axis] * element_size(c);
    if (axis < c->n->rank || it->e == l->t->pack || c->n->axis[axis].extent < SETS ||
        !stride)
        return 1;
    double apart = 1, run = run_of(l, it, level) * element_size(c) / LINE;
    for (int64_t lines = stride / LINE; lines && lines % 2 == 0 && apart < SETS; lines /= 2)
        apart *= 2;
    return run < 1 ? apart : run < apart ? apart / run : 1;
}

static void find_footprints(Levels *l)
{
    for (int i = 0; i < l->c->body.n; i++) {
        const Item *it = &l->c->body.at[i];
        for (int k = 0; it->e->op == OP_read && k <= l->n; k++) {
            l->footprint[i][k] = footprint(l, it, k);
            l->all[k] += l->footprint[i][k] * crowding(l, it, k);
        }
    }
}

/* Bytes of a read that come from beyond a cache of this size. The outermost level that fits
 * keeps what it passes; what a loop around it does not change stays as well, and so does
 * what windows have in common from one of its steps to the next. */
static double traffic(const Levels *l, int item, double cache)
{
    const Item *it = &l->c->body.at[item];
    int level = l->n, loop;
    bool fits = l->all[level] <= cache;
    while (level > 0 && l->all[level - 1] <= cache)
        level--;
    double bytes = l->footprint[item][level];
    for (loop = level - 1; fits && loop >= 0; loop--)
        if (has(it->axes, axis_of_loop(l->c, l->t, loop)))
            break;
    if (fits && loop >= 0)
        bytes = l->footprint[item][loop--];
    for (; loop >= 0; loop--) {
        int axis = axis_of_loop(l->c, l->t, loop);
        bytes *= l->span[loop][axis] / l->span[loop + 1][axis];
    }
    return bytes;
}

double memory_cycles(const Choosing *c, const Tiling *t)
{
    enum { MOST = 64 };
    double footprints[MOST][MAXIDX + 2], cycles = 0;
    if (c->body.n > MOST)
        return 0;
    Levels l = {.c = c, .t = t, .n = loops_around(c, t), .footprint = footprints};
    find_spans(&l);
    find_footprints(&l);
    for (int i = 0; i < c->body.n; i++)
        if (c->body.at[i].e->op == OP_read)
            cycles += traffic(&l, i, L1) / 50 + traffic(&l, i, L2) / 10;
    return cycles;
}
