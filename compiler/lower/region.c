/* The loops of one region, by one generator for every kind of nest:
 *
 *   for the output axes, in the tiling's order, main pieces and what remains of each
 *       accumulators, one per row, column and turn of the tile
 *       for the reduced axes, lanes innermost
 *           accumulator op= body, at every position of the tile
 *       the accumulators become values; the other steps, at every position; stores
 *
 * An axis of constant length whose main piece runs once needs no loop; what remains of it is
 * straight code at a constant place. An axis that ends at run time has a main loop, a loop over
 * single vectors or positions, and where lanes run along it one over single elements. */
#include "gen.h"

#include "str.h"

#include <assert.h>
#include <math.h>

/* ---- Blocks and pieces ---- */

static void open_block(Gen *g)
{
    if (g->depth + 1 == MAXDEPTH)
        bug("loops nest deeper than %d", MAXDEPTH);
    g->depth++;
    g->block[g->depth] = (Block){.id = ++g->blocks};
    g->block[g->depth].names = (Names){.arena = g->a, .outer = &g->block[g->depth - 1].names};
    g->block[g->depth].below.arena = g->a;
}

static LoopBody close_block(Gen *g)
{
    Block *b = &g->block[g->depth--];
    add_names(&g->block[g->depth].below, &b->names);
    add_names(&g->block[g->depth].below, &b->below);
    b->id = 0;
    return b->body;
}

static const Int *number(Gen *g, int64_t c)
{
    Int *i = NEW(g->a, Int);
    i->c = c;
    return i;
}

static const Int *times(Gen *g, const Var *var, int64_t coef)
{
    Int *i = NEW(g->a, Int);
    IntTerm *t = NEW(g->a, IntTerm);
    *t = (IntTerm){.coef = coef, .kind = INT_VAR, .var = var};
    *i = (Int){.nterm = 1, .term = t};
    return i;
}

static const Var var_n = {"n"}, var_lo = {"lo"}, var_hi = {"hi"};

/* A batch of one is never shorter. */
static bool ends_at_run_time(const Gen *g, int axis)
{
    return g->nest->axis[axis].batch && g->s->graph->batch > 1;
}

static const Int *length(Gen *g, int axis)
{
    return ends_at_run_time(g, axis) ? times(g, &var_n, g->nest->per[axis])
                                     : number(g, g->nest->axis[axis].extent);
}

typedef struct Piece {
    int width, part;
    bool vector;
    int64_t from, step; /* step in elements */
    bool loop;          /* else once, at `from` */
} Piece;

enum { MAXPIECES = 3 };

static int tile_width(const Gen *g, int axis)
{
    const Tiling *t = &g->tile;
    return axis == t->row ? t->rows : axis == t->col ? t->cols : axis == t->lane ? t->unroll : 1;
}

static int constant_pieces(const Gen *g, int axis, bool bounded, Piece *p)
{
    bool vector = axis == g->tile.lane;
    int unit = vector ? g->lanes : 1, extent = g->nest->axis[axis].extent;
    int width = tile_width(g, axis), n = 0;
    int units = (extent + unit - 1) / unit, part = extent % unit;
    int main = extent / unit / width;
    if (main)
        p[n++] = (Piece){width, 0, vector, 0, (int64_t)width * unit, bounded || main > 1};
    int rest = units - main * width;
    int64_t from = (int64_t)main * width * unit;
    if (rest)
        p[n++] = (Piece){rest, part, vector, from, extent - from, bounded};
    return n;
}

static int run_time_pieces(const Gen *g, int axis, Piece *p)
{
    bool vector = axis == g->tile.lane;
    int unit = vector ? g->lanes : 1, width = tile_width(g, axis), n = 0;
    if (width > 1)
        p[n++] = (Piece){width, 0, vector, 0, (int64_t)width * unit, true};
    p[n++] = (Piece){1, 0, vector, 0, unit, true};
    if (vector)
        p[n++] = (Piece){1, 0, false, 0, 1, true};
    return n;
}

static void start_piece(Gen *g, int axis, const Piece *p, Var *var)
{
    if (p->loop)
        open_block(g);
    Names *names = &g->block[g->depth].names;
    if (p->loop && !var->name)
        var->name = take_name(names, names, identifier(g->nest->axis[axis].name));
    g->point[axis] = (Point){.var = p->loop ? var : NULL,
                             .at = p->loop ? 0 : p->from,
                             .depth = g->depth,
                             .opened = ++g->time,
                             .width = p->width,
                             .vector = p->vector,
                             .part = p->part};
}

static void end_piece(Gen *g, const Piece *p, LoopStmt loop)
{
    if (!p->loop)
        return;
    loop.kind = LOOP_FOR;
    loop.step = p->step;
    loop.body = close_block(g);
    emit(g, loop);
}

