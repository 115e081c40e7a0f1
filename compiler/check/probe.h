/* Talking to a program made by `gradc check`: runtime/probe.c at the other end. */
#ifndef PROBE_H
#define PROBE_H

#include "vec.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct Record {
    const char *name;
    int64_t count;
    double *at;
} Record;
typedef VEC(Record) Records;

typedef struct Answer {
    Records gradients; /* what gradients() left: outputs, loss, metrics, gradients */
    Records step;      /* what step() left: parameters and states */
    const char *wrong; /* NULL; or why there is no answer */
} Answer;

/* Set the tensors of the request; `how` is n, training, updates made, seed, updates
 * planned. */
enum { HOW = 5 };
Answer ask(const char *program, const Records *request, const double how[HOW], Arena *a);

const Record *record_named(const Records *r, const char *name); /* NULL if there is none */

#endif
