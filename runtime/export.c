/* The verb export: parameters and states for other programs, as safetensors, npz or C. */
#include "train.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

static gr_array array_of(const Run *r, const gr_tensor *t)
{
    return gr_view(t, (char *)r->block + t->offset, 1);
}

/* ---- npz: a zip archive of npy files, as numpy.savez writes it ---- */

static void put16(FILE *f, unsigned x)
{
    fputc((int)(x & 255), f);
    fputc((int)(x >> 8 & 255), f);
}

static void put32(FILE *f, size_t x)
{
    put16(f, (unsigned)(x & 0xffff));
    put16(f, (unsigned)(x >> 16 & 0xffff));
}

/* A file of the archive: what both its header and the directory say. */
typedef struct Member {
    const char *name; /* without .npy */
    size_t at, size;
    uLong sum;
} Member;

static void put_member(FILE *f, const Member *m)
{
    put16(f, 20); /* version needed */
    put16(f, 0);
    put16(f, 0); /* stored */
    put16(f, 0);
    put16(f, 0x21); /* on the first day that the format knows, 1 January 1980 */
    put32(f, m->sum);
    put32(f, m->size);
    put32(f, m->size);
    put16(f, (unsigned)strlen(m->name) + 4);
    put16(f, 0);
}

static void put_file(FILE *f, Member *m, const char *npy)
{
    m->at = (size_t)ftell(f);
    m->sum = crc32_z(0, (const unsigned char *)npy, m->size);
    put32(f, 0x04034b50);
    put_member(f, m);
    fprintf(f, "%s.npy", m->name);
    fwrite(npy, 1, m->size, f);
}

static void put_directory(FILE *f, const Member *m, int n)
{
    size_t start = (size_t)ftell(f);
    for (int i = 0; i < n; i++) {
        put32(f, 0x02014b50);
        put16(f, 20);
        put_member(f, &m[i]);
        put16(f, 0); /* comment, disk, attributes */
        put16(f, 0);
        put16(f, 0);
        put32(f, 0);
        put32(f, m[i].at);
        fprintf(f, "%s.npy", m[i].name);
    }
    size_t end = (size_t)ftell(f);
    put32(f, 0x06054b50);
    put32(f, 0);
    put16(f, (unsigned)n);
    put16(f, (unsigned)n);
    put32(f, end - start);
    put32(f, start);
    put16(f, 0);
}

static bool put_npz(FILE *f, const Run *r)
{
    int n = 0;
    Member *m = calloc((size_t)r->model->tensors + 1, sizeof *m);
    bool fine = m != NULL;
    for (int i = 0; fine && i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!(FITTED >> t->role & 1))
            continue;
        char *npy = NULL;
        m[n].name = t->name;
        FILE *memory = open_memstream(&npy, &m[n].size);
        gr_array a = array_of(r, t);
        if ((fine = memory != NULL)) {
            gr_put_npy(memory, &a);
            fine = fclose(memory) == 0;
        }
        if (fine)
            put_file(f, &m[n++], npy);
        free(npy);
    }
    if (fine)
        put_directory(f, m, n);
    free(m);
    return fine;
}

/* ---- C: static const arrays ---- */

static void put_name(FILE *f, const char *prefix, const char *name)
{
    fprintf(f, "%s_", prefix);
    for (; *name; name++)
        fputc(isalnum((unsigned char)*name) ? *name : '_', f);
}

/* A constant that is read back as the same number: 0.1f, 3.0, INFINITY. */
static void put_constant(FILE *f, const gr_array *a, size_t i)
{
    char text[40];
    double x = gr_element(a, i);
    bool single = a->type == GR_F32;
    snprintf(text, sizeof text, "%.*g", single ? 9 : 17, x);
    if (!isfinite(x))
        fprintf(f, isnan(x) ? "NAN" : x > 0 ? "INFINITY" : "-INFINITY");
    else
        fprintf(f, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0", single ? "f" : "");
}

static void put_elements(FILE *f, const gr_array *a, int d, size_t *at)
{
    if (d == a->rank) {
        put_constant(f, a, (*at)++);
        return;
    }
    fputc('{', f);
    for (size_t i = 0; i < a->dim[d]; i++) {
        fputs(i == 0 ? "" : d + 1 < a->rank || i % 8 == 0 ? ",\n " : ", ", f);
        put_elements(f, a, d + 1, at);
    }
    fputc('}', f);
}

static bool put_c(FILE *f, const Run *r)
{
    fprintf(f, "/* Parameters of '%s'. */\n#include <math.h>\n", r->model->name);
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!(FITTED >> t->role & 1))
            continue;
        gr_array a = array_of(r, t);
        size_t at = 0;
        fprintf(f, "\nstatic const %s ", t->type == GR_F32 ? "float" : "double");
        put_name(f, r->model->name, t->name);
        for (int d = 0; d < a.rank; d++)
            fprintf(f, "[%zu]", a.dim[d]);
        fputs(" = ", f);
        put_elements(f, &a, 0, &at);
        fputs(";\n", f);
    }
    return true;
}

/* ---- the verb ---- */

static bool write_as(Run *r, const char *path, bool (*put)(FILE *, const Run *))
{
    gr_save s;
    if (!gr_save_open(&s, path, &r->error))
        return gr_within(&r->error, "%s: ", path);
    bool put_all = put(s.file, r);
    bool fine = gr_save_close(&s, &r->error);
    if (fine && !put_all)
        fine = gr_fail(&r->error, "out of memory");
    return fine || gr_within(&r->error, "%s: ", path);
}

int gr_export(Run *r)
{
    const char *out = r->options.out;
    Place place = {.seed = r->context->seed};
    if (!out)
        return gr_fail(&r->error, "--out FILE is missing"), 2;
    if (!gr_begin_with(r, FITTED, true))
        return 2;
    bool fine = gr_ends_in(out, ".npz") ? write_as(r, out, put_npz)
                : gr_ends_in(out, ".h") || gr_ends_in(out, ".c")
                    ? write_as(r, out, put_c)
                    : gr_save_checkpoint(r, out, FITTED, NULL, &place);
    return fine ? 0 : 2;
}
