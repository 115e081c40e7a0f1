/* Data files: arrays, and the readers and writers of IDX, npy, CSV and safetensors.
 *
 * A file is hostile until its reader has said yes. Readers parse bytes in memory, check
 * every size before they believe it, allocate no more than a small multiple of the bytes
 * given, and on failure leave a message of one line that does not name the file: the caller
 * does. Nothing here prints or exits. The machine is little-endian, as every target of
 * gradc is. */
#ifndef GRDATA_H
#define GRDATA_H

#include "gr.h"

#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gr_error {
    char text[512];
} gr_error;

/* Write the message; false, so that a function can end in `return gr_fail(e, ...)`. */
__attribute__((format(printf, 2, 3))) bool gr_fail(gr_error *e, const char *fmt, ...);

/* Put more context in front of the message; false. */
__attribute__((format(printf, 2, 3))) bool gr_within(gr_error *e, const char *fmt, ...);

/* ---- arrays ---- */

/* What a file may hold besides the types of a model's tensors. */
/* clang-format off */
enum {
    GR_I8 = GR_I32 + 1, GR_I16, GR_I64, GR_U16, GR_U32, GR_U64, GR_BOOL, GR_F16, GR_BF16,
    GR_TYPES
};
/* clang-format on */

enum { GR_RANK = 8 };

typedef struct gr_array {
    int type; /* a gr_type or one of the above */
    int rank;
    size_t dim[GR_RANK];
    const void *data; /* dense, row-major, little-endian, perhaps unaligned */
    void *memory;     /* what gr_drop frees: NULL when data belongs to somebody else */
} gr_array;

void gr_drop(gr_array *a);

size_t gr_type_size(int type);
const char *gr_type_name(int type); /* as in safetensors: F32, U8, ... */

/* Element i as a double; exact but for 64-bit integers beyond 2^53. */
double gr_element(const gr_array *a, size_t i);

/* Reverse the bytes of each element of `size` bytes. */
void gr_swap(unsigned char *data, size_t bytes, size_t size);

/* Elements, or bytes, of a shape; false when size_t cannot hold the number. */
bool gr_count(int rank, const size_t *dim, size_t *count);
bool gr_bytes_of(int type, int rank, const size_t *dim, size_t *bytes);

bool gr_same_shape(const gr_array *a, const gr_array *b);

typedef struct gr_text {
    char text[128];
} gr_text;

gr_text gr_shape(int rank, const size_t *dim); /* "(60000, 28, 28)" */

/* A copy of `a` as `type`, one of F32 F64 U8 I32, aligned to 64. To an integer type only
 * whole numbers go, below `bound` if that is not 0; the message names the row and the
 * value. */
bool gr_convert(const gr_array *a, gr_type type, int32_t bound, gr_array *out, gr_error *e);

/* ---- files ---- */

typedef struct gr_bytes {
    unsigned char *data; /* from malloc; a 0 follows the last byte */
    size_t size;
} gr_bytes;

/* The whole file, inflated when it is gzip. */
bool gr_read_file(const char *path, gr_bytes *out, gr_error *e);

/* A file that appears whole or not at all: write to .file, then close. Until then whatever
 * was at `path` stays. Closing says whether every byte reached the disk. A device or pipe
 * is written to directly. */
typedef struct gr_save {
    FILE *file;
    char *path, *temporary; /* temporary is NULL when writing directly */
} gr_save;

bool gr_save_open(gr_save *s, const char *path, gr_error *e);
bool gr_save_close(gr_save *s, gr_error *e);

/* ---- formats: the array lies in `data`, which the caller keeps and the reader may reorder
 * ---- */

bool gr_is_npy(const unsigned char *data, size_t size);
bool gr_is_idx(const unsigned char *data, size_t size);
bool gr_is_safetensors(const unsigned char *data, size_t size);

bool gr_parse_npy(unsigned char *data, size_t size, gr_array *out, gr_error *e);
bool gr_parse_idx(unsigned char *data, size_t size, gr_array *out, gr_error *e);

bool gr_write_npy(const char *path, const gr_array *a, gr_error *e);
void gr_put_npy(FILE *f, const gr_array *a);

/* The classes that the strings of a label column stand for, in the order of their bytes. */
typedef struct gr_classes {
    int count;
    char **name; /* one allocation */
} gr_classes;

/* Numbers that a table lacks: how many, and where the first of them is. */
typedef struct gr_gaps {
    size_t count;
    gr_text first;
} gr_gaps;

/* The columns of a table as F64 (rows, columns), or (rows) when one was asked for by a
 * single item. `columns` is NULL for all, or a list like "0-3", "petal_width,petal_length",
 * "4". Delimiter , ; or tab; fields may be quoted; a first line of names is recognised.
 * When `classes` is given and the one column chosen holds strings, they become indices into
 * *classes: those already there when count > 0, else the sorted set of the column's
 * strings. When `gaps` is given, what is missing among numbers is NaN and counted there. */
bool gr_parse_csv(const char *text, size_t size, const char *columns, gr_classes *classes,
                  gr_gaps *gaps, gr_array *out, gr_error *e);

typedef struct gr_named {
    const char *name;
    gr_array array;
} gr_named;

typedef struct gr_note {
    const char *key, *value;
} gr_note;

typedef struct gr_safetensors {
    int tensors, notes;
    gr_named *tensor;
    gr_note *note; /* __metadata__ */
    char *text;    /* the names and notes that a reader made */
} gr_safetensors;

bool gr_parse_safetensors(const unsigned char *data, size_t size, gr_safetensors *out,
                          gr_error *e);
bool gr_write_safetensors(const char *path, const gr_safetensors *s, gr_error *e);
const gr_array *gr_tensor_named(const gr_safetensors *s, const char *name);
const char *gr_note_named(const gr_safetensors *s, const char *key);
void gr_drop_safetensors(gr_safetensors *s);

/* ---- order ---- */

/* Where i goes in permutation `key` of 0..n-1; computed, not stored. */
uint64_t gr_permute(uint64_t i, uint64_t n, uint64_t key);

/* A well-mixed 64-bit number of two. */
uint64_t gr_mix(uint64_t a, uint64_t b);

#ifdef __cplusplus
}
#endif
#endif
