/* Which axis gets the lanes, which two are unrolled into registers, and how far.
 *
 * Every choice is put through one estimate of cycles and the cheapest is taken; there are a few
 * hundred. An instance of an expression is computed once for all positions of the tile that it
 * does not depend on: that is what makes a tile worth while. For one pass through the innermost
 * loop
 *
 *   cycles = max(arithmetic / 2, loads / 2, all / 6, latency of the accumulators' chain)
 *
 * on a core with two vector units and two load ports, and what comes from beyond the caches costs
 * its bytes. A tile is possible if its accumulators and what stays live beside them fit the
 * registers. */
#include "tile.h"

#include "gen.h"

#include <limits.h>

/* In a recurrence a tensor is read at other steps as well. */
static bool is_place(const Step *s, const Expr *e)
{
    for (int k = 0; k < e->tensor->rank; k++)
        if (e->sub[k] != s->place->sub[k])
            return false;
    return true;
}

int step_read(const Nest *n, const Expr *e)
{
    for (int i = 0; i < n->step.n; i++)
        if (n->step.at[i].tensor == e->tensor && is_place(&n->step.at[i], e))
            return i;
    return -1;
}

/* ---- Dependence ---- */

static uint32_t axes_of_sub(Nest *n, const Sub *s)
{
    uint32_t axes = 0;
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if (t->kind == ATOM_INDEX)
            axes |= 1u << t->index;
        if (t->kind == ATOM_DATA)
            axes |= axes_of(n, t->data);
        if (t->of)
            axes |= axes_of_sub(n, t->of);
    }
    return axes;
}

static uint32_t find_axes(Nest *n, const Expr *e)
{
    uint32_t axes = 0;
    for (int i = 0; i < 3; i++)
        if (e->arg[i])
            axes |= axes_of(n, e->arg[i]);
    if (e->op == OP_read && step_read(n, e) >= 0)
        return axes | ((1u << n->rank) - 1) | (uint32_t)n->fixed << n->naxis;
    int subs = e->op == OP_read ? e->tensor->rank
               : e->op == OP_number || e->op == OP_uniform || e->op == OP_normal;
    for (int i = 0; i < subs; i++)
        axes |= axes_of_sub(n, e->sub[i]);
    return axes;
}

uint32_t axes_of(Nest *n, const Expr *e)
{
    const uint64_t known = (uint64_t)1 << 32;
    while (n->dependence.n <= e->id)
        PUSH(n->g->arena, &n->dependence, 0);
    if (!n->dependence.at[e->id]) {
        uint64_t axes = find_axes(n, e);
        n->dependence.at[e->id] = known | axes;
    }
    return (uint32_t)n->dependence.at[e->id];
}

/* ---- What a nest computes, as a list ---- */

typedef struct Item {
    const Expr *e;
    uint32_t axes;
    bool fused; /* a product that is only added up */
    uint32_t plain;  /* a read: axes along which it has a stride */
    int64_t stride[MAXIDX];
} Item;

typedef VEC(Item) Items;

typedef struct Choosing {
    const Schedule *s;
    Nest *n;
    Items body, rest, stores; /* of the reduction; of what follows it; places */
    int finish; /* an output axis along which what follows takes lanes; -1: none */
    int lanes;
    Tiling best;
} Choosing;

struct Listing {
    Choosing *c;
    Items *into;
};

static void add_item(Choosing *c, Items *into, Expr *e)
{
    Nest *n = c->n;
    Item it = {.e = e, .axes = axes_of(n, e)};
    for (int i = 0; i < n->naxis && e->op == OP_read; i++)
        if (stride_of(n, e, i, &it.stride[i]))
            it.plain |= 1u << i;
    PUSH(c->s->arena, into, it);
}

static void list_item(Expr *e, void *context)
{
    struct Listing *l = context;
    if (e->op != OP_const && (e->op != OP_read || step_read(l->c->n, e) < 0))
        add_item(l->c, l->into, e);
}

static void list_items(Choosing *c)
{
    Nest *n = c->n;
    for (int i = 0; i < n->step.n; i++) {
        const Step *s = &n->step.at[i];
        bool reduces = s->tensor->reduce != REDUCE_NONE;
        Items *into = reduces ? &c->body : &c->rest;
        walk(s->body, list_item, &(struct Listing){c, into});
        if (reduces && s->tensor->reduce == REDUCE_SUM && s->body->op == OP_mul)
            into->at[into->n - 1].fused = true;
        for (int k = 0; k < s->to.n; k++)
            add_item(c, &c->stores, s->place);
    }
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
                !stays_inside(n, e->sub[k], e->tensor->idx[k].extent))
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

