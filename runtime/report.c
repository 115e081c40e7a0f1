/* report.html: what happened in a run, in one file without scripts that opens anywhere.
 *
 * Curves come from metrics.csv and gradients.csv, so those of a run that was interrupted are
 * whole; the rest from judging examples one by one. */
#include "report.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { WIDE = 640, HIGH = 220, MOST_CLASSES = 40, MOST_NUMBERS = 12, MOST_MIXED = 10 };

static const char style[] =
    "<style>\n"
    ":root { --back: #fff; --front: #1c1c1c; --soft: #6b6b6b; --line: #dcdcdc; --heat: 42, 111, 176;\n"
    "  --c0: #1f6fb2; --c1: #d1495b; --c2: #2a7f62; --c3: #b07d12; --c4: #7a4fa3; --c5: #4d7c8a; }\n"
    "@media (prefers-color-scheme: dark) {\n"
    "  :root { --back: #16181c; --front: #e4e4e4; --soft: #9a9a9a; --line: #33373d; --heat: 96, 165, 230;\n"
    "    --c0: #6cb2eb; --c1: #f08a98; --c2: #6fd0ab; --c3: #e0b354; --c4: #b99be0; --c5: #8fc1cf; }\n"
    "}\n"
    "body { margin: 0 auto; padding: 16px; max-width: 1360px; background: var(--back); color: var(--front);\n"
    "  font: 14px/1.45 system-ui, sans-serif; }\n"
    "h1 { font-size: 20px; margin: 0; } h2 { font-size: 15px; margin: 24px 0 6px; }\n"
    "figure { margin: 0; } figcaption, .soft { color: var(--soft); }\n"
    ".charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(420px, 1fr)); gap: 16px; }\n"
    "svg { width: 100%; height: auto; } svg text { fill: var(--soft); font-size: 11px; }\n"
    "svg .y { text-anchor: end; } svg .legend { text-anchor: middle; } line { stroke: var(--line); }\n"
    "polyline { fill: none; stroke-width: 1.6; stroke-linejoin: round; stroke-linecap: round; }\n"
    ".spark { width: 220px; height: 22px; }\n"
    "polyline.c0 { stroke: var(--c0); } polyline.c1 { stroke: var(--c1); } polyline.c2 { stroke: var(--c2); }\n"
    "polyline.c3 { stroke: var(--c3); } polyline.c4 { stroke: var(--c4); } polyline.c5 { stroke: var(--c5); }\n"
    "tspan.c0 { fill: var(--c0); } tspan.c1 { fill: var(--c1); } tspan.c2 { fill: var(--c2); }\n"
    "tspan.c3 { fill: var(--c3); } tspan.c4 { fill: var(--c4); } tspan.c5 { fill: var(--c5); }\n"
    ".scroll { overflow-x: auto; } table { border-collapse: collapse; }\n"
    "td, th { padding: 3px 8px; border-bottom: 1px solid var(--line); text-align: right; font-weight: normal; }\n"
    "th { color: var(--soft); } td.name, th.name { text-align: left; } .matrix td { text-align: center; }\n"
    ".matrix .own { font-weight: 600; } img { image-rendering: pixelated; display: block; }\n"
    "pre, code { font: 12px/1.4 ui-monospace, monospace; white-space: pre-wrap; }\n"
    "</style>\n";

void gr_put_html(FILE *f, const char *text)
{
    for (; *text; text++)
        switch (*text) {
        case '<':
            fputs("&lt;", f);
            break;
        case '&':
            fputs("&amp;", f);
            break;
        case '"':
            fputs("&quot;", f);
            break;
        default:
            putc(*text, f);
        }
}

static void put_cell(FILE *f, const char *class, const char *text)
{
    fprintf(f, "<td class=\"%s\">", class);
    gr_put_html(f, text);
    fputs("</td>", f);
}

/* ---- curves ---- */

