/* Which axis gets the lanes, which two are unrolled into registers and how far, and in
 * which order the loops around them run.
 *
 * Every choice is put through the estimates of cost.c and traffic.c and the cheapest is
 * taken; there are a few hundred. A tile is possible if its accumulators and what stays
 * live beside them fit the registers. */
#include "tile.h"

#include "cost.h"
#include "gen.h"

#include <math.h>

int tile_width(const Tiling *t, int axis)
{
    return axis == t->row    ? t->rows
           : axis == t->col  ? t->cols
           : axis == t->lane ? t->unroll
                             : 1;
}

/* The least multiple of grain that is one of the lanes as well: a power of two. */
static int64_t whole_vectors(int64_t grain, int lanes)
{
    while (grain % lanes)
        grain *= 2;
    return grain;
}

int64_t grain_of(const Tiling *t, int axis, int lanes)
{
    int64_t grain = tile_width(t, axis) * (axis == t->lane ? lanes : 1);
    return axis == t->finish ? whole_vectors(grain, lanes) : grain;
}

/* ---- Lanes ---- */

static bool item_takes_lanes(const Choosing *c, const Item *it, int axis)
{
    const Nest *n = c->n;
    const Expr *e = it->e;
    if (!(it->axes >> axis & 1))
        return true;
    switch (e->op) {
    case OP_read:
        for (int k = 0; k < e->tensor->rank; k++)
            if (sub_uses(e->sub[k], axis) &&
                !stays_inside(n, e, e->sub[k], e->tensor->idx[k].extent))
                return false;
        return it->plain >> axis & 1;
    case OP_number:
        return uses_plainly(e->sub[0], axis);
    case OP_uniform:
    case OP_normal:
        return uses_plainly(e->sub[0], axis) && sub_coef(e->sub[0], axis) == 1;
    default:
        return true;
    }
}

static bool takes_lanes(const Choosing *c, int axis)
{
    bool reduced = axis >= c->n->rank;
    Reduce r = c->n->step.at[0].tensor->reduce;
    if (reduced && (r == REDUCE_ARGMAX || r == REDUCE_ARGMIN))
        return false;
    for (int i = 0; i < c->body.n; i++)
        if (!item_takes_lanes(c, &c->body.at[i], axis))
            return false;
    for (int i = 0; i < c->rest.n && !reduced; i++)
        if (!item_takes_lanes(c, &c->rest.at[i], axis))
            return false;
    return true;
}

/* ---- Choice ---- */

/* How far one step along an axis moves: of outer axes what is stored, of reduced axes all
 * that is read. */
static double reach(const Choosing *c, int axis)
{
    double sum = 0;
    for (int i = 0; i < c->stores.n && axis < c->n->rank; i++)
        sum += fabs((double)c->stores.at[i].stride[axis]);
    for (int i = 0; i < c->body.n && axis >= c->n->rank; i++)
        sum += fabs((double)c->body.at[i].stride[axis]);
    return sum;
}

/* The axis that moves furthest outermost, else as written. */
static void sort_axes(const Choosing *c, int *order, int n)
{
    for (int i = 1; i < n; i++)
        for (int k = i; k > 0 && reach(c, order[k - 1]) < reach(c, order[k]); k--) {
            int axis = order[k];
            order[k] = order[k - 1];
            order[k - 1] = axis;
        }
}

/* The position of an extremum is that of the first in the order written. */
static bool keeps_order(const Nest *n)
{
    Reduce r = n->step.at[0].tensor->reduce;
    return r == REDUCE_ARGMAX || r == REDUCE_ARGMIN;
}

/* The unrolled axes innermost of the outer ones, `last` behind the other, and lanes of a
 * reduction last of all. */
static void order_axes(const Choosing *c, Tiling *t, int last)
{
    const Nest *n = c->n;
    int k = 0;
    for (int i = 0; i < n->rank; i++)
        if ((i != t->row && i != t->col) || last < 0)
            t->order[k++] = i;
    sort_axes(c, t->order, k);
    int first = last == t->row ? t->col : t->row;
    if (last >= 0 && first >= 0)
        t->order[k++] = first;
    if (last >= 0)
        t->order[k++] = last;
    for (int i = n->rank; i < n->naxis; i++)
        if (i != t->lane)
            t->order[k++] = i;
    if (!keeps_order(n))
        sort_axes(c, t->order + n->rank, k - n->rank);
    if (t->lane >= n->rank)
        t->order[k] = t->lane;
}

