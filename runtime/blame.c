/* Where a number that is none, NaN or infinite, comes from: the gradients are computed
 * again from what was there before the step, and the tensors looked at in the order in
 * which they depend on each other. Between inputs and outputs that takes a model built with
 * --watch. */
#include "train.h"

#include <math.h>
#include <string.h>

static size_t elements(const Run *r, const gr_tensor *t) { return gr_size(t, r->context->n); }

/* The first bad element, or the number of all. */
static size_t find_bad(const Run *r, const gr_tensor *t)
{
    gr_array a = gr_view(t, (char *)r->block + t->offset, r->context->n);
    size_t n = t->type == GR_F32 || t->type == GR_F64 ? elements(r, t) : 0, i = 0;
    while (i < n && isfinite(gr_element(&a, i)))
        i++;
    return n ? i : elements(r, t);
}

static bool is_bad(const Run *r, const gr_tensor *t)
{
    return find_bad(r, t) < elements(r, t);
}

bool gr_is_damaged(const Run *r)
{
    const gr_model *m = r->model;
    for (int i = 0; i < m->tensors; i++)
        if ((m->tensor[i].role == GR_PARAM || m->tensor[i].role == GR_LOSS) &&
            is_bad(r, &m->tensor[i]))
            return true;
    return false;
}

/* Equations of the backward pass are called so. */
static bool is_adjoint(const gr_tensor *t) { return strncmp(t->name, "dL/", 3) == 0; }

static const gr_tensor *first_bad(const Run *r)
{
    static const struct {
        int role;
        bool adjoint;
    } order[] = {{GR_INPUT, 0},  {GR_PARAM, 0}, {GR_STATE, 0}, {GR_INNER, 0},
                 {GR_OUTPUT, 0}, {GR_LOSS, 0},  {GR_INNER, 1}, {GR_GRADIENT, 0}};
    for (size_t k = 0; k < sizeof order / sizeof *order; k++)
        for (int i = 0; i < r->model->tensors; i++) {
            const gr_tensor *t = &r->model->tensor[i];
            if (t->role == order[k].role && is_adjoint(t) == order[k].adjoint &&
                is_bad(r, t))
                return t;
        }
    return NULL;
}

/* The tensor's name with the indices of element i: z[2, 0] */
static void put_element(const gr_tensor *t, size_t i, size_t all)
{
    fprintf(stderr, "%s", t->name);
    for (int d = 0; d < t->rank; d++) {
        all /= d == 0 && t->batched ? all / gr_example_size(t) : (size_t)t->dim[d];
        fprintf(stderr, "%s%zu", d ? ", " : "[", i / all);
        i %= all;
    }
    fprintf(stderr, t->rank ? "]" : "");
}

bool gr_has_inner(const gr_model *m)
{
    for (int i = 0; i < m->tensors; i++)
        if (m->tensor[i].role == GR_INNER)
            return true;
    return false;
}

static void put_finding(const Run *r, const gr_tensor *t, const char *how)
{
    gr_array a = gr_view(t, (char *)r->block + t->offset, r->context->n);
    size_t i = find_bad(r, t);
    fprintf(stderr, "%s: it begins with %s", r->model->name, how);
    double x = gr_element(&a, i);
    put_element(t, i, elements(r, t));
    fprintf(stderr, " = %g%s%s\n", isnan(x) ? NAN : x, *t->source ? ", " : "", t->source);
    if (!gr_has_inner(r->model) && t->role != GR_INPUT)
        fprintf(stderr,
                "%s: 'gradc build --watch' makes a trainer that knows which equation\n",
                r->model->name);
}

void gr_blame(Run *r, const void *before, int n)
{
    gr_go_back_to(r, before, NULL);
    r->context->training = 1;
    gr_call(r, r->model->gradients, n);
    const gr_tensor *t = first_bad(r);
    if (t) {
        put_finding(r, t, "");
        return;
    }
    gr_call(r, r->model->step, n);
    if ((t = first_bad(r)))
        put_finding(r, t, "the update of ");
}
