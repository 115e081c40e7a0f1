/* The examples: every input from its file, and batches of them in any order. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one array from one file ---- */

/* FILE or FILE:SELECTOR; a file whose own name has the colon wins. */
typedef struct Source {
    char *path;
    const char *selector; /* NULL when there is none */
} Source;

static Source split_source(const char *given)
{
    Source s = {strdup(given), NULL};
    char *colon = access(given, F_OK) == 0 ? NULL : strrchr(s.path, ':');
    if (colon && colon > s.path) {
        *colon = 0;
        s.selector = colon + 1;
    }
    return s;
}

/* Windows of the file's bytes, one after another, from byte K on for "bytes+K". The last
 * byte begins no window, so that K = 0 and K = 1 - a text and its next characters - agree
 * in number. */
static bool take_bytes(const gr_tensor *t, const gr_bytes *file, const char *selector,
                       gr_array *out, gr_error *e)
{
    const char *plus = selector + strlen("bytes");
    char *end = (char *)plus;
    size_t skip = *plus == '+' ? strtoul(plus + 1, &end, 10) : 0;
    if (*end || (*plus && end == plus + 1))
        return gr_fail(e, "':%s' is neither ':bytes' nor ':bytes+K'", selector);
    size_t width = gr_example_size(t), margin = skip ? skip : 1;
    *out = (gr_array){.type = GR_U8, .rank = 2, .data = file->data};
    out->dim[0] = file->size > margin ? (file->size - margin) / width : 0;
    out->dim[1] = width;
    if (out->dim[0] > 0)
        out->data = file->data + skip;
    return true;
}

static bool take_tensor(const gr_tensor *t, const gr_bytes *file, const char *selector,
                        gr_array *out, gr_error *e)
{
    gr_safetensors s;
    const char *name = selector ? selector : t->name;
    if (!gr_parse_safetensors(file->data, file->size, &s, e))
        return false;
    const gr_array *a = gr_tensor_named(&s, name);
    if (a)
        *out = *a;
    else
        gr_fail(e, "no tensor '%.80s'", name);
    gr_drop_safetensors(&s);
    return a != NULL;
}

static bool parse(const gr_tensor *t, const gr_bytes *file, const char *selector,
                  gr_classes *classes, gr_array *out, gr_error *e)
{
    bool npy = gr_is_npy(file->data, file->size), idx = gr_is_idx(file->data, file->size);
    if (selector && strncmp(selector, "bytes", 5) == 0)
        return take_bytes(t, file, selector, out, e);
    if (gr_is_safetensors(file->data, file->size))
        return take_tensor(t, file, selector, out, e);
    if (selector && (npy || idx))
        return gr_fail(e, "%s has no columns to choose, ':%s'", npy ? "npy" : "IDX",
                       selector);
    if (npy)
        return gr_parse_npy(file->data, file->size, out, e);
    if (idx)
        return gr_parse_idx(file->data, file->size, out, e);
    return gr_parse_csv((const char *)file->data, file->size, selector,
                        t->type == GR_I32 ? classes : NULL, out, e);
}

/* The array then owns the file's bytes if it lies in them. */
static bool read_array(const gr_tensor *t, const Source *s, gr_classes *classes,
                       gr_array *out, gr_error *e)
{
    gr_bytes file;
    if (!gr_read_file(s->path, &file, e))
        return false;
    bool fine = parse(t, &file, s->selector, classes, out, e);
    if (fine && !out->memory)
        out->memory = file.data;
    else
        free(file.data);
    return fine;
}

/* ---- does it fit ---- */

/* Extents other than 1. */
static int squeeze(int rank, const size_t *dim, size_t *out)
{
    int n = 0;
    for (int d = 0; d < rank; d++)
        if (dim[d] != 1)
            out[n++] = dim[d];
    return n;
}

/* Rows of examples: of the tensor's shape, give or take extents of 1, or flat. */
static bool fits(const gr_tensor *t, const gr_array *a)
{
    size_t want[GR_RANK], have[GR_RANK], x[GR_RANK], y[GR_RANK];
    int n = t->rank - 1, m = a->rank - 1;
    if (m < 0)
        return false;
    for (int d = 0; d < n; d++)
        want[d] = (size_t)t->dim[d + 1];
    for (int d = 0; d < m; d++)
        have[d] = a->dim[d + 1];
    if (m == 1 && have[0] == gr_example_size(t))
        return true;
    int p = squeeze(n, want, x), q = squeeze(m, have, y);
    return p == q && memcmp(x, y, (size_t)p * sizeof *x) == 0;
}