/* ---- Cost ---- */

/* What one core does in a cycle is taken from wide x86 cores; other machines differ less in the
 * order of the choices than in the sums. */
typedef struct Work {
    double arithmetic, loads, other;
} Work;

static bool has(uint32_t axes, int axis) { return axis >= 0 && axes >> axis & 1; }

/* One piece of the tiling: so many rows and columns, with lanes or without. */
typedef struct Shape {
    const Tiling *t;
    int rows, cols, turns;
    bool vector;
} Shape;

static double instances(const Item *it, const Shape *s)
{
    const Tiling *t = s->t;
    double k = has(it->axes, t->row) ? s->rows : 1;
    if (has(it->axes, t->col))
        k *= s->cols;
    if (has(it->axes, t->lane) && t->lane != t->col)
        k *= s->turns;
    return k;
}

static void add_work(const Choosing *c, const Item *it, const Shape *s, Work *w)
{
    double k = instances(it, s);
    int64_t stride = 0;
    bool vector = s->vector && has(it->axes, s->t->lane);
    switch (it->e->op) {
    case OP_scalar: break;
    case OP_number: w->other += k; break;
    case OP_uniform:
    case OP_normal: w->arithmetic += k * (vector ? 10 * c->lanes : 60); break;
    case OP_read:
        stride = vector && it->e != s->t->pack ? it->stride[s->t->lane] : 0;
        if (vector && stride != 1 && stride) {
            w->loads += k * c->lanes;
            w->arithmetic += 1.25 * k * c->lanes;
        } else {
            w->loads += k;
        }
        break;
    case OP_div: w->arithmetic += 10 * k; break;
    default:
        w->arithmetic += it->fused ? 0 : opinfo[it->e->op].properties & COSTLY ? 30 * k : k;
    }
}

/* Behind a reduction every lane of a gather or a scattered store is another line of the cache. */
enum { LINE_CYCLES = 6 };

static void add_store(const Choosing *c, const Item *it, const Shape *s, Work *w)
{
    bool vector = s->vector && s->t->lane < c->n->rank;
    double k = instances(it, s);
    w->other += k;
    if (vector && it->stride[s->t->lane] != 1)
        w->arithmetic += 2 * LINE_CYCLES * k * c->lanes;
}

static double longest(double a, double b) { return a > b ? a : b; }

static double cycles_of(const Work *w)
{
    double all = (w->arithmetic + w->loads + w->other) / 6;
    return longest(all, longest(w->arithmetic, w->loads) / 2);
}

/* Reduced axes that are no lanes. */
static double passes(const Choosing *c, const Shape *s)
{
    double n = 1;
    for (int i = c->n->rank; i < c->n->naxis; i++) {
        double extent = c->n->axis[i].extent;
        if (i != s->t->lane || !s->vector)
            n *= extent;
        else
            n *= (double)(int64_t)((extent + c->lanes - 1) / c->lanes / s->turns + 0.999);
    }
    return n;
}

static bool in_loop(const Choosing *c, const Item *it)
{
    return it->axes >> c->n->rank != 0;
}

static double rest_cycles(const Choosing *c, const Shape *s)
{
    Work w = {0};
    for (int i = 0; i < c->rest.n; i++) {
        const Item *it = &c->rest.at[i];
        add_work(c, it, s, &w);
        if (it->e->op == OP_read && s->vector && s->t->lane < c->n->rank)
            w.arithmetic += it->stride[s->t->lane] > 1
                                ? 2 * LINE_CYCLES * instances(it, s) * c->lanes : 0;
    }
    for (int i = 0; i < c->stores.n; i++)
        add_store(c, &c->stores.at[i], s, &w);
    return cycles_of(&w);
}

/* What follows the reduction; apart from it, it is done by vectors along another axis. */
static double finish_cycles(const Choosing *c, const Shape *s)
{
    if (s->t->finish < 0)
        return rest_cycles(c, s);
    Tiling t = {.lane = c->finish, .row = -1, .col = c->finish};
    double vectors = (double)(s->rows * s->cols) / c->lanes;
    return s->rows * s->cols + vectors * (2 + rest_cycles(c, &(Shape){&t, 1, 1, 1, true}));
}

