/* The panels of the page, which open above its columns. */
#include "html.h"

#include "str.h"

#include <string.h>

/* ---- Memory ---- */

static const Buffer *buffer_of(const Page *p, const Tensor *t)
{
    for (int i = 0; i < p->entry->region.n; i++) {
        const Region *r = p->entry->region.at[i];
        for (int k = 0; k < r->view.n; k++)
            if (r->view.at[k]->buffer && !strcmp(r->view.at[k]->buffer->name, t->name))
                return r->view.at[k]->buffer;
    }
    return NULL;
}

/* First and last region that touches it. */
static void put_life(const Page *p, const Buffer *b)
{
    int first = -1, last = 0, n = p->entry->region.n;
    for (int i = 0; i < n; i++)
        for (int k = 0; k < p->entry->region.at[i]->view.n; k++)
            if (p->entry->region.at[i]->view.at[k]->buffer == b) {
                first = first < 0 ? i : first;
                last = i;
            }
    put(p->o, "<div class=\"life\"><i style=\"left:%.1f%%;width:%.1f%%\"></i></div>",
        100.0 * first / n, 100.0 * (last + 1 - first) / n);
}

static void put_kept(const Page *p, const Tensor *t)
{
    const Buffer *b = buffer_of(p, t);
    put(p->o, "<tr><td><a href=\"#t%d\"><code>", t->id);
    put_text(p, t->name);
    put(p->o,
        "</code></a></td><td>%s</td><td class=\"number\">%s</td><td class=\"number\">",
        fate_name[p->fate[t->id]], quantity(p, bytes_of(t, p->s->f64), "B"));
    if (b)
        put(p->o, "%zu", b->offset);
    put(p->o, "</td><td>");
    if (b)
        put_life(p, b);
    put(p->o, "</td></tr>\n");
}

static double saved_bytes(const Page *p)
{
    double saved = 0;
    for (int i = 0; i < p->g->tensor.n; i++)
        if (p->wanted[i] && p->fate[i] == FATE_SAVED)
            saved += bytes_of(p->g->tensor.at[i], p->s->f64);
    return saved;
}

static void put_memory(const Page *p)
{
    put(p->o,
        "<details class=\"panel\"><summary>%s saved for the backward "
        "pass</summary>\n<table>"
        "<tr><th>tensor</th><th>backward</th><th>size</th><th>place in the block</th>"
        "<th>from the first to the last of the %d loop nests that touch it</th></tr>\n",
        quantity(p, saved_bytes(p), "B"), p->entry->region.n);
    for (int i = 0; i < p->g->tensor.n; i++)
        if (p->wanted[i] && (p->fate[i] == FATE_SAVED || p->fate[i] == FATE_RECOMPUTED))
            put_kept(p, p->g->tensor.at[i]);
    put(p->o, "</table></details>\n");
}

void put_panels(const Page *p) { put_memory(p); }
