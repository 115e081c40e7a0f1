/* The verb find-lr: a step at each of many learning rates, from a thousandth of the model's
 * own to a thousand times that, until the loss gets out of hand (Smith 2017). Nothing is
 * saved.
 *
 * A step is made with the model's rate, whatever it is at that step, and its update then
 * made longer or shorter: that is the step of another rate where an update is proportional
 * to it. What an optimizer keeps of its updates (a velocity with the rate in it) stays that
 * of its own. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double RANGE = 1e3, SMOOTH = 0.9, OUT_OF_HAND = 4;
enum { POINTS = 120, LINES = 24, FIRST = 10 };

typedef struct Finder {
    Run *run;
    Data data;
    Rows rows;
    size_t position;
    void *start, *before; /* snapshots */
    double *rate, *loss;  /* of each point, the loss smoothed */
    int points, most;
} Finder;

static int next_batch(Finder *f)
{
    size_t batch = (size_t)f->run->model->batch, left = f->rows.count - f->position;
    int n = (int)(left < batch ? left : batch);
    gr_fill_batch(f->run, &f->data, &f->rows, f->position, n);
    f->position = left > batch ? f->position + batch : 0;
    return n;
}

/* Parameters again from where they were: as far as `by` times what they moved. */
static void move(const Run *r, const char *old, double by)
{
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *p = &r->model->tensor[i];
        void *now = (char *)r->block + p->offset;
        if (!(KEPT >> p->role & 1))
            continue;
        for (size_t k = 0; p->role == GR_PARAM && k < gr_example_size(p); k++)
            if (p->type == GR_F32) {
                float from = ((const float *)(const void *)old)[k], *x = (float *)now + k;
                *x = (float)(from + (*x - from) * by);
            } else {
                double from = ((const double *)(const void *)old)[k],
                       *x = (double *)now + k;
                *x = from + (*x - from) * by;
            }
        old += gr_example_bytes(p);
    }
}

/* An update; the loss before it. */
static double update(Finder *f, double rate)
{
    Run *r = f->run;
    double loss = 0;
    gr_take_snapshot(r, f->before);
    for (int k = 0; k < r->model->accumulate || k == 0; k++) {
        gr_call(r, r->model->step, next_batch(f));
        loss += gr_figure(r, 0);
    }
    move(r, f->before, rate / gr_rate(r));
    return loss / (r->model->accumulate ? r->model->accumulate : 1);
}

/* The model's rate, which a step shows; then all is as before. */
static double own_rate(Finder *f)
{
    gr_take_snapshot(f->run, f->start);
    gr_call(f->run, f->run->model->step, next_batch(f));
    gr_go_back_to(f->run, f->start, NULL);
    f->run->context->step = 0;
    f->position = 0;
    return gr_rate(f->run);
}

static void sweep(Finder *f, double own)
{
    double mean = 0, least = INFINITY;
    for (int k = 0; k < f->most && !gr_stop_signal(); k++) {
        double part = f->most > 1 ? (double)k / (f->most - 1) : 0;
        f->rate[k] = own / RANGE * pow(RANGE * RANGE, part);
        mean = SMOOTH * mean + (1 - SMOOTH) * update(f, f->rate[k]);
        f->loss[k] = mean / (1 - pow(SMOOTH, k + 1));
        if (!isfinite(f->loss[k]))
            break;
        f->points = k + 1;
        least = fmin(least, f->loss[k]);
        if (k > FIRST && f->loss[k] > OUT_OF_HAND * least)
            break;
    }
}

static int least_of(const Finder *f)
{
    int best = 0;
    for (int k = 1; k < f->points; k++)
        if (f->loss[k] < f->loss[best])
            best = k;
    return best;
}

/* Half of the way down, which noise shifts less than where it falls fastest. */
static int half_way(const Finder *f, int least)
{
    double half = (f->loss[f->points < FIRST ? 0 : FIRST - 1] + f->loss[least]) / 2;
    int k = least;
    while (k > 0 && f->loss[k] < half)
        k--;
    return k;
}

static int report(const Finder *f, double own)
{
    int each = (f->points + LINES - 1) / LINES, least = least_of(f);
    printf("%10s  %s\n", "lr", "loss");
    for (int k = 0; k < f->points; k += each)
        printf("%10.3g  %.4g\n", f->rate[k], f->loss[k]);
    int half = half_way(f, least);
    if (half == least || half == 0) {
        printf("the loss does not fall, at whatever rate\n");
        return 1;
    }
    printf(
        "try lr = %.2g: the loss is half of its way down, and least at %.2g; the model has "
        "%.2g\n",
        f->rate[half], f->rate[least], own);
    return 0;
}

static bool prepare(Finder *f)
{
    Run *r = f->run;
    const Options *o = &r->options;
    f->most = o->steps && o->steps < 1000000 ? (int)o->steps : POINTS;
    if (r->figures == 0 || !r->rate)
        return gr_fail(&r->error, "'%s' has no loss, or no optimizer with an argument lr",
                       r->model->name);
    if (!gr_begin_with(r, FITTED, false) ||
        !gr_load_data(r, o->data, o->ndata, true, &f->data))
        return false;
    f->rows = gr_all_rows(&f->data);
    f->rows.shuffle = gr_mix(r->context->seed, 0) | 1;
    r->context->steps =
        (f->rows.count / (size_t)r->model->batch + 1) * (uint64_t)r->model->epochs;
    f->start = malloc(gr_snapshot_size(r->model) + 1);
    f->before = malloc(gr_snapshot_size(r->model) + 1);
    f->rate = calloc(2 * (size_t)f->most, sizeof *f->rate);
    f->loss = f->rate + f->most;
    return (f->start && f->before && f->rate) || gr_fail(&r->error, "out of memory");
}

static int find(Finder *f)
{
    if (!prepare(f))
        return 2;
    double own = own_rate(f);
    if (!(own > 0))
        return gr_fail(&f->run->error, "the learning rate of the first step is %g", own), 2;
    gr_catch_stop_signals();
    sweep(f, own);
    gr_go_back_to(f->run, f->start, NULL);
    return gr_stop_signal() ? 128 + gr_stop_signal() : report(f, own);
}

int gr_find_rate(Run *r)
{
    Finder f = {.run = r};
    int status = find(&f);
    gr_drop_data(r->model, &f.data);
    free(f.start);
    free(f.before);
    free(f.rate);
    return status;
}
