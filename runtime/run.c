/* A model's block seen from outside: tensors as arrays, entries called on all threads. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

size_t gr_example_size(const gr_tensor *t)
{
    size_t n = 1;
    for (int d = t->batched; d < t->rank; d++)
        n *= (size_t)t->dim[d];
    return n;
}

size_t gr_size(const gr_tensor *t, int n)
{
    return gr_example_size(t) * (t->batched ? (size_t)n : 1);
}

size_t gr_example_bytes(const gr_tensor *t)
{
    return gr_example_size(t) * gr_type_size(t->type);
}

gr_text gr_example_shape(const gr_tensor *t)
{
    size_t dim[GR_RANK];
    for (int d = t->batched; d < t->rank; d++)
        dim[d - t->batched] = (size_t)t->dim[d];
    return gr_shape(t->rank - t->batched, dim);
}

gr_array gr_view(const gr_tensor *t, void *base, int n)
{
    gr_array a = {.type = t->type, .rank = t->rank, .data = base};
    for (int d = 0; d < t->rank; d++)
        a.dim[d] = (size_t)t->dim[d];
    if (t->batched)
        a.dim[0] = (size_t)n;
    return a;
}

double gr_figure(const Run *r, int which)
{
    const gr_tensor *t = &r->model->tensor[r->figure[which]];
    gr_array a = gr_view(t, (char *)r->block + t->offset, 1);
    return gr_element(&a, 0);
}

double gr_rate(const Run *r)
{
    gr_array a = gr_view(r->rate, (char *)r->block + r->rate->offset, 1);
    return gr_element(&a, 0);
}

void gr_call(Run *r, gr_entry *entry, int n)
{
    bool flush = r->model->real == GR_F32;
    int before = flush ? gr_flush_denormals(1) : 0;
    entry(r->block, n);
    if (flush)
        gr_flush_denormals(before);
}

bool gr_ends_in(const char *path, const char *ending)
{
    size_t n = strlen(path), m = strlen(ending);
    return n >= m && strcmp(path + n - m, ending) == 0;
}

double gr_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

void gr_evaluate(Run *r, const Data *d, const Rows *rows, double *mean)
{
    size_t batch = (size_t)r->model->batch;
    for (int k = 0; k < r->figures; k++)
        mean[k] = 0;
    for (size_t at = 0; at < rows->count; at += batch) {
        size_t left = rows->count - at;
        int n = (int)(left < batch ? left : batch);
        gr_fill_batch(r, d, rows, at, n);
        gr_call(r, r->model->forward, n);
        for (int k = 0; k < r->figures; k++)
            mean[k] += gr_figure(r, k) * n;
    }
    for (int k = 0; k < r->figures; k++)
        mean[k] /= (double)rows->count;
}
