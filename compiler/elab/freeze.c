/* Parameters that training leaves alone: they get no gradient, and so no update. */
#include "eq.h"

#include "str.h"

#include <fnmatch.h>
#include <string.h>

static bool freeze_matching(Graph *g, const char *pattern)
{
    bool any = false;
    for (int i = 0; i < g->tensor.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (t->role != PARAM || fnmatch(pattern, t->name, 0) != 0)
            continue;
        t->frozen = any = true;
    }
    return any;
}

static void unmatched(Env *env, Span at, const char *pattern)
{
    const Graph *g = env->e->graph;
    const char **name = NEWN(env->e->arena, const char *, g->tensor.n + 1);
    int n = 0;
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->role == PARAM)
            name[n++] = g->tensor.at[i]->name;
    const char *meant = nearest(pattern, name, n);
    fault(env, at,
          meant ? "no parameter matches '%s'; did you mean '%s'?"
                : "no parameter matches '%s'",
          pattern, meant);
}

/* freeze = "conv1.*, e.E": patterns of names, with * and ?. */
void freeze_parameters(Env *model, const Stmt *freeze)
{
    const char *s = freeze->value->name;
    for (s += strspn(s, ", "); *s; s += strspn(s, ", ")) {
        size_t n = strcspn(s, ", ");
        const char *pattern = intern_n(s, n);
        if (!freeze_matching(model->e->graph, pattern))
            unmatched(model, freeze->value->span, pattern);
        s += n;
    }
}
