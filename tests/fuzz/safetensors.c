#include "fuzz.h"

/* What was read can be written. */
int fuzz_safetensors(const uint8_t *data, size_t size)
{
    gr_safetensors s;
    gr_error e;
    unsigned char *copy = exactly(data, size);
    if (gr_parse_safetensors(copy, size, &s, &e)) {
        for (int i = 0; i < s.tensors; i++)
            use_array(&s.tensor[i].array);
        if (!gr_write_safetensors("/dev/null", &s, &e))
            abort();
        gr_drop_safetensors(&s);
    }
    free(copy);
    return 0;
}
