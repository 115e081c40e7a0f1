/* Remove the equations no root reaches. Inputs, parameters and states always stay: they are part
 * of the model's interface. */
#include "opt.h"

static void mark(bool *live, const Tensor *t);

static void mark_read(Expr *e, void *context)
{
    if (e->op == OP_read)
        mark(context, e->tensor);
}

static void mark(bool *live, const Tensor *t)
{
    if (live[t->id])
        return;
    live[t->id] = true;
    if (t->body)
        walk(t->body, mark_read, live);
}

bool remove_dead(Graph *g)
{
    Arena *scratch = new_arena();
    bool *live = NEWN(scratch, bool, g->tensor.n);
    for (int i = 0; i < g->root.n; i++)
        mark(live, g->root.at[i].value);
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->role != EQUATION)
            live[i] = true;

    int n = 0;
    for (int i = 0; i < g->tensor.n; i++)
        if (live[i]) {
            g->tensor.at[n] = g->tensor.at[i];
            g->tensor.at[n]->id = n;
            n++;
        }
    bool changed = n < g->tensor.n;
    g->tensor.n = n;
    free_arena(scratch);
    return changed;
}
