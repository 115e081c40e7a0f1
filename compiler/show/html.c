/* A page that needs nothing else: the source, its equations, those derived from them, their
 * loops, their C and, if asked for, its assembly, side by side. It is XML as well as HTML,
 * and all is there without the script. */
#include "html.h"

#include "mathematics.h"
#include "page.h"
#include "str.h"

#include <string.h>

void put_text(const Page *p, const char *text) { put_xml(p->o, text); }

static const char *text_of(const Page *p, const Tensor *t)
{
    Out text = new_out(p->o->arena);
    print_tensor(&text, t);
    return text.text;
}

static int source_of(const Page *p, const Source *s)
{
    for (int i = 0; i < p->source.n; i++)
        if (p->source.at[i] == s)
            return i;
    return -1;
}

/* The forward equation that a derived one belongs to, where it still is one. */
static const Tensor *origin(const Page *p, const Tensor *t)
{
    const Tensor *from = t->from ? t->from : t->of;
    return from ? find_tensor(p->g, from->name) : NULL;
}

static bool computes(const Region *r, const Tensor *t)
{
    for (int i = 0; i < r->equation.n; i++)
        if (r->equation.at[i] == t)
            return true;
    return false;
}

static int region_of(const Page *p, const Tensor *t)
{
    for (int i = 0; i < p->entry->region.n; i++)
        if (computes(p->entry->region.at[i], t))
            return i;
    return -1;
}

bool is_shown(const Page *p, const Region *r)
{
    for (int i = 0; i < r->equation.n; i++)
        if (p->wanted[r->equation.at[i]->id])
            return true;
    return false;
}

/* ---- Source ---- */

static bool is_at(Span place, const Source *s, int line)
{
    return place.source == s && line_of(place) == line;
}

/* The tensors that come from a line, or by way of it. */
static const char *keys_of_line(const Page *p, const Source *s, int line)
{
    Out keys = new_out(p->o->arena);
    for (int i = 0; i < p->g->tensor.n; i++) {
        const Tensor *t = p->g->tensor.at[i];
        if (p->wanted[i] && (is_at(t->span, s, line) || is_at(t->call, s, line)))
            put(&keys, "%sT%d", keys.length ? " " : "", i);
    }
    return keys.length ? keys.text : "";
}

/* Of the library only what is used. */
static void put_line(const Page *p, const Source *s, int number, const char *text,
                     int length)
{
    const char *keys = keys_of_line(p, s, number);
    if (!*keys && s->name[0] == '<')
        return;
    put(p->o, "<div class=\"%s\"", *keys ? "item line" : "line plain");
    if (*keys)
        put(p->o, " id=\"s%d.%d\" data-k=\"%s\" data-p=\"%s\"", source_of(p, s), number,
            keys, keys);
    put(p->o, "><span class=\"at\">%d</span><code>", number);
    put_text(p, format(p->o->arena, "%.*s", length, text));
    put(p->o, "</code></div>\n");
}

static void put_source(const Page *p, const Source *s)
{
    const char *name = s->name[0] == '<' ? s->name + 1 : s->name;
    const char *slash = s->name[0] == '<' ? NULL : strrchr(name, '/');
    put(p->o, "<div class=\"file\">");
    put_text(p, format(p->o->arena, "%.*s", (int)strcspn(slash ? slash + 1 : name, ">"),
                       slash ? slash + 1 : name));
    put(p->o, "</div>\n");
    int number = 1;
    for (const char *at = s->text; *at; number++) {
        int length = (int)strcspn(at, "\n");
        put_line(p, s, number, at, length);
        at += length + (at[length] == '\n');
    }
}

/* ---- Equations ---- */

const char *quantity(const Page *p, double x, const char *of)
{
    static const char *const unit[] = {"", "k", "M", "G", "T"};
    int i = 0;
    for (; x >= 1000 && i < 4; i++)
        x /= 1000;
    return format(p->o->arena, x < 10 && i ? "%.1f %s%s" : "%.0f %s%s", x, unit[i], of);
}

