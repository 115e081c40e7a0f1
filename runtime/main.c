/* gr_main: from the command line to a verb. */
#include "train.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* What this process may use, not what the machine has. */
static int processors(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
}

static void list_figures(Run *r)
{
    for (int role = GR_LOSS; role <= GR_METRIC; role++)
        for (int i = 0; i < r->model->tensors; i++)
            if (r->model->tensor[i].role == role)
                r->figure[r->figures++] = i;
    for (int i = 0; i < r->model->tensors; i++)
        if (r->model->tensor[i].role == GR_RATE)
            r->rate = &r->model->tensor[i];
}

static bool open_run(Run *r)
{
    const gr_model *m = r->model;
    int threads = r->options.threads ? (int)r->options.threads : processors();
    if (m->abi != GR_ABI)
        return gr_fail(&r->error, "'%s' was generated for ABI %d, this is %d", m->name,
                       m->abi, GR_ABI);
    r->block = aligned_alloc(64, (m->size + 63) & ~(size_t)63);
    r->classes = calloc((size_t)m->tensors + 1, sizeof *r->classes);
    r->fit = calloc((size_t)m->tensors + 1, sizeof *r->fit);
    r->figure = calloc((size_t)m->tensors + 1, sizeof *r->figure);
    bool works = !(r->options.verb & (INFO | EXPORT | INSPECT));
    r->pool = works && threads > 1 ? gr_pool_new(threads, m->real == GR_F32) : NULL;
    if (!r->block || !r->classes || !r->fit || !r->figure)
        return gr_fail(&r->error, "out of memory: %zu bytes", m->size);
    list_figures(r);
    m->init(r->block, r->options.seed);
    r->context = r->block;
    r->context->steps = 1;
    r->context->parts = threads;
    if (r->pool) {
        r->context->run = gr_pool_run;
        r->context->pool = r->pool;
    }
    return true;
}

static void close_run(Run *r)
{
    if (r->pool)
        gr_pool_free(r->pool);
    for (int i = 0; r->classes && i < r->model->tensors; i++)
        free(r->classes[i].name);
    free(r->classes);
    gr_drop_fits(r);
    free(r->figure);
    free(r->block);
    free(r->options.data);
    free(r->options.config_text);
}

static void print(const Run *r)
{
    const char *topic = r->options.topic;
    if (topic)
        (strcmp(topic, "man") == 0 ? gr_print_manual : gr_print_completion)(r->model);
    else if (r->options.help && r->options.verb)
        gr_print_verb_help(r->model, &r->options);
    else if (r->options.help)
        gr_print_help(r->model);
    else
        gr_put_config(stdout, r->model, &r->options);
}

int gr_main_with(const gr_model *model, const gr_onnx *onnx, int argc, char **argv)
{
    Run r = {.model = model, .onnx = onnx};
    int status = 2;
    signal(SIGXFSZ, SIG_IGN); /* a limit on file sizes is an error of writing like others */
    bool fine = gr_read_options(model, argc, argv, &r.options, &r.error);
    if (fine && (r.options.help || r.options.print_config)) {
        print(&r);
        status = 0;
    } else if (fine && open_run(&r)) {
        status = r.options.run(&r);
    }
    if (r.error.text[0])
        fprintf(stderr, "%s: error: %s\n", model->name, r.error.text);
    close_run(&r);
    return status;
}

int gr_main(const gr_model *model, int argc, char **argv)
{
    static const gr_onnx none = {.fault = "this program was made without equations: 'gradc build' "
                                          "puts them in"};
    return gr_main_with(model, &none, argc, argv);
}
