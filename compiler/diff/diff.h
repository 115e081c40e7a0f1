/* Derivation: equations in, equations out. */
#ifndef DIFF_H
#define DIFF_H

#include "ir.h"

/* Give every adjoint without a body (a tensor whose `of` is set) its equation: the
 * derivative of the loss by that tensor. Adds the adjoints in between. */
void derive(Graph *g);

#endif
