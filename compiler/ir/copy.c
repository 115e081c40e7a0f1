/* A part of a graph as a graph of its own. */
#include "ir.h"

#include <string.h>

typedef struct Copying {
    const Graph *from;
    Graph *to;
    bool *live;    /* by id in `from` */
    Tensor **copy; /* likewise */
    Tensor **read; /* likewise: what is read in its place */
} Copying;

static void copy_tensor(Copying *c, const Tensor *t)
{
    Tensor *copy = new_tensor(c->to, t->role, t->name, t->span);
    int id = copy->id;
    *copy = *t;
    copy->id = id;
    c->copy[t->id] = copy;
}

static void copy_body(Copying *c, const Tensor *t)
{
    Tensor *copy = c->copy[t->id];
    if (!copy)
        return;
    copy->of = t->of ? c->copy[t->of->id] : NULL;
    copy->from = t->from ? c->copy[t->from->id] : NULL;
    copy->again = t->again ? c->copy[t->again->id] : NULL;
    copy->average = t->average ? c->copy[t->average->id] : NULL;
    copy->body = t->body ? replace_tensors(c->to, t->body, c->read) : NULL;
}

static void copy_root(Copying *c, const Root *r)
{
    Root copy = *r;
    copy.value = c->copy[r->value->id];
    copy.target = r->target ? c->copy[r->target->id] : NULL;
    PUSH(c->to->arena, &c->to->root, copy);
}

/* Everything but the tensors, the roots and what hash-consing knows. */
static Graph *copy_settings(const Graph *g, Training training, Arena *a)
{
    Graph *to = new_graph(a, g->name);
    to->batch = g->batch;
    to->accumulate = g->accumulate;
    to->epochs = g->epochs;
    to->seed = g->seed;
    to->validation = g->validation;
    to->sites = g->sites;
    to->training = training;
    return to;
}

Graph *copy_graph(const Graph *g, unsigned roots, Training training, Arena *a)
{
    Arena *scratch = new_arena();
    Copying c = {.from = g,
                 .to = copy_settings(g, training, a),
                 .live = NEWN(scratch, bool, g->tensor.n),
                 .copy = NEWN(scratch, Tensor *, g->tensor.n),
                 .read = NEWN(scratch, Tensor *, g->tensor.n)};
    for (int i = 0; i < g->root.n; i++)
        if (roots & 1u << g->root.at[i].kind)
            mark_reached(c.live, g->root.at[i].value);
    for (int i = 0; i < g->tensor.n; i++)
        if (c.live[i] || g->tensor.at[i]->role != EQUATION)
            copy_tensor(&c, g->tensor.at[i]);
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *average = g->tensor.at[i]->average;
        c.read[i] = c.copy[average && training == TRAINING_OFF ? average->id : i];
    }
    for (int i = 0; i < g->tensor.n; i++)
        copy_body(&c, g->tensor.at[i]);
    for (int i = 0; i < g->root.n; i++)
        if (roots & 1u << g->root.at[i].kind)
            copy_root(&c, &g->root.at[i]);
    free_arena(scratch);
    return c.to;
}
