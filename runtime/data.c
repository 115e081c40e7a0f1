/* The examples: every input from its file, and batches of them in any order. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- one array from one file ---- */

/* FILE or FILE:SELECTOR, either with +K behind; a file whose own name has the sign wins. */
typedef struct Source {
    char *path;
    const char *selector; /* NULL when there is none */
    bool shifted;         /* there is a +K */
    size_t first;         /* K */
} Source;

/* Cut the path before its last `sign`; what follows, or NULL. */
static char *cut(char *path, char sign)
{
    char *at = access(path, F_OK) == 0 ? NULL : strrchr(path, sign);
    if (!at || at == path)
        return NULL;
    *at = 0;
    return at + 1;
}

static Source split_source(const char *given)
{
    enum { DIGITS = 15 };
    Source s = {.path = strdup(given)};
    const char *plus = strrchr(given, '+');
    size_t digits = plus ? strspn(plus + 1, "0123456789") : 0;
    if (digits > 0 && digits <= DIGITS && !plus[1 + digits] && cut(s.path, '+')) {
        s.shifted = true;
        s.first = strtoull(plus + 1, NULL, 10);
    }
    s.selector = cut(s.path, ':');
    return s;
}

/* Bytes are asked for, or whole numbers in sequence from a file of text. */
static bool wants_bytes(const gr_tensor *t, const Source *s)
{
    bool whole = t->type == GR_U8 || t->type == GR_I32;
    return s->selector ? strcmp(s->selector, "bytes") == 0
                       : whole && t->rank > 1 && gr_ends_in(s->path, ".txt");
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

static bool is_real(const gr_tensor *t) { return t->type == GR_F32 || t->type == GR_F64; }

static bool parse(const gr_tensor *t, const gr_bytes *file, const Source *source,
                  gr_classes *classes, gr_gaps *gaps, gr_array *out, gr_error *e)
{
    const char *selector = source->selector;
    bool npy = gr_is_npy(file->data, file->size), idx = gr_is_idx(file->data, file->size);
    if (wants_bytes(t, source)) {
        *out =
            (gr_array){.type = GR_U8, .rank = 1, .dim = {file->size}, .data = file->data};
        return true;
    }
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
                        t->type == GR_I32 ? classes : NULL, is_real(t) ? gaps : NULL, out,
                        e);
}

