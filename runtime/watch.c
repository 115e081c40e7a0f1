/* Gradients and updates, seen from outside: their norms, and what is wrong with them.
 *
 * Of a parameter the gradient is always there; of another equation, an activation, where
 * the model was built with --watch. A gradient vanishes where its norm is nothing beside
 * the largest one. Vectors are left out of that: many a bias has no effect, before a
 * normalization say. It explodes where it has grown out of all proportion, and is greater
 * than the parameter. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double NOTHING = 1e-6, GROWN = 1000, MANY_DEAD = 0.5;

/* ---- norms ---- */

static double norm(const gr_tensor *t, const void *at, const void *less, int n)
{
    gr_array a = gr_view(t, (void *)at, n), b = gr_view(t, (void *)less, n);
    double sum = 0;
    size_t count = gr_size(t, n);
    for (size_t i = 0; i < count; i++) {
        double x = gr_element(&a, i) - (less ? gr_element(&b, i) : 0);
        sum += x * x;
    }
    return sqrt(sum);
}

static const gr_tensor *tensor_called(const gr_model *m, int role, const char *prefix,
                                      const char *name)
{
    size_t n = strlen(prefix);
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role == role && !strncmp(t->name, prefix, n) && !strcmp(t->name + n, name))
            return t;
    }
    return NULL;
}

static const gr_tensor *gradient_of(const gr_model *m, const gr_tensor *t)
{
    if (t->role == GR_PARAM)
        return tensor_called(m, GR_GRADIENT, "grad.", t->name);
    bool activation = (t->role == GR_INNER || t->role == GR_OUTPUT) && t->batched;
    return activation ? tensor_called(m, GR_INNER, "dL/d", t->name) : NULL;
}

bool gr_is_activation(const Run *r, const Watch *w, int i)
{
    return w->trace[i].gradient && r->model->tensor[i].role != GR_PARAM;
}

bool gr_open_watch(Run *r, Watch *w)
{
    const gr_model *m = r->model;
    w->trace = calloc((size_t)m->tensors + 1, sizeof *w->trace);
    if (!w->trace)
        return gr_fail(&r->error, "out of memory");
    for (int i = 0; i < m->tensors; i++) {
        w->trace[i].gradient = gradient_of(m, &m->tensor[i]);
        w->inside |= gr_is_activation(r, w, i);
    }
    return !w->inside || gr_open_units(r, w);
}

void gr_close_watch(Watch *w)
{
    gr_close_units(w);
    free(w->trace);
}

/* ---- what is wrong ---- */

static const char *place_of(const gr_tensor *t) { return *t->source ? t->source : "?"; }

/* Once of each kind and tensor. */
static bool is_new(Trace *trace, unsigned kind)
{
    bool new = (trace->warned & kind) == 0;
    trace->warned |= kind;
    return new;
}

static void warn_of_update(const Run *r, const gr_tensor *p, Trace *x)
{
    if (!(x->update > 1) || gr_example_size(p) == 1 || !is_new(x, WARN_UPDATE))
        return;
    fprintf(stderr, "%s: warning: an update of '%s' is %.3g times as large as itself, %s\n",
            r->model->name, p->name, x->update, place_of(p));
}

static void warn_of_growth(const Run *r, const gr_tensor *p, Trace *x)
{
    if (x->first == 0)
        x->first = x->norm;
    if (!(x->norm > GROWN * x->first && x->norm > x->size) || !is_new(x, WARN_GROWTH))
        return;
    fprintf(stderr, "%s: warning: the gradient of '%s' explodes: from %.3g to %.3g, %s\n",
            r->model->name, p->name, x->first, x->norm, place_of(p));
}

/* Against the largest norm of a gradient of its kind. */
static bool warn_of_nothing(const Run *r, const gr_tensor *t, Trace *x, double largest,
                            const gr_tensor *of)
{
    if (!(x->norm <= NOTHING * largest) || (x->norm > 0 && t->rank < 2))
        return false;
    if (!is_new(x, WARN_NOTHING))
        return true;
    if (x->norm == 0)
        fprintf(stderr, "%s: warning: the gradient of '%s' is 0, %s\n", r->model->name,
                t->name, place_of(t));
    else
        fprintf(
            stderr,
            "%s: warning: the gradient of '%s' vanishes: %.3g, while that of '%s' is %.3g, "
            "%s\n",
            r->model->name, t->name, x->norm, of->name, largest, place_of(t));
    return true;
}