static double tile_cycles(const Choosing *c, const Shape *s)
{
    const Tiling *t = s->t;
    double cycles = 4;
    if (c->n->naxis > c->n->rank) {
        Work w = {.arithmetic = (double)s->rows * s->cols * s->turns, .other = 2};
        for (int i = 0; i < c->body.n; i++)
            if (in_loop(c, &c->body.at[i]))
                add_work(c, &c->body.at[i], s, &w);
        /* A short loop overlaps with the next tile's. */
        enum { LATENCY = 4, SHORT = 12 };
        double n = passes(c, s);
        cycles += n * longest(cycles_of(&w), n > SHORT ? LATENCY : 0);
        if (t->lane >= c->n->rank)
            cycles += s->rows * s->cols * 8.0;
    }
    return cycles + finish_cycles(c, s);
}

typedef struct Part {
    int width;
    double count;
    bool vector;
} Part;

/* The pieces region.c makes of an axis. */
static int parts_of(const Choosing *c, int axis, int width, bool lanes, Part *p)
{
    if (axis < 0) {
        p[0] = (Part){1, 1, false};
        return 1;
    }
    const Index *x = &c->n->axis[axis];
    int unit = lanes ? c->lanes : 1, n = 0;
    bool dynamic = x->batch && x->extent > c->n->per[axis];
    int whole = x->extent / unit, main = whole / width, left = x->extent % unit;
    if (main)
        p[n++] = (Part){width, main, lanes};
    if (dynamic) {
        if (whole % width)
            p[n++] = (Part){1, whole % width, lanes};
        if (left)
            p[n++] = (Part){1, left, false};
    } else if (whole % width || left) {
        p[n++] = (Part){whole % width + (left > 0), 1, lanes};
    }
    return n;
}

static double nest_cycles(const Choosing *c, const Tiling *t)
{
    double outer = 1, sum = 0;
    for (int i = 0; i < c->n->rank; i++)
        if (i != t->row && i != t->col)
            outer *= c->n->axis[i].extent;
    Part row[3], col[3];
    int rows = parts_of(c, t->row, t->rows, false, row);
    int cols = parts_of(c, t->col, t->cols, t->col == t->lane && t->lane >= 0, col);
    for (int i = 0; i < rows; i++)
        for (int k = 0; k < cols; k++) {
            bool vector = t->lane >= 0 && (t->lane != t->col || col[k].vector);
            Shape s = {t, row[i].width, col[k].width, t->unroll, vector};
            sum += row[i].count * col[k].count * tile_cycles(c, &s);
        }
    return outer * sum;
}

/* ---- Memory ---- */

/* Bytes that a core's caches hold, as taken to be free for this. */
enum { L1 = 32 << 10, L2 = 512 << 10, LINE = 64 };

/* The loops around a tile, outermost first: those of the order, and the one over blocks. Level k
 * is what loops k, k + 1, ... and the tile pass over. */
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
    double here = axis >= c->n->rank || inside > blocked ? extent : inside ? t->blocked : tile;
    return here < extent ? here : extent;
}

