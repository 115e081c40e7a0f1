/* The verbs grad and step: the model's numbers in files, for whoever wants to check
 * them or to go on elsewhere. */
#include "train.h"

/* Load one batch into the block. */
static bool load_batch(Run *r, int *n)
{
    Data d;
    const Options *o = &r->options;
    if (!o->out)
        return gr_fail(&r->error, "--out FILE is missing");
    if (!gr_begin_with(r, KEPT, false) || !gr_load_data(r, o->data, o->ndata, true, &d))
        return false;
    bool fine = d.rows <= (size_t)r->model->batch ||
                gr_fail(&r->error, "%zu rows, but a batch of '%s' takes at most %d", d.rows,
                        r->model->name, r->model->batch);
    *n = fine ? (int)d.rows : 0;
    Rows rows = gr_all_rows(&d);
    gr_fill_batch(r, &d, &rows, 0, *n);
    gr_drop_data(r->model, &d);
    return fine;
}

int gr_grad(Run *r)
{
    int n;
    if (r->options.activations && !gr_has_inner(r->model))
        return gr_fail(&r->error,
                       "--activations: only a trainer that is made with 'gradc build "
                       "--watch' has them"),
               2;
    if (!load_batch(r, &n))
        return 2;
    r->context->training = !r->options.eval;
    gr_call(r, r->model->gradients, n);
    return gr_save_results(r, r->options.out, n) ? 0 : 2;
}

int gr_step(Run *r)
{
    int n;
    uint64_t steps = r->options.steps ? r->options.steps : 1;
    if (!load_batch(r, &n))
        return 2;
    r->context->steps = r->context->step + steps;
    while (steps-- > 0)
        gr_call(r, r->model->step, n);
    Place place = {.step = r->context->step, .seed = r->context->seed};
    return gr_save_checkpoint(r, r->options.out, KEPT, NULL, &place) ? 0 : 2;
}