/* What the rule gave, and what simplification made of it. */
static void put_steps(const Page *p, const Tensor *t)
{
    const Tensor *before = find_tensor(p->s->derived, t->name);
    if (!before || !strcmp(text_of(p, before), text_of(p, t)))
        return;
    put(p->o, "<details class=\"step\"><summary class=\"note\">before simplification"
              "</summary><code>");
    put_text(p, text_of(p, before));
    put(p->o, "</code></details>");
}

static const char *duration(const Page *p, double s)
{
    return s < 1e-3 ? format(p->o->arena, "%.3g µs", 1e6 * s)
                    : format(p->o->arena, "%.3g ms", 1e3 * s);
}

const char *measured(const Page *p, int region)
{
    double s = p->s->seconds[region];
    return format(p->o->arena, "%s, %.1f %% of the time", duration(p, s),
                  p->seconds > 0 ? 100 * s / p->seconds : 0);
}

const char *heat(const Page *p, double part)
{
    return format(p->o->arena, " style=\"box-shadow: inset 4px 0 rgba(214,69,28,%.2f)\"",
                  part);
}

/* What an equation takes of its region's time, by its operations. */
static double part_of(const Region *r, const Tensor *t)
{
    double all = 0;
    for (int i = 0; i < r->equation.n; i++)
        all += flops_of(r->equation.at[i]);
    return all > 0 ? flops_of(t) / all : 1.0 / r->equation.n;
}

static double seconds_of(const Page *p, const Tensor *t)
{
    int region = region_of(p, t);
    return region < 0 ? 0 : p->s->seconds[region] * part_of(p->entry->region.at[region], t);
}

/* What heat is about: measured if it was. */
static double heat_of(const Page *p, const Tensor *t)
{
    return p->s->seconds ? seconds_of(p, t) : flops_of(t);
}

static void put_time(const Page *p, const Tensor *t, int region)
{
    const Region *r = p->entry->region.at[region];
    if (r->equation.n == 1)
        put(p->o, " · %s", measured(p, region));
    else
        put(p->o, " · about %s of %s for %d equations", duration(p, seconds_of(p, t)),
            duration(p, p->s->seconds[region]), r->equation.n);
}

static void put_cost(const Page *p, const Tensor *t)
{
    int region = region_of(p, t);
    if (t->role != EQUATION)
        return;
    put(p->o, " · %s · %s", quantity(p, flops_of(t), "FLOP"),
        quantity(p, traffic_of(t, p->s->f64), "B"));
    if (region >= 0 && p->s->seconds)
        put_time(p, t, region);
    if (region >= 0)
        put(p->o, " · <a href=\"#r%d\">loops</a>", region);
    put(p->o, "<i class=\"cost\" style=\"width:%.0f%%\"></i>",
        p->most > 0 ? 100 * heat_of(p, t) / p->most : 0);
}

static void put_place(const Page *p, Span at)
{
    if (at.source)
        put(p->o, "<a href=\"#s%d.%d\">%s</a>", source_of(p, at.source), line_of(at),
            source_line(at));
}

/* The line, the statement of the program that led there, and the rule. */
static void put_reason(const Page *p, const Tensor *t)
{
    put_place(p, t->span);
    if (t->call.source &&
        (t->call.source != t->span.source || line_of(t->call) != line_of(t->span))) {
        put(p->o, ", by ");
        put_place(p, t->call);
    }
    if (t->why) {
        put(p->o, ": ");
        put_text(p, t->why);
    }
}

static void put_keys(const Page *p, const Tensor *t)
{
    bool derived = is_derived(t);
    const Tensor *from = derived ? origin(p, t) : t;
    put(p->o, " data-k=\"T%d", t->id);
    if (from)
        put(p->o, " %c%d", derived ? 'D' : 'E', from->id);
    put(p->o, "\" data-p=\"T%d", t->id);
    if (from)
        put(p->o, " %c%d", derived ? 'E' : 'D', from->id);
    put(p->o, "\"");
}

static void put_equation(const Page *p, const Tensor *t)
{
    put(p->o, "<div class=\"item\" id=\"t%d\"", t->id);
    put_keys(p, t);
    if (p->s->seconds && t->role == EQUATION)
        put(p->o, "%s", heat(p, p->most > 0 ? seconds_of(p, t) / p->most : 0));
    put(p->o, "><code>");
    put_text(p, text_of(p, t));
    put(p->o, "</code><div class=\"note\">");
    put_reason(p, t);
    if (p->fate[t->id] == FATE_SAVED)
        put(p->o, " · <span class=\"saved\">saved</span>");
    put_cost(p, t);
    put(p->o, "</div>");
    if (is_derived(t))
        put_steps(p, t);
    put(p->o, "</div>\n");
}

