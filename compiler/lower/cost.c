/* Cycles of a nest in tiles, by one closed form for every kind.
 *
 * An instance of an expression is computed once for all positions of the tile that it does
 * not depend on: that is what makes a tile worth while. For one pass through the innermost
 * loop
 *
 *   cycles = max(arithmetic / 2, loads / 2, all / 6, latency of the accumulators' chain)
 *
 * on a core with two vector units and two load ports. */
#include "cost.h"

/* ---- What a nest computes, as a list ---- */

struct Listing {
    Choosing *c;
    Items *into;
};

static void list_uses(Choosing *c, Item *it)
{
    it->access = access_of(c->n, it->e);
    for (int k = 0; k < it->access.rank; k++) {
        const Sub *s = it->access.sub[k];
        it->guarded = it->guarded || !stays_inside(c->n, it->e, s, it->access.dim[k]);
        for (int axis = 0; axis < c->n->naxis; axis++)
            if (sub_uses(s, axis))
                PUSH(c->s->arena, &it->use,
                     (Use){k, axis, uses_plainly(s, axis), sub_coef(s, axis)});
    }
}

static void add_item(Choosing *c, Items *into, Expr *e)
{
    Nest *n = c->n;
    Item it = {.e = e, .axes = axes_of(n, e)};
    for (int i = 0; i < n->naxis && e->op == OP_read; i++)
        if (stride_of(n, e, i, &it.stride[i]))
            it.plain |= 1u << i;
    if (e->op == OP_read)
        list_uses(c, &it);
    PUSH(c->s->arena, into, it);
}

static void list_item(Expr *e, void *context)
{
    struct Listing *l = context;
    if (e->op != OP_const && (e->op != OP_read || step_read(l->c->n, e) < 0))
        add_item(l->c, l->into, e);
}

void list_items(Choosing *c)
{
    Nest *n = c->n;
    c->body.n = c->rest.n = c->stores.n = 0;
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

/* ---- Cycles ---- */

/* What one core does in a cycle is taken from wide x86 cores; other machines differ less in
 * the order of the choices than in the sums. */
typedef struct Work {
    double arithmetic, loads, other;
} Work;

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
    case OP_scalar:
        break;
    case OP_number:
        w->other += k;
        break;
    case OP_uniform:
    case OP_normal:
        w->arithmetic += k * (vector ? 10 * c->lanes : 60);
        break;
    case OP_read:
        stride = vector && it->e != s->t->pack ? it->stride[s->t->lane] : 0;
        if (vector && stride != 1 && stride) {
            w->loads += k * c->lanes;
            w->arithmetic += 1.25 * k * c->lanes;
        } else {
            w->loads += k;
        }
        w->arithmetic += it->guarded ? k : 0;
        w->other += it->guarded ? 4 * k : 0;
        break;
    case OP_div:
        w->arithmetic += 10 * k;
        break;
    default:
        w->arithmetic += it->fused ? 0 : opinfo[it->e->op].properties & COSTLY ? 30 * k : k;
    }
}

/* Every lane of a scattered store, and behind a reduction of a gather, is another line of
 * the cache; of a loop that only computes elements it would be the same line without lanes.
 */
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

bool in_loop(const Choosing *c, const Item *it) { return it->axes >> c->n->rank != 0; }

static double rest_cycles(const Choosing *c, const Shape *s)
{
    bool behind = s->vector && s->t->lane < c->n->rank && c->n->naxis > c->n->rank;
    Work w = {0};
    for (int i = 0; i < c->rest.n; i++) {
        const Item *it = &c->rest.at[i];
        add_work(c, it, s, &w);
        if (it->e->op == OP_read && behind && it->stride[s->t->lane] > 1)
            w.arithmetic += 2 * LINE_CYCLES * instances(it, s) * c->lanes;
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

double nest_cycles(const Choosing *c, const Tiling *t)
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

/* Each vector of the operand once, as often as loops around the copy come by. */
double pack_cycles(const Choosing *c, const Tiling *t, const Item *it)
{
    double vectors = 1.0 / c->lanes;
    for (int i = 0; i < c->n->naxis; i++)
        if (has(it->axes, i))
            vectors *= c->n->axis[i].extent;
    return vectors * (it->stride[t->lane] == 1 ? 4 : 2 * c->lanes);
}

/* ---- Registers ---- */

int registers_needed(const Choosing *c, const Tiling *t)
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

/* What loops that keep the nest's bounds leave out is not computed. */
double count_flops(const Choosing *c)
{
    double out = 1, all = 1, flops = 0;
    for (int i = 0; i < c->n->naxis; i++) {
        all *= c->n->axis[i].extent;
        out *= i < c->n->rank ? c->n->axis[i].extent : 1;
    }
    all *= share_within_bounds(c->n);
    for (int i = 0; i < c->body.n; i++)
        flops += opinfo[c->body.at[i].e->op].arity ? all : 0;
    for (int i = 0; i < c->rest.n; i++)
        flops += opinfo[c->rest.at[i].e->op].arity ? out : 0;
    return flops + (c->n->naxis > c->n->rank ? all : 0);
}
