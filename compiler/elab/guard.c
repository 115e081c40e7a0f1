/* What enclosing conditions say about indices.
 *
 * A fact is a subscript known to be at least 0. Conditions give facts where they are
 * conjunctions of comparisons between whole numbers: of indices, constants and integer
 * data. */
#include "eq.h"

static void add_fact(Eq *q, const Sub *a, const Sub *b, int64_t less)
{
    const Sub *f =
        sub_add(q->g, sub_add(q->g, a, sub_scale(q->g, b, -1)), sub_const(q->g, -less));
    PUSH(q->g->arena, &q->fact, f);
}

static void assume_comparison(Eq *q, const Expr *c, bool holds)
{
    const Sub *a = sub_of_expr(q, c->arg[0]), *b = sub_of_expr(q, c->arg[1]);
    if (!a || !b)
        return;
    switch (c->op) {
    case OP_lt: /* b - a - 1 >= 0, or a - b >= 0 */
        add_fact(q, holds ? b : a, holds ? a : b, holds);
        return;
    case OP_le:
        add_fact(q, holds ? b : a, holds ? a : b, !holds);
        return;
    case OP_eq:
    case OP_ne:
        if ((c->op == OP_eq) != holds)
            return;
        add_fact(q, a, b, 0);
        add_fact(q, b, a, 0);
        return;
    default:
        return;
    }
}

void assume(Eq *q, const Expr *c, bool holds)
{
    if (c->op == OP_not) {
        assume(q, c->arg[0], !holds);
    } else if (c->op == (holds ? OP_and : OP_or)) {
        assume(q, c->arg[0], holds);
        assume(q, c->arg[1], holds);
    } else if (opinfo[c->op].arity == 2) {
        assume_comparison(q, c, holds);
    }
}

enum { MOST = 1 << 20 }; /* far from overflow */

/* How many times f may be taken from s so that an atom of both disappears; 0: none does. */
static int64_t common(const Sub *s, const Sub *f)
{
    for (int i = 0; i < s->nterm; i++)
        for (int k = 0; k < f->nterm; k++) {
            const Term *a = &s->term[i], *b = &f->term[k];
            bool same = a->kind == b->kind && a->index == b->index && a->of == b->of &&
                        a->by == b->by && a->data == b->data;
            int64_t ratio = same && a->coef % b->coef == 0 ? a->coef / b->coef : 0;
            if (ratio > 0 && ratio < MOST)
                return ratio;
        }
    return 0;
}

/* s = (s - c f) + c f with c > 0: at least 0 if the rest is. */
static bool proven(const Eq *q, const Sub *s, int depth)
{
    int64_t lo, hi;
    sub_range(s, q->idx, &lo, &hi);
    if (lo >= 0)
        return true;
    for (int i = 0; i < q->fact.n && depth > 0; i++) {
        int64_t c = common(s, q->fact.at[i]);
        if (c && proven(q, sub_add(q->g, s, sub_scale(q->g, q->fact.at[i], -c)), depth - 1))
            return true;
    }
    return false;
}

bool follows(const Eq *q, const Sub *s) { return proven(q, s, 3); }