/* ---- Panels ---- */

/* Can it be copied before loops that do not change it? */
static bool packs(const Choosing *c, const Tiling *t, const Item *it)
{
    enum { MOST = 256 << 10 }; /* bytes on the stack */
    const Expr *e = it->e;
    if (e->op != OP_read || e->arg[0] || !in_loop(c, it) || !has(it->axes, t->col) ||
        has(it->axes, t->row))
        return false;
    for (int k = 0; k < e->tensor->rank; k++)
        if (!is_in_range(c->n, e->sub[k], e->tensor->idx[k].extent))
            return false;
    double size = (double)t->cols * c->lanes * (c->s->module->f64 ? 8 : 4);
    int rank = 1;
    for (int i = c->n->rank; i < c->n->naxis; i++)
        if (has(it->axes, i)) {
            size *= c->n->axis[i].extent;
            rank++;
        }
    return size <= MOST && rank <= MAXRANK;
}

/* The axes that change the operand, its columns last; then those that do not, rows last. */
static void order_packed(const Nest *n, Tiling *t, uint32_t axes)
{
    int k = 0;
    for (int i = 0; i < n->rank; i++)
        if (has(axes, i) && i != t->col)
            t->order[k++] = i;
    t->order[k++] = t->col;
    t->pack_level = k;
    for (int i = 0; i < n->rank; i++)
        if (!has(axes, i) && i != t->row)
            t->order[k++] = i;
    if (t->row >= 0)
        t->order[k++] = t->row;
}

/* The first axis of a recurrence is what threads share, all nests alike: tiles along it fit
 * into each other, and there are some for four threads. */
static bool suits_threads(const Choosing *c, const Tiling *t)
{
    enum { THREADS = 4, FEW = 4 };
    if (!c->n->fixed || !c->n->rank)
        return true;
    int64_t grain = grain_of(t, 0, c->lanes);
    return (grain & (grain - 1)) == 0 &&
           (grain <= FEW || grain * THREADS <= c->n->axis[0].extent);
}

static void consider(Choosing *c, Tiling t)
{
    if (!suits_threads(c, &t))
        return;
    t.cycles = nest_cycles(c, &t);
    if (c->best.cycles > 0 && t.cycles >= 0.99 * c->best.cycles)
        return;
    t.cycles += memory_cycles(c, &t);
    for (int i = 0; t.pack && i < c->body.n; i++)
        if (c->body.at[i].e == t.pack)
            t.cycles += pack_cycles(c, &t, &c->body.at[i]);
    if (c->best.cycles == 0 || t.cycles < 0.99 * c->best.cycles)
        c->best = t;
}

static int widest(const Choosing *c, int axis, int unit, int limit)
{
    if (axis < 0)
        return 1;
    int units = (c->n->axis[axis].extent + unit - 1) / unit;
    return units < limit ? units : limit;
}

/* One tile in every order of its loops, whole and block by block. */
static void consider_orders(Choosing *c, Tiling t)
{
    bool tiled = t.rows * t.cols * t.unroll > 1;
    if (tiled && registers_needed(c, &t) > c->s->module->target->registers)
        return;
    int last[2] = {t.col, t.row};
    for (int i = 0; i < 2; i++) {
        order_axes(c, &t, last[i]);
        t.blocked = 0;
        consider(c, t);
        if (t.row < 0 || t.col < 0)
            continue;
        int tile =
            (last[i] == t.row ? t.rows : t.cols) * (last[i] == t.lane ? c->lanes : 1);
        for (int k = 4; k * tile < c->n->axis[last[i]].extent; k *= 2) {
            t.blocked = k * tile;
            consider(c, t);
        }
    }
}

static void consider_panels(Choosing *c, Tiling t)
{
    if (t.rows * t.cols > 1 && registers_needed(c, &t) > c->s->module->target->registers)
        return;
    order_axes(c, &t, -1);
    for (int i = 0; i < c->body.n; i++) {
        const Item *it = &c->body.at[i];
        if (!packs(c, &t, it))
            continue;
        t.pack = it->e;
        order_packed(c->n, &t, it->axes);
        if (t.pack_level < c->n->rank)
            consider(c, t);
    }
}

