/* Remove the equations no root reaches. Inputs, parameters and states always stay: they are part
 * of the model's interface. */
#include "opt.h"

struct Marking {
    bool *live;
};

static void mark_read(Expr *e, void *context)
{
    struct Marking *m = context;
    if (e->op == OP_read)
        m->live[e->tensor->id] = true;
}

bool remove_dead(Graph *g)
{
    Arena *scratch = new_arena();
    struct Marking m = {NEWN(scratch, bool, g->tensor.n)};
    for (int i = 0; i < g->root.n; i++)
        m.live[g->root.at[i].value->id] = true;
    for (int i = g->tensor.n; i-- > 0;) {
        Tensor *t = g->tensor.at[i];
        m.live[i] = m.live[i] || t->role != EQUATION;
        if (m.live[i] && t->body)
            walk(t->body, mark_read, &m);
    }

    int n = 0;
    for (int i = 0; i < g->tensor.n; i++)
        if (m.live[i]) {
            g->tensor.at[n] = g->tensor.at[i];
            g->tensor.at[n]->id = n;
            n++;
        }
    bool changed = n < g->tensor.n;
    g->tensor.n = n;
    free_arena(scratch);
    return changed;
}
