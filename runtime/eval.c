/* The verbs eval and predict: forward passes over a file. */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int gr_eval(Run *r)
{
    Data d;
    const Options *o = &r->options;
    if (!gr_begin_with(r, FITTED, true) || !gr_load_data(r, o->data, o->ndata, true, &d))
        return 2;
    double *mean = calloc((size_t)r->figures + 1, sizeof *mean);
    if (!mean)
        return gr_fail(&r->error, "out of memory"), 2;
    Rows rows = gr_all_rows(&d);
    gr_evaluate(r, &d, &rows, mean);
    printf("%zu examples", d.rows);
    gr_put_figures(stdout, r, "", mean);
    printf("\n");
    free(mean);
    gr_drop_data(r->model, &d);
    return 0;
}

/* ---- predict ---- */

bool gr_is_wanted(const Run *r, const gr_tensor *t)
{
    return t->role == GR_OUTPUT &&
           (!r->options.output || strcmp(t->name, r->options.output) == 0);
}

/* Of one row, as the head of a table: z, or z[0] z[1] ... z[2,3]. */
static void put_names(FILE *f, const gr_tensor *t, bool *first)
{
    size_t n = gr_example_size(t);
    for (size_t i = 0; i < n; i++) {
        fputs(*first ? "" : ",", f);
        *first = false;
        if (t->rank - t->batched > 1)
            fputc('"', f);
        fputs(t->name, f);
        size_t below = n, rest = i;
        for (int d = t->batched; d < t->rank; d++) {
            below /= (size_t)t->dim[d];
            fprintf(f, d == t->batched ? "[%zu" : ",%zu", rest / below);
            rest %= below;
        }
        fputs(t->rank > t->batched ? "]" : "", f);
        if (t->rank - t->batched > 1)
            fputc('"', f);
    }
}

/* Enough digits to read the same number back. */
static void put_row(FILE *f, const gr_array *a, size_t row, size_t width, bool *first)
{
    for (size_t i = 0; i < width; i++, *first = false)
        fprintf(f, "%s%.*g", *first ? "" : ",", a->type == GR_F32 ? 9 : 17,
                gr_element(a, row * width + i));
}

static void put_header(FILE *f, const Run *r)
{
    bool first = true;
    for (int i = 0; i < r->model->tensors; i++)
        if (gr_is_wanted(r, &r->model->tensor[i]))
            put_names(f, &r->model->tensor[i], &first);
    fputc('\n', f);
}

static void put_batch(FILE *f, const Run *r, int n)
{
    for (int k = 0; k < n; k++) {
        bool first = true;
        for (int i = 0; i < r->model->tensors; i++) {
            const gr_tensor *t = &r->model->tensor[i];
            gr_array a = gr_view(t, (char *)r->block + t->offset, n);
            if (gr_is_wanted(r, t))
                put_row(f, &a, t->batched ? (size_t)k : 0, gr_example_size(t), &first);
        }
        fputc('\n', f);
    }
}

/* The outputs of all rows, each one array; for formats that hold arrays. */
typedef struct Outputs {
    gr_named *output;
    int count;
    size_t filled;
} Outputs;

static bool make_outputs(Run *r, size_t rows, Outputs *out)
{
    *out = (Outputs){.output = calloc((size_t)r->model->tensors, sizeof *out->output)};
    for (int i = 0; out->output && i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!gr_is_wanted(r, t))
            continue;
        gr_named *o = &out->output[out->count++];
        *o = (gr_named){t->name, gr_view(t, NULL, 1)};
        if (t->batched)
            o->array.dim[0] = rows;
        size_t bytes;
        if (!gr_bytes_of(t->type, t->rank, o->array.dim, &bytes) ||
            !(o->array.memory = malloc(bytes + 1)))
            return gr_fail(&r->error, "out of memory: %zu rows of '%s'", rows, t->name);
        o->array.data = o->array.memory;
    }
    return out->output || gr_fail(&r->error, "out of memory");
}

static void keep_batch(const Run *r, Outputs *out, int n)
{
    gr_named *o = out->output;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!gr_is_wanted(r, t))
            continue;
        size_t row = gr_example_bytes(t);
        size_t skip = t->batched ? out->filled * row : 0, rows = t->batched ? (size_t)n : 1;
        memcpy((char *)o->array.memory + skip, (const char *)r->block + t->offset,
               rows * row);
        o++;
    }
    out->filled += (size_t)n;
}

