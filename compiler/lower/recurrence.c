/* The loops of a recurrence: its nests one after the other, within a loop over its steps.
 *
 * Examples that do not read each other run on their own through all steps, each thread with
 * some of them, and nobody waits. */
#include "gen.h"

struct Apart {
    int group;
    bool apart;
};

static void look_across(Expr *e, void *context)
{
    struct Apart *a = context;
    int index;
    if (e->op == OP_read && e->tensor->group == a->group)
        a->apart = a->apart && sub_is_index(e->sub[0], &index) && index == 0;
}

/* Do the elements of the first dimension not read each other? */
static bool are_apart(const Tensor *t)
{
    struct Apart a = {t->group, t->rank && t->step != 0};
    if (a.apart)
        walk(t->body, look_across, &a);
    return a.apart;
}

static bool same_first_axis(const Nest *a, const Nest *b)
{
    return a->rank && b->rank && a->axis[0].extent == b->axis[0].extent &&
           a->axis[0].batch == b->axis[0].batch && a->per[0] == b->per[0];
}

static int64_t common_multiple(int64_t a, int64_t b)
{
    int64_t m = a;
    while (m % b)
        m += a;
    return m;
}

/* Parts of the first axis, which is the same for all, to threads. */
static void split(Gen *g, Nest *const *nest, const Tiling *tile, int n)
{
    Region *r = g->region;
    r->grain = 1;
    for (int i = 0; i < n; i++) {
        for (int k = 0; k < nest[i]->step.n; k++)
            if (!are_apart(nest[i]->step.at[k].tensor))
                return;
        if (!same_first_axis(nest[0], nest[i]))
            return;
        r->grain = common_multiple(r->grain, grain_of(&tile[i], 0, g->lanes));
    }
    r->parallel = is_worth_threads(r, g->s->module) && nest[0]->axis[0].extent > r->grain;
    if (!r->parallel)
        return;
    g->nest = nest[0];
    r->range = length_of(g, 0);
    run_part_of(g, 0);
}

static Tiling *choose_tilings(Gen *g, Nest *const *nest, int n, int steps)
{
    Tiling *tile = NEWN(g->a, Tiling, n);
    for (int i = 0; i < n; i++) {
        tile[i] = choose_tiling(g->s, nest[i]);
        g->region->cycles += tile[i].cycles * steps;
        g->region->flops += tile[i].flops * steps;
    }
    return tile;
}

static LoopBody run_nests(Gen *g, Nest *const *nest, const Tiling *tile, int n, Var *var)
{
    for (int i = 0; i < n; i++) {
        take_nest(g, nest[i], tile[i]);
        g->point[g->nest->naxis] =
            (Point){.var = var, .depth = g->depth, .opened = ++g->time, .width = 1};
        run_level(g, 0);
    }
    return close_block(g);
}

Region *build_recurrence(const Schedule *s, Nest *const *nest, int n, const char *name)
{
    Gen *g = new_gen(s, name);
    const Index *step = &nest[0]->axis[nest[0]->naxis];
    bool down = nest[0]->step.at[0].tensor->backward;
    const Tiling *tile = choose_tilings(g, nest, n, step->extent);
    split(g, nest, tile, n);
    open_block(g);
    Var *var = new_var(g, step->name);
    LoopBody body = run_nests(g, nest, tile, n, var);
    const Int *first = number(g, 0), *last = number(g, step->extent - down);
    emit(g, (LoopStmt){.kind = LOOP_FOR,
                       .var = var,
                       .from = down ? last : first,
                       .to = down ? first : last,
                       .step = down ? -1 : 1,
                       .body = body});
    g->region->body = g->block[0].body;
    return g->region;
}
