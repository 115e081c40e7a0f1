/* Two open hash tables. Where a node sits in them depends on addresses; nothing else may:
 * the order of making, the id, is what everything sorts by, so every run gives the same
 * result. */
#include "cons.h"

#include <string.h>

#ifdef GRADC_HOSTILE
enum { FIRST_SLOTS = 2 };
#else
enum { FIRST_SLOTS = 1024 };
#endif

struct Cons {
    const Sub **sub;
    Expr **expr;
    int nsub, sub_slots, nexpr, expr_slots;
};

struct Cons *new_cons(Arena *a)
{
    struct Cons *c = NEW(a, struct Cons);
    c->sub_slots = c->expr_slots = FIRST_SLOTS;
    c->sub = NEWN(a, const Sub *, FIRST_SLOTS);
    c->expr = NEWN(a, Expr *, FIRST_SLOTS);
    return c;
}

static uint64_t mix(uint64_t h, uint64_t x)
{
    h ^= x;
    h *= 0x9e3779b97f4a7c15u;
    return h ^ (h >> 29);
}

static uint64_t hash_sub(int64_t c, int nterm, const Term *t)
{
    uint64_t h = mix(1, (uint64_t)c);
    for (int i = 0; i < nterm; i++) {
        h = mix(mix(mix(h, (uint64_t)t[i].coef), t[i].kind), (uint64_t)t[i].index);
        h = mix(mix(h, (uint64_t)t[i].by), t[i].of ? (uint64_t)t[i].of->id + 1 : 0);
        h = mix(h, t[i].data ? (uint64_t)t[i].data->id + 1 : 0);
    }
    return h;
}

static bool same_terms(const Sub *s, int64_t c, int nterm, const Term *t)
{
    if (s->c != c || s->nterm != nterm)
        return false;
    for (int i = 0; i < nterm; i++) {
        const Term *u = &s->term[i];
        if (u->coef != t[i].coef || u->kind != t[i].kind || u->index != t[i].index ||
            u->by != t[i].by || u->of != t[i].of || u->data != t[i].data)
            return false;
    }
    return true;
}

static void grow_subs(Graph *g)
{
    struct Cons *c = g->cons;
    const Sub **old = c->sub;
    int nold = c->sub_slots;
    c->sub_slots *= 2;
    c->sub = NEWN(g->arena, const Sub *, c->sub_slots);
    for (int i = 0; i < nold; i++) {
        if (!old[i])
            continue;
        size_t k = old[i]->hash & (size_t)(c->sub_slots - 1);
        while (c->sub[k])
            k = (k + 1) & (size_t)(c->sub_slots - 1);
        c->sub[k] = old[i];
    }
}

const Sub *cons_sub(Graph *g, int64_t c, int nterm, const Term *term)
{
    struct Cons *t = g->cons;
    if (2 * t->nsub >= t->sub_slots)
        grow_subs(g);
    uint64_t h = hash_sub(c, nterm, term);
    size_t k = h & (size_t)(t->sub_slots - 1);
    for (; t->sub[k]; k = (k + 1) & (size_t)(t->sub_slots - 1))
        if (t->sub[k]->hash == h && same_terms(t->sub[k], c, nterm, term))
            return t->sub[k];
    Term *copy = NEWN(g->arena, Term, nterm);
    if (nterm)
        memcpy(copy, term, (size_t)nterm * sizeof *copy);
    Sub *s = NEW(g->arena, Sub);
    *s = (Sub){.c = c, .nterm = nterm, .term = copy, .hash = h, .id = t->nsub++};
    t->sub[k] = s;
    return s;
}

static uint64_t bits(double x)
{
    uint64_t u;
    memcpy(&u, &x, sizeof u);
    return u;
}

static uint64_t hash_expr(const Expr *e, int nsub)
{
    uint64_t h = mix(mix(2, e->op), bits(e->value));
    h = mix(mix(h, e->scalar), (uint64_t)e->site);
    h = mix(h, (uint64_t)(uintptr_t)e->tensor);
    for (int i = 0; i < 3; i++)
        h = mix(h, e->arg[i] ? (uint64_t)e->arg[i]->id + 1 : 0);
    for (int i = 0; i < nsub; i++)
        h = mix(h, (uint64_t)e->sub[i]->id);
    return h;
}

static bool same_expr(const Expr *a, const Expr *b, int nsub)
{
    if (a->op != b->op || bits(a->value) != bits(b->value) || a->scalar != b->scalar ||
        a->site != b->site || a->tensor != b->tensor)
        return false;
    for (int i = 0; i < 3; i++)
        if (a->arg[i] != b->arg[i])
            return false;
    for (int i = 0; i < nsub; i++)
        if (a->sub[i] != b->sub[i])
            return false;
    return true;
}

static void grow_exprs(Graph *g)
{
    struct Cons *c = g->cons;
    Expr **old = c->expr;
    int nold = c->expr_slots;
    c->expr_slots *= 2;
    c->expr = NEWN(g->arena, Expr *, c->expr_slots);
    for (int i = 0; i < nold; i++) {
        if (!old[i])
            continue;
        size_t k = old[i]->hash & (size_t)(c->expr_slots - 1);
        while (c->expr[k])
            k = (k + 1) & (size_t)(c->expr_slots - 1);
        c->expr[k] = old[i];
    }
}

Expr *cons_expr(Graph *g, const Expr *e, int nsub)
{
    struct Cons *t = g->cons;
    if (2 * t->nexpr >= t->expr_slots)
        grow_exprs(g);
    uint64_t h = hash_expr(e, nsub);
    size_t k = h & (size_t)(t->expr_slots - 1);
    for (; t->expr[k]; k = (k + 1) & (size_t)(t->expr_slots - 1))
        if (t->expr[k]->hash == h && same_expr(t->expr[k], e, nsub))
            return t->expr[k];
    Expr *copy = NEW(g->arena, Expr);
    *copy = *e;
    if (nsub) {
        const Sub **sub = NEWN(g->arena, const Sub *, nsub);
        memcpy(sub, e->sub, (size_t)nsub * sizeof *sub);
        copy->sub = sub;
    }
    copy->hash = h;
    copy->id = g->made++;
    t->nexpr++;
    t->expr[k] = copy;
    return copy;
}
