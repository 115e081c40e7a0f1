/* The one rule of derivation, in gather form: solve f(x) = a for the indices of the
 * equation that reads, and sum over those that the read does not determine.
 *
 * There is an equation f_k(x) = a_k for each dimension of what is read. In this order:
 *   - S*f + g = a with 0 <= g < S is two equations, f = a / S and g = a % S;
 *   - a bare index is the other side, and an index that runs over one place is 0;
 *   - digits, quotients and remainders of one f, make f: k/W = a0 and k % W = a1 give k =
 *     W*a0 + a1. A digit that is not read takes every value: a new index, summed over;
 *   - a window, S*p + r = a with few r, gives both: r = a % S + S*j and p = a / S - j with
 * a new index j, which runs over no more than the window holds of one remainder;
 *   - what is left is solved for an index with coefficient +1 or -1, where there is one;
 *   - anything else (data, a second read of an index already known) becomes a condition.
 * A solved index that could leave its range is a condition as well. What stays unsolved is
 * summed over. Indices of the new equation: a first, then all of the reader's, then new
 * ones; the unused are dropped at the end. */
#include "transpose.h"

#include "build.h"
#include "str.h"

#include <assert.h>

/* f(x) = value: f in the reader's indices, value in those of the new equation. The
 * constants are all on the right. */
typedef struct Equation {
    const Sub *f, *value;
    bool done;
} Equation;

enum { MOST = 4 * MAXRANK };

typedef struct Solution {
    Graph *g;
    int rank, n, all;      /* of the tensor read; indices of the reader; with new ones */
    Index idx[MAXIDX];     /* `all` of them: the new equation's */
    const Sub *to[MAXIDX]; /* the reader's index j in new indices; unsolved: rank + j */
    bool solved[MAXIDX];
    Equation eq[MOST];
    int equations;
    Expr *guard;
} Solution;

static void require(Solution *s, Expr *condition)
{
    s->guard = s->guard ? both(s->g, s->guard, condition) : condition;
}

/* f of an equation, in the new indices. */
static const Sub *left(Solution *s, const Equation *e)
{
    return substitute_sub(s->g, e->f, s->to, s->idx);
}

static const Sub *minus(Graph *g, const Sub *a, const Sub *b)
{
    return sub_add(g, a, sub_scale(g, b, -1));
}

/* The reader's index j is `value`: put that wherever j stood, and keep it in its range. */
static void solve(Solution *s, int j, const Sub *value)
{
    const Sub *step[MAXIDX];
    for (int i = 0; i < s->all; i++)
        step[i] = i == s->rank + j ? value : sub_index(s->g, i);
    for (int i = 0; i < s->n; i++)
        s->to[i] = substitute_sub(s->g, s->to[i], step, s->idx);
    if (s->guard)
        s->guard = substitute(s->g, s->guard, step, s->idx);
    s->solved[j] = true;

    int64_t lo, hi;
    sub_range(value, s->idx, &lo, &hi);
    Index own = s->idx[s->rank + j];
    if (lo < 0)
        require(s, le(s->g, num(s->g, 0), number_of(s->g, value)));
    if (hi >= own.extent)
        require(s, lt(s->g, number_of(s->g, value), num(s->g, own.extent)));
}

/* A new index of the new equation, called like the reader's j. */
static const Sub *new_index(Solution *s, int j, int64_t extent)
{
    s->idx[s->all] = (Index){s->idx[s->rank + j].name, (int)extent, false};
    return sub_index(s->g, s->all++);
}

/* ---- Sums of parts ---- */

/* The terms of f that S divides, over S, and the others. */
static void part(Graph *g, const Sub *f, int64_t S, const Sub **high, const Sub **low)
{
    *high = *low = sub_const(g, 0);
    for (int i = 0; i < f->nterm; i++) {
        Term t = f->term[i];
        const Sub one = {.nterm = 1, .term = &t};
        bool divides = t.coef % S == 0;
        t.coef /= divides ? S : 1;
        const Sub **side = divides ? high : low;
        *side = sub_add(g, *side, sub_scale(g, &one, 1));
    }
}

/* The least coefficient that divides f into S*high + low with 0 <= low < S; 0: none does.
 */
static int64_t radix(const Solution *s, const Sub *f)
{
    int64_t least = 0, lo, hi;
    const Sub *high, *low;
    for (int i = 0; i < f->nterm; i++) {
        int64_t S = f->term[i].coef;
        if (S < 2 || (least && S >= least))
            continue;
        part(s->g, f, S, &high, &low);
        sub_range(low, s->idx, &lo, &hi);
        if (lo >= 0 && hi < S)
            least = S;
    }
    return least;
}

