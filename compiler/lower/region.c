/* The loops of one region, by one generator for every kind of nest:
 *
 *   for the output axes, in the tiling's order, main pieces and what remains of each
 *       accumulators, one per row, column and turn of the tile
 *       for the reduced axes, lanes innermost
 *           accumulator op= body, at every position of the tile
 *       the accumulators become values; the other steps, at every position; stores
 *
 * An axis of constant length whose main piece runs once needs no loop; what remains of it
 * is straight code at a constant place. An axis that ends at run time has a main loop, a
 * loop over single vectors or positions, and where lanes run along it one over single
 * elements; none of those that its length, so much for every example, cannot leave to it.
 */
#include "gen.h"

#include "str.h"

/* ---- Blocks and pieces ---- */

void open_block(Gen *g)
{
    if (g->depth + 1 == MAXDEPTH)
        bug("loops nest deeper than %d", MAXDEPTH);
    g->depth++;
    g->block[g->depth] = (Block){.id = ++g->blocks};
    g->block[g->depth].names =
        (Names){.arena = g->a, .outer = &g->block[g->depth - 1].names};
    g->block[g->depth].below.arena = g->a;
}

LoopBody close_block(Gen *g)
{
    Block *b = &g->block[g->depth--];
    add_names(&g->block[g->depth].below, &b->names);
    add_names(&g->block[g->depth].below, &b->below);
    b->id = 0;
    return b->body;
}

const Int *number(Gen *g, int64_t c)
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
bool ends_at_run_time(const Gen *g, int axis)
{
    return g->nest->axis[axis].batch && g->s->graph->batch > 1;
}

bool leaves_elements(const Gen *g, int axis)
{
    return ends_at_run_time(g, axis) && g->nest->per[axis] % g->lanes;
}

const Int *length_of(Gen *g, int axis)
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

