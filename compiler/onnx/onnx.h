/* The equations of a model's outputs as a graph of ONNX operators.
 *
 * ONNX computes whole arrays; an equation computes an element for each value of its
 * indices. So every subexpression becomes an array with one dimension for each index that
 * it depends on, in the order of the indices. Operators then do what they do anyway:
 * dimensions that an operand lacks are repeated, and a reduction takes some away.
 *
 * Parameters and states stay outside: they are named, and whoever writes the file adds
 * them. */
#ifndef ONNX_H
#define ONNX_H

#include "ir.h"

enum { ONNX_OPSET = 17, ONNX_IR = 8 };

typedef VEC(unsigned char) Bytes;

typedef struct Onnx {
    Bytes graph;               /* fields of a GraphProto, to which others can be appended */
    VEC(const Tensor *) given; /* inputs, parameters and states that it reads */
    const char *fault;         /* why there is none: "... at vae.nn:12"; or NULL */
} Onnx;

/* g holds the equations of the outputs, training is off. An input x is read as "x:in". */
Onnx onnx_of(Graph *g, bool f64, Arena *a);

#endif
