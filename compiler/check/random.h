/* Random numbers by counter: Philox4x32-10 (Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011). The runtime has its own; the two are tested against published
 * vectors and, through `gradc check`, against each other. */
#ifndef RANDOM_H
#define RANDOM_H

#include "scalar.h"

#include <stdint.h>

typedef struct Philox {
    uint32_t word[4];
} Philox;

Philox philox(uint64_t key, const uint32_t counter[4]);

/* What element `element` of site `site` draws at update `step`: a multiple of 2^-24 in [0,
 * 1), and a normal of mean 0 and deviation 1. */
Real uniform_at(uint64_t seed, uint64_t step, int site, int64_t element);
Real normal_at(uint64_t seed, uint64_t step, int site, int64_t element);

#endif
