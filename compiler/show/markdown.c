/* Markdown with LaTeX between dollar signs, as GitHub and notebooks show it. */
#include "facts.h"
#include "mathematics.h"
#include "show.h"

void show_markdown(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    put(o, "# %s\n", g->name);
    for (int derived = 0; derived <= 1; derived++) {
        put(o, derived ? "\n## Derived\n" : "");
        for (int i = 0; i < g->tensor.n; i++) {
            const Tensor *t = g->tensor.at[i];
            if (!wanted[i] || t->role != EQUATION || is_derived(t) != derived)
                continue;
            put(o, "\n`%s` %s\n\n$$", t->name, remark(t, o->arena));
            write_latex(o, t);
            put(o, "$$\n");
        }
    }
}
