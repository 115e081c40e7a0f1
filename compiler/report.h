/* What gradc tells a person about a model. */
#ifndef REPORT_H
#define REPORT_H

#include "loop.h"

/* Inputs, parameters, work and memory. */
void report_model(Out *o, const Module *m);

/* What --memory costs, if it does. */
void report_saving(Out *o, const Module *m);

size_t lasting_bytes(const Module *m); /* of tensors that have their place between calls */

#endif
