/* NumPy's npy: magic, version, a header that is the text of a Python dictionary, the
 * elements.
 *
 *   \x93NUMPY 1 0 <length> {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
 *
 * The header is read as the small language numpy writes, not as Python. */
#include "grdata.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *code;
    int type;
} codes[] = {
    {"f2", GR_F16}, {"f4", GR_F32}, {"f8", GR_F64}, {"u1", GR_U8},
    {"u2", GR_U16}, {"u4", GR_U32}, {"u8", GR_U64}, {"i1", GR_I8},
    {"i2", GR_I16}, {"i4", GR_I32}, {"i8", GR_I64}, {"b1", GR_BOOL},
};

static const char magic[] = "\x93NUMPY";

/* What the header says. */
typedef struct Header {
    gr_array array;
    bool swapped, fortran;
    bool seen[3]; /* descr, fortran_order, shape */
} Header;

typedef struct Cursor {
    const char *p, *end;
} Cursor;

static void skip_space(Cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n'))
        c->p++;
}

static bool take(Cursor *c, const char *token)
{
    skip_space(c);
    size_t n = strlen(token);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, token, n) != 0)
        return false;
    c->p += n;
    return true;
}

static bool take_string(Cursor *c, char *text, size_t room)
{
    skip_space(c);
    if (c->p == c->end || (*c->p != '\'' && *c->p != '"'))
        return false;
    char quote = *c->p++;
    size_t n = 0;
    while (c->p < c->end && *c->p != quote) {
        if (n + 1 == room)
            return false;
        text[n++] = *c->p++;
    }
    text[n] = 0;
    return c->p < c->end && *c->p++ == quote;
}

static bool take_number(Cursor *c, size_t *n)
{
    skip_space(c);
    const char *start = c->p;
    for (*n = 0; c->p < c->end && *c->p >= '0' && *c->p <= '9'; c->p++)
        if (__builtin_mul_overflow(*n, 10u, n) ||
            __builtin_add_overflow(*n, (size_t)(*c->p - '0'), n))
            return false;
    return c->p > start;
}

static bool take_type(Cursor *c, Header *h, gr_error *e)
{
    char text[16];
    if (!take_string(c, text, sizeof text))
        return gr_fail(e, "npy header: the type is not a plain one");
    const char *code = text + (text[0] && strchr("<>=|", text[0]) != NULL);
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (strcmp(codes[i].code, code) == 0) {
            h->array.type = codes[i].type;
            h->swapped = text[0] == '>';
            return true;
        }
    return gr_fail(e, "npy of type '%s'; f2 f4 f8 u1 u2 u4 u8 i1 i2 i4 i8 b1 can be read",
                   text);
}

static bool take_shape(Cursor *c, gr_array *a, gr_error *e)
{
    if (!take(c, "("))
        return gr_fail(e, "npy header: the shape is not a tuple");
    for (a->rank = 0; !take(c, ")"); a->rank++) {
        if (a->rank == GR_RANK)
            return gr_fail(e, "npy of rank above %d", GR_RANK);
        if (!take_number(c, &a->dim[a->rank]))
            return gr_fail(e, "npy header: the shape is not a tuple of numbers");
        if (!take(c, ",") && (c->p == c->end || *c->p != ')'))
            return gr_fail(e, "npy header: the shape does not end");
    }
    return true;
}

static bool take_entry(Cursor *c, Header *h, gr_error *e)
{
    char key[32];
    if (!take_string(c, key, sizeof key) || !take(c, ":"))
        return gr_fail(e, "npy header: no key where one is expected");
    if (strcmp(key, "descr") == 0) {
        h->seen[0] = true;
        return take_type(c, h, e);
    }
    if (strcmp(key, "fortran_order") == 0) {
        h->seen[1] = true;
        h->fortran = take(c, "True");
        return h->fortran || take(c, "False") ||
               gr_fail(e, "npy header: fortran_order is neither True nor False");
    }
    if (strcmp(key, "shape") == 0) {
        h->seen[2] = true;
        return take_shape(c, &h->array, e);
    }
    return gr_fail(e, "npy header: unknown key '%s'", key);
}