/* A table in the run's folder; false if there is none, or nothing in it. */
static bool read_table(const Run *r, const char *name, const char *columns,
                       gr_classes *classes, gr_array *out)
{
    gr_bytes b;
    gr_error none;
    gr_gaps gaps = {0};
    char *path = gr_in_run(r, name);
    bool fine = path && gr_read_file(path, &b, &none);
    free(path);
    if (!fine)
        return false;
    fine = gr_parse_csv((const char *)b.data, b.size, columns, classes, &gaps, out, &none);
    free(b.data);
    return fine;
}

static void put_chart(FILE *f, const char *title, bool logarithmic, const Curve *curve,
                      int curves)
{
    Chart c = {WIDE, HIGH, logarithmic, curve, curves};
    fputs("<figure><figcaption>", f);
    gr_put_html(f, title);
    fputs("</figcaption>\n", f);
    gr_put_chart(f, &c);
    fputs("</figure>\n", f);
}

/* Columns: epoch, step, figures, perhaps those of validation, perhaps lr, gradient, update. */
static void put_curves(FILE *f, const Run *r)
{
    gr_array a;
    if (!read_table(r, "metrics.csv", NULL, NULL, &a))
        return;
    size_t n = a.dim[0], width = a.dim[1], figures = (size_t)r->figures;
    const double *x = a.data;
    bool validated = width >= 2 + 2 * figures + 2;
    fputs("<h2>Curves</h2>\n<div class=\"charts\">\n", f);
    for (size_t k = 0; k < figures; k++) {
        const double *y = x + 2 + k;
        Curve both[] = {{"training", x, y, n, width},
                        {"validation", x, y + figures, n, width}};
        put_chart(f, r->model->tensor[r->figure[k]].name, false, both, 1 + validated);
    }
    if (r->rate)
        put_chart(f, "learning rate", false,
                  &(Curve){"lr", x, x + width - 3, n, width}, 1);
    put_chart(f, "norm of all gradients", true,
              &(Curve){"gradient", x, x + width - 2, n, width}, 1);
    put_chart(f, "norm of an update, by that of the parameters", true,
              &(Curve){"update", x, x + width - 1, n, width}, 1);
    fputs("</div>\n", f);
    gr_drop(&a);
}

/* ---- gradients ---- */

/* Rows of gradients.csv: epoch, gradient, update, dead; and the tensor that each is of. */
typedef struct Traces {
    gr_array number, tensor;
    gr_classes name;
    double *x, *y; /* of one tensor */
    double lo, hi; /* of all norms that are not 0 */
} Traces;

static bool read_traces(const Run *r, Traces *t)
{
    *t = (Traces){.lo = INFINITY};
    if (!read_table(r, "gradients.csv", "0,3", NULL, &t->number) ||
        !read_table(r, "gradients.csv", "2", &t->name, &t->tensor))
        return false;
    t->x = calloc(2 * t->number.dim[0] + 1, sizeof *t->x);
    t->y = t->x ? t->x + t->number.dim[0] : NULL;
    for (size_t i = 0; i < t->number.dim[0]; i++) {
        double y = gr_element(&t->number, 2 * i + 1);
        if (y > 0 && isfinite(y)) {
            t->lo = fmin(t->lo, y);
            t->hi = fmax(t->hi, y);
        }
    }
    return t->x && t->hi > 0 && t->name.count > 0;
}

static void drop_traces(Traces *t)
{
    gr_drop(&t->number);
    gr_drop(&t->tensor);
    free(t->name.name);
    free(t->x);
}

/* Its points; how many. */
static size_t points_of(const Traces *t, const char *name)
{
    size_t n = 0;
    for (size_t i = 0; i < t->tensor.dim[0]; i++)
        if (!strcmp(t->name.name[(int)gr_element(&t->tensor, i)], name)) {
            t->x[n] = gr_element(&t->number, 2 * i);
            t->y[n++] = gr_element(&t->number, 2 * i + 1);
        }
    return n;
}

