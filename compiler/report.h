/* What gradc tells a person about a model. */
#ifndef REPORT_H
#define REPORT_H

#include "loop.h"

/* Inputs, parameters, work and memory. */
void report_model(Out *o, const Module *m);

#endif