static bool read_header(Cursor *c, Header *h, gr_error *e)
{
    if (!take(c, "{"))
        return gr_fail(e, "npy header: no dictionary");
    while (!take(c, "}")) {
        if (!take_entry(c, h, e))
            return false;
        if (!take(c, ",") && (c->p == c->end || *c->p != '}'))
            return gr_fail(e, "npy header: the dictionary does not end");
    }
    if (!h->seen[0] || !h->seen[1] || !h->seen[2])
        return gr_fail(e, "npy header: descr, fortran_order or shape is missing");
    return true;
}

/* Column-major elements into fresh row-major memory: count through the destination and keep
 * the source's place. */
static bool reorder(gr_array *a, size_t bytes, gr_error *e)
{
    size_t size = gr_type_size(a->type), stride[GR_RANK], at[GR_RANK] = {0};
    char *to = malloc(bytes + 1);
    if (!to)
        return gr_fail(e, "out of memory: %zu bytes", bytes);
    stride[0] = size;
    for (int d = 1; d < a->rank; d++)
        stride[d] = stride[d - 1] * a->dim[d - 1];
    const char *from = a->data;
    for (size_t i = 0; i < bytes; i += size) {
        memcpy(to + i, from, size);
        for (int d = a->rank; d-- > 0;) {
            from += stride[d];
            if (++at[d] < a->dim[d])
                break;
            from -= stride[d] * a->dim[d];
            at[d] = 0;
        }
    }
    a->data = a->memory = to;
    return true;
}

bool gr_is_npy(const unsigned char *data, size_t size)
{
    return size >= sizeof magic - 1 && memcmp(data, magic, sizeof magic - 1) == 0;
}

bool gr_parse_npy(unsigned char *data, size_t size, gr_array *out, gr_error *e)
{
    if (!gr_is_npy(data, size))
        return gr_fail(e, "not an npy file: no magic");
    if (size < 12 || data[6] < 1 || data[6] > 3)
        return gr_fail(e, "npy of an unknown version");
    size_t start = data[6] == 1 ? 10 : 12;
    size_t length = data[8] | (size_t)data[9] << 8;
    if (data[6] > 1)
        length |= (size_t)data[10] << 16 | (size_t)data[11] << 24;
    if (length > size - start)
        return gr_fail(e, "truncated npy header: %zu bytes of %zu", size - start, length);

    Header h = {0};
    Cursor c = {(const char *)data + start, (const char *)data + start + length};
    if (!read_header(&c, &h, e))
        return false;
    gr_array *a = &h.array;
    size_t bytes, found = size - start - length;
    if (!gr_bytes_of(a->type, a->rank, a->dim, &bytes) || bytes != found)
        return gr_fail(e, "npy header says %s %s, but %zu bytes of data follow",
                       gr_type_name(a->type), gr_shape(a->rank, a->dim).text, found);

    a->data = data + start + length;
    if (h.swapped)
        gr_swap(data + start + length, bytes, gr_type_size(a->type));
    if (h.fortran && a->rank > 1 && !reorder(a, bytes, e))
        return false;
    *out = *a;
    return true;
}

static const char *code_of(int type)
{
    size_t i = 0;
    while (codes[i].type != type)
        i++;
    return codes[i].code;
}

void gr_put_npy(FILE *f, const gr_array *a)
{
    char shape[GR_RANK * 22] = "";
    for (int d = 0; d < a->rank; d++) {
        size_t n = strlen(shape);
        snprintf(shape + n, sizeof shape - n, "%zu,", a->dim[d]);
    }
    char header[320];
    int n = snprintf(header, sizeof header,
                     "{'descr': '%c%s', 'fortran_order': False, 'shape': (%s), }",
                     gr_type_size(a->type) == 1 ? '|' : '<', code_of(a->type), shape);
    int padded =
        (10 + n + 1 + 63) / 64 * 64 - 10; /* the elements start at a multiple of 64 */
    fwrite(magic, 1, 6, f);
    fputc(1, f);
    fputc(0, f);
    fputc(padded & 255, f);
    fputc(padded >> 8, f);
    fprintf(f, "%-*s\n", padded - 1, header);
    size_t bytes;
    if (gr_bytes_of(a->type, a->rank, a->dim, &bytes))
        fwrite(a->data, 1, bytes, f);
}

bool gr_write_npy(const char *path, const gr_array *a, gr_error *e)
{
    gr_save s;
    if (!gr_save_open(&s, path, e))
        return false;
    gr_put_npy(s.file, a);
    return gr_save_close(&s, e);
}
