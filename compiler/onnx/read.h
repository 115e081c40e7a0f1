/* Reads of tensors at subscripts; and subscripts as numbers. */
#ifndef READ_H
#define READ_H

#include "value.h"

Value array_of(Writer *w, const Expr *e);                      /* equation.c */
Value read_value(Writer *w, const Expr *e, bool whole);        /* whole: as a long */
const char *source_of(Writer *w, const Tensor *t, bool whole); /* all of it */
Value long_value(Writer *w, const Sub *s);                     /* as a long */

#endif
