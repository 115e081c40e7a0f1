/* What the fuzz entries share: input in memory of exactly its size, so that the sanitizer
 * sees every read beyond it; and use of whatever a reader says yes to.
 *
 * int fuzz_NAME(data, size) in NAME.c is the entry, NAME/ its corpus. unit/fuzz.c replays
 * all of them; fuzz.sh searches for more. */
#ifndef FUZZ_H
#define FUZZ_H

#include "grdata.h"

#include <stdlib.h>
#include <string.h>

static inline unsigned char *exactly(const uint8_t *data, size_t size)
{
    unsigned char *copy = malloc(size ? size : 1);
    return size ? memcpy(copy, data, size) : copy;
}

/* Read every element; to every type of a model, too. */
static inline void use_array(const gr_array *a)
{
    size_t n;
    gr_error e;
    if (!gr_count(a->rank, a->dim, &n) || n > 1u << 24)
        abort();
    volatile double sum = 0;
    for (size_t i = 0; i < n; i++)
        sum = sum + gr_element(a, i);
    for (int type = GR_F32; type <= GR_I32; type++) {
        gr_array b;
        if (gr_convert(a, (gr_type)type, type == GR_I32 ? 10 : 0, &b, &e))
            gr_drop(&b);
        else if (!e.text[0])
            abort();
    }
}

#endif
