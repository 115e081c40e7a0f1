/* The panels of the page, which open above its columns. */
#include "html.h"

#include "str.h"

#include <math.h>
#include <stdlib.h>
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

enum { MAP_WIDE = 640, MAP_HIGH = 160 };

/* Every buffer that is not kept for good, from left to right while it lives, from top to
 * bottom where it lies. */
static void put_map(const Page *p)
{
    const Entry *e = p->entry;
    size_t low = SIZE_MAX, high = 0;
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        const Buffer *b = e->scratch_buffer.at[i];
        low = b->offset < low ? b->offset : low;
        high = b->offset + b->bytes > high ? b->offset + b->bytes : high;
    }
    if (high <= low)
        return;
    double wide = (double)MAP_WIDE / e->region.n,
           deep = (double)MAP_HIGH / (double)(high - low);
    put(p->o,
        "<p>The part of the block that loop nests share, bytes %zu to %zu from top to "
        "bottom, "
        "from the first nest to the last:</p>\n<svg class=\"map\" width=\"%d\" "
        "height=\"%d\">\n",
        low, high, MAP_WIDE, MAP_HIGH);
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        const Buffer *b = e->scratch_buffer.at[i];
        const Tensor *t = b->tensor;
        bool saved = t->id < p->g->tensor.n && p->g->tensor.at[t->id] == t &&
                     p->fate[t->id] == FATE_SAVED;
        put(p->o,
            "<rect class=\"%s\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" "
            "height=\"%.1f\"><title>",
            saved ? "kept" : "brief", wide * b->first, deep * (double)(b->offset - low),
            wide * (b->last + 1 - b->first), deep * (double)b->bytes);
        put_text(p, b->name);
        put(p->o, ": %s at %zu</title></rect>\n", quantity(p, (double)b->bytes, "B"),
            b->offset);
    }
    put(p->o, "</svg>\n");
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
    put(p->o, "</table>\n");
    put_map(p);
    put(p->o, "</details>\n");
}

/* ---- The check ---- */

/* A link to the gradient by the tensor of this name, if it is shown. */
static void put_gradient_link(const Page *p, const char *name)
{
    const Tensor *t = find_tensor(p->g, intern_f("dL/d%s", name));
    for (int i = 0; i < p->g->root.n; i++) {
        const Root *r = &p->g->root.at[i];
        if (r->kind == ROOT_GRADIENT && !strcmp(r->target->name, name))
            t = r->value;
    }
    bool linked = t && p->wanted[t->id];
    put(p->o, linked ? "<a href=\"#t%d\"><code>" : "<code>", linked ? t->id : 0);
    put_text(p, name);
    put(p->o, linked ? "</code></a>" : "</code>");
}

static void put_cell(const Page *p, bool there, const char *fmt, double x)
{
    const char *text = there ? format(p->o->arena, fmt, x) : "–";
    put(p->o, "<td class=\"number\">%s</td>", text);
}

static void put_checked(const Page *p, const Checked *x)
{
    const Ways *w = &x->ways;
    bool good = !strcmp(x->verdict, verdict_name[AGREE]);
    put(p->o, "<tr><td>");
    put_gradient_link(p, x->name);
    put(p->o, "</td><td>%s</td>", x->place);
    put_cell(p, true, "%.10g", w->derived);
    put_cell(p, w->differed, "%.10g", w->difference);
    put_cell(p, w->ran, "%.10g", w->emitted);
    put(p->o, "<td class=\"%s\">%s</td>", good ? "saved" : "wrong", x->verdict);
    put_cell(p, w->differed, "%.1e", x->error);
    put_cell(p, w->ran, "%.1e", x->f64);
    put_cell(p, w->ran, "%.1e", x->f32);
    put(p->o, "<td class=\"number\">%lld of %lld</td></tr>\n", (long long)x->tried,
        (long long)x->of);
}

static void put_check(const Page *p)
{
    const CheckedList *list = p->s->checked;
    int wrong = 0;
    for (int i = 0; i < list->n; i++)
        wrong += strcmp(list->at[i].verdict, verdict_name[AGREE]) != 0;
    put(p->o,
        "<details class=\"panel\"><summary>%d of %d gradients agree with finite "
        "differences "
        "and the emitted program</summary>\n<table><tr><th>by</th><th>worst element</th>"
        "<th>derived</th><th>difference</th><th>emitted</th><th>verdict</th>"
        "<th>greatest error against differences</th><th>of the program, "
        "f64</th><th>f32</th>"
        "<th>elements tried</th></tr>\n",
        list->n - wrong, list->n);
    for (int i = 0; i < list->n; i++)
        put_checked(p, &list->at[i]);
    put(p->o, "</table></details>\n");
}