static bool check_shape(const gr_tensor *t, const gr_array *a, gr_error *e)
{
    char want[128] = "(rows";
    for (int d = 1; d < t->rank; d++) {
        size_t n = strlen(want);
        snprintf(want + n, sizeof want - n, ", %d", t->dim[d]);
    }
    if (!fits(t, a))
        return gr_fail(e, "found shape %s, expected %s)", gr_shape(a->rank, a->dim).text,
                       want);
    return a->dim[0] > 0 || gr_fail(e, "no rows");
}

static bool load_input(const gr_tensor *t, const Source *s, gr_classes *classes,
                       gr_array *out, gr_error *e)
{
    gr_array found;
    if (!read_array(t, s, classes, &found, e))
        return false;
    bool fine = check_shape(t, &found, e);
    if (fine && classes->count > t->bound && t->bound)
        fine = gr_fail(e, "the column holds %d classes, '%s' to '%s', expected at most %d",
                       classes->count, classes->name[0], classes->name[classes->count - 1],
                       t->bound);
    if (fine && found.type == t->type && !t->bound) {
        *out = found;
        return true;
    }
    fine = fine && gr_convert(&found, t->type, t->bound, out, e);
    gr_drop(&found);
    return fine;
}

/* ---- all of them ---- */

static const char *file_of(const Run *r, const gr_tensor *t, const Pair *given, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(given[i].name, t->name) == 0)
            return given[i].value;
    return r->options.inputs;
}

static bool load_one(Run *r, int which, const char *file, Data *d)
{
    const gr_tensor *t = &r->model->tensor[which];
    if (!file)
        return gr_fail(&r->error, "input '%s' is missing: give %s=FILE", t->name, t->name);
    Source s = split_source(file);
    if (!load_input(t, &s, &r->classes[which], &d->input[which], &r->error))
        gr_within(&r->error, "%s: input '%s': ", s.path, t->name);
    free(s.path);
    return d->input[which].data != NULL;
}

bool gr_load_data(Run *r, const Pair *given, int n, bool targets, Data *out)
{
    const gr_model *m = r->model;
    const gr_tensor *first = NULL;
    *out = (Data){.input = calloc((size_t)m->tensors, sizeof *out->input)};
    bool fine = out->input || gr_fail(&r->error, "out of memory");
    for (int i = 0; fine && i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        const char *file = file_of(r, t, given, n);
        if (t->role != GR_INPUT || (t->target && !targets))
            continue;
        fine = load_one(r, i, file, out);
        size_t rows = fine ? out->input[i].dim[0] : 0;
        if (fine && first && rows != out->rows)
            fine = gr_fail(&r->error, "input '%s' has %zu rows, but '%s' has %zu", t->name,
                           rows, first->name, out->rows);
        if (!first) {
            first = t;
            out->rows = rows;
        }
    }
    if (!fine)
        gr_drop_data(m, out);
    return fine;
}

void gr_drop_data(const gr_model *m, Data *d)
{
    for (int i = 0; d->input && i < m->tensors; i++)
        gr_drop(&d->input[i]);
    free(d->input);
    *d = (Data){0};
}

/* ---- batches ---- */

Rows gr_all_rows(const Data *d) { return (Rows){.count = d->rows, .total = d->rows}; }

static size_t row_at(const Rows *rows, size_t i)
{
    if (rows->shuffle)
        i = gr_permute(i, rows->count, rows->shuffle);
    i += rows->first;
    return rows->split ? gr_permute(i, rows->total, rows->split) : i;
}

void gr_fill_batch(Run *r, const Data *d, const Rows *rows, size_t at, int n)
{
    const gr_model *m = r->model;
    for (int k = 0; k < n; k++) {
        size_t row = row_at(rows, at + (size_t)k);
        for (int i = 0; i < m->tensors; i++) {
            const gr_tensor *t = &m->tensor[i];
            if (!d->input[i].data)
                continue;
            size_t bytes = gr_example_size(t) * gr_type_size(t->type);
            memcpy((char *)r->block + t->offset + (size_t)k * bytes,
                   (const char *)d->input[i].data + row * bytes, bytes);
        }
    }
}