/* The array then owns the file's bytes if it lies in them. */
static bool read_array(const gr_tensor *t, const Source *s, gr_classes *classes,
                       gr_gaps *gaps, gr_array *out, gr_error *e)
{
    gr_bytes file;
    if (!gr_read_file(s->path, &file, e))
        return false;
    bool fine = parse(t, &file, s, classes, gaps, out, e);
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

/* The array's rows have the tensor's dimensions from `from` on, give or take extents of 1,
 * or are flat. */
static bool fits(const gr_tensor *t, int from, const gr_array *a)
{
    size_t want[GR_RANK], have[GR_RANK], x[GR_RANK], y[GR_RANK], size = 1;
    int n = t->rank - from, m = a->rank - 1;
    if (n < 0 || m < 0)
        return false;
    for (int d = 0; d < n; d++)
        size *= want[d] = (size_t)t->dim[from + d];
    for (int d = 0; d < m; d++)
        have[d] = a->dim[d + 1];
    if (m == 1 && have[0] == size)
        return true;
    int p = squeeze(n, want, x), q = squeeze(m, have, y);
    return p == q && memcmp(x, y, (size_t)p * sizeof *x) == 0;
}

/* Rows are examples, or the steps of a sequence, of which an example is a window. */
static bool check_shape(const gr_tensor *t, const Source *s, Input *x, gr_error *e)
{
    const gr_array *a = &x->array;
    char want[128] = "(rows";
    for (int d = 1; d < t->rank; d++) {
        size_t n = strlen(want);
        snprintf(want + n, sizeof want - n, ", %d", t->dim[d]);
    }
    bool rows = fits(t, 1, a);
    if (!rows && !fits(t, 2, a))
        return gr_fail(e, "found shape %s, expected %s)", gr_shape(a->rank, a->dim).text,
                       want);
    x->first = s->first;
    x->window = rows ? s->shifted : (size_t)t->dim[1];
    return a->dim[0] > 0 || gr_fail(e, "no rows");
}

static bool check_classes(const gr_tensor *t, const gr_classes *c, gr_error *e)
{
    return !t->bound || c->count <= t->bound ||
           gr_fail(e, "the column holds %d classes, '%s' to '%s', expected at most %d",
                   c->count, c->name[0], c->name[c->count - 1], t->bound);
}

/* The first number of an array that is none; a table has said where already. */
static void find_gap(const gr_array *a, gr_gaps *gaps)
{
    bool real =
        a->type == GR_F32 || a->type == GR_F64 || a->type == GR_F16 || a->type == GR_BF16;
    size_t n = 0;
    gr_count(a->rank, a->dim, &n);
    for (size_t i = 0; real && gaps->count == 0 && i < n; i++)
        if (isnan(gr_element(a, i))) {
            size_t width = n / a->dim[0];
            gaps->count = 1;
            snprintf(gaps->first.text, sizeof gaps->first.text,
                     "row %zu (from 0): column %zu is nan", i / width, i % width);
        }
}

static bool check_gaps(const gr_tensor *t, bool filled, const gr_array *a, gr_gaps *gaps,
                       gr_error *e)
{
    if (filled || !is_real(t))
        return true;
    find_gap(a, gaps);
    return gaps->count == 0 ||
           gr_fail(e, "%s; %s", gaps->first.text,
                   t->target
                       ? "what is missing of a target is not filled in"
                       : "train with --missing mean, median or a number to fill it in");
}

/* Reals stay as they are in the file: see gr_fit_data. */
static bool load_input(const gr_tensor *t, const Source *s, gr_classes *classes,
                       bool filled, Input *x, gr_error *e)
{
    gr_gaps gaps = {0};
    if (!read_array(t, s, classes, &gaps, &x->array, e))
        return false;
    bool fine = check_shape(t, s, x, e) && check_classes(t, classes, e) &&
                check_gaps(t, filled, &x->array, &gaps, e);
    if (fine && (is_real(t) || (x->array.type == t->type && !t->bound)))
        return true;
    gr_array found = x->array;
    x->array = (gr_array){0};
    fine = fine && gr_convert(&found, t->type, t->bound, &x->array, e);
    gr_drop(&found);
    return fine;
}

/* ---- all of them ---- */

static const char *file_of(const Run *r, const gr_tensor *t, const Pair *given, int n)
{
    for (int i = 0; i < n; i++)
        if (strcmp(given[i].name, t->name) == 0)
            return given[i].value;
    return r->options.inputs                            ? r->options.inputs
           : r->fit[t - r->model->tensor].at[FIT_VALUE] ? "@"
                                                        : NULL;
}

static bool load_one(Run *r, int which, const char *file, Data *d)
{
    const gr_tensor *t = &r->model->tensor[which];
    if (!file)
        return gr_fail(&r->error, "input '%s' is missing: give %s=FILE", t->name, t->name);
    if (gr_is_constant(file) && access(file, F_OK) != 0) {
        d->input[which].constant = file;
        return true;
    }
    Source s = split_source(file);
    if (!load_input(t, &s, &r->classes[which], gr_is_filled(r, which), &d->input[which],
                    &r->error))
        gr_within(&r->error, "%s: input '%s': ", s.path, t->name);
    free(s.path);
    return d->input[which].array.data != NULL;
}

bool gr_read_data(Run *r, const Pair *given, int n, bool targets, Data *out)
{
    const gr_model *m = r->model;
    *out = (Data){.input = calloc((size_t)m->tensors, sizeof *out->input)};
    bool fine = out->input || gr_fail(&r->error, "out of memory");
    for (int i = 0; fine && i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role == GR_INPUT && (targets || !t->target))
            fine = load_one(r, i, file_of(r, t, given, n), out);
    }
    fine = fine && gr_lay_out_rows(r, out);
    if (r->options.rows && r->options.rows < out->rows)
        out->rows = (size_t)r->options.rows;
    if (!fine)
        gr_drop_data(m, out);
    return fine;
}

bool gr_load_data(Run *r, const Pair *given, int n, bool targets, Data *out)
{
    if (!gr_read_data(r, given, n, targets, out))
        return false;
    Rows rows = gr_all_rows(out);
    bool fine = gr_fit_data(r, out, &rows);
    if (!fine)
        gr_drop_data(r->model, out);
    return fine;
}

void gr_drop_data(const gr_model *m, Data *d)
{
    for (int i = 0; d->input && i < m->tensors; i++)
        gr_drop(&d->input[i].array);
    free(d->input);
    *d = (Data){0};
}

/* ---- batches ---- */

Rows gr_all_rows(const Data *d) { return (Rows){.count = d->rows, .total = d->rows}; }

size_t gr_row_at(const Rows *rows, size_t i)
{
    if (rows->shuffle)
        i = gr_permute(i, rows->count, rows->shuffle);
    i += rows->first;
    return rows->split ? gr_permute(i, rows->total, rows->split) : i;
}

void gr_fill_batch(Run *r, const Data *d, const Rows *rows, size_t at, int n)
{
    const gr_model *m = r->model;
    for (int k = 0; d->input && k < n; k++) {
        size_t row = gr_row_at(rows, at + (size_t)k);
        for (int i = 0; i < m->tensors; i++) {
            const gr_tensor *t = &m->tensor[i];
            const Input *x = &d->input[i];
            if (!x->array.data)
                continue;
            size_t bytes = gr_example_bytes(t);
            memcpy((char *)r->block + t->offset + (size_t)k * bytes,
                   (const char *)x->array.data + x->start + row * x->stride, bytes);
        }
    }
}
