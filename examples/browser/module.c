/* The digits as a WebAssembly module: what JavaScript calls, and memory for one model. */
#include "digits.h"

#define EXPORT(name) __attribute__((export_name(#name)))

static _Alignas(64) unsigned char block[DIGITS_SIZE];

EXPORT(start) void start(int steps)
{
    digits_init(block, 1);
    ((gr_context *)block)->steps = (uint64_t)steps;
}

EXPORT(batch) int batch(void) { return DIGITS_BATCH; }

/* Where the images of a batch, and what they show, are to be written. */
EXPORT(pixels) unsigned char *pixels(void) { return digits_pixels(block); }
EXPORT(labels) int32_t *labels(void) { return digits_digit(block); }

EXPORT(step) float step(int n)
{
    digits_step(block, n);
    return *digits_loss(block);
}

EXPORT(accuracy) float accuracy(int n)
{
    digits_forward(block, n);
    return *digits_accuracy(block);
}

/* All that the C asks of a world without libc. */
void *memcpy(void *to, const void *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    for (size_t i = 0; i < n; i++)
        ((char *)to)[i] = (char)byte;
    return to;
}
