/* Reductions: accumulators, one per row, column and turn of a tile, what one pass through
 * the innermost loop does to them, and the values they become. */
#include "gen.h"

#include "str.h"

#include <math.h>

static const struct Combine {
    Op op;
    double identity;
} combine[NREDUCE] = {
    [REDUCE_SUM] = {OP_add, 0},           [REDUCE_PROD] = {OP_mul, 1},
    [REDUCE_MAX] = {OP_max, -INFINITY},   [REDUCE_MIN] = {OP_min, INFINITY},
    [REDUCE_ARGMAX] = {OP_lt, -INFINITY}, [REDUCE_ARGMIN] = {OP_lt, INFINITY},
};

static int turns(const Gen *g) { return lanes_reduced(g) ? width(g, g->tile.lane) : 1; }

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

/* A C compiler keeps the constants of what follows a reduction in registers all the time, and
 * the accumulators of a large tile then on the stack. */
static void free_registers(Gen *g, int accumulators)
{
    enum { LARGE = 8 };
    if (accumulators >= LARGE)
        emit(g, (LoopStmt){.kind = LOOP_FREE});
}

void start_accumulators(Gen *g)
{
    Reduce r = reduction(g);
    const char *name = identifier(g->nest->step.at[0].tensor->name);
    bool apart = lanes_reduced(g), vector = apart || vector_here(g);
    int n = apart ? g->tile.unroll : 1;
    free_registers(g, vector ? rows(g) * cols(g) * n : 0);
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++) {
            for (g->turn = 0; g->turn < n; g->turn++)
                g->acc[g->row][g->col][g->turn] = new_variable(
                    g, tile_name(g, apart ? "acc" : name, n), vector, combine[r].identity);
            g->turn = 0;
            if (apart && leaves_elements(g, g->tile.lane))
                g->rest[g->row][g->col] =
                    new_variable(g, tile_name(g, "rest", 1), false, combine[r].identity);
            if (finds_position(r))
                g->at[g->row][g->col] =
                    new_variable(g, tile_name(g, "where", 1), vector, 0);
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
    const Reg *acc = single ? g->rest[g->row][g->col] : g->acc[g->row][g->col][g->turn];
    if (lanes_reduced(g) && vector_here(g)) {
        bool neutral = r == REDUCE_SUM && is_zero_beyond(x);
        x = lanes_here(g) && !neutral ? keep_lanes(g, x, combine[r].identity) : wide(g, x);
    }
    PUSH(g->a, c, (Change){acc, apply_op(g, combine[r].op, reg_value(g, acc), x, NULL)});
}

void reduce_here(Gen *g)
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
    if (leaves_elements(g, g->tile.lane))
        x = apply_op(g, combine[r].op, x, reg_value(g, g->rest[g->row][g->col]), NULL);
    x->name = identifier(g->nest->step.at[0].tensor->name);
    x->axes = (1u << g->nest->rank) - 1;
    return x;
}

void finish_accumulators(Gen *g)
{
    if (lanes_reduced(g))
        g->point[g->tile.lane] = (Point){.width = 1, .opened = ++g->time};
    for (g->row = 0; g->row < rows(g); g->row++)
        for (g->col = 0; g->col < cols(g); g->col++)
            g->total[g->row][g->col] = total(g);
    g->row = g->col = 0;
}