static int constant_pieces(const Gen *g, int axis, bool bounded, Piece *p)
{
    bool vector = axis == g->tile.lane;
    int unit = vector ? g->lanes : 1, extent = g->nest->axis[axis].extent;
    int width = tile_width(&g->tile, axis), n = 0;
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
    int unit = vector ? g->lanes : 1, width = tile_width(&g->tile, axis), n = 0;
    int extent = g->nest->axis[axis].extent;
    int64_t per = g->nest->per[axis];
    if (width > 1 && width * unit <= extent)
        p[n++] = (Piece){width, 0, vector, 0, (int64_t)width * unit, true};
    if (unit <= extent && (!n || per % (width * unit)))
        p[n++] = (Piece){1, 0, vector, 0, unit, true};
    if (vector && leaves_elements(g, axis))
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

Var *new_var(Gen *g, const char *name)
{
    Names *names = &g->block[g->depth].names;
    Var *v = NEW(g->a, Var);
    v->name = take_name(names, names, identifier(name));
    return v;
}

/* All pieces of the axis at this level. */
void run_axis(Gen *g, int level)
{
    int axis = g->tile.order[level];
    const Int *zero = number(g, 0), *end = length_of(g, axis);
    const Int *from = g->from[axis] ? g->from[axis] : zero;
    const Int *to = g->to[axis] ? g->to[axis] : end;
    if (axis >= g->nest->rank)
        bound_loop(g, axis, &from, &to);
    bool bounded = from != zero || to != end;
    Piece p[MAXPIECES];
    int n = ends_at_run_time(g, axis) ? run_time_pieces(g, axis, p)
                                      : constant_pieces(g, axis, bounded, p);
    bool shared = n > 1 && p[1].loop;
    Var *var = shared ? new_var(g, g->nest->axis[axis].name) : NEW(g->a, Var);
    if (shared)
        emit(g, (LoopStmt){.kind = LOOP_INT, .var = var, .from = from});
    for (int i = 0; i < n; i++) {
        start_piece(g, axis, &p[i], var);
        run_level(g, level + 1);
        end_piece(g, &p[i], (LoopStmt){.var = var, .from = shared ? NULL : from, .to = to});
    }
}

const Int *variable_plus(Gen *g, const Var *var, int64_t c)
{
    Int *i = NEW(g->a, Int);
    *i = *times(g, var, 1);
    i->c = c;
    return i;
}

const Int *combine_ints(Gen *g, IntAtom kind, const Int *of, const Int *limit)
{
    Int *i = NEW(g->a, Int);
    IntTerm *t = NEW(g->a, IntTerm);
    *t = (IntTerm){.coef = 1, .kind = kind, .of = of, .limit = limit};
    *i = (Int){.nterm = 1, .term = t};
    return i;
}

/* The last output axis of the order, block by block; inside, the levels from here on. */
static void run_blocks(Gen *g, int level)
{
    int axis = g->tile.order[g->nest->rank - 1], size = g->tile.blocked;
    const Int *from = g->from[axis], *to = g->to[axis];
    const Int *first = from ? from : number(g, 0);
    const Int *last = to ? to : length_of(g, axis);
    open_block(g);
    Var *var = new_var(g, intern_f("%s_block", g->nest->axis[axis].name));
    g->in_block = true;
    g->from[axis] = times(g, var, 1);
    g->to[axis] = combine_ints(g, INT_LEAST, variable_plus(g, var, size), last);
    run_level(g, level);
    g->in_block = false;
    g->from[axis] = from;
    g->to[axis] = to;
    LoopBody body = close_block(g);
    emit(g, (LoopStmt){.kind = LOOP_FOR,
                       .var = var,
                       .from = first,
                       .to = last,
                       .step = size,
                       .short_last = true,
                       .body = body});
}

static void run_tile_here(Gen *g)
{
    bool reduces = g->nest->naxis > g->nest->rank;
    if (g->phase == FINISHING || !reduces) {
        finish_here(g);
        return;
    }
    g->floor = g->depth;
    start_accumulators(g);
    run_axis(g, g->nest->rank);
    finish_accumulators(g);
    finish_tile(g);
}

/* Where the loops over tiles begin. */
static int first_tiled(const Gen *g) { return g->nest->rank > 2 ? g->nest->rank - 2 : 0; }

static void run_tiles_then_finish(Gen *g, int level)
{
    g->phase = TILES;
    run_axis(g, level);
    finish_apart(g, level);
    g->phase = WHOLE;
}

static void run_packed(Gen *g, int level)
{
    pack(g);
    run_level(g, level);
    g->packed = false;
}

/* The axis at this level of the order; between output and reduced axes stands the tile. */
void run_level(Gen *g, int level)
{
    int rank = g->nest->rank;
    bool whole = g->phase == WHOLE && level == first_tiled(g);
    if (g->tile.pack && level == g->tile.pack_level && !g->packed)
        run_packed(g, level);
    else if (level == rank)
        run_tile_here(g);
    else if (level > rank)
        level < g->nest->naxis ? run_axis(g, level) : reduce_here(g);
    else if (whole && g->tile.blocked && !g->in_block)
        run_blocks(g, level);
    else if (whole && g->tile.finish >= 0)
        run_tiles_then_finish(g, level);
    else
        run_axis(g, level);
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
            view_of(g, g->nest->step.at[i].place, g->nest->step.at[i].to.at[k])->written =
                true;
    if (g->tile.finish < 0)
        return;
    const Step *s = &g->nest->step.at[0];
    g->apart = s->to.n ? s->to.at[0]
                       : new_buffer(s->tensor, &g->s->layout[s->tensor->id], g->s->module,
                                    g->s->names, g->a);
    view_of(g, s->place, g->apart)->written = true;
}

bool is_worth_threads(const Region *r, const Module *m)
{
    enum { WORTH = 50000 }; /* cycles */
    return !m->serial && r->cycles >= WORTH;
}

void run_part_of(Gen *g, int axis)
{
    g->from[axis] = times(g, &var_lo, 1);
    g->to[axis] = times(g, &var_hi, 1);
}

static void split(Gen *g)
{
    Region *r = g->region;
    if (!is_worth_threads(r, g->s->module) || !g->nest->rank)
        return;
    bool blocks = g->tile.blocked && g->nest->rank == 2;
    int axis = g->tile.order[blocks];
    r->grain = blocks ? g->tile.blocked : grain_of(&g->tile, axis, g->lanes);
    r->parallel = g->nest->axis[axis].extent > r->grain;
    if (!r->parallel)
        return;
    r->range = length_of(g, axis);
    run_part_of(g, axis);
}

Gen *new_gen(const Schedule *s, const char *name)
{
    Gen *g = NEW(s->arena, Gen);
    Region *r = NEW(s->arena, Region);
    *g = (Gen){.a = s->arena, .s = s, .region = r, .lanes = s->module->lanes};
    r->name = name;
    g->block[0] =
        (Block){.id = ++g->blocks, .names = {.arena = g->a}, .below = {.arena = g->a}};
    for (int i = 0; i < MAXIDX; i++)
        g->point[i].width = 1;
    return g;
}

static void add_equation(Gen *g, const Tensor *t)
{
    for (int i = 0; i < g->region->equation.n; i++)
        if (g->region->equation.at[i] == t)
            return;
    PUSH(g->a, &g->region->equation, t);
}

/* What is known belongs to the nest before. */
void take_nest(Gen *g, Nest *n, Tiling t)
{
    g->nest = n;
    g->known = NULL;
    g->panel = g->stage = NULL;
    g->tile = t;
    for (int i = 0; i < n->step.n; i++)
        add_equation(g, n->step.at[i].tensor);
    make_views(g);
    if (g->tile.rolled)
        g->stage = new_stage(g);
    if (g->tile.pack)
        g->panel = new_panel(g);
}

Region *build_region(const Schedule *s, Nest *n, const char *name)
{
    Gen *g = new_gen(s, name);
    Region *r = g->region;
    take_nest(g, n, choose_tiling(s, n));
    r->cycles = g->tile.cycles;
    r->flops = g->tile.flops;
    split(g);
    run_level(g, 0);
    r->body = g->block[0].body;
    return r;
}
