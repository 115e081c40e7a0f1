/* How well single examples are predicted: which are the worst, and which classes are taken
 * for which.
 *
 * One example to a call, so that the loss is its own, whatever the loss is. Classes are
 * compared where there is a target of whole numbers below K, and an output with K numbers
 * for each of them, of which the greatest is what the model says. */
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool is_scored(const gr_tensor *target, const gr_tensor *output)
{
    return output->role == GR_OUTPUT && output->batched && output->rank > 1 &&
           output->dim[output->rank - 1] == target->bound &&
           gr_example_size(output) == gr_example_size(target) * (size_t)target->bound;
}

static void find_classes(const gr_model *m, Judgement *j)
{
    j->target = j->output = -1;
    for (int i = 0; i < m->tensors && j->output < 0; i++) {
        const gr_tensor *t = &m->tensor[i];
        bool classes = t->role == GR_INPUT && t->target && t->batched && t->bound > 1;
        for (int k = 0; classes && k < m->tensors && j->output < 0; k++)
            if (is_scored(t, &m->tensor[k])) {
                j->target = i;
                j->output = k;
                j->classes = t->bound;
            }
    }
}

static int greatest(const gr_array *a, size_t first, int n)
{
    int best = 0;
    for (int k = 1; k < n; k++)
        if (gr_element(a, first + (size_t)k) > gr_element(a, first + (size_t)best))
            best = k;
    return best;
}

static void count_classes(const Run *r, Judgement *j, Judged *one)
{
    const gr_tensor *t = &r->model->tensor[j->target], *o = &r->model->tensor[j->output];
    gr_array target = gr_view(t, (char *)r->block + t->offset, 1),
             output = gr_view(o, (char *)r->block + o->offset, 1);
    size_t n = gr_example_size(t);
    for (size_t i = 0; i < n; i++) {
        one->target = (int)gr_element(&target, i);
        one->said = greatest(&output, i * (size_t)j->classes, j->classes);
        j->matrix[one->target * j->classes + one->said]++;
    }
    if (n > 1)
        one->target = one->said = -1;
}

/* Into its place among the worst, the worst of all first. */
static void rank(Judgement *j, const Judged *one)
{
    int at = j->nworst;
    while (at > 0 && !(one->loss <= j->worst[at - 1].loss))
        at--;
    if (at == WORST)
        return;
    j->nworst += j->nworst < WORST;
    memmove(&j->worst[at + 1], &j->worst[at], (size_t)(j->nworst - at - 1) * sizeof *one);
    j->worst[at] = *one;
}

bool gr_judge(Run *r, const Data *d, const Rows *rows, double seconds, Judgement *out)
{
    double end = gr_seconds() + seconds;
    *out = (Judgement){0};
    find_classes(r->model, out);
    out->matrix =
        calloc((size_t)out->classes * (size_t)out->classes + 1, sizeof *out->matrix);
    if (!out->matrix)
        return gr_fail(&r->error, "out of memory");
    for (size_t i = 0; i < rows->count && gr_seconds() < end; i++) {
        gr_fill_batch(r, d, rows, i, 1);
        gr_call(r, r->model->forward, 1);
        Judged one = {i, gr_figure(r, 0), -1, -1};
        if (out->target >= 0)
            count_classes(r, out, &one);
        rank(out, &one);
        out->examples++;
    }
    return true;
}

gr_text gr_class_name(const Run *r, int tensor, int k)
{
    gr_text name;
    const gr_classes *c = &r->classes[tensor];
    if (k < c->count)
        snprintf(name.text, sizeof name.text, "%s", c->name[k]);
    else
        snprintf(name.text, sizeof name.text, "%d", k);
    return name;
}
