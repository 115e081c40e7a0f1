/* A map from expressions to expressions that lives as long as one walk. */
#ifndef MEMO_H
#define MEMO_H

#include "ir.h"

typedef struct Memo {
    Arena *arena;
    struct MemoSlot *slot;
    int n, slots;
} Memo;

Memo new_memo(void);
void free_memo(Memo *m);
Expr *memo_get(const Memo *m, const Expr *key); /* NULL if absent */
void memo_put(Memo *m, const Expr *key, Expr *value);

#endif