static bool split(Solution *s, Equation *e)
{
    Graph *g = s->g;
    int64_t S = s->equations < MOST ? radix(s, left(s, e)) : 0;
    if (!S)
        return false;
    const Sub *high, *low, *value = e->value;
    part(g, e->f, S, &high, &low);
    *e = (Equation){high, sub_div(g, value, S, s->idx), false};
    s->eq[s->equations++] = (Equation){low, sub_mod(g, value, S, s->idx), false};
    return true;
}

/* ---- Indices that stand alone ---- */

static void solve_bare(Solution *s)
{
    for (int i = 0; i < s->equations; i++) {
        Equation *e = &s->eq[i];
        int j, k;
        if (e->done || !sub_is_index(e->f, &j) || s->solved[j])
            continue;
        e->done = true;
        if (sub_is_index(e->value, &k))
            s->idx[k].name = s->idx[s->rank + j].name;
        solve(s, j, e->value);
    }
    for (int j = 0; j < s->n; j++)
        if (!s->solved[j] && s->idx[s->rank + j].extent == 1 && !s->idx[s->rank + j].batch)
            solve(s, j, sub_const(s->g, 0));
}

/* ---- Digits ---- */

/* (of / by) % mod; mod 0 stands for no remainder. */
typedef struct Digit {
    const Sub *of;
    int64_t by, mod;
} Digit;

static bool is_digit(const Sub *f, Digit *d)
{
    if (f->c || f->nterm != 1 || f->term->coef != 1)
        return false;
    const Term *t = f->term;
    *d = (Digit){.by = 1};
    if (t->kind == ATOM_MOD) {
        d->mod = t->by;
        d->of = t->of;
        t = t->of->term;
        if (d->of->c || d->of->nterm != 1 || t->coef != 1 || t->kind != ATOM_DIV)
            return true;
    }
    if (t->kind != ATOM_DIV)
        return false;
    d->of = t->of;
    d->by = t->by;
    return true;
}

/* Is this index of the new equation one of the reader's? Solved ones stand nowhere. */
static bool is_unsolved(const Solution *s, int index)
{
    return index >= s->rank && index < s->rank + s->n;
}

/* An unsolved index that stands in f only as +1 or -1 times itself; -1 if there is none. */
static int solvable(const Solution *s, const Sub *f)
{
    for (int i = 0; i < f->nterm; i++) {
        const Term *t = &f->term[i];
        if (t->kind != ATOM_INDEX || !is_unsolved(s, t->index) ||
            (t->coef != 1 && t->coef != -1))
            continue;
        bool elsewhere = false;
        for (int k = 0; k < f->nterm; k++) {
            Sub rest = {.nterm = 1, .term = &f->term[k]};
            elsewhere = elsewhere || (k != i && sub_uses(&rest, t->index));
        }
        if (!elsewhere)
            return t->index - s->rank;
    }
    return -1;
}

/* f = value, f having index j as +1 or -1 times itself. */
static void solve_for(Solution *s, int j, const Sub *f, const Sub *value)
{
    int64_t coef = sub_coef(f, s->rank + j);
    const Sub *own = sub_scale(s->g, sub_index(s->g, s->rank + j), coef);
    solve(s, j, sub_scale(s->g, minus(s->g, value, minus(s->g, f, own)), coef));
}

/* The equation that has the digit of `of` of the least weight from `by` on. */
static Equation *next_digit(Solution *s, const Sub *of, int64_t by, Digit *found)
{
    Equation *next = NULL;
    for (int i = 0; i < s->equations; i++) {
        Digit d;
        Equation *e = &s->eq[i];
        if (e->done || !is_digit(left(s, e), &d) || d.of != of || d.by < by ||
            d.by % by != 0 || (next && d.by >= found->by))
            continue;
        next = e;
        *found = d;
    }
    return next;
}

/* Mixed radix: from the digit of weight 1 upwards until the range of `of` is covered. */
static void solve_digits(Solution *s, const Sub *of)
{
    Graph *g = s->g;
    const Sub *value = sub_const(g, 0);
    int64_t by = 1, lo, hi;
    int j = solvable(s, of);
    if (j < 0 || s->all + s->equations >= MAXIDX)
        return;
    Digit d;
    for (Equation *e; by && (e = next_digit(s, of, by, &d)); by = d.by * d.mod) {
        if (d.by > by)
            value = sub_add(g, value, sub_scale(g, new_index(s, j, d.by / by), by));
        value = sub_add(g, value, sub_scale(g, e->value, d.by));
        e->done = true;
    }
    if (by) {
        sub_range(sub_div(g, of, by, s->idx), s->idx, &lo, &hi);
        const Sub *top = lo < hi ? new_index(s, j, hi - lo + 1) : sub_const(g, 0);
        value = sub_add(g, value, sub_scale(g, sub_add(g, top, sub_const(g, lo)), by));
    }
    solve_for(s, j, of, value);
}

/* ---- Windows ---- */