static void put_trace(FILE *f, const gr_tensor *p, const Traces *t)
{
    size_t n = points_of(t, p->name);
    if (n == 0)
        return;
    fputs("<tr>", f);
    put_cell(f, "name", p->name);
    put_cell(f, "name soft", p->source);
    fprintf(f, "<td>%.3g</td><td>%.3g</td><td>", t->y[0], t->y[n - 1]);
    Curve one = {p->name, t->x, t->y, n, 1};
    gr_put_spark(f, &(Chart){220, 22, true, &one, 1}, t->lo, t->hi);
    fputs("</td></tr>\n", f);
}

static void put_traces(FILE *f, const Run *r, const char *title, bool parameters,
                       const Traces *t)
{
    bool any = false;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *p = &r->model->tensor[i];
        bool fits = parameters ? p->role == GR_PARAM
                               : p->role == GR_INNER || p->role == GR_OUTPUT;
        if (!fits || points_of(t, p->name) == 0)
            continue;
        if (!any)
            fprintf(f,
                    "<h2>%s</h2>\n<p class=\"soft\">Norms over the epochs, on one logarithmic "
                    "axis from %.2g to %.2g.</p>\n<table><tr><th class=\"name\">tensor</th>"
                    "<th class=\"name\">line</th><th>first</th><th>last</th><th></th></tr>\n",
                    title, t->lo, t->hi);
        any = true;
        put_trace(f, p, t);
    }
    if (any)
        fputs("</table>\n", f);
}

static void put_gradients(FILE *f, const Run *r)
{
    Traces t;
    if (read_traces(r, &t)) {
        put_traces(f, r, "Gradients of the parameters", true, &t);
        put_traces(f, r, "Gradients of the activations", false, &t);
    }
    drop_traces(&t);
}

/* ---- classes ---- */

static size_t row_sum(const Judgement *j, int target)
{
    size_t sum = 0;
    for (int k = 0; k < j->classes; k++)
        sum += j->matrix[target * j->classes + k];
    return sum;
}

static void put_matrix(FILE *f, const Run *r, const Judgement *j)
{
    fputs("<div class=\"scroll\"><table class=\"matrix\"><tr><th></th>", f);
    for (int k = 0; k < j->classes; k++) {
        fputs("<th>", f);
        gr_put_html(f, gr_class_name(r, j->target, k).text);
        fputs("</th>", f);
    }
    fputs("<th>right</th></tr>\n", f);
    for (int i = 0; i < j->classes; i++) {
        size_t sum = row_sum(j, i);
        fputs("<tr><th>", f);
        gr_put_html(f, gr_class_name(r, j->target, i).text);
        fputs("</th>", f);
        for (int k = 0; k < j->classes; k++) {
            size_t n = j->matrix[i * j->classes + k];
            fprintf(f, "<td%s style=\"background: rgba(var(--heat), %.3f)\">",
                    i == k ? " class=\"own\"" : "", sum ? 0.6 * (double)n / (double)sum : 0);
            fprintf(f, n ? "%zu</td>" : "</td>", n);
        }
        fprintf(f, "<td>%.1f%%</td></tr>\n",
                sum ? 100 * (double)j->matrix[i * j->classes + i] / (double)sum : 0);
    }
    fputs("</table></div>\n", f);
}

/* Which two classes are mixed up most often, then the next. */
static void put_mixed(FILE *f, const Run *r, const Judgement *j)
{
    size_t cells = (size_t)j->classes * (size_t)j->classes, below = SIZE_MAX, last = 0;
    for (int line = 0; line < MOST_MIXED; line++) {
        size_t best = cells;
        for (size_t i = 0; i < cells; i++) {
            bool wrong = i / (size_t)j->classes != i % (size_t)j->classes && j->matrix[i];
            bool next = j->matrix[i] < below || (j->matrix[i] == below && i > last);
            if (wrong && next && (best == cells || j->matrix[i] > j->matrix[best]))
                best = i;
        }
        if (best == cells)
            break;
        below = j->matrix[last = best];
        fputs(line ? ", " : "<p>Most often mixed up: ", f);
        gr_put_html(f, gr_class_name(r, j->target, (int)(best / (size_t)j->classes)).text);
        fputs(" taken for ", f);
        gr_put_html(f, gr_class_name(r, j->target, (int)(best % (size_t)j->classes)).text);
        fprintf(f, " (%zu)", below);
    }
    fputs(below < SIZE_MAX ? ".</p>\n" : "<p>None is mixed up with another.</p>\n", f);
}

