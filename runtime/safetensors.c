/* safetensors: a length of 8 bytes, that much JSON, the elements.
 *
 *   {"__metadata__": {"step": "100"},
 *    "h.W": {"dtype": "F32", "shape": [32, 64], "data_offsets": [0, 8192]}, ...}
 *
 * The JSON is read as the small language it is: objects of those three entries and no
 * others. As the format asks, the tensors must fill the data without a gap or an overlap.
 */
#include "grdata.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST_HEADER = 100 << 20 };

typedef struct Cursor {
    const char *p, *end;
    char *text; /* where the next string goes */
} Cursor;

/* One entry of the header, its place in the data still unchecked. */
typedef struct Entry {
    gr_named named;
    size_t begin, end;
} Entry;

typedef struct Header {
    Entry *entry;
    gr_note *note;
    int entries, notes;
} Header;

/* ---- tokens ---- */

static void skip_space(Cursor *c)
{
    while (c->p < c->end &&
           (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r'))
        c->p++;
}

static bool take(Cursor *c, char token)
{
    skip_space(c);
    if (c->p == c->end || *c->p != token)
        return false;
    c->p++;
    return true;
}

static bool take_hex(Cursor *c, unsigned *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++, c->p++) {
        if (c->p == c->end)
            return false;
        unsigned letter = (unsigned)(*c->p | 32) - 'a', digit = (unsigned)*c->p - '0';
        if (digit > 9 && letter > 5)
            return false;
        *unit = *unit << 4 | (digit <= 9 ? digit : letter + 10);
    }
    return true;
}

/* What follows \u: one UTF-16 unit, or a pair of them. 0 when it is none. */
static unsigned take_code_point(Cursor *c)
{
    unsigned high, low;
    if (!take_hex(c, &high))
        return 0;
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || c->end - c->p < 6 || c->p[0] != '\\' || c->p[1] != 'u')
        return 0;
    c->p += 2;
    if (!take_hex(c, &low) || low < 0xdc00 || low > 0xdfff)
        return 0;
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char *put_utf8(char *to, unsigned code)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    int bytes = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    if (bytes == 1) {
        *to = (char)code;
    } else {
        for (int i = bytes; i-- > 1; code >>= 6)
            to[i] = (char)(0x80 | (code & 0x3f));
        to[0] = (char)(lead[bytes] | code);
    }
    return to + bytes;
}

static bool take_escape(Cursor *c, char **to)
{
    static const char from[] = "\"\\/bfnrt", into[] = "\"\\/\b\f\n\r\t";
    if (c->p == c->end)
        return false;
    char letter = *c->p++;
    if (letter == 'u') {
        unsigned code = take_code_point(c);
        *to = put_utf8(*to, code);
        return code != 0;
    }
    const char *known = letter ? strchr(from, letter) : NULL;
    if (known)
        *(*to)++ = into[known - from];
    return known != NULL;
}

/* An escape is never shorter than what it stands for, so the text fits a buffer of the size
 * of the header. */
