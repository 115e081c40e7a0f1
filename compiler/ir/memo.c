/* Open hashing by the expression's own hash. */
#include "memo.h"

typedef struct MemoSlot {
    const Expr *key;
    Expr *value;
} MemoSlot;

enum { FIRST_SLOTS = 32 };

Memo new_memo(void)
{
    Memo m = {.arena = new_arena(), .slots = FIRST_SLOTS};
    m.slot = NEWN(m.arena, MemoSlot, FIRST_SLOTS);
    return m;
}

void free_memo(Memo *m) { free_arena(m->arena); }

static MemoSlot *find(const Memo *m, const Expr *key)
{
    size_t mask = (size_t)m->slots - 1, k = key->hash & mask;
    while (m->slot[k].key && m->slot[k].key != key)
        k = (k + 1) & mask;
    return &m->slot[k];
}

Expr *memo_get(const Memo *m, const Expr *key) { return find(m, key)->value; }

void memo_put(Memo *m, const Expr *key, Expr *value)
{
    if (2 * m->n >= m->slots) {
        MemoSlot *old = m->slot;
        int nold = m->slots;
        m->slots *= 2;
        m->slot = NEWN(m->arena, MemoSlot, m->slots);
        for (int i = 0; i < nold; i++)
            if (old[i].key)
                *find(m, old[i].key) = old[i];
    }
    MemoSlot *s = find(m, key);
    m->n += !s->key;
    *s = (MemoSlot){key, value};
}
