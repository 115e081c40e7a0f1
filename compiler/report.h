/* What gradc tells a person about a model. */
#ifndef REPORT_H
#define REPORT_H

#include "loop.h"

/* The equations of a simplified graph, each with the line that it comes from; only those that the
 * gradient of the tensor `name` needs, unless that is NULL. */
void report_gradients(Out *o, const Graph *g, const char *name);

/* Inputs, parameters, work and memory. */
void report_model(Out *o, const Module *m);

#endif
