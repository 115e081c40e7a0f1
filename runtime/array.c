/* Arrays in memory: shapes, and conversion to the types of a model's tensors. */
#include "grdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "files are read in place");

static const struct {
    const char *name;
    size_t size;
} types[GR_TYPES] = {
    [GR_F32] = {"F32", 4},   [GR_F64] = {"F64", 8},   [GR_U8] = {"U8", 1},
    [GR_I32] = {"I32", 4},   [GR_I8] = {"I8", 1},     [GR_I16] = {"I16", 2},
    [GR_I64] = {"I64", 8},   [GR_U16] = {"U16", 2},   [GR_U32] = {"U32", 4},
    [GR_U64] = {"U64", 8},   [GR_BOOL] = {"BOOL", 1}, [GR_F16] = {"F16", 2},
    [GR_BF16] = {"BF16", 2},
};

size_t gr_type_size(int type) { return types[type].size; }

const char *gr_type_name(int type) { return types[type].name; }

void gr_drop(gr_array *a)
{
    free(a->memory);
    *a = (gr_array){0};
}

void gr_swap(unsigned char *data, size_t bytes, size_t size)
{
    for (unsigned char *p = data; size > 1 && p < data + bytes; p += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char t = p[i];
            p[i] = p[size - 1 - i];
            p[size - 1 - i] = t;
        }
}

bool gr_same_shape(const gr_array *a, const gr_array *b)
{
    return a->rank == b->rank && !memcmp(a->dim, b->dim, (size_t)a->rank * sizeof *a->dim);
}

bool gr_count(int rank, const size_t *dim, size_t *count)
{
    *count = 1;
    for (int d = 0; d < rank; d++)
        if (__builtin_mul_overflow(*count, dim[d], count))
            return false;
    return true;
}

bool gr_bytes_of(int type, int rank, const size_t *dim, size_t *bytes)
{
    return gr_count(rank, dim, bytes) &&
           !__builtin_mul_overflow(*bytes, types[type].size, bytes);
}

gr_text gr_shape(int rank, const size_t *dim)
{
    gr_text t = {"("};
    for (int d = 0; d < rank; d++) {
        size_t n = strlen(t.text);
        snprintf(t.text + n, sizeof t.text - n, d ? ", %zu" : "%zu", dim[d]);
    }
    strncat(t.text, ")", sizeof t.text - strlen(t.text) - 1);
    return t;
}

static double from_half(uint16_t x)
{
    int exponent = x >> 10 & 31, fraction = x & 1023;
    double size = exponent == 31 ? (fraction ? NAN : INFINITY)
                  : exponent     ? ldexp(1024 + fraction, exponent - 25)
                                 : ldexp(fraction, -24);
    return x >> 15 ? -size : size;
}

/* bfloat16 is the upper half of a float. */
static double from_bfloat(uint16_t x)
{
    uint32_t bits = (uint32_t)x << 16;
    float f;
    memcpy(&f, &bits, sizeof f);
    return f;
}

double gr_element(const gr_array *a, size_t i)
{
    const char *p = (const char *)a->data + i * types[a->type].size;
#define CASE(TYPE, ctype, value)                                                           \
    case TYPE: {                                                                           \
        ctype x;                                                                           \
        memcpy(&x, p, sizeof x);                                                           \
        return value;                                                                      \
    }
    switch (a->type) {
        CASE(GR_F32, float, x)
        CASE(GR_F64, double, x)
        CASE(GR_F16, uint16_t, from_half(x))
        CASE(GR_BF16, uint16_t, from_bfloat(x))
        CASE(GR_I8, int8_t, x)
        CASE(GR_I16, int16_t, x)
        CASE(GR_I32, int32_t, x)
        CASE(GR_I64, int64_t, (double)x)
        CASE(GR_U16, uint16_t, x)
        CASE(GR_U32, uint32_t, x)
        CASE(GR_U64, uint64_t, (double)x)
    default: /* U8, BOOL */
        return *(const unsigned char *)p;
    }
#undef CASE
}

static void convert_reals(const gr_array *a, size_t n, gr_type type, void *data)
{
    float *f = data;
    double *d = data;
    for (size_t i = 0; i < n; i++)
        if (type == GR_F32)
            f[i] = (float)gr_element(a, i);
        else
            d[i] = gr_element(a, i);
}

static bool convert_integers(const gr_array *a, size_t n, gr_type type, int32_t bound,
                             void *data, gr_error *e)
{
    double low = type == GR_U8 || bound ? 0 : INT32_MIN;
    double high = bound ? bound - 1 : type == GR_U8 ? 255 : INT32_MAX;
    unsigned char *u = data;
    int32_t *s = data;
    for (size_t i = 0; i < n; i++) {
        double x = gr_element(a, i);
        if (!(x >= low && x <= high) || x != trunc(x))
            return gr_fail(e, "row %zu (from 0): %.17g is not %s from %.0f to %.0f",
                           a->rank ? i / (n / a->dim[0]) : 0, x,
                           bound ? "an index" : "an integer", low, high);
        if (type == GR_U8)
            u[i] = (unsigned char)x;
        else
            s[i] = (int32_t)x;
    }
    return true;
}

bool gr_convert(const gr_array *a, gr_type type, int32_t bound, gr_array *out, gr_error *e)
{
    size_t n, bytes;
    if (!gr_count(a->rank, a->dim, &n) || !gr_bytes_of(type, a->rank, a->dim, &bytes) ||
        bytes > SIZE_MAX / 2)
        return gr_fail(e, "shape %s is too large", gr_shape(a->rank, a->dim).text);
    void *data = aligned_alloc(64, (bytes + 64) & ~(size_t)63);
    if (!data)
        return gr_fail(e, "out of memory: %zu bytes", bytes);
    bool fine = true;
    if (a->type == (int)type && !bound)
        memcpy(data, a->data, bytes);
    else if (type == GR_F32 || type == GR_F64)
        convert_reals(a, n, type, data);
    else
        fine = convert_integers(a, n, type, bound, data, e);
    *out = *a;
    out->type = type;
    out->data = out->memory = data;
    if (!fine)
        gr_drop(out);
    return fine;
}
