/* Numbers in safetensors files. What is wrong with them fails the test. */
#ifndef NUMBERS_H
#define NUMBERS_H

#include "grdata.h"

gr_safetensors load(const char *path);

/* Every number within `tolerance` of its own size; numbers that are mere rounding error of
 * the others in the tensor need not agree. */
void compare(const char *what, const gr_array *a, const gr_array *b, double tolerance);

#endif
