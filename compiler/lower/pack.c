/* Panels: an operand of a reduction copied into an array on the stack, before loops that
 * use it many times over, in the order they read it and with lanes side by side. That takes
 * gathers and far strides out of the innermost loop. */
#include "gen.h"

static bool is_along(const Gen *g, int axis)
{
    return axes_of(g->nest, g->tile.pack) >> axis & 1;
}

/* The reduced axis at this level of the loops. */
static int axis_at(const Gen *g, int level) { return g->tile.order[level]; }

View *new_panel(Gen *g)
{
    View *v = NEW(g->a, View);
    v->name = take_name(&g->block[0].names, &g->block[g->depth].names, "panel");
    v->written = true;
    for (int i = g->nest->rank; i < g->nest->naxis; i++)
        if (is_along(g, axis_at(g, i)))
            v->dim[v->rank++] = g->nest->axis[axis_at(g, i)].extent;
    v->dim[v->rank++] = g->tile.cols * g->lanes;
    PUSH(g->a, &g->region->view, v);
    return v;
}

static void place_in_panel(Gen *g, const Int **sub)
{
    int rank = 0;
    for (int i = g->nest->rank; i < g->nest->naxis; i++)
        if (is_along(g, axis_at(g, i)))
            sub[rank++] = int_of(g, sub_index(g->nest->g, axis_at(g, i)));
    sub[rank] = number(g, (int64_t)g->col * unit_of(g, g->tile.col));
}

static void copy_element(Gen *g)
{
    Node *x = evaluate(g, (Expr *)g->tile.pack);
    LoopStmt s = {.kind = LOOP_STORE, .view = g->panel, .stride = 1, .val = &x->val};
    place_in_panel(g, s.sub);
    emit(g, s);
}

/* Columns from..to-1 along the reduced axes from this level on. */
static void copy_along(Gen *g, int level, int from, int to)
{
    if (level == g->nest->naxis) {
        for (g->col = from; g->col < to; g->col++)
            copy_element(g);
        g->col = 0;
        return;
    }
    int axis = axis_at(g, level);
    if (!is_along(g, axis)) {
        copy_along(g, level + 1, from, to);
        return;
    }
    open_block(g);
    Var *var = new_var(g, g->nest->axis[axis].name);
    g->point[axis] =
        (Point){.var = var, .depth = g->depth, .opened = ++g->time, .width = 1};
    copy_along(g, level + 1, from, to);
    LoopBody body = close_block(g);
    emit(g, (LoopStmt){.kind = LOOP_FOR,
                       .var = var,
                       .from = number(g, 0),
                       .to = length_of(g, axis),
                       .step = 1,
                       .body = body});
}

/* Gathers go column by column, so that the few rows they read from stay in the cache. */
void pack(Gen *g)
{
    int64_t stride;
    bool gathers = !stride_of(g->nest, g->tile.pack, g->tile.lane, &stride) || stride != 1;
    int together = gathers ? 1 : cols(g);
    for (int col = 0; col < cols(g); col += together)
        copy_along(g, g->nest->rank, col, col + together);
    g->packed = true;
}

Node *load_from_panel(Gen *g)
{
    bool vector = vector_here(g);
    Val v = {.kind = VAL_LOAD, .vector = vector, .stride = vector, .view = g->panel};
    place_in_panel(g, v.sub);
    return load_of(g, v, g->tile.pack);
}
