/* Examples that are windows of a sequence: a text, a series of measurements.
 *
 * Windows are not copied: an example begins `stride` bytes after the one before, and they
 * may overlap. All inputs advance together, so that text=FILE next=FILE+1 are a text and
 * what comes next at each place. */
#include "train.h"

/* Steps from one window to the next: as asked for, or so that the longest touch. */
static size_t steps_between(const Run *r, const Data *d)
{
    size_t longest = 1;
    for (int i = 0; i < r->model->tensors; i++)
        longest = d->input[i].window > longest ? d->input[i].window : longest;
    return r->options.every ? (size_t)r->options.every : longest;
}

static size_t count_windows(const Input *x, size_t every)
{
    size_t steps = x->array.dim[0];
    if (steps < x->window || steps - x->window < x->first)
        return 0;
    return (steps - x->window - x->first) / every + 1;
}

static void lay_out(const gr_tensor *t, Input *x, size_t every)
{
    x->stride = gr_example_bytes(t);
    x->start = 0;
    if (x->window) {
        size_t step = x->stride / x->window;
        x->start = x->first * step;
        x->stride = every * step;
    }
}

/* The input that the others are held against: of which the number of examples is known. */
typedef struct Measure {
    const gr_tensor *of; /* NULL: none yet */
    size_t steps, rows;
} Measure;

/* Sequences are equally long, and have the windows that the last of them still has. */
static bool measure_sequence(Run *r, const gr_tensor *t, const Input *x, size_t every,
                             Measure *m)
{
    size_t steps = x->array.dim[0], rows = count_windows(x, every);
    if (rows == 0)
        return gr_fail(&r->error, "input '%s': %zu steps hold no window of %zu from %zu on",
                       t->name, steps, x->window, x->first);
    if (m->of && m->steps != steps)
        return gr_fail(&r->error, "input '%s' has %zu steps, but '%s' has %zu", t->name,
                       steps, m->of->name, m->steps);
    if (!m->of || rows < m->rows)
        *m = (Measure){t, steps, rows};
    return true;
}

static bool measure_rows(Run *r, const gr_tensor *t, const Input *x, Measure *m)
{
    size_t rows = x->array.dim[0];
    if (m->of && m->rows != rows)
        return gr_fail(&r->error, "input '%s' has %zu rows, but '%s' has %zu%s", t->name,
                       rows, m->of->name, m->rows, m->steps ? " windows" : "");
    if (!m->of)
        *m = (Measure){t, 0, rows};
    return true;
}

bool gr_lay_out_rows(Run *r, Data *d)
{
    Measure measure = {0};
    size_t every = steps_between(r, d);
    for (int windows = 1; windows >= 0; windows--)
        for (int i = 0; i < r->model->tensors; i++) {
            const gr_tensor *t = &r->model->tensor[i];
            Input *x = &d->input[i];
            if (!x->array.data || (x->window > 0) != windows)
                continue;
            if (!(windows ? measure_sequence(r, t, x, every, &measure)
                          : measure_rows(r, t, x, &measure)))
                return false;
            lay_out(t, x, every);
        }
    d->rows = measure.rows;
    return measure.of || gr_fail(&r->error, "no input has examples");
}
