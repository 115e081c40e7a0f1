/* Dead units: what is 0 for every example that is looked at, and so learns nothing.
 *
 * Which part of a tensor is a unit, the program does not say: a number of a vector, a
 * channel of an image, a feature of every step of a sequence. So the units of each
 * dimension are counted, those with nothing but zeros in them, and the dimension with the
 * greatest share of dead ones stands for the tensor. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

static int extent(const gr_tensor *t, int d) { return d < t->rank ? t->dim[d] : 1; }

/* Dimensions of an example, of which a single number has one, too. */
static int last_dimension(const gr_tensor *t) { return t->rank > 1 ? t->rank - 1 : 1; }

static size_t units(const gr_tensor *t)
{
    size_t n = 0;
    for (int d = 1; d <= last_dimension(t); d++)
        n += (size_t)extent(t, d);
    return n;
}

bool gr_open_units(Run *r, Watch *w)
{
    size_t total = 0;
    for (int i = 0; i < r->model->tensors; i++)
        total += gr_is_activation(r, w, i) ? units(&r->model->tensor[i]) : 0;
    w->alive = calloc(total + 1, sizeof *w->alive);
    w->units = total;
    return w->alive || gr_fail(&r->error, "out of memory");
}

void gr_close_units(Watch *w) { free(w->alive); }

void gr_forget_units(Watch *w)
{
    memset(w->alive, 0, w->units * sizeof *w->alive);
    w->seen = 0;
}

/* The units that element i of an example belongs to, one in each dimension. */
static void mark(const gr_tensor *t, size_t i, bool *alive)
{
    bool *end = alive + units(t);
    for (int d = last_dimension(t); d >= 1; d--) {
        end -= extent(t, d);
        end[i % (size_t)extent(t, d)] = true;
        i /= (size_t)extent(t, d);
    }
}

static double dead_share(const gr_tensor *t, const bool *alive)
{
    double most = 0;
    for (int d = 1; d <= last_dimension(t); d++) {
        int dead = 0;
        for (int i = 0; i < extent(t, d); i++)
            dead += !*alive++;
        double share = (double)dead / extent(t, d);
        most = share > most ? share : most;
    }
    return most;
}

void gr_see_units(const Run *r, Watch *w, int n)
{
    bool *alive = w->alive;
    w->seen += (size_t)n;
    for (int k = 0; k < r->model->tensors; k++) {
        const gr_tensor *t = &r->model->tensor[k];
        if (!gr_is_activation(r, w, k))
            continue;
        gr_array a = gr_view(t, (char *)r->block + t->offset, n);
        size_t size = gr_example_size(t);
        for (size_t i = 0; i < size * (size_t)n; i++)
            if (gr_element(&a, i) != 0)
                mark(t, i % size, alive);
        w->trace[k].dead = dead_share(t, alive);
        alive += units(t);
    }
}
