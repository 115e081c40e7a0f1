/* Slopes of the loss by finite differences: they share no rule with the derivation. */
#ifndef DIFFERENCES_H
#define DIFFERENCES_H

#include "interp.h"

typedef struct Slope {
    Real value;
    Real error; /* estimated */
    Real step;  /* the least it was found with */
    bool kink;  /* the slopes to the left and to the right disagree */
} Slope;

/* Slopes by the elements of one tensor. The run has its inputs and parameters set; between
 * begin and end its values are those of the point, afterwards they are so again. */
typedef struct Differences {
    Run *r;
    const Tensor *by, *loss;
    bool *which; /* by tensor id: equations on the way from `by` to the loss */
    Real step;   /* the first */
    Real base;   /* the loss at the point */
} Differences;

Differences begin_differences(Run *r, const Tensor *loss, const Tensor *by, Arena *a);
Slope slope(const Differences *d, int64_t element);

/* Estimates that do not settle may yet meet once: find it again with other steps, and let the
 * error be at least how far that is off. */
void confirm(const Differences *d, int64_t element, Slope *s);
void end_differences(const Differences *d);

#endif