static void warn_of_the_dead(const Run *r, const Watch *w, const gr_tensor *t, Trace *x)
{
    if (!(x->dead >= MANY_DEAD) || !is_new(x, WARN_DEAD))
        return;
    fprintf(stderr,
            "%s: warning: '%s' has %.0f%% dead units: 0 for each of %zu examples, %s\n",
            r->model->name, t->name, 100 * x->dead, w->seen, place_of(t));
}

/* The tensor with the largest gradient among parameters, or among activations. */
static int largest_of(const Run *r, const Watch *w, bool activations)
{
    int best = -1;
    for (int i = 0; i < r->model->tensors; i++)
        if (w->trace[i].gradient && gr_is_activation(r, w, i) == activations &&
            (best < 0 || w->trace[i].norm > w->trace[best].norm))
            best = i;
    return best;
}

/* In the order of computing, so from the loss backwards: what follows is of the same cause.
 */
static void warn_of_activations(const Run *r, Watch *w)
{
    const gr_tensor *t = r->model->tensor;
    int most = largest_of(r, w, true); /* there is one */
    bool vanished = false;
    for (int i = r->model->tensors; i-- > 0;)
        if (gr_is_activation(r, w, i) && !w->trace[i].silent) {
            if (!vanished && w->trace[i].norm > 0)
                vanished =
                    warn_of_nothing(r, &t[i], &w->trace[i], w->trace[most].norm, &t[most]);
            warn_of_the_dead(r, w, &t[i], &w->trace[i]);
        }
}

void gr_warn(const Run *r, Watch *w)
{
    const gr_tensor *t = r->model->tensor;
    int most = largest_of(r, w, false);
    for (int i = 0; i < r->model->tensors && w->gradient > 0; i++) {
        Trace *x = &w->trace[i];
        if (!x->gradient || x->silent || gr_is_activation(r, w, i))
            continue;
        if (!warn_of_nothing(r, &t[i], x, w->trace[most].norm, &t[most]))
            warn_of_update(r, &t[i], x);
        warn_of_growth(r, &t[i], x);
    }
    if (w->inside)
        warn_of_activations(r, w);
}

/* ---- looking ---- */

static void take_gradients(Run *r, Watch *w, int n)
{
    r->context->training = 1;
    gr_call(r, r->model->gradients, n);
    w->gradient = 0;
    for (int i = 0; i < r->model->tensors; i++) {
        Trace *x = &w->trace[i];
        if (!x->gradient)
            continue;
        x->norm = norm(x->gradient, (char *)r->block + x->gradient->offset, NULL, n);
        if (!gr_is_activation(r, w, i))
            w->gradient = hypot(w->gradient, x->norm);
    }
}

void gr_glance(Run *r, Watch *w, int n)
{
    enum { REST = 50 }; /* times as long as a glance */
    double start = gr_seconds();
    if (start - w->when < REST * w->cost)
        return;
    take_gradients(r, w, n);
    w->when = gr_seconds();
    w->cost = w->when - start;
}

void gr_watch(Run *r, Watch *w, const void *before, int n)
{
    const gr_model *m = r->model;
    const char *old = before, *block = r->block;
    double updates = 0, sizes = 0;
    take_gradients(r, w, n);
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *p = &m->tensor[i];
        Trace *x = &w->trace[i];
        if (!(KEPT >> p->role & 1))
            continue;
        if (p->role == GR_PARAM && x->gradient) {
            double update = norm(p, block + p->offset, old, 1);
            x->size = norm(p, old, NULL, 1);
            x->update = x->size > 0 ? update / x->size : 0;
            updates = hypot(updates, update);
            sizes = hypot(sizes, x->size);
        }
        old += gr_example_bytes(p);
    }
    w->update = sizes > 0 ? updates / sizes : 0;
}
