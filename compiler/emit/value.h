/* Expressions of the generated C. */
#ifndef VALUE_H
#define VALUE_H

#include "loop.h"

/* How tightly an expression binds in C; an operand that binds less gets parentheses. */
typedef enum Level {
    L_ANY,
    L_EQUAL,   /* == != */
    L_COMPARE, /* < <= */
    L_SUM,     /* + - */
    L_PRODUCT, /* * / % */
    L_UNARY,   /* - & casts */
    L_POSTFIX, /* names, numbers, calls, subscripts */
} Level;

void put_int(Out *o, const Int *i, Level least);
void put_value(Out *o, const Val *v, bool f64, Level least);

/* view[sub...] */
void put_element(Out *o, const View *v, const Int *const *sub);

Elem elem_of(const View *v);
const char *suffix_of(Elem e); /* in the names of simd.h: "_u8", "_i32" */

/* The operator of C that a value's outermost operation is, "+", or NULL. */
const char *sign_of(const Val *v);

#endif
