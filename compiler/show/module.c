/* The loops of a model in figures: what each region is expected to cost, and where each
 * buffer lives. As a table for people; as JSON for programs. */
#include "json.h"
#include "show.h"

/* Bytes of all that a region reads and writes, each once. */
static size_t bytes_of_region(const Region *r)
{
    size_t n = 0;
    for (int i = 0; i < r->view.n; i++) {
        const Buffer *b = r->view.at[i]->buffer;
        bool seen = !b;
        for (int k = 0; k < i; k++)
            seen = seen || r->view.at[k]->buffer == b;
        n += seen ? 0 : b->bytes;
    }
    return n;
}

/* ---- A table ---- */

static void put_region(Out *o, const Region *r, double all)
{
    put(o, "%14.0f %12.0f %12zu %6.1f%%  %s\n", r->flops, r->cycles, bytes_of_region(r),
        all > 0 ? 100 * r->cycles / all : 0, r->name);
}

void show_regions(Out *o, const Module *m)
{
    for (EntryKind k = 0; k < NENTRY; k++) {
        const Entry *e = &m->entry[k];
        if (!e->region.n)
            continue;
        put(o, "\n%14s %12s %12s %7s  %s: regions, and cycles of one thread as estimated\n",
            "flops", "cycles", "bytes", "of all", entry_name[k]);
        for (int i = 0; i < e->region.n; i++)
            put_region(o, e->region.at[i], cycles_of_entry(e));
    }
}

/* ---- JSON ---- */

static void put_region_object(Out *o, const Region *r)
{
    put(o, "      {\"name\": \"%s\"", r->name);
    put_field(o, "result", r->result->name);
    if (r->like)
        put_field(o, "loops_of", r->like->name);
    put(o, ", \"flops\": %.0f, \"cycles\": %.0f, \"bytes\": %zu, \"parallel\": %s}",
        r->flops, r->cycles, bytes_of_region(r), r->parallel ? "true" : "false");
}

static void put_buffer_object(Out *o, const Buffer *b)
{
    put(o, "      {\"name\": ");
    put_string(o, b->name);
    put(o, ", \"bytes\": %zu, \"offset\": %zu", b->bytes, b->offset);
    if (!b->fixed)
        put(o, ", \"first\": %d, \"last\": %d", b->first, b->last);
    put(o, "}");
}

static void put_entry_object(Out *o, const Entry *e, const char *name)
{
    put(o, "    {\"name\": \"%s\", \"scratch\": %zu, \"bound\": %zu, \"regions\": [", name,
        e->scratch, e->bound);
    for (int i = 0; i < e->region.n; i++) {
        put(o, "%s\n", i ? "," : "");
        put_region_object(o, e->region.at[i]);
    }
    put(o, "],\n     \"buffers\": [");
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        put(o, "%s\n", i ? "," : "");
        put_buffer_object(o, e->scratch_buffer.at[i]);
    }
    put(o, "]}");
}

void show_module(Out *o, const Module *m)
{
    put(o, "{\n  \"schema\": 1,\n  \"model\": ");
    put_string(o, m->graph->name);
    put(o,
        ",\n  \"batch\": %d, \"real\": \"%s\", \"lanes\": %d, \"target\": \"%s\", "
        "\"bytes\": %zu,\n  \"table\": [",
        m->graph->batch, m->f64 ? "f64" : "f32", m->lanes, m->target->name, m->size);
    for (int i = 0; i < m->slot.n; i++) {
        put(o, "%s\n", i ? "," : "");
        put_buffer_object(o, m->slot.at[i].buffer);
    }
    put(o, "],\n  \"entries\": [\n");
    for (EntryKind k = 0; k < NENTRY; k++) {
        put_entry_object(o, &m->entry[k], entry_name[k]);
        put(o, "%s\n", k + 1 < NENTRY ? "," : "");
    }
    put(o, "  ]\n}\n");
}