static bool take_string(Cursor *c, const char **string)
{
    if (!take(c, '"'))
        return false;
    char *to = c->text;
    while (c->p < c->end && *c->p != '"') {
        char byte = *c->p++;
        if ((unsigned char)byte < ' ' || (byte == '\\' && !take_escape(c, &to)))
            return false;
        if (byte != '\\')
            *to++ = byte;
    }
    *to++ = 0;
    *string = c->text;
    c->text = to;
    return take(c, '"');
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

/* Up to `most` numbers in brackets; how many, or -1. */
static int take_numbers(Cursor *c, size_t *n, int most)
{
    int count = 0;
    if (!take(c, '['))
        return -1;
    if (take(c, ']'))
        return 0;
    do
        if (count == most || !take_number(c, &n[count++]))
            return -1;
    while (take(c, ','));
    return take(c, ']') ? count : -1;
}

/* ---- the header ---- */

static bool take_type(Cursor *c, Entry *t, gr_error *e)
{
    const char *type;
    if (!take_string(c, &type))
        return gr_fail(e, "tensor '%.80s': its dtype is no string", t->named.name);
    for (int i = 0; i < GR_TYPES; i++)
        if (strcmp(gr_type_name(i), type) == 0) {
            t->named.array.type = i;
            return true;
        }
    return gr_fail(e, "tensor '%.80s' is of type '%.20s', which cannot be read",
                   t->named.name, type);
}

static bool take_property(Cursor *c, Entry *t, bool seen[3], gr_error *e)
{
    static const char *const keys[] = {"dtype", "shape", "data_offsets"};
    const char *key;
    int which = 0;
    size_t offsets[2];
    if (!take_string(c, &key) || !take(c, ':'))
        return gr_fail(e, "tensor '%.80s': no key where one is expected", t->named.name);
    while (which < 3 && strcmp(keys[which], key) != 0)
        which++;
    if (which == 3 || seen[which])
        return gr_fail(e, "tensor '%.80s': key '%.20s' is %s", t->named.name, key,
                       which == 3 ? "unknown" : "given twice");
    seen[which] = true;
    if (which == 0)
        return take_type(c, t, e);
    if (which == 1) {
        t->named.array.rank = take_numbers(c, t->named.array.dim, GR_RANK);
        return t->named.array.rank >= 0 ||
               gr_fail(e, "tensor '%.80s': its shape is not up to %d numbers",
                       t->named.name, GR_RANK);
    }
    if (take_numbers(c, offsets, 2) != 2)
        return gr_fail(e, "tensor '%.80s': its data_offsets are not two numbers",
                       t->named.name);
    t->begin = offsets[0];
    t->end = offsets[1];
    return true;
}

static bool take_tensor(Cursor *c, Entry *t, gr_error *e)
{
    bool seen[3] = {0};
    if (!take(c, '{'))
        return gr_fail(e, "tensor '%.80s': no description", t->named.name);
    do
        if (!take_property(c, t, seen, e))
            return false;
    while (take(c, ','));
    if (!take(c, '}') || !seen[0] || !seen[1] || !seen[2])
        return gr_fail(e, "tensor '%.80s': its description is incomplete", t->named.name);
    size_t bytes;
    const gr_array *a = &t->named.array;
    if (!gr_bytes_of(a->type, a->rank, a->dim, &bytes) || t->end < t->begin ||
        bytes != t->end - t->begin)
        return gr_fail(e, "tensor '%.80s': %s %s does not fit bytes %zu to %zu",
                       t->named.name, gr_type_name(a->type), gr_shape(a->rank, a->dim).text,
                       t->begin, t->end);
    return true;
}

static bool take_notes(Cursor *c, Header *h, gr_error *e)
{
    if (!take(c, '{'))
        return gr_fail(e, "__metadata__ is no object");
    if (take(c, '}'))
        return true;
    do {
        gr_note *note = &h->note[h->notes++];
        if (!take_string(c, &note->key) || !take(c, ':') || !take_string(c, &note->value))
            return gr_fail(e, "__metadata__ holds something that is not a string");
    } while (take(c, ','));
    return take(c, '}') || gr_fail(e, "__metadata__ does not end");
}

static bool take_header(Cursor *c, Header *h, gr_error *e)
{
    take(c, '{'); /* which made it a safetensors file */
    bool more = !take(c, '}');
    while (more) {
        const char *name;
        if (!take_string(c, &name) || !take(c, ':'))
            return gr_fail(e, "the header has no name where one is expected");
        if (strcmp(name, "__metadata__") == 0) {
            if (!take_notes(c, h, e))
                return false;
        } else {
            h->entry[h->entries].named.name = name;
            if (!take_tensor(c, &h->entry[h->entries++], e))
                return false;
        }
        more = take(c, ',');
        if (!more && !take(c, '}'))
            return gr_fail(e, "the header does not end");
    }
    skip_space(c);
    return c->p == c->end || gr_fail(e, "something follows the header's JSON");
}

/* ---- the data ---- */

static int by_place(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    return (x->end > y->end) - (x->end < y->end);
}

static int by_name(const void *a, const void *b)
{
    const Entry *x = a, *y = b;
    return strcmp(x->named.name, y->named.name);
}

/* Sorts the entries on the way, by place in the end. */
static bool check_entries(Header *h, size_t size, gr_error *e)
{
    size_t count = (size_t)h->entries, at = 0;
    qsort(h->entry, count, sizeof *h->entry, by_name);
    for (size_t i = 1; i < count; i++)
        if (by_name(&h->entry[i], &h->entry[i - 1]) == 0)
            return gr_fail(e, "tensor '%.80s' is there twice", h->entry[i].named.name);
    qsort(h->entry, count, sizeof *h->entry, by_place);
    for (size_t i = 0; i < count; at = h->entry[i++].end)
        if (h->entry[i].begin != at)
            return gr_fail(e, "tensor '%.80s' begins at byte %zu of the data, expected %zu",
                           h->entry[i].named.name, h->entry[i].begin, at);
    return at == size ||
           gr_fail(e, "the header says %zu bytes of data, but %zu follow", at, size);
}

/* A tensor takes at least 50 bytes of header, a note 6; one more may fail. */
static bool make_room(Header *h, size_t length, Cursor *c)
{
    h->entry = calloc(length / 50 + 2, sizeof *h->entry);
    h->note = calloc(length / 6 + 2, sizeof *h->note);
    c->text = malloc(length + 1);
    return h->entry && h->note && c->text;
}

static bool fill(gr_safetensors *out, const Header *h, const unsigned char *data,
                 gr_error *e)
{
    out->tensor = calloc((size_t)h->entries + 1, sizeof *out->tensor);
    if (!out->tensor)
        return gr_fail(e, "out of memory");
    for (int i = 0; i < h->entries; i++) {
        out->tensor[i] = h->entry[i].named;
        out->tensor[i].array.data = data + h->entry[i].begin;
    }
    out->tensors = h->entries;
    out->note = h->note;
    out->notes = h->notes;
    return true;
}

bool gr_is_safetensors(const unsigned char *data, size_t size)
{
    uint64_t length;
    if (size < 10)
        return false;
    memcpy(&length, data, 8);
    return length >= 2 && length <= LONGEST_HEADER && data[8] == '{';
}

bool gr_parse_safetensors(const unsigned char *data, size_t size, gr_safetensors *out,
                          gr_error *e)
{
    uint64_t length;
    if (!gr_is_safetensors(data, size))
        return gr_fail(e, "not a safetensors file");
    memcpy(&length, data, 8);
    if (length > size - 8)
        return gr_fail(e, "truncated: a header of %llu bytes, but %zu follow",
                       (unsigned long long)length, size - 8);

    Header h = {0};
    const char *json = (const char *)data + 8;
    Cursor c = {json, json + length, NULL};
    bool fine = make_room(&h, length, &c);
    char *text = c.text;
    if (!fine)
        gr_fail(e, "out of memory");
    *out = (gr_safetensors){.text = text};
    fine = fine && take_header(&c, &h, e) && check_entries(&h, size - 8 - length, e) &&
           fill(out, &h, data + 8 + length, e);
    free(h.entry);
    if (!fine) {
        free(h.note);
        free(text);
        *out = (gr_safetensors){0};
    }
    return fine;
}

const gr_array *gr_tensor_named(const gr_safetensors *s, const char *name)
{
    for (int i = 0; i < s->tensors; i++)
        if (strcmp(s->tensor[i].name, name) == 0)
            return &s->tensor[i].array;
    return NULL;
}

const char *gr_note_named(const gr_safetensors *s, const char *key)
{
    for (int i = 0; i < s->notes; i++)
        if (strcmp(s->note[i].key, key) == 0)
            return s->note[i].value;
    return NULL;
}

void gr_drop_safetensors(gr_safetensors *s)
{
    free(s->tensor);
    free(s->note);
    free(s->text);
    *s = (gr_safetensors){0};
}

/* ---- writing ---- */

static void put_string(FILE *f, const char *text)
{
    fputc('"', f);
    for (const char *p = text; *p; p++)
        if (*p == '"' || *p == '\\')
            fprintf(f, "\\%c", *p);
        else if ((unsigned char)*p < ' ')
            fprintf(f, "\\u%04x", *p);
        else
            fputc(*p, f);
    fputc('"', f);
}

static void put_notes(FILE *f, const gr_safetensors *s)
{
    fputs("\"__metadata__\":{", f);
    for (int i = 0; i < s->notes; i++) {
        fputs(i ? "," : "", f);
        put_string(f, s->note[i].key);
        fputc(':', f);
        put_string(f, s->note[i].value);
    }
    fputc('}', f);
}

static size_t put_tensor(FILE *f, const gr_named *t, size_t at)
{
    size_t bytes = 0;
    gr_bytes_of(t->array.type, t->array.rank, t->array.dim, &bytes);
    put_string(f, t->name);
    fprintf(f, ":{\"dtype\":\"%s\",\"shape\":[", gr_type_name(t->array.type));
    for (int d = 0; d < t->array.rank; d++)
        fprintf(f, d ? ",%zu" : "%zu", t->array.dim[d]);
    fprintf(f, "],\"data_offsets\":[%zu,%zu]}", at, at + bytes);
    return at + bytes;
}

/* The header, padded so that the data start at a multiple of 8. */
static bool make_header(const gr_safetensors *s, char **text, size_t *size)
{
    FILE *f = open_memstream(text, size);
    if (!f)
        return false;
    fputc('{', f);
    if (s->notes)
        put_notes(f, s);
    for (size_t i = 0, at = 0; i < (size_t)s->tensors; i++) {
        fputs(i || s->notes ? "," : "", f);
        at = put_tensor(f, &s->tensor[i], at);
    }
    fputc('}', f);
    for (long n = ftell(f); n % 8; n++)
        fputc(' ', f);
    return fclose(f) == 0;
}

bool gr_write_safetensors(const char *path, const gr_safetensors *s, gr_error *e)
{
    gr_save file;
    char *header;
    size_t size;
    if (!make_header(s, &header, &size))
        return gr_fail(e, "out of memory");
    if (!gr_save_open(&file, path, e)) {
        free(header);
        return false;
    }
    uint64_t length = size;
    fwrite(&length, 8, 1, file.file);
    fwrite(header, 1, size, file.file);
    free(header);
    for (int i = 0; i < s->tensors; i++) {
        size_t bytes = 0;
        const gr_array *a = &s->tensor[i].array;
        gr_bytes_of(a->type, a->rank, a->dim, &bytes);
        fwrite(a->data, 1, bytes, file.file);
    }
    return gr_save_close(&file, e);
}
