/* Hash-consing, private to ir/: one copy of each expression and subscript of a graph. */
#ifndef CONS_H
#define CONS_H

#include "ir.h"

const Sub *cons_sub(Graph *g, int64_t c, int nterm, const Term *term);
Expr *cons_expr(Graph *g, const Expr *e, int nsub);

struct Cons;
struct Cons *new_cons(Arena *a);

#endif
