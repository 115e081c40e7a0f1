/* Subscripts: affine integer expressions in normal form.
 *
 * Terms are sorted by atom, so that equal subscripts are the same pointer. What a quotient
 * or a remainder by a constant can lose without knowing data it loses at once:
 *
 *   (d*q + r) / d = q  and  (d*q + r) % d = r      where 0 <= r < d for every index value
 *   (a / b) / c = a / (b*c)
 *   d*(a / d) + a % d = a                          when the two meet in a sum */
#include "cons.h"
#include "ir.h"

#include <assert.h>

enum { MAXTERMS = 64 };
static const int64_t FAR = (int64_t)1 << 40; /* beyond any extent, and safe to multiply */

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0); }

static int compare_atoms(const Term *a, const Term *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    switch (a->kind) {
    case ATOM_INDEX:
        return a->index - b->index;
    case ATOM_DATA:
        return a->data->id - b->data->id;
    case ATOM_DIV:
    case ATOM_MOD:
        if (a->by != b->by)
            return a->by < b->by ? -1 : 1;
        return a->of->id - b->of->id;
    }
    return 0;
}

/* Terms under construction. */
typedef struct Sum {
    int64_t c;
    int n;
    Term term[MAXTERMS];
} Sum;

static void add_term(Sum *s, Term t)
{
    int k = 0;
    while (k < s->n && compare_atoms(&s->term[k], &t) < 0)
        k++;
    if (k < s->n && compare_atoms(&s->term[k], &t) == 0) {
        s->term[k].coef += t.coef;
        if (s->term[k].coef == 0) {
            s->n--;
            for (; k < s->n; k++)
                s->term[k] = s->term[k + 1];
        }
        return;
    }
    if (s->n == MAXTERMS)
        bug("a subscript of more than %d terms", MAXTERMS);
    for (int i = s->n++; i > k; i--)
        s->term[i] = s->term[i - 1];
    s->term[k] = t;
}

static void add_scaled(Sum *s, const Sub *a, int64_t by)
{
    s->c += a->c * by;
    for (int i = 0; i < a->nterm && by; i++) {
        Term t = a->term[i];
        t.coef *= by;
        add_term(s, t);
    }
}

static const Sub *finish(Graph *g, const Sum *s)
{
    return cons_sub(g, s->c, s->n, s->term);
}

static const Sub *atom(Graph *g, Term t)
{
    t.coef = 1;
    return cons_sub(g, 0, 1, &t);
}

const Sub *sub_const(Graph *g, int64_t c) { return cons_sub(g, c, 0, NULL); }

const Sub *sub_index(Graph *g, int index)
{
    assert(index >= 0 && index < MAXIDX);
    return atom(g, (Term){.kind = ATOM_INDEX, .index = index});
}

const Sub *sub_data(Graph *g, Expr *read)
{
    assert(read->op == OP_read);
    return atom(g, (Term){.kind = ATOM_DATA, .data = read});
}

/* Find c*(a % m) beside c*m*(a / m) and put c*a in place of both; true if there was such a
 * pair. */
static bool join_quotient(Graph *g, Sum *s)
{
    for (int i = 0; i < s->n; i++) {
        Term mod = s->term[i];
        if (mod.kind != ATOM_MOD)
            continue;
        const Sub *quotient = sub_div(g, mod.of, mod.by, NULL);
        if (quotient->c || quotient->nterm != 1 || quotient->term[0].coef != 1)
            continue;
        for (int k = 0; k < s->n; k++) {
            Term div = s->term[k];
            if (compare_atoms(&div, &quotient->term[0]) || div.coef != mod.coef * mod.by)
                continue;
            div.coef = -div.coef;
            add_term(s, div);
            add_scaled(s, mod.of, mod.coef);
            mod.coef = -mod.coef;
            add_term(s, mod);
            return true;
        }
    }
    return false;
}

const Sub *sub_add(Graph *g, const Sub *a, const Sub *b)
{
    Sum s = {0};
    add_scaled(&s, a, 1);
    add_scaled(&s, b, 1);
    while (join_quotient(g, &s))
        ;
    return finish(g, &s);
}

const Sub *sub_scale(Graph *g, const Sub *a, int64_t by)
{
    Sum s = {0};
    add_scaled(&s, a, by);
    return finish(g, &s);
}

