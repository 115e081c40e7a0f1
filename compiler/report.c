/* What gradc tells a person about a model. */
#include "report.h"

#include "str.h"

#include <assert.h>
#include <string.h>

/* ---- gradc grad ---- */

static const Tensor *gradient_of(const Graph *g, const char *name)
{
    const char **known = NEWN(g->arena, const char *, g->root.n);
    int n = 0;
    for (int i = 0; i < g->root.n; i++) {
        const Root *r = &g->root.at[i];
        if (r->kind != ROOT_GRADIENT)
            continue;
        if (!strcmp(r->target->name, name) || !strcmp(r->value->name, name))
            return r->value;
        known[n++] = r->target->name;
    }
    const char *near = nearest(name, known, n);
    fatal("no gradient by '%s' is computed%s%s%s", name, near ? "; did you mean '" : "",
          near ? near : "", near ? "'?" : "");
}

static void mark_read(Expr *e, void *context)
{
    if (e->op == OP_read)
        ((bool *)context)[e->tensor->id] = true;
}

/* Which tensors, by id, the last one needs. */
static void mark_needed(const Graph *g, bool *needed)
{
    for (int i = g->tensor.n; i-- > 0;)
        if (needed[i] && g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, mark_read, needed);
}

enum { WIDEST = 60 }; /* what is longer has its place behind it, out of the column */

static int column(const Graph *g, const bool *needed)
{
    size_t width = 0;
    for (int i = 0; i < g->tensor.n; i++) {
        Out text = new_out(g->arena);
        print_tensor(&text, g->tensor.at[i]);
        if (needed[i] && text.length > width && text.length <= WIDEST)
            width = text.length;
    }
    return (int)width;
}

static void print_with_place(Out *o, const Tensor *t, int width)
{
    Out text = new_out(o->arena);
    print_tensor(&text, t);
    put(o, "%-*s", width, text.text);
    if (t->span.source)
        put(o, "  # %s", source_line(t->span));
    if (t->why)
        put(o, "%s%s", t->span.source ? ": " : "  # ", t->why);
    put(o, "\n");
}

static bool is_derived(const Tensor *t) { return t->of || t->from; }

void report_gradients(Out *o, const Graph *g, const char *name)
{
    bool *needed = NEWN(g->arena, bool, g->tensor.n);
    if (name) {
        needed[gradient_of(g, name)->id] = true;
        mark_needed(g, needed);
    } else {
        for (int i = 0; i < g->tensor.n; i++)
            needed[i] = !g->tensor.at[i]->optimizer;
    }
    int width = column(g, needed);
    for (int derived = 0; derived <= 1; derived++) {
        put(o, derived ? "\n" : "");
        for (int i = 0; i < g->tensor.n; i++)
            if (needed[i] && is_derived(g->tensor.at[i]) == derived)
                print_with_place(o, g->tensor.at[i], width);
    }
}

/* ---- gradc info ---- */

static int64_t numbers_in(const Tensor *t) { return count_of(t->idx, t->rank); }

static void list_declared(Out *o, const Module *m, Role role, bool optimizer)
{
    for (int i = 0; i < m->slot.n; i++) {
        const Tensor *t = m->slot.at[i].tensor;
        if (m->slot.at[i].root != NROOT || t->role != role || t->optimizer != optimizer)
            continue;
        Out text = new_out(o->arena);
        print_tensor(&text, t);
        put(o, role == INPUT ? "  %s\n" : "  %-40s %12lld\n", text.text,
            (long long)numbers_in(t));
    }
}

static int64_t count_declared(const Module *m, Role role, bool optimizer)
{
    int64_t n = 0;
    for (int i = 0; i < m->slot.n; i++) {
        const Tensor *t = m->slot.at[i].tensor;
        if (m->slot.at[i].root == NROOT && t->role == role && t->optimizer == optimizer)
            n += numbers_in(t);
    }
    return n;
}

static double work_of(const Entry *e)
{
    double flops = 0;
    for (int i = 0; i < e->region.n; i++)
        flops += e->region.at[i]->flops;
    return flops;
}

static size_t fixed_bytes(const Module *m)
{
    size_t n = 0;
    for (int i = 0; i < m->slot.n; i++)
        n += m->slot.at[i].buffer->bytes;
    return n;
}

void report_model(Out *o, const Module *m)
{
    put(o, "%s: batch %d, %s, %d lanes, for %s\n", m->graph->name, m->graph->batch,
        m->f64 ? "f64" : "f32", m->lanes, m->target->name);
    list_declared(o, m, INPUT, false);
    list_declared(o, m, PARAM, false);
    list_declared(o, m, STATE, false);
    list_declared(o, m, STATE, true);
    put(o, "\nparameters %lld, state %lld, of the optimizer %lld\n\n",
        (long long)count_declared(m, PARAM, false),
        (long long)count_declared(m, STATE, false),
        (long long)count_declared(m, STATE, true));

    put(o, "%-10s %8s %14s %14s %14s\n", "entry", "regions", "flops", "scratch",
        "at least");
    for (EntryKind k = 0; k < NENTRY; k++) {
        const Entry *e = &m->entry[k];
        put(o, "%-10s %8d %14.0f %14zu %14zu\n", entry_name[k], e->region.n, work_of(e),
            e->scratch, e->bound);
    }
    put(o, "\n%zu bytes in all, %zu of them tensors in the table\n", m->size,
        fixed_bytes(m));
}