static void put_classes(FILE *f, const Run *r, const Judgement *j)
{
    if (j->target < 0 || j->examples == 0)
        return;
    fputs("<h2>Confusion</h2>\n<p class=\"soft\">Rows: ", f);
    gr_put_html(f, r->model->tensor[j->target].name);
    fputs(". Columns: what ", f);
    gr_put_html(f, r->model->tensor[j->output].name);
    fputs(" says.</p>\n", f);
    if (j->classes <= MOST_CLASSES)
        put_matrix(f, r, j);
    put_mixed(f, r, j);
}

/* ---- examples ---- */

static bool is_picture(const gr_tensor *t)
{
    int high = t->rank > 2 ? t->dim[t->rank - 2] : 0, wide = high ? t->dim[t->rank - 1] : 0;
    return !t->bound && high >= 4 && wide >= 4 && high <= 512 && wide <= 512;
}

/* From the least number, black, to the greatest, white. */
static void put_picture(FILE *f, const gr_array *a, size_t n)
{
    double lo = INFINITY, hi = -INFINITY, *grey = malloc((n + 1) * sizeof *grey);
    for (size_t i = 0; i < n; i++) {
        lo = fmin(lo, gr_element(a, i));
        hi = fmax(hi, gr_element(a, i));
    }
    for (size_t i = 0; grey && i < n; i++)
        grey[i] = hi > lo ? (gr_element(a, i) - lo) / (hi - lo) : 0;
    gr_array b = *a;
    b.type = GR_F64;
    b.data = grey;
    if (grey)
        gr_put_picture(f, &b);
    free(grey);
}

static void put_text(FILE *f, const gr_array *a, size_t n)
{
    fputs("<code>", f);
    for (size_t i = 0; i < n; i++) {
        int c = (int)gr_element(a, i);
        gr_put_html(f, (char[]){c >= 32 && c < 127 ? (char)c : '.', 0});
    }
    fputs("</code>", f);
}

static void put_numbers(FILE *f, const Run *r, int tensor, const gr_array *a, size_t n)
{
    bool named = r->classes[tensor].count > 0;
    for (size_t i = 0; i < n && i < MOST_NUMBERS; i++) {
        fputs(i ? ", " : "", f);
        if (named)
            gr_put_html(f, gr_class_name(r, tensor, (int)gr_element(a, i)).text);
        else
            fprintf(f, "%.4g", gr_element(a, i));
    }
    fputs(n > MOST_NUMBERS ? ", ..." : "", f);
}

/* The first example in the block. */
static void put_value(FILE *f, const Run *r, int tensor)
{
    const gr_tensor *t = &r->model->tensor[tensor];
    gr_array a = gr_view(t, (char *)r->block + t->offset, 1);
    size_t n = gr_example_size(t);
    fputs("<td class=\"name\">", f);
    if (is_picture(t))
        put_picture(f, &a, n);
    else if (t->bound == 256 && n > 1)
        put_text(f, &a, n);
    else
        put_numbers(f, r, tensor, &a, n);
    fputs("</td>", f);
}

