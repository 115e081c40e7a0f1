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

static bool is_wanted(const Run *r, const gr_tensor *t)
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
        if (is_wanted(r, &r->model->tensor[i]))
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
            if (is_wanted(r, t))
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
        if (!is_wanted(r, t))
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
        if (!is_wanted(r, t))
            continue;
        size_t row = gr_example_size(t) * gr_type_size(t->type);
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

static bool ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcmp(path + n - m, ending) == 0;
}

static bool predict_arrays(Run *r, const Data *d, const char *path)
{
    Outputs out;
    bool npy = ends_in(path, ".npy");
    bool fine = make_outputs(r, d->rows, &out);
    if (fine && npy && out.count != 1)
        fine = gr_fail(&r->error,
                       "npy holds one array, but there are %d outputs: choose one "
                       "with --output NAME",
                       out.count);
    if (fine) {
        run_over(r, d, NULL, &out);
        gr_safetensors s = {.tensors = out.count, .tensor = out.output};
        fine = (npy ? gr_write_npy(path, &out.output[0].array, &r->error)
                    : gr_write_safetensors(path, &s, &r->error)) ||
               gr_within(&r->error, "%s: ", path);
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
        any |= is_wanted(r, t);
        if (t->role == GR_OUTPUT)
            snprintf(names + n, sizeof names - n, " %s", t->name);
    }
    return any || gr_fail(&r->error, "no output '%s'; the outputs are%s",
                          r->options.output ? r->options.output : "", names);
}

int gr_predict(Run *r)
{
    Data d;
    const Options *o = &r->options;
    if (!check_output(r) || !gr_begin_with(r, FITTED, true) ||
        !gr_load_data(r, o->data, o->ndata, false, &d))
        return 2;
    bool arrays = o->out && (ends_in(o->out, ".npy") || ends_in(o->out, ".safetensors"));
    bool fine = arrays ? predict_arrays(r, &d, o->out) : predict_text(r, &d, o->out);
    gr_drop_data(r->model, &d);
    return fine ? 0 : 2;
}