static void consider_sizes(Choosing *c, Tiling t)
{
    int unit = t.col == t.lane ? c->lanes : 1;
    int rows = widest(c, t.row, 1, MAXTILE - 1), cols = widest(c, t.col, unit, 6);
    int turns = t.lane >= c->n->rank ? widest(c, t.lane, c->lanes, 8) : 1;
    for (t.rows = rows > 1 ? 2 : 1; t.rows <= rows; t.rows++)
        for (t.cols = 1; t.cols <= cols; t.cols++)
            for (t.unroll = 1; t.unroll <= turns; t.unroll *= 2) {
                consider_orders(c, t);
                if (t.lane == t.col)
                    consider_panels(c, t);
            }
}

static void consider_axes(Choosing *c, int lane, bool bounded)
{
    Nest *n = c->n;
    Tiling t = {.lane = lane, .row = -1, .col = -1, .rows = 1, .cols = 1, .unroll = 1};
    uint32_t barred = bounding_axes(n);
    t.bounded = bounded;
    t.finish = lane >= n->rank ? c->finish : -1;
    bool reduces = n->naxis > n->rank;
    if (lane < 0 || !reduces) {
        t.col = lane;
        order_axes(c, &t, -1);
        consider(c, t);
        return;
    }
    for (t.row = -1; t.row < n->rank; t.row++) {
        if (t.row == lane || has(barred, t.row))
            continue;
        if (lane < n->rank) {
            t.col = lane;
            consider_sizes(c, t);
            continue;
        }
        for (t.col = -1; t.col < n->rank; t.col++)
            if (t.col < 0 || (t.col > t.row && !has(barred, t.col)))
                consider_sizes(c, t);
    }
}

/* Lanes for what follows a reduction, should those of the reduction run along a reduced
 * axis. */
static int find_finish(const Choosing *c)
{
    bool works = false;
    for (int i = 0; i < c->rest.n; i++)
        works = works || opinfo[c->rest.at[i].e->op].arity;
    for (int axis = c->n->rank; works && axis-- > 0;) {
        bool good = c->n->axis[axis].extent * 2 >= c->lanes;
        for (int i = 0; i < c->rest.n; i++)
            good = good && item_takes_lanes(c, &c->rest.at[i], axis);
        for (int i = 0; i < c->stores.n; i++)
            good = good && c->stores.at[i].stride[axis] == 1;
        if (good)
            return axis;
    }
    return -1;
}

/* More work than a person would write out for every position. */
static bool is_much(const Choosing *c, const Tiling *t)
{
    enum { LITTLE = 12 };
    int operations = 0;
    for (int i = 0; i < c->rest.n; i++) {
        const OpInfo *op = &opinfo[c->rest.at[i].e->op];
        operations += op->properties & COSTLY ? 8 : op->arity > 0;
    }
    int positions = t->rows * t->cols;
    return positions > 1 && operations * positions > LITTLE;
}

/* The nest's guards as loops with these lanes see them. */
static void set_bounds(Nest *n, Expr *body, int lane, bool bounded)
{
    n->bound.n = 0;
    Bounds bounds = {0};
    n->step.at[0].body =
        bounded ? strip_guards(n, body, lane < 0 ? 0 : 1u << lane, &bounds) : body;
    n->bound = bounds;
}

static void consider_lanes(Choosing *c, Expr *body, int lane, bool bounded)
{
    Nest *n = c->n;
    set_bounds(n, body, lane, bounded);
    if (bounded && !n->bound.n)
        return;
    list_items(c);
    c->finish = find_finish(c);
    if (lane < 0 || takes_lanes(c, lane))
        consider_axes(c, lane, bounded);
}

Tiling choose_tiling(const Schedule *s, Nest *n)
{
    Choosing c = {.s = s, .n = n, .lanes = s->module->lanes};
    Expr *body = n->step.at[0].body;
    for (int lane = -1; lane < (c.lanes > 1 ? n->naxis : 0); lane++)
        for (int bounded = 0; bounded < 2; bounded++)
            consider_lanes(&c, body, lane, bounded);
    set_bounds(n, body, c.best.lane, c.best.bounded);
    list_items(&c);
    c.finish = find_finish(&c);
    bool reduces = n->naxis > n->rank;
    c.best.rolled = reduces && c.best.finish < 0 && is_much(&c, &c.best);
    if (c.best.blocked && c.best.order[n->rank - 1] == c.best.finish)
        while (c.best.blocked % c.lanes)
            c.best.blocked *= 2;
    c.best.flops = count_flops(&c);
    return c.best;
}