static void run_level(Gen *g, int level);

static Var *new_var(Gen *g, const char *name)
{
    Names *names = &g->block[g->depth].names;
    Var *v = NEW(g->a, Var);
    v->name = take_name(names, names, identifier(name));
    return v;
}

/* All pieces of the axis at this level. */
static void run_axis(Gen *g, int level)
{
    int axis = g->tile.order[level];
    bool bounded = g->to[axis], dynamic = ends_at_run_time(g, axis);
    Piece p[MAXPIECES];
    int n = dynamic ? run_time_pieces(g, axis, p) : constant_pieces(g, axis, bounded, p);
    bool shared = n > 1 && p[1].loop;
    const Int *from = bounded ? g->from[axis] : number(g, 0);
    const Int *to = bounded ? g->to[axis] : length(g, axis);
    Var *var = shared ? new_var(g, g->nest->axis[axis].name) : NEW(g->a, Var);
    if (shared)
        emit(g, (LoopStmt){.kind = LOOP_INT, .var = var, .from = from});
    for (int i = 0; i < n; i++) {
        start_piece(g, axis, &p[i], var);
        run_level(g, level + 1);
        end_piece(g, &p[i], (LoopStmt){.var = var, .from = shared ? NULL : from, .to = to});
    }
}

static const Int *plus(Gen *g, const Var *var, int64_t c)
{
    Int *i = NEW(g->a, Int);
    *i = *times(g, var, 1);
    i->c = c;
    return i;
}

static const Int *least(Gen *g, const Int *of, const Int *limit)
{
    Int *i = NEW(g->a, Int);
    IntTerm *t = NEW(g->a, IntTerm);
    *t = (IntTerm){.coef = 1, .kind = INT_LEAST, .of = of, .limit = limit};
    *i = (Int){.nterm = 1, .term = t};
    return i;
}

/* The last output axis of the order, block by block; inside, the levels from here on. */
static void run_blocks(Gen *g, int level)
{
    int axis = g->tile.order[g->nest->rank - 1], size = g->tile.blocked;
    const Int *from = g->from[axis] ? g->from[axis] : number(g, 0);
    const Int *to = g->to[axis] ? g->to[axis] : length(g, axis);
    open_block(g);
    Var *var = new_var(g, intern_f("%s_block", g->nest->axis[axis].name));
    g->in_block = true;
    g->from[axis] = times(g, var, 1);
    g->to[axis] = least(g, plus(g, var, size), to);
    run_axis(g, level);
    g->in_block = false;
    LoopBody body = close_block(g);
    emit(g, (LoopStmt){.kind = LOOP_FOR, .var = var, .from = from, .to = to, .step = size,
                       .short_last = true, .body = body});
}

/* ---- Positions ---- */

static int width(const Gen *g, int axis) { return axis < 0 ? 1 : g->point[axis].width; }
static int rows(const Gen *g) { return width(g, g->tile.row); }
static int cols(const Gen *g) { return width(g, g->tile.col); }

static bool lanes_reduced(const Gen *g) { return g->tile.lane >= g->nest->rank; }
static int turns(const Gen *g) { return lanes_reduced(g) ? width(g, g->tile.lane) : 1; }

/* ---- Reductions ---- */

static const struct Combine {
    Op op;
    double identity;
} combine[NREDUCE] = {
    [REDUCE_SUM] = {OP_add, 0},           [REDUCE_PROD] = {OP_mul, 1},
    [REDUCE_MAX] = {OP_max, -INFINITY},   [REDUCE_MIN] = {OP_min, INFINITY},
    [REDUCE_ARGMAX] = {OP_lt, -INFINITY}, [REDUCE_ARGMIN] = {OP_lt, INFINITY},
};

static Reduce reduction(const Gen *g) { return g->nest->step.at[0].tensor->reduce; }

static bool finds_position(Reduce r) { return r == REDUCE_ARGMAX || r == REDUCE_ARGMIN; }

static const Reg *new_variable(Gen *g, const char *name, bool vector, double value)
{
    const Reg *r = new_reg(g, name, vector, REAL);
    Node *x = vector ? wide(g, literal(g, value)) : literal(g, value);
    emit(g, (LoopStmt){.kind = LOOP_VAR, .reg = r, .val = &x->val});
    return r;
}

/* "acc", with its place in the tile where there are several. */
static const char *tile_name(const Gen *g, const char *base, int turns_)
{
    if (rows(g) > 1)
        base = intern_f("%s_%d", base, g->row);
    if (cols(g) > 1)
        base = intern_f("%s_%d", base, g->col);
    return turns_ > 1 ? intern_f("%s_%d", base, g->turn) : base;
}

