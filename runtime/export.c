/* The verb export: parameters and states for other programs, as safetensors, npz or C. */
#include "train.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* Parameters, states, and what was taken from the data. */
static gr_named *arrays_of(const Run *r, int *n)
{
    const gr_model *m = r->model;
    gr_named *array = calloc((1 + FIT_PARTS) * (size_t)m->tensors + 1, sizeof *array);
    *n = 0;
    for (int i = 0; array && i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (FITTED >> t->role & 1)
            array[(*n)++] =
                (gr_named){t->name, gr_view(t, (char *)r->block + t->offset, 1)};
    }
    if (array)
        *n += gr_list_fits(r, array + *n);
    return array;
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

static bool put_array(FILE *f, Member *m, const gr_named *array)
{
    char *npy = NULL;
    m->name = array->name;
    FILE *memory = open_memstream(&npy, &m->size);
    if (!memory)
        return false;
    gr_put_npy(memory, &array->array);
    bool fine = fclose(memory) == 0;
    if (fine)
        put_file(f, m, npy);
    free(npy);
    return fine;
}

static bool put_npz(FILE *f, const gr_named *array, int n, const char *unused)
{
    Member *m = calloc((size_t)n + 1, sizeof *m);
    bool fine = m != NULL;
    (void)unused;
    for (int i = 0; fine && i < n; i++)
        fine = put_array(f, &m[i], &array[i]);
    if (fine)
        put_directory(f, m, n);
    free(m);
    return fine;
}

/* ---- C: static const arrays ---- */

static char letter_of(char c) { return isalnum((unsigned char)c) ? c : '_'; }

/* digits_h_W for h.W. Where an earlier array has that name it is digits_h_W_2, and so on.
 */
static bool name_arrays(const gr_named *array, int n, const char *prefix, char **name)
{
    for (int i = 0; i < n; i++) {
        size_t room = strlen(prefix) + strlen(array[i].name) + 16, end = 0;
        if (!(name[i] = malloc(room)))
            return false;
        end = (size_t)snprintf(name[i], room, "%s_", prefix);
        for (const char *c = array[i].name; *c; c++)
            name[i][end++] = letter_of(*c);
        name[i][end] = 0;
        for (int k = 0, version = 1; k < i; k++)
            if (strcmp(name[k], name[i]) == 0) {
                snprintf(name[i] + end, room - end, "_%d", ++version);
                k = -1; /* from the first on again */
            }
    }
    return true;
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

static void put_definition(FILE *f, const gr_array *a, const char *name)
{
    size_t at = 0;
    fprintf(f, "\nstatic const %s %s", a->type == GR_F32 ? "float" : "double", name);
    for (int d = 0; d < a->rank; d++)
        fprintf(f, "[%zu]", a->dim[d]);
    fputs(" = ", f);
    put_elements(f, a, 0, &at);
    fputs(";\n", f);
}

static bool put_c(FILE *f, const gr_named *array, int n, const char *model)
{
    char **name = calloc((size_t)n + 1, sizeof *name);
    bool fine = name && name_arrays(array, n, model, name);
    fprintf(f, "/* Parameters of '%s'. */\n#include <math.h>\n", model);
    for (int i = 0; fine && i < n; i++)
        put_definition(f, &array[i].array, name[i]);
    for (int i = 0; name && i < n; i++)
        free(name[i]);
    free(name);
    return fine;
}

/* ---- the verb ---- */

typedef bool Put(FILE *f, const gr_named *array, int n, const char *model);

static bool write_as(Run *r, const char *path, Put *put)
{
    gr_save s;
    int n;
    gr_named *array = arrays_of(r, &n);
    if (!array)
        return gr_fail(&r->error, "out of memory");
    bool fine = gr_save_open(&s, path, &r->error);
    if (fine) {
        bool put_all = put(s.file, array, n, r->model->name);
        fine = gr_save_close(&s, &r->error) &&
               (put_all || gr_fail(&r->error, "out of memory"));
    }
    free(array);
    return fine || gr_within(&r->error, "%s: ", path);
}

/* Sizes and places in an archive have 32 bits. */
static bool fits_npz(Run *r, const char *path)
{
    const size_t most = UINT32_MAX - (1u << 24); /* directory and headers need room, too */
    size_t bytes = 0;
    for (int i = 0; i < r->model->tensors; i++)
        if (FITTED >> r->model->tensor[i].role & 1)
            bytes += gr_example_bytes(&r->model->tensor[i]);
    return bytes <= most ||
           gr_fail(&r->error,
                   "%s: npz holds less than 4 GB, not %zu bytes; safetensors holds more",
                   path, bytes);
}

int gr_export(Run *r)
{
    const char *out = r->options.out;
    Place place = {.seed = r->context->seed};
    if (!out)
        return gr_fail(&r->error, "--out FILE is missing"), 2;
    if ((gr_ends_in(out, ".npz") && !fits_npz(r, out)) || !gr_begin_with(r, FITTED, true))
        return 2;
    bool fine = gr_ends_in(out, ".onnx")  ? gr_write_onnx(r, out)
                : gr_ends_in(out, ".npz") ? write_as(r, out, put_npz)
                : gr_ends_in(out, ".h") || gr_ends_in(out, ".c")
                    ? write_as(r, out, put_c)
                    : gr_save_checkpoint(r, out, FITTED, NULL, &place);
    return fine ? 0 : 2;
}
