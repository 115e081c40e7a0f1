/* Remove the equations no root reaches. Inputs, parameters and states always stay: they are part
 * of the model's interface. */
#include "opt.h"

bool remove_dead(Graph *g)
{
    Arena *scratch = new_arena();
    bool *live = NEWN(scratch, bool, g->tensor.n);
    for (int i = 0; i < g->root.n; i++)
        mark_reached(live, g->root.at[i].value);
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