static void drop_outputs(Outputs *out)
{
    for (int i = 0; i < out->count; i++)
        gr_drop(&out->output[i].array);
    free(out->output);
}

/* Text to f as it comes, or arrays. */
static void run_over(Run *r, const Data *d, FILE *f, Outputs *out)
{
    Rows rows = gr_all_rows(d);
    size_t batch = (size_t)r->model->batch;
    for (size_t at = 0; at < d->rows; at += batch) {
        int n = (int)(d->rows - at < batch ? d->rows - at : batch);
        gr_fill_batch(r, d, &rows, at, n);
        gr_call(r, r->model->forward, n);
        if (f)
            put_batch(f, r, n);
        else
            keep_batch(r, out, n);
    }
}

static bool predict_text(Run *r, const Data *d, const char *path)
{
    gr_save s = {.file = stdout};
    if (path && !gr_save_open(&s, path, &r->error))
        return gr_within(&r->error, "%s: ", path);
    put_header(s.file, r);
    run_over(r, d, s.file, NULL);
    if (path)
        return gr_save_close(&s, &r->error) || gr_within(&r->error, "%s: ", path);
    return (fflush(stdout) == 0 && !ferror(stdout)) ||
           gr_fail(&r->error, "cannot write: %s", strerror(errno));
}

static bool write_outputs(const Outputs *out, const char *path, gr_error *e)
{
    const gr_array *first = &out->output[0].array;
    if (gr_ends_in(path, ".npy"))
        return gr_write_npy(path, first, e);
    if (gr_is_image(path))
        return gr_write_images(path, first, e);
    gr_safetensors s = {.tensors = out->count, .tensor = out->output};
    return gr_write_safetensors(path, &s, e);
}

/* What the file can hold. */
static bool check_format(const Outputs *out, const char *path, gr_error *e)
{
    bool image = gr_is_image(path), one = image || gr_ends_in(path, ".npy");
    if (one && out->count != 1)
        return gr_fail(e,
                       "%s holds one array, but there are %d outputs: choose one with "
                       "--output NAME",
                       image ? "an image" : "npy", out->count);
    const gr_named *o = &out->output[0];
    return !image || o->array.rank >= 2 ||
           gr_fail(e, "'%s' is no image: it has %d dimensions", o->name, o->array.rank);
}

static bool predict_arrays(Run *r, const Data *d, const char *path)
{
    Outputs out;
    bool fine = make_outputs(r, d->rows, &out) && check_format(&out, path, &r->error);
    if (fine) {
        run_over(r, d, NULL, &out);
        fine = write_outputs(&out, path, &r->error) || gr_within(&r->error, "%s: ", path);
    }
    drop_outputs(&out);
    return fine;
}

static bool check_output(Run *r)
{
    char names[300] = "";
    bool any = false;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        size_t n = strlen(names);
        any |= gr_is_wanted(r, t);
        if (t->role == GR_OUTPUT)
            snprintf(names + n, sizeof names - n, " %s", t->name);
    }
    return any || gr_fail(&r->error, "no output '%s'; the outputs are%s",
                          r->options.output ? r->options.output : "", names);
}

/* Outputs that no input is behind come once, from nothing. */
static bool load_data(Run *r, Data *d)
{
    const Options *o = &r->options;
    bool needed = o->ndata > 0 || o->inputs;
    for (int i = 0; i < r->model->tensors; i++)
        needed |= gr_is_wanted(r, &r->model->tensor[i]) && !r->model->tensor[i].drawn;
    *d = (Data){.rows = 1};
    return !needed || gr_load_data(r, o->data, o->ndata, false, d);
}

static bool is_array_file(const char *path)
{
    return gr_is_image(path) || gr_ends_in(path, ".npy") ||
           gr_ends_in(path, ".safetensors");
}

int gr_predict(Run *r)
{
    Data d;
    const char *out = r->options.out;
    if (!check_output(r) || !gr_begin_with(r, FITTED, true) || !load_data(r, &d))
        return 2;
    bool fine =
        out && is_array_file(out) ? predict_arrays(r, &d, out) : predict_text(r, &d, out);
    gr_drop_data(r->model, &d);
    return fine ? 0 : 2;
}
