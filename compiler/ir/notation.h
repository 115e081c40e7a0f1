/* Ways to write an equation down. print.c walks equations; what stands where is a table:
 * the one of print.c is that of the language, show/ has those of mathematics. */
#ifndef NOTATION_H
#define NOTATION_H

#include "ir.h"

/* How tightly an expression holds together; an operand that holds less gets parentheses. */
typedef enum Level {
    L_IF,
    L_OR,
    L_AND,
    L_NOT,
    L_COMPARE,
    L_SUM,
    L_PRODUCT,
    L_SIGN,
    L_POWER,
    L_ATOM
} Level;

/* One operation: %1 %2 %3 in the text are its operands. Without a text it is a call. */
typedef struct Form {
    const char *text;
    Level level, least[3]; /* of the whole, and at least of the operands */
} Form;

/* Before, between and after the things in a list. */
typedef struct Marks {
    const char *open, *between, *close;
} Marks;

typedef struct Notation {
    Form form[NOP];
    Form minus, times, quotient, remainder; /* of whole numbers: -i, 2*i, i/8, i % 8 */
    Form floor;                    /* a quotient of whole numbers among reals */
    Marks call, parentheses, subscripts, indices, reduction;
    const char *before_reduction; /* in front of its name; may be NULL */
    const char *outside; /* between the last subscript and the value outside the tensor */
    const char *equals, *below; /* below: between an index and its extent */
    const char *examples;       /* the number of examples */
    bool implicit_batch; /* reads do not mention the batch */
    bool show_ranges;    /* on the left too, where the equation does not tell them */
    void (*number)(Out *o, double value);
    void (*word)(Out *o, const char *word);     /* an index, a scalar */
    void (*function)(Out *o, const char *name); /* a reduction too */
    void (*begin)(Out *o, const Tensor *t); /* its name, before the subscripts */
    void (*end)(Out *o, const Tensor *t);   /* what follows them */
} Notation;

extern const Notation plain; /* that of print_tensor() */

void write_expr(Out *o, const Notation *n, const Tensor *of, const Expr *e);
void write_equation(Out *o, const Notation *n, const Tensor *t);
void write_left(Out *o, const Notation *n, const Tensor *t); /* its left side */
void write_declaration(Out *o, const Notation *n, const Tensor *t); /* what is no equation */

#endif