/* a = by * *quotient + *rest, with coefficients of rest that by does not divide. */
static void split(Graph *g, const Sub *a, int64_t by, const Sub **quotient,
                  const Sub **rest)
{
    Sum q = {.c = floor_div(a->c, by)};
    Sum r = {.c = a->c - by * q.c};
    for (int i = 0; i < a->nterm; i++) {
        Term t = a->term[i];
        if (t.coef % by == 0) {
            t.coef /= by;
            add_term(&q, t);
        } else {
            add_term(&r, t);
        }
    }
    *quotient = finish(g, &q);
    *rest = finish(g, &r);
}

static bool is_within(const Sub *s, const Index *idx, int64_t by)
{
    int64_t lo, hi;
    sub_range(s, idx, &lo, &hi);
    return lo >= 0 && hi < by;
}

const Sub *sub_div(Graph *g, const Sub *a, int64_t by, const Index *idx)
{
    assert(by > 0);
    if (by == 1)
        return a;
    const Sub *quotient, *rest;
    split(g, a, by, &quotient, &rest);
    if (is_within(rest, idx, by))
        return quotient;
    const Term *t = rest->term;
    Term div = {.kind = ATOM_DIV, .of = rest, .by = by};
    if (rest->c == 0 && rest->nterm == 1 && t->coef == 1 && t->kind == ATOM_DIV)
        return sub_add(g, quotient, sub_div(g, t->of, t->by * by, idx));
    return sub_add(g, quotient, atom(g, div));
}

const Sub *sub_mod(Graph *g, const Sub *a, int64_t by, const Index *idx)
{
    assert(by > 0);
    const Sub *quotient, *rest;
    split(g, a, by, &quotient, &rest);
    if (is_within(rest, idx, by))
        return rest;
    return atom(g, (Term){.kind = ATOM_MOD, .of = rest, .by = by});
}

static int64_t clamp(int64_t x) { return x < -FAR ? -FAR : x > FAR ? FAR : x; }

static int64_t far_product(int64_t a, int64_t b)
{
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product))
        return (a < 0) != (b < 0) ? -FAR : FAR;
    return clamp(product);
}

static void atom_range(const Term *t, const Index *idx, int64_t *lo, int64_t *hi)
{
    *lo = 0;
    switch (t->kind) {
    case ATOM_INDEX:
        *hi = idx ? idx[t->index].extent - 1 : FAR;
        break;
    case ATOM_MOD:
        *hi = t->by - 1;
        break;
    case ATOM_DATA:
        *hi = t->data->tensor->elem == ELEM_BYTE ? 255 : t->data->tensor->bound - 1;
        break;
    case ATOM_DIV:
        sub_range(t->of, idx, lo, hi);
        *lo = floor_div(*lo, t->by);
        *hi = floor_div(*hi, t->by);
        break;
    }
}

void sub_range(const Sub *s, const Index *idx, int64_t *lo, int64_t *hi)
{
    *lo = *hi = s->c;
    for (int i = 0; i < s->nterm; i++) {
        int64_t a, b, coef = s->term[i].coef;
        atom_range(&s->term[i], idx, &a, &b);
        *lo = clamp(*lo + far_product(coef, coef > 0 ? a : b));
        *hi = clamp(*hi + far_product(coef, coef > 0 ? b : a));
    }
}

int64_t sub_value(const Sub *s, const int *at)
{
    int64_t sum = s->c;
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        int64_t of = t->kind == ATOM_INDEX ? at[t->index] : sub_value(t->of, at);
        sum += t->coef * (t->kind == ATOM_DIV   ? floor_div(of, t->by)
                          : t->kind == ATOM_MOD ? of - t->by * floor_div(of, t->by)
                                                : of);
    }
    return sum;
}

bool sub_is_const(const Sub *s) { return s->nterm == 0; }

bool sub_is_index(const Sub *s, int *index)
{
    if (s->c || s->nterm != 1 || s->term->kind != ATOM_INDEX || s->term->coef != 1)
        return false;
    *index = s->term->index;
    return true;
}

bool sub_uses(const Sub *s, int index)
{
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if ((t->kind == ATOM_INDEX && t->index == index) ||
            (t->kind == ATOM_DATA && expr_uses(t->data, index)) ||
            (t->of && sub_uses(t->of, index)))
            return true;
    }
    return false;
}

int64_t sub_coef(const Sub *s, int index)
{
    for (int i = 0; i < s->nterm; i++)
        if (s->term[i].kind == ATOM_INDEX && s->term[i].index == index)
            return s->term[i].coef;
    return 0;
}