/* Elements next to each other of what a read passes over at a level. */
static double run_of(const Choosing *c, const Tiling *t, const Item *it, int level)
{
    double run = 1;
    for (int i = 0; i < c->n->naxis; i++)
        if (has(it->axes, i) && (it->stride[i] == 1 || it->stride[i] == -1 || it->e == t->pack))
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

/* Lines that lie a power of two of them apart share few sets of a cache: by how much less of it
 * there is for a read that the innermost loop moves by such a stride. */
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

/* Bytes of a read that come from beyond a cache of this size. The outermost level that fits keeps
 * what it passes; what a loop around it does not change stays as well. */
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

static double memory_cycles(const Choosing *c, const Tiling *t)
{
    double cycles = 0;
    for (int i = 0; i < c->body.n; i++) {
        const Item *it = &c->body.at[i];
        if (it->e->op == OP_read)
            cycles += traffic(c, t, it, L1) / 50 + traffic(c, t, it, L2) / 10;
    }
    return cycles;
}

/* ---- Registers ---- */

static int registers_needed(const Choosing *c, const Tiling *t)
{
    int live = t->rows * t->cols * t->unroll + 1, work = 0;
    for (int i = 0; i < c->body.n; i++) {
        const Item *it = &c->body.at[i];
        if (!in_loop(c, it) || it->fused)
            continue;
        bool per_column = has(it->axes, t->col) && !has(it->axes, t->row);
        if (it->e->op == OP_read)
            live += per_column && has(it->axes, t->lane) ? t->cols : 0;
        else
            work = opinfo[it->e->op].properties & COSTLY ? 10 : work > 2 ? work : 2;
    }
    return live + work;
}

/* ---- Choice ---- */

/* Axes as written, but the unrolled ones innermost, `last` behind the other, and lanes of a
 * reduction last of all. */
static void order_axes(const Nest *n, Tiling *t, int last)
{
    int k = 0;
    for (int i = 0; i < n->rank; i++)
        if ((i != t->row && i != t->col) || last < 0)
            t->order[k++] = i;
    int first = last == t->row ? t->col : t->row;
    if (last >= 0 && first >= 0)
        t->order[k++] = first;
    if (last >= 0)
        t->order[k++] = last;
    for (int i = n->rank; i < n->naxis; i++)
        if (i != t->lane)
            t->order[k++] = i;
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
        if (!stays_inside(c->n, e->sub[k], e->tensor->idx[k].extent))
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

/* Each vector of the operand once, as often as loops around the copy come by. */
static double pack_cycles(const Choosing *c, const Tiling *t, const Item *it)
{
    double vectors = 1.0 / c->lanes;
    for (int i = 0; i < c->n->naxis; i++)
        if (has(it->axes, i))
            vectors *= c->n->axis[i].extent;
    return vectors * (it->stride[t->lane] == 1 ? 4 : 2 * c->lanes);
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

static void consider(Choosing *c, Tiling t)
{
    t.cycles = nest_cycles(c, &t) + memory_cycles(c, &t);
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
        order_axes(c->n, &t, last[i]);
        t.blocked = 0;
        consider(c, t);
        if (t.row < 0 || t.col < 0)
            continue;
        int tile = (last[i] == t.row ? t.rows : t.cols) * (last[i] == t.lane ? c->lanes : 1);
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
    order_axes(c->n, &t, -1);
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

static void consider_axes(Choosing *c, int lane)
{
    Nest *n = c->n;
    Tiling t = {.lane = lane, .row = -1, .col = -1, .rows = 1, .cols = 1, .unroll = 1};
    t.finish = lane >= n->rank ? c->finish : -1;
    bool reduces = n->naxis > n->rank;
    if (lane < 0 || !reduces) {
        t.col = lane;
        order_axes(n, &t, -1);
        consider(c, t);
        return;
    }
    for (t.row = -1; t.row < n->rank; t.row++) {
        if (t.row == lane)
            continue;
        if (lane < n->rank) {
            t.col = lane;
            consider_sizes(c, t);
            continue;
        }
        for (t.col = -1; t.col < n->rank; t.col++)
            if (t.col < 0 || t.col > t.row)
                consider_sizes(c, t);
    }
}

/* Lanes for what follows a reduction, should those of the reduction run along a reduced axis. */
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

static double count_flops(const Choosing *c)
{
    double out = 1, all = 1, flops = 0;
    for (int i = 0; i < c->n->naxis; i++) {
        all *= c->n->axis[i].extent;
        out *= i < c->n->rank ? c->n->axis[i].extent : 1;
    }
    for (int i = 0; i < c->body.n; i++)
        flops += opinfo[c->body.at[i].e->op].arity ? all : 0;
    for (int i = 0; i < c->rest.n; i++)
        flops += opinfo[c->rest.at[i].e->op].arity ? out : 0;
    return flops + (all > out ? all : 0);
}

Tiling choose_tiling(const Schedule *s, Nest *n)
{
    Choosing c = {.s = s, .n = n, .lanes = s->module->lanes};
    list_items(&c);
    c.finish = find_finish(&c);
    consider_axes(&c, -1);
    for (int i = 0; i < n->naxis && c.lanes > 1; i++)
        if (takes_lanes(&c, i))
            consider_axes(&c, i);
    bool reduces = n->naxis > n->rank;
    c.best.rolled = reduces && c.best.finish < 0 && is_much(&c, &c.best);
    if (c.best.blocked && c.best.order[n->rank - 1] == c.best.finish)
        while (c.best.blocked % c.lanes)
            c.best.blocked *= 2;
    c.best.flops = count_flops(&c);
    return c.best;
}