/* An unsolved index that f has a multiple of; -1: none. */
static int strided(const Solution *s, const Sub *f, int64_t *stride)
{
    for (int i = 0; i < f->nterm; i++) {
        const Term *t = &f->term[i];
        *stride = t->coef;
        if (t->kind == ATOM_INDEX && is_unsolved(s, t->index) && t->coef > 1)
            return t->index - s->rank;
    }
    return -1;
}

/* f = r + S*p + rest. */
static bool solve_window(Solution *s, Equation *e)
{
    Graph *g = s->g;
    const Sub *f = left(s, e);
    int64_t stride;
    int r = solvable(s, f), p = strided(s, f, &stride);
    if (r < 0 || p < 0 || sub_coef(f, s->rank + r) != 1 || s->all == MAXIDX)
        return false;
    const Sub *window = sub_index(g, s->rank + r), *place = sub_index(g, s->rank + p);
    const Sub *rest = minus(g, minus(g, f, window), sub_scale(g, place, stride));
    int64_t most = (s->idx[s->rank + r].extent + stride - 1) / stride;
    if (sub_uses(rest, s->rank + p) || most >= s->idx[s->rank + p].extent)
        return false;

    const Sub *a = minus(g, e->value, rest);
    const Sub *j = most > 1 ? new_index(s, r, most) : sub_const(g, 0);
    solve(s, r, sub_add(g, sub_mod(g, a, stride, s->idx), sub_scale(g, j, stride)));
    solve(s, p, minus(g, sub_div(g, a, stride, s->idx), j));
    e->done = true;
    return true;
}

/* ---- What is left ---- */

static void solve_rest(Solution *s, Equation *e)
{
    Graph *g = s->g;
    const Sub *f = left(s, e);
    int j = solvable(s, f);
    if (j >= 0)
        solve_for(s, j, f, e->value);
    else if (f != e->value)
        require(s, eq(g, number_of(g, e->value), number_of(g, f)));
    e->done = true;
}

/* Data subscripts hold expressions; their tensors' own subscripts follow the same map. */
static Solution solve_read(Graph *g, const Tensor *t, const Expr *read)
{
    const Tensor *a = read->tensor;
    Solution s = {.g = g, .rank = a->rank, .n = t->nidx, .all = a->rank + t->nidx};
    if (s.all > MAXIDX)
        bug("'%s' has too many indices to be turned around", t->name);
    for (int k = 0; k < s.rank; k++) {
        s.idx[k] = a->idx[k];
        const Sub *c = sub_const(g, read->sub[k]->c);
        s.eq[s.equations++] =
            (Equation){minus(g, read->sub[k], c), minus(g, sub_index(g, k), c), false};
    }
    for (int j = 0; j < s.n; j++) {
        s.idx[s.rank + j] = t->idx[j];
        s.to[j] = sub_index(g, s.rank + j);
    }
    for (int i = 0; i < s.equations; i++)
        while (split(&s, &s.eq[i]))
            ;
    solve_bare(&s);
    for (int i = 0; i < s.equations; i++) {
        Digit d;
        if (!s.eq[i].done && is_digit(left(&s, &s.eq[i]), &d))
            solve_digits(&s, d.of);
    }
    for (int i = 0; i < s.equations; i++)
        if (!s.eq[i].done && !solve_window(&s, &s.eq[i]))
            solve_rest(&s, &s.eq[i]);
    return s;
}

/* Two indices of one equation have different names. */
static void name_apart(Tensor *t)
{
    for (int i = 1; i < t->nidx; i++) {
        const char *base = t->idx[i].name;
        for (int k = 0, n = 2; k < i; k++)
            if (t->idx[k].name == t->idx[i].name) {
                t->idx[i].name = intern_f("%s%d", base, n++);
                k = -1;
            }
    }
}

void transpose_read(Graph *g, Tensor *into, const Tensor *t, const Expr *read, Flow flow)
{
    Solution s = solve_read(g, t, read);

    /* Close the gaps that solved indices leave. */
    const Sub *close[MAXIDX];
    into->nidx = s.rank;
    for (int i = 0; i < s.rank; i++) {
        into->idx[i] = s.idx[i];
        close[i] = sub_index(g, i);
    }
    for (int i = s.rank; i < s.all; i++) {
        close[i] = sub_index(g, into->nidx);
        if (i >= s.rank + s.n || !s.solved[i - s.rank])
            into->idx[into->nidx++] = s.idx[i];
    }
    name_apart(into);

    const Sub *to[MAXIDX];
    for (int j = 0; j < s.n; j++)
        to[j] = substitute_sub(g, s.to[j], close, into->idx);
    Expr *body = substitute(g, flow.value, to, into->idx);
    if (flow.guard)
        body = choose(g, substitute(g, flow.guard, to, into->idx), body, num(g, 0));
    if (s.guard)
        body = choose(g, substitute(g, s.guard, close, into->idx), body, num(g, 0));
    into->body = body;
    into->reduce = into->nidx > into->rank ? REDUCE_SUM : REDUCE_NONE;
}
