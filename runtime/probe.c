/* The verb probe: a pipe through which `gradc check` sets every number of a model and reads all
 * that comes out.
 *
 *   record    int32 length of name, name, int64 count, count doubles
 *   request   a record per tensor to set, then one without name: n, training, step, seed, steps
 *   response  OUTPUT, LOSS, METRIC, GRADIENT after gradients(), then an empty record;
 *             PARAM, STATE, OPTIMIZER after step() from the same start; an empty record */
#include "train.h"

#include <stdlib.h>
#include <string.h>

typedef struct Record {
    char name[1024];
    int64_t count;
    double *value;
} Record;

static bool read_record(Record *rec, size_t most)
{
    int32_t length;
    if (fread(&length, sizeof length, 1, stdin) != 1 || length < 0 ||
        length >= (int32_t)sizeof rec->name ||
        fread(rec->name, 1, (size_t)length, stdin) != (size_t)length ||
        fread(&rec->count, sizeof rec->count, 1, stdin) != 1 || rec->count < 0 ||
        (size_t)rec->count > most)
        return false;
    rec->name[length] = 0;
    return fread(rec->value, sizeof(double), (size_t)rec->count, stdin) ==
           (size_t)rec->count;
}

static void write_record(const char *name, int64_t count)
{
    int32_t length = (int32_t)strlen(name);
    fwrite(&length, sizeof length, 1, stdout);
    fwrite(name, 1, (size_t)length, stdout);
    fwrite(&count, sizeof count, 1, stdout);
}

static const gr_tensor *tensor_named(const gr_model *m, const char *name)
{
    for (int i = 0; i < m->tensors; i++)
        if (strcmp(m->tensor[i].name, name) == 0)
            return &m->tensor[i];
    return NULL;
}

static size_t largest(const gr_model *m)
{
    size_t most = 5;
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        size_t n = gr_size(t, m->batch);
        most = n > most ? n : most;
    }
    return most;
}

static bool set_tensor(const gr_tensor *t, char *block, const Record *rec, gr_error *e)
{
    gr_array from = {
        .type = GR_F64, .rank = 1, .dim = {(size_t)rec->count}, .data = rec->value};
    gr_array to;
    size_t room = gr_size(t, t->dim[0]);
    if ((size_t)rec->count > room || t->role > GR_OPTIMIZER)
        return gr_fail(e, "'%s' cannot be set to %lld numbers", t->name,
                       (long long)rec->count);
    if (!gr_convert(&from, (gr_type)t->type, t->bound, &to, e))
        return gr_within(e, "'%s': ", t->name);
    memcpy(block + t->offset, to.data, (size_t)rec->count * gr_type_size(t->type));
    gr_drop(&to);
    return true;
}

static bool read_request(const gr_model *m, char *block, Record *rec, gr_error *e)
{
    size_t most = largest(m);
    gr_context *c = (gr_context *)(void *)block;
    rec->value = malloc(most * sizeof(double));
    if (!rec->value)
        return gr_fail(e, "out of memory");
    for (;;) {
        if (!read_record(rec, most))
            return gr_fail(e, "malformed record");
        if (!rec->name[0])
            break;
        const gr_tensor *t = tensor_named(m, rec->name);
        if (!t)
            return gr_fail(e, "no tensor '%.80s'", rec->name);
        if (!set_tensor(t, block, rec, e))
            return false;
    }
    const double *v = rec->value;
    if (rec->count != 5 || !(v[0] >= 1 && v[0] <= m->batch))
        return gr_fail(e, "the request does not end in n, training, step, seed, steps");
    c->n = (int32_t)v[0];
    c->training = v[1] != 0;
    c->step = (uint64_t)v[2];
    c->seed = (uint64_t)v[3];
    c->steps = (uint64_t)v[4];
    return true;
}

static void write_roles(const gr_model *m, char *block, unsigned roles, int n)
{
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (!(roles >> t->role & 1))
            continue;
        gr_array a = gr_view(t, block + t->offset, n);
        size_t count = gr_size(t, n);
        write_record(t->name, (int64_t)count);
        for (size_t k = 0; k < count; k++) {
            double x = gr_element(&a, k);
            fwrite(&x, sizeof x, 1, stdout);
        }
    }
    write_record("", 0);
}

int gr_probe(const gr_model *m)
{
    Record rec = {0};
    gr_error e;
    size_t bytes = (m->size + 63) & ~(size_t)63;
    char *block = aligned_alloc(64, bytes), *start = malloc(m->size);
    bool fine = (block && start) || gr_fail(&e, "out of memory: %zu bytes", m->size);
    if (fine) {
        m->init(block, m->seed);
        ((gr_context *)(void *)block)->parts = 1;
        fine = read_request(m, block, &rec, &e);
    }
    if (fine) {
        int n = ((gr_context *)(void *)block)->n;
        memcpy(start, block, m->size);
        m->gradients(block, n);
        write_roles(m, block, RESULTS, n);
        memcpy(block, start, m->size);
        m->step(block, n);
        write_roles(m, block, KEPT, n);
        fine = (fflush(stdout) == 0 && !ferror(stdout)) || gr_fail(&e, "cannot write");
    }
    if (!fine)
        fprintf(stderr, "%s: probe: %s\n", m->name, e.text);
    free(rec.value);
    free(block);
    free(start);
    return fine ? 0 : 2;
}
