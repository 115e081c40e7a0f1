/* For programs: one object, described in grammar/README.md. */
#include "json.h"

#include "abi.h"
#include "facts.h"
#include "notation.h"
#include "show.h"

#include <string.h>

void put_string(Out *o, const char *text)
{
    put(o, "\"");
    for (; *text; text++) {
        if (*text == '"' || *text == '\\')
            put(o, "\\%c", *text);
        else if ((unsigned char)*text < ' ')
            put(o, "\\u%04x", (unsigned)*text);
        else
            put(o, "%c", *text);
    }
    put(o, "\"");
}

void put_field(Out *o, const char *name, const char *text)
{
    put(o, ", \"%s\": ", name);
    put_string(o, text);
}

static void put_indices(Out *o, const Tensor *t, int from, int to)
{
    put(o, "[");
    for (int i = from; i < to; i++) {
        put(o, "%s{\"name\": ", i > from ? ", " : "");
        put_string(o, t->idx[i].name);
        put(o, ", \"extent\": %d, \"batch\": %s}", t->idx[i].extent,
            t->idx[i].batch ? "true" : "false");
    }
    put(o, "]");
}

static void put_reads(Out *o, const Graph *g, const Tensor *t)
{
    bool *read = reads_of(g, t, o->arena);
    const char *between = "";
    put(o, ", \"reads\": [");
    for (int k = 0; k < g->tensor.n; k++)
        if (read[k]) {
            put(o, "%s", between);
            put_string(o, g->tensor.at[k]->name);
            between = ", ";
        }
    put(o, "]");
}

static void put_span(Out *o, Span s)
{
    if (s.source)
        put(o, ", \"span\": {\"file\": \"%.*s\", \"line\": %d, \"start\": %d, \"end\": %d}",
            (int)(strrchr(source_line(s), ':') - source_line(s)), source_line(s),
            line_of(s), s.start, s.end);
}

static void put_equation(Out *o, const Graph *g, const Tensor *t)
{
    Out text = new_out(o->arena);
    print_tensor(&text, t);
    put_field(o, "equation", text.text);
    put(o, ", \"reduced\": ");
    put_indices(o, t, t->rank, t->nidx);
    put_field(o, "reduction", reduce_name[t->reduce]);
    if (t->why)
        put_field(o, "rule", t->why);
    if (t->from)
        put_field(o, "from", t->from->name);
    if (t->group)
        put(o, ", \"recurrence\": {\"group\": %d, \"index\": \"%s\", \"backward\": %s}",
            t->group, t->idx[t->step].name, t->backward ? "true" : "false");
    put_reads(o, g, t);
}

static const Region *region_of(const Entry *e, const char *name)
{
    for (int i = 0; i < e->region.n; i++)
        for (int k = 0; k < e->region.at[i]->equation.n; k++)
            if (!strcmp(e->region.at[i]->equation.at[k]->name, name))
                return e->region.at[i];
    return NULL;
}

/* The function that computes it, and its lines in the file that gradc emit writes. */
static void put_lines_of_c(Out *o, const Shown *s, const Tensor *t)
{
    const Region *r = region_of(&s->module->entry[ENTRY_GRADIENTS], t->name);
    if (!r)
        return;
    Out text = new_out(o->arena);
    emit_function(&text, s->module, r->like ? r->like : r, s->emitted, NULL);
    const char *function = text.text + (text.text[0] == '\n');
    int first = line_in(s->code, function), last = first - 1;
    for (const char *c = function; *c; c++)
        last += *c == '\n';
    put(o, ", \"c\": {\"function\": \"%s\", \"from\": %d, \"to\": %d}",
        function_of(r, s->module, s->emitted), first, last);
}

static void put_tensor(Out *o, const Shown *s, const Tensor *t, Fate fate)
{
    static const char *const elem[] = {"real", "byte", "index"};
    put(o, "    {\"name\": ");
    put_string(o, t->name);
    put_field(o, "role", role_name(t));
    put_field(o, "type", elem[t->elem]);
    put(o, ", \"indices\": ");
    put_indices(o, t, 0, t->rank);
    put_span(o, t->span);
    if (t->role == EQUATION)
        put_equation(o, s->graph, t);
    if (t->role == EQUATION && s->module)
        put_lines_of_c(o, s, t);
    if (!is_derived(t))
        put_field(o, "fate", fate_name[fate]);
    put(o, ", \"flops\": %.0f, \"bytes\": %.0f, \"traffic\": %.0f}", flops_of(t),
        bytes_of(t, s->f64), traffic_of(t, s->f64));
}

static void put_roots(Out *o, const Graph *g)
{
    for (int i = 0; i < g->root.n; i++) {
        const Root *r = &g->root.at[i];
        put(o, "%s    {\"kind\": \"%s\", \"value\": ", i ? ",\n" : "", root_name[r->kind]);
        put_string(o, r->value->name);
        if (r->target)
            put_field(o, "target", r->target->name);
        put(o, "}");
    }
}

void show_json(Out *o, const Shown *s)
{
    const Graph *g = s->graph;
    bool *wanted = wanted_tensors(g, s->name, o->arena);
    Fate *fate = fates(g, s->derived, o->arena);
    const char *between = "";
    put(o, "{\n  \"schema\": 1,\n  \"model\": ");
    put_string(o, g->name);
    put(o, ",\n  \"batch\": %d,\n  \"tensors\": [\n", g->batch);
    for (int i = 0; i < g->tensor.n; i++)
        if (wanted[i]) {
            put(o, "%s", between);
            put_tensor(o, s, g->tensor.at[i], fate[i]);
            between = ",\n";
        }
    put(o, "\n  ],\n  \"roots\": [\n");
    put_roots(o, g);
    put(o, "\n  ]\n}\n");
}
