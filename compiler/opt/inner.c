/* Every equation a result: for trainers that are to say where a number went wrong. */
#include "opt.h"

enum { MOST = 1 << 24 }; /* elements; products that a sum is about to swallow can be huge */

static bool is_root(const Graph *g, const Tensor *t)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].value == t)
            return true;
    return false;
}

/* Not those of the optimizer, which follow on adjoints and are none. */
void keep_inner(Graph *g)
{
    bool adjoints = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        adjoints |= t->of != NULL;
        bool update = adjoints && !t->of && !t->from;
        if (t->role == EQUATION && t->elem == ELEM_REAL && !update && !is_root(g, t) &&
            count_of(t->idx, t->rank) <= MOST)
            PUSH(g->arena, &g->root, (Root){ROOT_INNER, t->name, t, NULL, t->span});
    }
}
