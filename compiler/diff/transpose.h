/* Turning a read around, private to diff/. */
#ifndef TRANSPOSE_H
#define TRANSPOSE_H

#include "vjp.h"

/* In equation t, at indices x, the tensor read->tensor is read at f(x), and `flow` says
 * what flows back through that read, over t's indices. Make `into` the equation
 *
 *   into[a] = sum over {x : f(x) = a} of flow(x)
 *
 * `into` has the shape of read->tensor and no body yet. */
void transpose_read(Graph *g, Tensor *into, const Tensor *t, const Expr *read, Flow flow);

#endif
