/* The verb overfit: many steps on one batch. A model that cannot learn a few examples by
 * heart has a mistake in it; nothing is saved. */
#include "train.h"

#include <math.h>

enum { STEPS = 500, LINES = 10 };

static void put_line(const Run *r, uint64_t step, uint64_t steps)
{
    uint64_t each = (steps + LINES - 1) / LINES;
    if (r->options.quiet || (step % each != 0 && step != 1 && step != steps))
        return;
    printf("step %llu/%llu", (unsigned long long)step, (unsigned long long)steps);
    for (int k = 0; k < r->figures; k++)
        printf("  %s %.4g", r->model->tensor[r->figure[k]].name, gr_figure(r, k));
    printf("\n");
    fflush(stdout);
}

static int learn(Run *r, int n)
{
    uint64_t steps = r->options.steps ? r->options.steps : STEPS, step = 0;
    double first = 0, last = 0;
    r->context->steps = steps;
    gr_catch_stop_signals();
    while (step < steps && !gr_stop_signal()) {
        gr_call(r, r->model->step, n);
        last = gr_figure(r, 0);
        first = step++ ? first : last;
        put_line(r, step, steps);
        if (!isfinite(last))
            break;
    }
    bool learned = last < first;
    printf("%d examples, %llu steps: the loss went from %.4g to %.4g%s\n", n,
           (unsigned long long)step, first, last, learned ? "" : "; nothing is learned");
    return gr_stop_signal() ? 128 + gr_stop_signal() : learned ? 0 : 1;
}

int gr_overfit(Run *r)
{
    Data d;
    const Options *o = &r->options;
    if (r->figures == 0 || r->model->tensor[r->figure[0]].role != GR_LOSS)
        return gr_fail(&r->error, "'%s' has no loss to train with", r->model->name), 2;
    if (!gr_begin_with(r, FITTED, false) || !gr_load_data(r, o->data, o->ndata, true, &d))
        return 2;
    Rows rows = gr_all_rows(&d);
    rows.shuffle = gr_mix(r->context->seed, 0) | 1;
    int n = d.rows < (size_t)r->model->batch ? (int)d.rows : r->model->batch;
    gr_fill_batch(r, &d, &rows, 0, n);
    gr_drop_data(r->model, &d);
    return learn(r, n);
}