static void start_accumulators(Gen *g)
{
    Reduce r = reduction(g);
    const char *name = identifier(g->nest->step.at[0].tensor->name);
    bool apart = lanes_reduced(g), vector = apart || vector_here(g);
    int n = apart ? g->tile.unroll : 1;
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++) {
            for (g->turn = 0; g->turn < n; g->turn++)
                g->acc[g->row][g->col][g->turn] = new_variable(
                    g, tile_name(g, apart ? "acc" : name, n), vector, combine[r].identity);
            g->turn = 0;
            if (apart && ends_at_run_time(g, g->tile.lane))
                g->rest[g->row][g->col] =
                    new_variable(g, tile_name(g, "rest", 1), false, combine[r].identity);
            if (finds_position(r))
                g->at[g->row][g->col] =
                    new_variable(g, tile_name(g, "at", 1), vector, 0);
        }
}

/* What one pass through the innermost loop sets. */
typedef struct Change {
    const Reg *reg;
    Node *to;
} Change;
typedef VEC(Change) Changes;

static Node *position_among_reduced(Gen *g)
{
    const Nest *n = g->nest;
    const Sub *flat = sub_const(n->g, 0);
    for (int i = n->rank; i < n->naxis; i++)
        flat = sub_add(n->g, sub_scale(n->g, flat, n->axis[i].extent), sub_index(n->g, i));
    return evaluate(g, number_of(n->g, flat));
}

static void change_extremum(Gen *g, Changes *c, Node *x)
{
    const Reg *best = g->acc[g->row][g->col][0], *at = g->at[g->row][g->col];
    Node *b = reg_value(g, best);
    bool greater = reduction(g) == REDUCE_ARGMAX;
    Node *take = apply_op(g, OP_lt, greater ? b : x, greater ? x : b, NULL);
    Node *here = position_among_reduced(g);
    PUSH(g->a, c, (Change){at, apply_op(g, OP_select, take, here, reg_value(g, at))});
    PUSH(g->a, c, (Change){best, apply_op(g, OP_select, take, x, b)});
}

static void change(Gen *g, Changes *c)
{
    Reduce r = reduction(g);
    Node *x = evaluate(g, g->nest->step.at[0].body);
    if (finds_position(r)) {
        change_extremum(g, c, x);
        return;
    }
    bool single = lanes_reduced(g) && !vector_here(g);
    const Reg *acc =
        single ? g->rest[g->row][g->col] : g->acc[g->row][g->col][g->turn];
    if (lanes_reduced(g) && vector_here(g)) {
        bool neutral = r == REDUCE_SUM && is_zero_beyond(x);
        x = lanes_here(g) && !neutral ? keep_lanes(g, x, combine[r].identity) : wide(g, x);
    }
    PUSH(g->a, c, (Change){acc, apply_op(g, combine[r].op, reg_value(g, acc), x, NULL)});
}

static void reduce_here(Gen *g)
{
    Changes c = {0};
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++)
            for (g->turn = 0; g->turn < turns(g); g->turn++)
                change(g, &c);
    g->row = g->col = g->turn = 0;
    g->epoch++;
    for (int i = 0; i < c.n; i++)
        count_uses(g, c.at[i].to);
    for (int i = 0; i < c.n; i++)
        emit(g, (LoopStmt){
                    .kind = LOOP_SET, .reg = c.at[i].reg, .val = settle(g, c.at[i].to)});
}

/* The turns' accumulators as one, in pairs. */
static Node *add_turns(Gen *g, int from, int n)
{
    if (n == 1)
        return reg_value(g, g->acc[g->row][g->col][from]);
    Node *a = add_turns(g, from, n / 2), *b = add_turns(g, from + n / 2, n - n / 2);
    return apply_op(g, combine[reduction(g)].op, a, b, NULL);
}

static Node *total(Gen *g)
{
    Reduce r = reduction(g);
    if (finds_position(r))
        return reg_value(g, g->at[g->row][g->col]);
    if (!lanes_reduced(g))
        return reg_value(g, g->acc[g->row][g->col][0]);
    Node *x = fold_lanes(g, add_turns(g, 0, g->tile.unroll), r);
    if (ends_at_run_time(g, g->tile.lane))
        x = apply_op(g, combine[r].op, x, reg_value(g, g->rest[g->row][g->col]), NULL);
    const char *name = identifier(g->nest->step.at[0].tensor->name);
    return let(g, x, tile_name(g, name, 1));
}

static void finish_accumulators(Gen *g)
{
    if (lanes_reduced(g))
        g->point[g->tile.lane] = (Point){.width = 1, .opened = ++g->time};
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++)
            g->total[g->row][g->col] = total(g);
    g->row = g->col = 0;
}