/* ---- A run ---- */

enum { WIDE = 240, HIGH = 22 };

/* Numbers over the epochs of a run, of a column of those rows that are about `tensor`. */
typedef VEC(double) Series;

static Series series(const Page *p, const Csv *c, const char *column, const char *tensor)
{
    Series s = {0};
    int value = csv_column(c, column), name = csv_column(c, "tensor");
    for (int i = 1; i < c->n; i++) {
        const char *text = csv_field(c, i, value);
        if (*text && (!tensor || !strcmp(csv_field(c, i, name), tensor)))
            PUSH(p->o->arena, &s, strtod(text, NULL));
    }
    return s;
}

static bool is_drawn(double x) { return isfinite(x) && x > 0; }

/* The least and the greatest of those that have a logarithm; false: there are none. */
static bool find_range(const Series *s, double *least, double *most)
{
    *least = INFINITY, *most = -INFINITY;
    for (int i = 0; i < s->n; i++)
        if (is_drawn(s->at[i])) {
            *least = fmin(*least, s->at[i]);
            *most = fmax(*most, s->at[i]);
        }
    return *least <= *most;
}

/* On a logarithmic scale of their own. */
static void put_curve(const Page *p, const Series *s)
{
    double least, most;
    if (!find_range(s, &least, &most))
        return;
    double span = log(most / least) > 1e-9 ? log(most / least) : 1;
    put(p->o, "<svg class=\"curve\" width=\"%d\" height=\"%d\"><polyline points=\"", WIDE,
        HIGH);
    for (int i = 0; i < s->n; i++)
        if (is_drawn(s->at[i]))
            put(p->o, "%.1f,%.1f ", 2 + (WIDE - 4.0) * i / (s->n > 1 ? s->n - 1 : 1),
                HIGH - 2 - (HIGH - 4) * log(s->at[i] / least) / span);
    put(p->o, "\"/></svg>");
}

static void put_series(const Page *p, const Series *s)
{
    double least = 0, most = 0;
    bool any = find_range(s, &least, &most);
    put_cell(p, s->n > 0, "%.4g", s->n ? s->at[0] : 0);
    put_cell(p, s->n > 0, "%.4g", s->n ? s->at[s->n - 1] : 0);
    put_cell(p, any, "%.4g", least);
    put_cell(p, any, "%.4g", most);
    put(p->o, "<td>");
    put_curve(p, s);
    put(p->o, "</td>");
}

static void put_figure(const Page *p, const char *column, const char *label)
{
    Series s = series(p, p->s->metrics, column, NULL);
    if (!s.n)
        return;
    put(p->o, "<tr><td>");
    put_text(p, label);
    put(p->o, "</td>");
    put_series(p, &s);
    put(p->o, "</tr>\n");
}

/* Each tensor that the file is about, once. */
static void put_norms(const Page *p)
{
    const Csv *c = p->s->gradients;
    int name = csv_column(c, "tensor");
    VEC(const char *) seen = {0};
    for (int i = 1; i < c->n; i++) {
        const char *tensor = csv_field(c, i, name);
        int k = 0;
        while (k < seen.n && strcmp(seen.at[k], tensor))
            k++;
        if (k < seen.n)
            continue;
        PUSH(p->o->arena, &seen, tensor);
        Series norm = series(p, c, "gradient", tensor),
               update = series(p, c, "update", tensor);
        put(p->o, "<tr><td>");
        put_gradient_link(p, tensor);
        put(p->o, "</td>");
        put_series(p, &norm);
        put_cell(p, update.n > 0, "%.2g", update.n ? update.at[update.n - 1] : 0);
        put(p->o, "</tr>\n");
    }
}

static void put_run(const Page *p)
{
    int epochs = p->s->metrics->n - 1;
    put(p->o,
        "<details class=\"panel\"><summary>gradient norms over %d epoch%s of a "
        "run</summary>\n"
        "<table><tr><th>norm of the gradient "
        "by</th><th>first</th><th>last</th><th>least</th>"
        "<th>greatest</th><th>by epoch, logarithmic</th><th>last update by the norm of "
        "what it "
        "changes</th></tr>\n",
        epochs, epochs == 1 ? "" : "s");
    put_figure(p, "loss", "(the loss)");
    put_figure(p, "gradient", "all parameters");
    put_norms(p);
    put(p->o, "</table></details>\n");
}

void put_panels(const Page *p)
{
    put_memory(p);
    if (p->s->checked)
        put_check(p);
    if (p->s->gradients)
        put_run(p);
}
