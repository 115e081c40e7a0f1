/* Equations as mathematics: what LaTeX and MathML have in common. */
#ifndef MATHEMATICS_H
#define MATHEMATICS_H

#include "ir.h"

/* "dL/dh" is the derivative of the loss by h; a part of it is what comes by way of one of the
 * equations that read h. */
typedef struct Derivative {
    const char *of; /* NULL: it is no derivative */
    const char *by; /* the equation, for a part */
} Derivative;

Derivative derivative_of(const Tensor *t);

void write_latex(Out *o, const Tensor *t);  /* one equation, without delimiters */
void write_mathml(Out *o, const Tensor *t); /* one equation: the inside of <math> */
void put_xml(Out *o, const char *text);     /* with & < > " escaped */

#endif