/* ---- What follows the reduction, and stores ---- */

typedef struct Result {
    const Step *step;
    int row, col;
    Node *value;
    const Val *settled;
} Result;

static void store(Gen *g, const Result *r)
{
    g->row = r->row;
    g->col = r->col;
    for (int i = 0; i < r->step->to.n; i++) {
        LoopStmt s = {.kind = LOOP_STORE, .val = r->settled};
        s.view = view_of(g, r->step->place, r->step->to.at[i]);
        place_of(g, r->step->place, s.sub, &s.stride);
        s.part = r->settled->vector ? lanes_here(g) : 0;
        emit(g, s);
    }
}

static void finish_here(Gen *g)
{
    VEC(Result) result = {0};
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++)
            for (int k = 0; k < g->nest->step.n; k++) {
                const Step *s = &g->nest->step.at[k];
                if (!s->to.n)
                    continue;
                Node *x = evaluate_step(g, k);
                x = vector_here(g) ? wide(g, x) : x;
                PUSH(g->a, &result, (Result){s, g->row, g->col, x, NULL});
            }
    g->epoch++;
    for (int i = 0; i < result.n; i++)
        for (int k = 0; k < result.at[i].step->to.n; k++)
            count_uses(g, result.at[i].value);
    for (int i = 0, done = 0; i < result.n; done = i) {
        const Result *first = &result.at[i];
        for (; i < result.n && result.at[i].row == first->row && result.at[i].col == first->col;
             i++)
            result.at[i].settled = settle(g, result.at[i].value);
        for (int k = done; k < i; k++)
            store(g, &result.at[k]);
    }
    g->row = g->col = 0;
}

static void tile(Gen *g)
{
    bool reduces = g->nest->naxis > g->nest->rank;
    g->floor = g->depth;
    if (reduces) {
        start_accumulators(g);
        run_axis(g, g->nest->rank);
        finish_accumulators(g);
    }
    finish_here(g);
}

/* The axis at this level of the order; between output and reduced axes stands the tile. */
static void run_level(Gen *g, int level)
{
    if (level == g->nest->rank)
        tile(g);
    else if (g->tile.blocked && level == g->nest->rank - 2 && !g->in_block)
        run_blocks(g, level);
    else if (level < g->nest->naxis)
        run_axis(g, level);
    else
        reduce_here(g);
}

/* ---- Regions ---- */

static void view_read(Expr *e, void *context)
{
    Gen *g = context;
    if (e->op == OP_read && step_read(g->nest, e) < 0)
        view_of(g, e, g->s->buffer[e->tensor->id]);
}

/* All views first, so that their names are known and what is written is. */
static void make_views(Gen *g)
{
    for (int i = 0; i < g->nest->step.n; i++)
        walk(g->nest->step.at[i].body, view_read, g);
    for (int i = 0; i < g->nest->step.n; i++)
        for (int k = 0; k < g->nest->step.at[i].to.n; k++)
            view_of(g, g->nest->step.at[i].place, g->nest->step.at[i].to.at[k])->written = true;
}

enum { WORTH_THREADS = 50000 }; /* cycles */

static void split(Gen *g)
{
    Region *r = g->region;
    if (r->cycles < WORTH_THREADS || !g->nest->rank)
        return;
    bool blocks = g->tile.blocked && g->nest->rank == 2;
    int axis = g->tile.order[blocks];
    int tile_size = tile_width(g, axis) * (axis == g->tile.lane ? g->lanes : 1);
    r->grain = blocks ? g->tile.blocked : tile_size;
    r->parallel = g->nest->axis[axis].extent > r->grain;
    if (!r->parallel)
        return;
    r->range = length(g, axis);
    g->from[axis] = times(g, &var_lo, 1);
    g->to[axis] = times(g, &var_hi, 1);
}

Region *build_region(const Schedule *s, Nest *n, const char *name)
{
    Gen *g = NEW(s->arena, Gen);
    Region *r = NEW(s->arena, Region);
    *g = (Gen){.a = s->arena, .s = s, .nest = n, .region = r, .lanes = s->module->lanes};
    r->name = name;
    for (int i = 0; i < n->step.n; i++)
        PUSH(g->a, &r->equation, n->step.at[i].tensor);
    g->tile = choose_tiling(s, n);
    r->cycles = g->tile.cycles;
    r->flops = g->tile.flops;
    g->block[0] = (Block){.id = ++g->blocks, .names = {.arena = g->a}, .below = {.arena = g->a}};
    for (int i = 0; i < MAXIDX; i++)
        g->point[i].width = 1;
    make_views(g);
    split(g);
    run_level(g, 0);
    r->body = g->block[0].body;
    return r;
}
