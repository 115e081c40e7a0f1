/* Subscripts: whatever is built, simplified or substituted has the value it should have, at
 * every place. */
#include "graphs.h"

#include <criterion/criterion.h>

enum { NIDX = 3, POINTS = 4 * 5 * 6 };

static const Index range[NIDX] = {{"a", 4, false}, {"b", 5, false}, {"c", 6, false}};

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0); }

static int64_t value(const Sub *s, const int64_t *at)
{
    int64_t sum = s->c;
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        int64_t x = t->kind == ATOM_INDEX ? at[t->index] : value(t->of, at);
        if (t->kind == ATOM_DIV)
            x = floor_div(x, t->by);
        if (t->kind == ATOM_MOD)
            x -= t->by * floor_div(x, t->by);
        sum += t->coef * x;
    }
    return sum;
}

static void set_point(int64_t at[NIDX], int point)
{
    at[0] = point / 30;
    at[1] = point / 6 % 5;
    at[2] = point % 6;
}

/* A subscript, and the values it ought to have. */
typedef struct Pair {
    const Sub *sub;
    int64_t is[POINTS];
} Pair;

static unsigned long long state = 88172645463325252u;

static int below(int n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (int)((state >> 20) % (unsigned)n);
}

static Pair make(Graph *g, const Pair *a, const Pair *b)
{
    Pair p = {0};
    int by = 1 + below(7), factor = below(9) - 4, how = below(5);
    for (int i = 0; i < POINTS; i++) {
        int64_t x = a->is[i], y = b->is[i];
        int64_t made[] = {x + y, x * factor, floor_div(x, by), x - by * floor_div(x, by),
                          x + y};
        p.is[i] = made[how];
    }
    switch (how) {
    case 1:
        p.sub = sub_scale(g, a->sub, factor);
        break;
    case 2:
        p.sub = sub_div(g, a->sub, by, range);
        break;
    case 3:
        p.sub = sub_mod(g, a->sub, by, range);
        break;
    default:
        p.sub = sub_add(g, a->sub, b->sub);
    }
    return p;
}

static void check_pair(const Pair *p)
{
    int64_t lo, hi, at[NIDX], first = p->is[0];
    bool constant = true;
    sub_range(p->sub, range, &lo, &hi);
    for (int i = 0; i < POINTS; i++) {
        set_point(at, i);
        cr_assert_eq(value(p->sub, at), p->is[i], "%lld at point %d, not %lld",
                     (long long)value(p->sub, at), i, (long long)p->is[i]);
        cr_assert(lo <= p->is[i] && p->is[i] <= hi);
        constant = constant && p->is[i] == first;
    }
    if (sub_is_const(p->sub))
        cr_assert(constant);
}

static bool is_small(const Pair *p)
{
    for (int i = 0; i < POINTS; i++)
        if (p->is[i] > 1000 || p->is[i] < -1000)
            return false;
    return p->sub->nterm < 12;
}

/* Three thousand subscripts made of each other. */
Test(sub, random_arithmetic)
{
    enum { ROOM = 40 };
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    Pair *pool = NEWN(a, Pair, ROOM);
    for (int k = 0; k < ROOM; k++) {
        pool[k].sub = k % 4 < NIDX ? I(k % 4) : C(k % 5 - 2);
        for (int i = 0; i < POINTS; i++) {
            int64_t at[NIDX];
            set_point(at, i);
            pool[k].is[i] = k % 4 < NIDX ? at[k % 4] : k % 5 - 2;
        }
    }
    for (int k = 0; k < 3000; k++) {
        Pair p = make(g, &pool[below(ROOM)], &pool[below(ROOM)]);
        check_pair(&p);
        int place = 4 + below(ROOM - 4); /* the bare ones stay in the pool */
        if (is_small(&p))
            pool[place] = p;
        else
            pool[place] = pool[below(4)];
    }
}

