/* For the terminal: every equation with its place, or the way to one gradient. */
#include "facts.h"
#include "notation.h"
#include "show.h"
#include "str.h"

#include <string.h>

enum { WIDEST = 60 }; /* what is longer has its place behind it, out of the column */

static const char *text_of(const Tensor *t, Arena *a)
{
    Out text = new_out(a);
    print_tensor(&text, t);
    return text.text;
}

static void print_remark(Out *o, const char *equation, const Tensor *t, int width)
{
    const char *text = remark(t, o->arena);
    put(o, "%-*s", width, equation);
    put(o, *text ? "  # %s\n" : "\n", text);
}

static int column(const Graph *g, const bool *shown, Arena *a)
{
    size_t width = 0;
    for (int i = 0; i < g->tensor.n; i++) {
        size_t length = shown[i] ? strlen(text_of(g->tensor.at[i], a)) : 0;
        if (length > width && length <= WIDEST)
            width = length;
    }
    return (int)width;
}

static void list_all(Out *o, const Graph *g, const bool *shown)
{
    int width = column(g, shown, o->arena);
    for (int derived = 0; derived <= 1; derived++) {
        put(o, derived ? "\n" : "");
        for (int i = 0; i < g->tensor.n; i++) {
            const Tensor *t = g->tensor.at[i];
            if (shown[i] && is_derived(t) == derived)
                print_remark(o, text_of(t, o->arena), t, width);
        }
    }
}

/* ---- The way to one gradient ---- */

/* The derived equations at most `depth` reads away from the one marked; 0: all. */
static void mark_steps(const Graph *g, bool *step, int depth, Arena *a)
{
    for (int far = 0; far < (depth ? depth - 1 : g->tensor.n); far++) {
        bool *next = NEWN(a, bool, g->tensor.n), grown = false;
        for (int i = 0; i < g->tensor.n; i++) {
            bool *read = step[i] ? reads_of(g, g->tensor.at[i], a) : NULL;
            for (int k = 0; read && k < g->tensor.n; k++)
                next[k] = next[k] || (read[k] && is_derived(g->tensor.at[k]));
        }
        for (int i = 0; i < g->tensor.n; i++) {
            grown = grown || (next[i] && !step[i]);
            step[i] = step[i] || next[i];
        }
        if (!grown)
            return;
    }
}

static const char *right_side(const Tensor *t, Arena *a)
{
    Out left = new_out(a);
    write_left(&left, &plain, t);
    return text_of(t, a) + left.length;
}

/* Who reads it, before simplification. */
static const char *readers(const Graph *g, const Tensor *t, Arena *a)
{
    Out o = new_out(a);
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->body && is_derived(g->tensor.at[i]) &&
            reads_of(g, g->tensor.at[i], a)[t->id])
            put(&o, "%s%s", o.length ? ", " : "", g->tensor.at[i]->name);
    return o.text;
}

static void print_step(Out *o, const Shown *s, const Tensor *t, int width)
{
    const Tensor *after = find_tensor(s->graph, t->name);
    const char *equation = text_of(t, o->arena);
    print_remark(o, equation, t, width);
    if (s->graph == s->derived)
        return;
    if (!after)
        put(o, "    simplified: is put into %s\n", readers(s->derived, t, o->arena));
    else if (strcmp(text_of(after, o->arena), equation))
        put(o, "    simplified:%s\n", right_side(after, o->arena));
}

static void explain(Out *o, const Shown *s)
{
    const Graph *g = s->derived;
    const Tensor *t = gradient_of(g, s->name);
    bool *step = NEWN(o->arena, bool, g->tensor.n);
    step[t->id] = true;
    mark_steps(g, step, s->depth, o->arena);
    int width = column(g, step, o->arena);
    for (int i = 0; i < g->tensor.n; i++)
        if (step[i])
            print_step(o, s, g->tensor.at[i], width);
}

void show_text(Out *o, const Shown *s)
{
    if (s->name)
        explain(o, s);
    else
        list_all(o, s->graph, wanted_tensors(s->graph, NULL, o->arena));
}

/* ---- Before and after ---- */

void show_forward(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *shown = wanted_tensors(g, s->name, o->arena);
    for (int i = 0; i < g->tensor.n; i++)
        shown[i] = shown[i] && !is_derived(g->tensor.at[i]);
    int width = column(g, shown, o->arena);
    for (int i = 0; i < g->tensor.n; i++)
        if (shown[i])
            print_remark(o, text_of(g->tensor.at[i], o->arena), g->tensor.at[i], width);
}

/* It computes something that is asked for. */
static bool is_region_wanted(const Region *r, const bool *wanted)
{
    for (int i = 0; i < r->equation.n; i++)
        if (wanted[r->equation.at[i]->id])
            return true;
    return false;
}

void show_loops(Out *o, const Shown *s)
{
    const Entry *e = &s->module->entry[ENTRY_GRADIENTS];
    bool *wanted = wanted_tensors(s->graph, s->name, o->arena);
    for (int i = 0; i < e->region.n; i++) {
        const Region *r = e->region.at[i];
        if (!is_region_wanted(r, wanted))
            continue;
        for (int k = 0; r->like && k < r->equation.n; k++) /* its own has them inside */
            print_remark(o, text_of(r->equation.at[k], o->arena), r->equation.at[k], 0);
        print_region(o, r);
        put(o, "\n");
    }
}

/* Functions that several regions share stand where the first of them is. */
void show_code(Out *o, const Shown *s)
{
    const Entry *e = &s->module->entry[ENTRY_GRADIENTS];
    bool *wanted = wanted_tensors(s->graph, s->name, o->arena);
    VEC(const Region *) shown = {0};
    for (int i = 0; i < e->region.n; i++) {
        const Region *r = e->region.at[i], *own = r->like ? r->like : r;
        int k = 0;
        while (k < shown.n && shown.at[k] != own)
            k++;
        if (k < shown.n || !is_region_wanted(r, wanted))
            continue;
        PUSH(o->arena, &shown, own);
        emit_function(o, s->module, own, s->emitted, NULL);
    }
}
