#include "fuzz.h"

/* The first byte chooses what is asked of the table in the rest. */
int fuzz_csv(const uint8_t *data, size_t size)
{
    static const char *const columns[] = {NULL, "0", "1-3", "a,b", "2,0", "x"};
    if (size == 0)
        return 0;
    gr_array a = {0};
    gr_error e;
    gr_classes classes = {0};
    gr_gaps gaps = {0};
    bool strings = data[0] & 1;
    char *copy = (char *)exactly(data + 1, size - 1);
    if (gr_parse_csv(copy, size - 1, columns[data[0] / 2 % 6], strings ? &classes : NULL,
                     strings ? NULL : &gaps, &a, &e)) {
        use_array(&a);
        gr_drop(&a);
    }
    free(classes.name);
    free(copy);
    return 0;
}
