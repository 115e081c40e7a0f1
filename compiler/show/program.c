/* A program of the language: the forward equations, and the derived ones as its outputs.
 *
 * Compiled again it computes the same numbers, by way of its equations instead of gradc's
 * rules. Parameters keep their names, so those of the model's files fit. */
#include "facts.h"
#include "lex.h"
#include "notation.h"
#include "show.h"
#include "str.h"

#include <string.h>

static const char *quoted(const char *name)
{
    return is_plain_name(name) ? name : intern_f("'%s'", name);
}

static void put_quoted(Out *o, const Tensor *t) { put(o, "%s", quoted(t->name)); }

static Notation program_notation(void)
{
    Notation n = plain;
    n.form[OP_surrogate] = (Form){"(%1)", L_ATOM, {L_IF}};
    n.examples = "examples";
    n.implicit_batch = n.show_ranges = true;
    n.begin = put_quoted;
    return n;
}

static bool is_name_of_tensor(const Graph *g, const char *name)
{
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->name == name)
            return true;
    return false;
}

/* An index hides the tensor of its name, which the equation might read. */
static void name_apart(const Graph *g, Tensor *t)
{
    for (int i = 0; i < t->nidx; i++)
        while (!t->idx[i].batch && is_name_of_tensor(g, t->idx[i].name))
            t->idx[i].name = intern_f("%s_", t->idx[i].name);
}

static void put_tensor(Out *o, const Notation *n, const Tensor *t)
{
    put(o, "  ");
    if (t->role == EQUATION)
        write_equation(o, n, t);
    else
        write_declaration(o, n, t);
    put(o, "%s", t->role == PARAM || t->role == STATE ? " = 0" : "");
    const char *text = remark(t, o->arena);
    put(o, *text ? "  # %s\n" : "\n", text);
}

static void put_output(Out *o, const char *name, const Tensor *value)
{
    put(o, "  output %s", quoted(name));
    if (strcmp(name, value->name))
        put(o, " = %s", quoted(value->name));
    put(o, "\n");
}

static void put_root(Out *o, const Root *r)
{
    if (r->kind == ROOT_LOSS)
        put(o, "  loss %s\n", quoted(r->value->name));
    else if (r->kind == ROOT_METRIC)
        put(o, "  metric %s = %s\n", quoted(r->name), quoted(r->value->name));
    else if (r->kind == ROOT_OUTPUT)
        put_output(o, r->name, r->value);
    else if (r->kind == ROOT_GRADIENT)
        put_output(o, intern_f("dL/d%s", r->target->name), r->value);
}

void show_program(Out *o, const Shown *s)
{
    Graph *g = copy_graph(s->graph, ~0u, s->graph->training, o->arena);
    Notation n = program_notation();
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    if (find_loss(g))
        wanted[find_loss(g)->id] = true; /* no model is without it */
    mark_needed(g, wanted);
    for (int i = 0; i < g->tensor.n; i++)
        name_apart(g, g->tensor.at[i]);

    put(o, "model %s {\n", quoted(g->name));
    for (int derived = 0; derived <= 1; derived++) {
        put(o, derived ? "\n" : "");
        for (int i = 0; i < g->tensor.n; i++)
            if (wanted[i] && is_derived(g->tensor.at[i]) == derived)
                put_tensor(o, &n, g->tensor.at[i]);
    }
    put(o, "\n");
    for (int i = 0; i < g->root.n; i++)
        if (wanted[g->root.at[i].value->id])
            put_root(o, &g->root.at[i]);
    put(o, "\n  train { batch = %d  seed = %llu }\n}\n", g->batch,
        (unsigned long long)g->seed);
}
