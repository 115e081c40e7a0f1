/* The point at which a check is made. */
#ifndef SAMPLE_H
#define SAMPLE_H

#include "interp.h"

/* Set inputs, parameters and states, all to numbers that a float holds. Where the loss is
 * no number for reals from -1 to 1, reals from 0.1 to 1 are tried. False if it is none
 * then. */
bool set_point(Run *r, const Tensor *loss, uint64_t seed);

/* The same, but parameters and states are as the program starts and its own seed stays. */
bool set_start(Run *r, const Tensor *loss);

/* A whole number below `below`, the k-th of its seed. */
int64_t choose_below(uint64_t seed, int k, int64_t below);

#endif
