/* The verb info: what the model is made of; and the short of it, before training. */
#include "train.h"

#include <string.h>

static const char *const headings[] = {
    [GR_INPUT] = "inputs",     [GR_PARAM] = "parameters", [GR_STATE] = "states",
    [GR_AVERAGE] = "averages", [GR_OUTPUT] = "outputs",   [GR_LOSS] = "losses",
    [GR_METRIC] = "metrics",
};

enum { HEADINGS = sizeof headings / sizeof *headings };

/* "784 in F32, index < 10" */
static void put_kind(const gr_tensor *t)
{
    printf("%10zu  %s", gr_example_size(t), gr_type_name(t->type));
    if (t->bound)
        printf(", index < %d", t->bound);
    if (t->role == GR_INPUT && t->target)
        printf(", target");
}

static int widest_name(const gr_model *m)
{
    size_t width = 0;
    for (int i = 0; i < m->tensors; i++) {
        size_t n = strlen(m->tensor[i].name);
        width = n > width && m->tensor[i].role < GR_GRADIENT ? n : width;
    }
    return (int)width;
}

/* Of more than `most` tensors, how many those behind the first are. */
static void put_role(const gr_model *m, int role, int width, int most)
{
    int count = 0;
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role != role)
            continue;
        if (count == 0)
            printf("%s:\n", headings[role]);
        if (++count > most)
            continue;
        printf("  %-*s  %-16s ", width, t->name, gr_example_shape(t).text);
        put_kind(t);
        printf("\n");
    }
    if (count > most)
        printf("  and %d more\n", count - most);
}

static size_t total(const gr_model *m, int role)
{
    size_t n = 0;
    for (int i = 0; i < m->tensors; i++)
        n += m->tensor[i].role == role ? gr_example_size(&m->tensor[i]) : 0;
    return n;
}

static void put_head(const gr_model *m)
{
    printf("model %s, %s, batch %d", m->name, gr_type_name(m->real), m->batch);
    if (m->accumulate > 1)
        printf(", an update every %d batches", m->accumulate);
    printf("\n");
}

static void put_totals(const gr_model *m)
{
    printf("%zu parameters, %zu numbers of state, %zu of the optimizer\n",
           total(m, GR_PARAM), total(m, GR_STATE), total(m, GR_OPTIMIZER));
    printf("%zu bytes of memory, %.4g million operations per step\n", m->size,
           m->flops * 1e-6);
}

void gr_put_summary(const gr_model *m)
{
    enum { MOST = 12 };
    put_head(m);
    put_role(m, GR_PARAM, widest_name(m), MOST);
    put_totals(m);
}

int gr_info(Run *r)
{
    const gr_model *m = r->model;
    put_head(m);
    for (int role = 0; role < HEADINGS; role++)
        if (headings[role])
            put_role(m, role, widest_name(m), m->tensors);
    put_totals(m);
    return 0;
}