/* What of an example is shown: inputs, targets, outputs; as heads or as values. */
static void put_values(FILE *f, const Run *r, bool heads)
{
    for (int pass = 0; pass < 3; pass++)
        for (int i = 0; i < r->model->tensors; i++) {
            const gr_tensor *t = &r->model->tensor[i];
            int kind = t->role == GR_OUTPUT ? 2 : t->role == GR_INPUT ? t->target : -1;
            if (kind != pass)
                continue;
            if (!heads)
                put_value(f, r, i);
            else {
                fputs("<th class=\"name\">", f);
                gr_put_html(f, t->name);
                fputs("</th>", f);
            }
        }
}

static void put_worst(FILE *f, Run *r, const End *end, const Judgement *j)
{
    if (j->nworst == 0)
        return;
    bool classes = j->target >= 0 && j->worst[0].target >= 0;
    fputs("<h2>The worst examples</h2>\n<div class=\"scroll\"><table><tr><th>row</th><th>loss</th>",
          f);
    fputs(classes ? "<th class=\"name\">is</th><th class=\"name\">taken for</th>" : "", f);
    put_values(f, r, true);
    fputs("</tr>\n", f);
    for (int i = 0; i < j->nworst; i++) {
        const Judged *w = &j->worst[i];
        gr_fill_batch(r, end->data, end->rows, w->at, 1);
        gr_call(r, r->model->forward, 1);
        fprintf(f, "<tr><td>%zu</td><td>%.4g</td>", gr_row_at(end->rows, w->at), w->loss);
        if (classes) {
            put_cell(f, "name", gr_class_name(r, j->target, w->target).text);
            put_cell(f, "name", gr_class_name(r, j->target, w->said).text);
        }
        put_values(f, r, false);
        fputs("</tr>\n", f);
    }
    fputs("</table></div>\n", f);
}

/* ---- the page ---- */

static void put_settings(FILE *f, const Run *r)
{
    char *text = NULL;
    size_t size = 0;
    FILE *memory = open_memstream(&text, &size);
    if (!memory)
        return;
    gr_put_config(memory, r->model, &r->options);
    fclose(memory);
    fputs("<h2>Settings</h2>\n<pre>", f);
    gr_put_html(f, text);
    fputs("</pre>\n", f);
    free(text);
}

static void put_page(FILE *f, Run *r, const End *end, const Judgement *j)
{
    fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\"/>\n"
          "<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>",
          f);
    gr_put_html(f, r->model->name);
    fprintf(f, "</title>\n%s<h1>", style);
    gr_put_html(f, r->model->name);
    fprintf(f,
            "</h1>\n<p class=\"soft\">%llu steps. %zu of the %zu examples %s were looked at one "
            "by one, with the %s parameters.</p>\n",
            (unsigned long long)r->context->step, j->examples, end->rows->count, end->which,
            end->parameters);
    put_curves(f, r);
    put_classes(f, r, j);
    put_worst(f, r, end, j);
    put_gradients(f, r);
    put_settings(f, r);
    fputs("</html>\n", f);
}

static bool write_page(Run *r, const char *page, size_t size)
{
    gr_save s;
    char *path = gr_in_run(r, "report.html");
    bool fine = gr_save_open(&s, path, &r->error);
    if (fine) {
        bool whole = fwrite(page, 1, size, s.file) == size;
        int why = errno; /* closing does not know it any more */
        fine = gr_save_close(&s, &r->error);
        if (!whole)
            gr_fail(&r->error, "cannot write: %s", strerror(why));
    }
    if (!fine)
        gr_within(&r->error, "%s: ", path);
    free(path);
    return fine;
}

bool gr_write_report(Run *r, const End *end)
{
    Judgement j = {0};
    char *page = NULL;
    size_t size = 0;
    if (!gr_judge(r, end->data, end->rows, end->seconds, &j))
        return false;
    FILE *f = open_memstream(&page, &size);
    if (f)
        put_page(f, r, end, &j);
    bool fine = f && fclose(f) == 0 ? write_page(r, page, size)
                                    : gr_fail(&r->error, "out of memory");
    free(page);
    free(j.matrix);
    return fine;
}
