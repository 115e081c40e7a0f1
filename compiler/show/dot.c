/* A graph for Graphviz: forwards in one box, backwards in another; what is kept in between
 * is drawn with a double frame. An arrow has the shape of what it carries. */
#include "facts.h"
#include "mathematics.h"
#include "show.h"

static void put_label(Out *o, const char *text)
{
    for (; *text; text++)
        put(o, *text == '"' || *text == '\\' ? "\\%c" : "%c", *text);
}

static void put_node(Out *o, const Tensor *t, Fate fate)
{
    static const char *const shape[] = {
        [INPUT] = "invhouse", [PARAM] = "house", [STATE] = "house", [EQUATION] = "box"};
    put(o, "    \"");
    put_label(o, t->name);
    put(o, "\" [shape=%s%s, tooltip=\"", shape[t->role],
        fate == FATE_SAVED ? ", peripheries=2" : "");
    Out text = new_out(o->arena);
    print_tensor(&text, t);
    put_label(o, text.text);
    put(o, "\"];\n");
}

static void put_shape(Out *o, const Tensor *t)
{
    for (int i = 0; i < t->rank; i++) {
        put(o, i ? " x " : "");
        if (t->idx[i].batch)
            put(o, "batch");
        else
            put(o, "%d", t->idx[i].extent);
    }
}

static void put_edges(Out *o, const Graph *g, const Tensor *t, const bool *wanted)
{
    bool *read = reads_of(g, t, o->arena);
    for (int k = 0; k < g->tensor.n; k++) {
        const Tensor *from = g->tensor.at[k];
        if (!read[k] || !wanted[k])
            continue;
        put(o, "  \"");
        put_label(o, from->name);
        put(o, "\" -> \"");
        put_label(o, t->name);
        put(o, "\" [label=\"");
        put_shape(o, from);
        put(o, is_derived(t) && !is_derived(from) ? "\", style=dashed];\n" : "\"];\n");
    }
}

void show_dot(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    Fate *fate = fates(g, s->derived, o->arena);
    put(o,
        "digraph \"%s\" {\n  rankdir=BT;\n  node [fontname=\"sans-serif\"];\n"
        "  edge [fontname=\"sans-serif\", fontsize=9];\n",
        g->name);
    for (int derived = 0; derived <= 1; derived++) {
        put(o, "  subgraph cluster_%s {\n    label=\"%s\";\n",
            derived ? "backward" : "forward", derived ? "backward" : "forward");
        for (int i = 0; i < g->tensor.n; i++)
            if (wanted[i] && is_derived(g->tensor.at[i]) == derived)
                put_node(o, g->tensor.at[i], fate[i]);
        put(o, "  }\n");
    }
    for (int i = 0; i < g->tensor.n; i++)
        if (wanted[i])
            put_edges(o, g, g->tensor.at[i], wanted);
    put(o, "}\n");
}
