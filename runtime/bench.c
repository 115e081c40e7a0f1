/* The verb bench: how long a training step takes, on random examples or those given. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST = 100000 };

/* A number from 0 to 1 for element i of tensor `which`. */
static double noise(int which, size_t i)
{
    return (double)(gr_mix((uint64_t)which, i) >> 11) * 0x1p-53;
}

static void fill_randomly(Run *r)
{
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        char *at = (char *)r->block + t->offset;
        size_t n = t->role == GR_INPUT ? gr_example_size(t) * (size_t)r->model->batch : 0;
        double most = t->bound ? t->bound : t->type == GR_U8 ? 256 : 1;
        for (size_t k = 0; k < n; k++) {
            double x = noise(i, k) * most;
            switch ((gr_type)t->type) {
            case GR_F32:
                ((float *)(void *)at)[k] = (float)x;
                break;
            case GR_F64:
                ((double *)(void *)at)[k] = x;
                break;
            case GR_U8:
                ((unsigned char *)at)[k] = (unsigned char)x;
                break;
            case GR_I32:
                ((int32_t *)(void *)at)[k] = (int32_t)x;
                break;
            }
        }
    }
}

static bool fill(Run *r, int *n)
{
    Data d;
    const Options *o = &r->options;
    *n = r->model->batch;
    fill_randomly(r);
    if (o->ndata == 0 && !o->inputs)
        return true;
    if (!gr_load_data(r, o->data, o->ndata, true, &d))
        return false;
    *n = d.rows < (size_t)*n ? (int)d.rows : *n;
    Rows rows = gr_all_rows(&d);
    gr_fill_batch(r, &d, &rows, 0, *n);
    gr_drop_data(r->model, &d);
    return true;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Of all threads together, in seconds: what other programs on the machine do not add to. */
static double processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Time calls one by one: as many as asked for, or for a second; how many. */
static size_t time_calls(Run *r, gr_entry *entry, int n, double *time)
{
    size_t most = r->options.steps ? r->options.steps : MOST, count = 0;
    double start = gr_seconds(), now = start;
    while (count < most && count < MOST && (r->options.steps || now - start < 1)) {
        gr_call(r, entry, n);
        double then = now;
        now = gr_seconds();
        time[count++] = now - then;
    }
    qsort(time, count, sizeof *time, by_size);
    return count;
}

/* Again, nest by nest; and of the gradients alone, which are what people read. */
static bool measure_nests(Run *r, int n, double *time)
{
    gr_start_profile();
    time_calls(r, r->model->step, n, time);
    time_calls(r, r->model->gradients, n, time);
    return gr_write_profile(r, r->options.profile);
}

int gr_bench(Run *r)
{
    int n;
    double *time = malloc(MOST * sizeof *time);
    if (!time)
        return gr_fail(&r->error, "out of memory"), 2;
    bool fine = gr_begin_with(r, KEPT, false) && fill(r, &n);
    if (fine) {
        for (int i = 0; i < 3; i++)
            gr_call(r, r->model->step, n);
        double used = processor_time();
        size_t count = time_calls(r, r->model->step, n, time);
        used = (processor_time() - used) / (double)count;
        double median = time[count / 2];
        printf("%zu steps of %d examples, %d threads: median %.4g ms (fastest %.4g, of "
               "processors %.4g), %.4g examples/s, %.4g GFLOP/s\n",
               count, n, r->context->parts, 1e3 * median, 1e3 * time[0], 1e3 * used,
               n / median, r->model->flops * n / r->model->batch / median * 1e-9);
        fine = !r->options.profile || measure_nests(r, n, time);
    }
    free(time);
    return fine ? 0 : 2;
}