/* s with its indices replaced, against s at the replaced indices. */
Test(sub, substitution)
{
    Arena *a = new_arena();
    Graph *g = new_graph(a, "test");
    static const Index old[2] = {{"p", 24, false}, {"q", 30, false}};
    const Sub *to[2] = {PLUS(TIMES(I(0), 6), I(2)), PLUS(TIMES(I(1), 6), I(2))};
    const Sub *s[] = {
        sub_div(g, I(0), 6, old),
        sub_mod(g, I(0), 6, old),
        PLUS(sub_mod(g, PLUS(I(0), TIMES(I(1), 2)), 7, old), TIMES(I(1), -2)),
        sub_mod(g, sub_div(g, I(1), 2, old), 3, old),
        PLUS(TIMES(sub_div(g, PLUS(I(0), C(5)), 4, old), 4),
             sub_mod(g, PLUS(I(0), C(5)), 4, old)),
    };
    for (size_t k = 0; k < sizeof s / sizeof *s; k++) {
        const Sub *made = substitute_sub(g, s[k], to, range);
        for (int i = 0; i < POINTS; i++) {
            int64_t at[NIDX];
            set_point(at, i);
            int64_t replaced[2] = {value(to[0], at), value(to[1], at)};
            cr_assert_eq(value(made, at), value(s[k], replaced), "case %zu", k);
        }
    }
    /* Digits of a row-major position are its indices: a reshape there and back vanishes. */
    cr_assert_eq(substitute_sub(g, s[0], to, range), I(0));
    cr_assert_eq(substitute_sub(g, s[1], to, range), I(2));
}

/* What the top of sub.c promises to lose. */
Test(sub, simplifies)
{
    Arena *arena = new_arena();
    Graph *g = new_graph(arena, "test");
    const Sub *a = I(0), *b = I(1), *c = I(2), *ab = PLUS(TIMES(a, 5), b);
    cr_assert_eq(sub_div(g, ab, 5, range), a);
    cr_assert_eq(sub_mod(g, ab, 5, range), b);
    cr_assert_eq(sub_div(g, sub_div(g, c, 2, range), 2, range), sub_div(g, c, 4, range));
    cr_assert_eq(PLUS(TIMES(sub_div(g, c, 4, range), 4), sub_mod(g, c, 4, range)), c);
    cr_assert_eq(sub_mod(g, a, 4, range), a, "already less than 4");
    cr_assert_eq(sub_mod(g, a, 1, range), C(0));
    cr_assert_eq(PLUS(a, TIMES(a, -1)), C(0));
    cr_assert_eq(PLUS(a, PLUS(b, c)), PLUS(PLUS(c, a), b), "order does not matter");
    cr_assert_neq(sub_div(g, PLUS(ab, C(1)), 5, range), a, "the rest may be 5");
}

Test(sub, questions)
{
    Arena *arena = new_arena();
    Graph *g = new_graph(arena, "test");
    Tensor *t = integers(given(g, INPUT, "t", 1, 4), 7);
    const Sub *data = sub_data(g, AT(t, I(0)));
    int64_t lo, hi;
    sub_range(PLUS(TIMES(data, 2), TIMES(I(1), -3)), range, &lo, &hi);
    cr_assert(lo == -12 && hi == 12);
    cr_assert(sub_uses(data, 0) && !sub_uses(data, 1));
    cr_assert(sub_uses(sub_div(g, I(2), 4, range), 2));
    cr_assert_eq(sub_coef(PLUS(TIMES(I(1), -3), sub_div(g, I(2), 4, range)), 1), -3);
    cr_assert_eq(sub_coef(sub_div(g, I(2), 4, range), 2), 0, "not bare");
    int index;
    cr_assert(sub_is_index(I(2), &index) && index == 2);
    cr_assert_not(sub_is_index(TIMES(I(2), 2), &index));
    cr_assert_not(sub_is_index(PLUS(I(2), C(1)), &index));
}
