/* States of an optimizer that do nothing: `m` of momentum 0 is written, but what becomes of
 * the parameters does not depend on it. They go, with the equations that only they need. */
#include "eq.h"

static bool is_of_state(const Root *r) { return r->target && r->target->optimizer; }

/* What a state becomes, or is at the start, counts once the state does. */
static bool mark_root(const Root *r, bool *live)
{
    if (live[r->value->id] || (is_of_state(r) && !live[r->target->id]))
        return false;
    mark_reached(live, r->value);
    if (r->target)
        mark_reached(live, r->target);
    return true;
}

static void keep_live(Graph *g, int first, const bool *live)
{
    int roots = 0, tensors = first;
    for (int i = 0; i < g->root.n; i++)
        if (!is_of_state(&g->root.at[i]) || live[g->root.at[i].target->id])
            g->root.at[roots++] = g->root.at[i];
    for (int i = first; i < g->tensor.n; i++)
        if (live[i]) {
            g->tensor.at[i]->id = tensors;
            g->tensor.at[tensors++] = g->tensor.at[i];
        }
    g->root.n = roots;
    g->tensor.n = tensors;
}

void remove_idle_states(Graph *g, int first)
{
    bool *live = NEWN(g->arena, bool, g->tensor.n);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < g->root.n; i++)
            changed |= mark_root(&g->root.at[i], live);
    }
    keep_live(g, first, live);
}
