/* What follows a reduction: the other steps of the nest, and stores.
 *
 * A little work is written out for every position of the tile. More of it is done in loops:
 * the tile is put into an array on the stack, and the loops go over that. Where lanes run
 * along a reduced axis the values are scalars; they go into a buffer, and when the loops
 * over tiles are through, loops with lanes along an output axis finish them. */
#include "gen.h"

#include "str.h"

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

/* Step `first` and all after it, at every position. */
static void finish_from(Gen *g, int first)
{
    VEC(Result) result = {0};
    g->floor = g->depth;
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++)
            for (int k = first; k < g->nest->step.n; k++) {
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
        int row = result.at[i].row, col = result.at[i].col;
        for (; i < result.n && result.at[i].row == row && result.at[i].col == col; i++)
            result.at[i].settled = settle(g, result.at[i].value);
        for (int k = done; k < i; k++)
            store(g, &result.at[k]);
    }
    g->row = g->col = 0;
}

void finish_here(Gen *g) { finish_from(g, g->phase == FINISHING); }

/* ---- In loops over the tile ---- */

/* The element of the tile's array at the current position. */
static void place_in_tile(Gen *g, const Int **sub)
{
    const int axis[2] = {g->tile.row, g->tile.col}, position[2] = {g->row, g->col};
    int rank = 0;
    for (int i = 0; i < 2; i++) {
        if (axis[i] < 0)
            continue;
        const Point *p = &g->point[axis[i]];
        int64_t at = p->at - g->stage_at[i] + (int64_t)position[i] * unit_of(g, axis[i]);
        sub[rank++] = p->inner ? variable_plus(g, p->inner, at) : number(g, at);
    }
}

View *new_stage(Gen *g)
{
    const Tiling *t = &g->tile;
    View *v = NEW(g->a, View);
    v->name = take_name(&g->block[0].names, &g->block[g->depth].names, "tile");
    v->written = true;
    if (t->row >= 0)
        v->dim[v->rank++] = t->rows;
    if (t->col >= 0)
        v->dim[v->rank++] = t->cols * (t->col == t->lane ? g->lanes : 1);
    PUSH(g->a, &g->region->view, v);
    return v;
}

Node *load_from_tile(Gen *g)
{
    bool vector = vector_here(g);
    Val v = {.kind = VAL_LOAD, .vector = vector, .stride = vector, .view = g->stage};
    place_in_tile(g, v.sub);
    return load_of(g, v, g->nest->step.at[0].place);
}

static void store_tile(Gen *g)
{
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++) {
            Node *x = g->total[g->row][g->col];
            LoopStmt s = {
                .kind = LOOP_STORE, .val = settle(g, x), .view = g->stage, .stride = 1};
            place_in_tile(g, s.sub);
            emit(g, s);
        }
    g->row = g->col = 0;
}

/* The tile's rows, for i = 1 its columns, one by one; beyond these, what there is to do. */
static void run_tile(Gen *g, int i)
{
    int axis = i == 0 ? g->tile.row : g->tile.col;
    if (i == 2) {
        finish_here(g);
        return;
    }
    if (axis < 0) {
        run_tile(g, i + 1);
        return;
    }
    const Point whole = g->point[axis];
    Point *p = &g->point[axis];
    int unit = unit_of(g, axis), full = whole.part ? whole.width - 1 : whole.width;
    Var *var = NULL;
    if (full > 1) {
        open_block(g);
        var = new_var(g, i == 0 ? "r" : "c");
    }
    if (full) {
        *p = (Point){whole.var, whole.at, var, g->depth, ++g->time, 1, whole.vector, 0};
        run_tile(g, i + 1);
    }
    if (full > 1) {
        LoopBody body = close_block(g);
        emit(g, (LoopStmt){.kind = LOOP_FOR,
                           .var = var,
                           .from = number(g, 0),
                           .to = number(g, (int64_t)full * unit),
                           .step = unit,
                           .body = body});
    }
    if (whole.part) {
        *p = (Point){whole.var, whole.at + full * unit, NULL,      g->depth, ++g->time,
                     1,         whole.vector,           whole.part};
        run_tile(g, i + 1);
    }
    *p = whole;
    p->opened = ++g->time;
}

static void finish_rolled(Gen *g)
{
    const int axis[2] = {g->tile.row, g->tile.col};
    for (int i = 0; i < 2; i++)
        g->stage_at[i] = axis[i] < 0 ? 0 : g->point[axis[i]].at;
    store_tile(g);
    g->staged = true;
    run_tile(g, 0);
    g->staged = false;
}

/* ---- Apart ---- */

/* The sums of the tile to where they are finished, and wherever else they go. */
static void store_apart(Gen *g)
{
    Step alone = g->nest->step.at[0];
    if (!alone.to.n)
        PUSH(g->a, &alone.to, g->apart);
    g->epoch++;
    for (int row = 0; row < rows(g); row++)
        for (int col = 0; col < cols(g); col++) {
            Node *x = g->total[row][col];
            for (int k = 0; k < alone.to.n; k++)
                count_uses(g, x);
            store(g, &(Result){&alone, row, col, NULL, settle(g, x)});
        }
    g->row = g->col = 0;
}

void finish_tile(Gen *g)
{
    if (g->phase == TILES)
        store_apart(g);
    else if (g->stage && rows(g) * cols(g) > 1)
        finish_rolled(g);
    else
        finish_here(g);
}

void finish_apart(Gen *g, int level)
{
    const Tiling tiles = g->tile;
    int lane = tiles.finish, k = level;
    Tiling *t = &g->tile;
    *t = (Tiling){.lane = lane,
                  .row = -1,
                  .col = lane,
                  .rows = 1,
                  .cols = 1,
                  .unroll = 1,
                  .finish = -1};
    for (int i = 0; i < level; i++)
        t->order[i] = tiles.order[i];
    for (int i = level; i < g->nest->rank; i++)
        if (tiles.order[i] != lane)
            t->order[k++] = tiles.order[i];
    t->order[k] = lane;
    g->phase = FINISHING;
    run_axis(g, level);
    *t = tiles;
}
