/* A file of ONNX: the equations that gradc wrote, with parameters as they are now.
 *
 * A file is one ModelProto, and its graph a field of that. Fields may come in any order and
 * parts, so that the graph is what is in front of the equations, these, and what they read.
 * In front, an input x becomes x:in, what is missing filled in and the rest standardised.
 * The numbers of fields are those of onnx.proto. */
#include "train.h"

#include <stdlib.h>
#include <string.h>

enum { IR = 8, OPSET = 17 };

/* ---- protocol buffers ---- */

static void put_varint(FILE *f, uint64_t x)
{
    for (; x > 127; x >>= 7)
        fputc((int)(x & 127) | 128, f);
    fputc((int)x, f);
}

static void put_number(FILE *f, unsigned field, uint64_t x)
{
    put_varint(f, field << 3);
    put_varint(f, x);
}

static void put_head(FILE *f, unsigned field, size_t n)
{
    put_varint(f, field << 3 | 2);
    put_varint(f, n);
}

static void put_text(FILE *f, unsigned field, const char *text)
{
    put_head(f, field, strlen(text));
    fputs(text, f);
}

/* Bytes in memory that are written like a file. */
typedef struct Part {
    FILE *file;
    char *text;
    size_t size;
} Part;

static bool open_part(Part *p)
{
    *p = (Part){.file = NULL};
    return (p->file = open_memstream(&p->text, &p->size)) != NULL;
}

static void put_part(FILE *f, unsigned field, Part *p)
{
    fclose(p->file);
    put_head(f, field, p->size);
    fwrite(p->text, 1, p->size, f);
    free(p->text);
}

/* ---- what a graph is made of ---- */

static bool put_node(FILE *f, const char *op, const char *const *input, const char *output)
{
    Part p;
    if (!open_part(&p))
        return false;
    for (; *input; input++)
        put_text(p.file, 1, *input);
    put_text(p.file, 2, output);
    put_text(p.file, 4, op);
    put_part(f, 1, &p);
    return true;
}

static bool put_constant(FILE *f, const char *name, const gr_array *a)
{
    enum { FLOAT = 1, DOUBLE = 11 };
    Part p;
    size_t bytes;
    if (!gr_bytes_of(a->type, a->rank, a->dim, &bytes) || !open_part(&p))
        return false;
    for (int d = 0; d < a->rank; d++)
        put_number(p.file, 1, a->dim[d]);
    put_number(p.file, 2, a->type == GR_F64 ? DOUBLE : FLOAT);
    put_text(p.file, 8, name);
    put_head(p.file, 9, bytes);
    fwrite(a->data, 1, bytes, p.file);
    put_part(f, 5, &p);
    return true;
}

/* Numbers of columns for all elements of an example. */
static bool put_fit(FILE *f, Run *r, const gr_tensor *t, FitPart part)
{
    const Fit *fit = &r->fit[t - r->model->tensor];
    size_t n = gr_example_size(t);
    double *number = malloc((n + 1) * sizeof *number);
    for (size_t i = 0; number && i < n; i++)
        number[i] = fit->at[part][i % fit->width[part]];
    gr_array a = gr_view(t, number, 1), converted;
    a.type = GR_F64;
    a.rank -= t->batched;
    memmove(a.dim, a.dim + t->batched, (size_t)a.rank * sizeof *a.dim);
    bool fine = number && gr_convert(&a, t->type, 0, &converted, &r->error);
    if (fine) {
        fine = put_constant(f, fit->name[part], &converted);
        gr_drop(&converted);
    }
    free(number);
    return fine;
}

/* x:in from x. */
static bool put_input(FILE *f, Run *r, const gr_tensor *t)
{
    const Fit *fit = &r->fit[t - r->model->tensor];
    char *name = NULL;
    const char *x = t->name;
    size_t n = strlen(x);
    if (!(name = malloc(4 * (n + 16))))
        return false;
    char *nan = name + n + 16, *filled = nan + n + 16, *shifted = filled + n + 16;
    sprintf(name, "%s:in", x);
    sprintf(nan, "%s:nan", x);
    sprintf(filled, "%s:filled", x);
    sprintf(shifted, "%s:shifted", x);
    bool fine = true;
    if (fit->at[FIT_MISSING]) {
        const char *in[] = {nan, fit->name[FIT_MISSING], x, NULL};
        fine = put_fit(f, r, t, FIT_MISSING) &&
               put_node(f, "IsNaN", (const char *[]){x, NULL}, nan) &&
               put_node(f, "Where", in, filled);
        x = filled;
    }
    if (fine && fit->at[FIT_MEAN])
        fine =
            put_fit(f, r, t, FIT_MEAN) && put_fit(f, r, t, FIT_DEVIATION) &&
            put_node(f, "Sub", (const char *[]){x, fit->name[FIT_MEAN], NULL}, shifted) &&
            put_node(f, "Div", (const char *[]){shifted, fit->name[FIT_DEVIATION], NULL},
                     name);
    else if (fine)
        fine = put_node(f, "Identity", (const char *[]){x, NULL}, name);
    free(name);
    return fine;
}

/* ---- the file ---- */

static bool put_graph(FILE *f, Run *r)
{
    bool fine = true;
    for (const char *const *name = r->onnx->given; fine && *name; name++)
        for (int i = 0; fine && i < r->model->tensors; i++) {
            const gr_tensor *t = &r->model->tensor[i];
            gr_array a = gr_view(t, (char *)r->block + t->offset, 1);
            if (t->role == GR_INPUT && strcmp(t->name, *name) == 0)
                fine = put_input(f, r, t);
            else if ((FITTED >> t->role & 1) && strcmp(t->name, *name) == 0)
                fine = put_constant(f, t->name, &a);
        }
    fwrite(r->onnx->graph, 1, r->onnx->size, f);
    return fine;
}

static bool put_model(FILE *f, Run *r)
{
    Part opset, graph;
    if (!open_part(&opset))
        return false;
    put_number(opset.file, 2, OPSET);
    put_number(f, 1, IR);
    put_text(f, 2, "gradc");
    put_part(f, 8, &opset);
    if (!open_part(&graph))
        return false;
    bool fine = put_graph(graph.file, r);
    put_part(f, 7, &graph);
    return fine;
}

bool gr_write_onnx(Run *r, const char *path)
{
    const size_t most = INT32_MAX;
    gr_save s;
    size_t size = r->onnx->size;
    if (r->onnx->fault)
        return gr_fail(&r->error, "no ONNX: %s", r->onnx->fault);
    for (int i = 0; i < r->model->tensors; i++)
        if (FITTED >> r->model->tensor[i].role & 1)
            size += gr_example_bytes(&r->model->tensor[i]);
    if (size > most / 16 * 15)
        return gr_fail(&r->error, "%s: ONNX holds less than 2 GB in a file, not %zu bytes",
                       path, size);
    if (!gr_save_open(&s, path, &r->error))
        return gr_within(&r->error, "%s: ", path);
    bool put_all = put_model(s.file, r);
    bool fine =
        gr_save_close(&s, &r->error) && (put_all || gr_fail(&r->error, "out of memory"));
    return fine || gr_within(&r->error, "%s: ", path);
}