static void put_equations(const Page *p, bool derived)
{
    for (int i = 0; i < p->g->tensor.n; i++)
        if (p->wanted[i] && is_derived(p->g->tensor.at[i]) == derived)
            put_equation(p, p->g->tensor.at[i]);
}

static void put_header(const Page *p)
{
    double flops[2] = {0};
    for (int i = 0; i < p->g->tensor.n; i++)
        if (p->wanted[i])
            flops[is_derived(p->g->tensor.at[i])] += flops_of(p->g->tensor.at[i]);
    put(p->o, "<header><h1>");
    put_text(p, p->g->name);
    put(p->o,
        "</h1>batch %d, %s · forward %s, backward %s · %s of memory in all%s"
        "<span class=\"hint\"> · point at something to see what belongs to it; click to "
        "keep "
        "it</span></header>\n",
        p->g->batch, p->s->f64 ? "f64" : "f32", quantity(p, flops[0], "FLOP"),
        quantity(p, flops[1], "FLOP"), quantity(p, (double)p->s->module->size, "B"),
        p->s->seconds ? format(p->o->arena, " · %s measured", duration(p, p->seconds))
                      : "");
}

/* ---- The page ---- */

static void add_source(Page *p, const Source *s, bool own)
{
    if (s && (s->name[0] != '<') == own && source_of(p, s) < 0)
        PUSH(p->o->arena, &p->source, s);
}

/* The program's own file first. */
static void find_sources(Page *p)
{
    for (int own = 1; own >= 0; own--)
        for (int i = 0; i < p->g->tensor.n; i++)
            if (p->wanted[i]) {
                add_source(p, p->g->tensor.at[i]->span.source, own);
                add_source(p, p->g->tensor.at[i]->call.source, own);
            }
}

static Page new_page(Out *o, const Shown *s)
{
    Page p = {.o = o, .s = s, .g = s->graph, .entry = &s->module->entry[ENTRY_GRADIENTS]};
    p.wanted = wanted_tensors(p.g, s->name, o->arena);
    p.fate = fates(p.g, s->derived, o->arena);
    find_sources(&p);
    for (int i = 0; i < p.g->tensor.n; i++)
        if (p.wanted[i] && heat_of(&p, p.g->tensor.at[i]) > p.most)
            p.most = heat_of(&p, p.g->tensor.at[i]);
    for (int i = 0; s->seconds && i < p.entry->region.n; i++)
        p.seconds += s->seconds[i];
    return p;
}

static void open_column(const Page *p, const char *title)
{
    put(p->o, "<section><h2>%s</h2>\n", title);
}

static void close_column(const Page *p) { put(p->o, "</section>\n"); }

static void put_columns(const Page *p)
{
    open_column(p, "source");
    for (int i = 0; i < p->source.n; i++)
        put_source(p, p->source.at[i]);
    close_column(p);
    open_column(p, "equations");
    put_equations(p, false);
    close_column(p);
    open_column(p, "derived equations");
    put_equations(p, true);
    close_column(p);
    open_column(p, "loops");
    put_loop_nests(p);
    close_column(p);
    open_column(p, "C");
    put_c(p);
    close_column(p);
    if (p->s->assembly) {
        open_column(p, "assembly");
        put_assembly(p);
        close_column(p);
    }
}

void show_html(Out *o, const Shown *s)
{
    Page p = new_page(o, s);
    put(o, "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"/>\n"
           "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>");
    put_text(&p, p.g->name);
    put(o, "</title>\n<style>\n%s</style></head>\n<body>\n", page_file[0].text);
    put_header(&p);
    put_panels(&p);
    put(o, "<main%s>\n", s->assembly ? " class=\"six\"" : "");
    put_columns(&p);
    put(o,
        "</main>\n<script>\n//<![CDATA[\n%s//]]>\n</script>\n"
        "</body>\n</html>\n",
        page_file[1].text);
}
