#include "fuzz.h"

int fuzz_idx(const uint8_t *data, size_t size)
{
    gr_array a = {0};
    gr_error e;
    unsigned char *copy = exactly(data, size);
    if (gr_parse_idx(copy, size, &a, &e)) {
        use_array(&a);
        gr_drop(&a);
    }
    free(copy);
    return 0;
}
