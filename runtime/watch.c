/* Gradients and updates, seen from outside: their norms, and what is wrong with them. */
#include "train.h"

#include <math.h>
#include <string.h>

static double norm(const gr_tensor *t, const void *at, const void *less)
{
    gr_array a = gr_view(t, (void *)at, 1), b = gr_view(t, (void *)less, 1);
    double sum = 0;
    size_t n = gr_example_size(t);
    for (size_t i = 0; i < n; i++) {
        double x = gr_element(&a, i) - (less ? gr_element(&b, i) : 0);
        sum += x * x;
    }
    return sqrt(sum);
}

static const gr_tensor *gradient_of(const gr_model *m, const gr_tensor *p)
{
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role == GR_GRADIENT && strcmp(t->name + strlen("grad."), p->name) == 0)
            return t;
    }
    return NULL;
}

/* An update larger than the parameter itself forgets what was learned. */
static bool warn(const Run *r, const gr_tensor *p, double gradient, double update,
                 double size)
{
    if (gradient == 0)
        fprintf(stderr, "%s: warning: the gradient of '%s' is 0\n", r->model->name,
                p->name);
    else if (size > 0 && update > size && gr_example_size(p) > 1)
        fprintf(stderr, "%s: warning: an update of '%s' is %.3g times as large as itself\n",
                r->model->name, p->name, update / size);
    else
        return false;
    return true;
}

static double all_gradients(const Run *r)
{
    double all = 0;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *p = &r->model->tensor[i], *g;
        if (p->role == GR_PARAM && (g = gradient_of(r->model, p)))
            all = hypot(all, norm(g, (char *)r->block + g->offset, NULL));
    }
    return all;
}

void gr_glance(Run *r, Watch *w, int n)
{
    enum { REST = 50 }; /* times as long as a glance */
    double start = gr_seconds();
    if (start - w->when < REST * w->cost)
        return;
    r->context->training = 1;
    gr_call(r, r->model->gradients, n);
    w->gradient = all_gradients(r);
    w->when = gr_seconds();
    w->cost = w->when - start;
}

void gr_watch(Run *r, Watch *w, const void *before, int n)
{
    const gr_model *m = r->model;
    const char *old = before, *block = r->block;
    double updates = 0, sizes = 0;
    r->context->training = 1;
    gr_call(r, m->gradients, n);
    w->gradient = all_gradients(r);
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *p = &m->tensor[i], *g;
        if (!(KEPT >> p->role & 1))
            continue;
        if (p->role == GR_PARAM && (g = gradient_of(m, p))) {
            double update = norm(p, block + p->offset, old), size = norm(p, old, NULL);
            if (w->gradient > 0 && !w->warned[i])
                w->warned[i] = warn(r, p, norm(g, block + g->offset, NULL), update, size);
            updates = hypot(updates, update);
            sizes = hypot(sizes, size);
        }
        old += gr_example_bytes(p);
    }
    w->update = sizes > 0 ? updates / sizes : 0;
}
