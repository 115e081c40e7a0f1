/* The one rule of derivation, in gather form: solve f(x) = a for the indices of the
 * equation that reads, and sum over those that the read does not determine.
 *
 * The subscripts of the read are taken one dimension after another:
 *   - a bare index is the dimension's position;
 *   - the digits of one index (k/W, k % W) give it back: k = W*a0 + a1;
 *   - a window r + S*p with few r is solved for both: a = r + S*p has the solutions r = a %
 * S + S*j, p = a / S - j, and j runs over no more than the window holds of one remainder;
 *   - an affine form is solved for an index with coefficient +1 or -1, where one is left;
 *   - anything else (data, a second read of an index already known) becomes a condition.
 * A solved index that could leave its range is a condition as well. What stays unsolved is
 * summed over. Indices of the new equation: a first, then all of the reader's; the unused
 * are dropped at the end. */
#include "transpose.h"

#include "build.h"
#include "str.h"

#include <assert.h>

typedef struct Solution {
    Graph *g;
    const Expr *read;
    int rank, n;           /* of the tensor read; indices of the reader */
    Index idx[MAXIDX];     /* rank + n of them: the new equation's */
    const Sub *to[MAXIDX]; /* the reader's index j in new indices; unsolved: rank + j */
    bool solved[MAXIDX];
    bool used[MAXRANK]; /* dimensions that solved something */
    Expr *guard;
} Solution;

static void require(Solution *s, Expr *condition)
{
    s->guard = s->guard ? both(s->g, s->guard, condition) : condition;
}

/* What the read has in dimension k, in the new indices. */
static const Sub *subscript(Solution *s, int k)
{
    return substitute_sub(s->g, s->read->sub[k], s->to, s->idx);
}

/* The reader's index j is `value`: put that wherever j stands, and keep it below its
 * extent. */
static void solve_within(Solution *s, int j, const Sub *value, int extent)
{
    const Sub *step[MAXIDX];
    for (int i = 0; i < s->rank + s->n; i++)
        step[i] = i == s->rank + j ? value : sub_index(s->g, i);
    for (int i = 0; i < s->n; i++)
        s->to[i] = substitute_sub(s->g, s->to[i], step, s->idx);
    s->solved[j] = true;

    int64_t lo, hi;
    sub_range(value, s->idx, &lo, &hi);
    if (lo < 0)
        require(s, le(s->g, num(s->g, 0), number_of(s->g, value)));
    if (hi >= extent)
        require(s, lt(s->g, number_of(s->g, value), num(s->g, extent)));
}

static void solve(Solution *s, int j, const Sub *value)
{
    solve_within(s, j, value, s->idx[s->rank + j].extent);
}

static void solve_bare(Solution *s)
{
    for (int k = 0; k < s->rank; k++) {
        int j;
        if (!sub_is_index(s->read->sub[k], &j) || s->solved[j])
            continue;
        s->used[k] = true;
        s->idx[k].name = s->idx[s->rank + j].name;
        solve(s, j, sub_index(s->g, k));
    }
}

/* (j / by) % mod of a reader's index j; mod 0 stands for no remainder. */
typedef struct Digit {
    int index, dimension;
    int64_t by, mod;
} Digit;

static bool is_digit(const Sub *s, Digit *d)
{
    if (s->c || s->nterm != 1 || s->term->coef != 1)
        return false;
    const Term *t = s->term;
    *d = (Digit){.by = 1};
    if (t->kind == ATOM_MOD) {
        d->mod = t->by;
        if (sub_is_index(t->of, &d->index))
            return true;
        if (t->of->c || t->of->nterm != 1 || t->of->term->coef != 1)
            return false;
        t = t->of->term;
    }
    if (t->kind != ATOM_DIV || !sub_is_index(t->of, &d->index))
        return false;
    d->by = t->by;
    return true;
}

/* The dimension that holds the digit of j with this divisor. */
static bool find_digit(Solution *s, int j, int64_t by, Digit *found)
{
    for (int k = 0; k < s->rank; k++) {
        Digit d;
        if (!s->used[k] && is_digit(s->read->sub[k], &d) && d.index == j && d.by == by) {
            *found = d;
            found->dimension = k;
            return true;
        }
    }
    return false;
}

/* Mixed radix: from the digit of weight 1 upwards until the range of j is covered. */
static void solve_digits(Solution *s, int j)
{
    const Sub *value = sub_const(s->g, 0);
    int dimension[MAXRANK], n = 0;
    int64_t by = 1, extent = s->idx[s->rank + j].extent;
    Digit d;
    while (by < extent) {
        if (n == s->rank || !find_digit(s, j, by, &d))
            return;
        dimension[n++] = d.dimension;
        value = sub_add(s->g, value, sub_scale(s->g, sub_index(s->g, d.dimension), by));
        by = d.mod ? by * d.mod : extent;
    }
    if (!n)
        return;
    for (int i = 0; i < n; i++)
        s->used[dimension[i]] = true;
    solve(s, j, value);
}

/* An unsolved index that stands in sub only as +1 or -1 times itself; -1 if there is none.
 */
static int solvable(const Solution *s, const Sub *sub)
{
    for (int i = 0; i < sub->nterm; i++) {
        const Term *t = &sub->term[i];
        if (t->kind != ATOM_INDEX || t->index < s->rank || (t->coef != 1 && t->coef != -1))
            continue;
        bool elsewhere = false;
        for (int k = 0; k < sub->nterm; k++) {
            Sub rest = {.nterm = 1, .term = &sub->term[k]};
            elsewhere = elsewhere || (k != i && sub_uses(&rest, t->index));
        }
        if (!elsewhere)
            return t->index - s->rank;
    }
    return -1;
}

/* An unsolved index that is strided in sub: it alone, with this coefficient > 1; -1: none.
 */
static int strided(const Solution *s, const Sub *sub, int64_t *stride)
{
    for (int i = 0; i < sub->nterm; i++) {
        const Term *t = &sub->term[i];
        *stride = t->coef;
        if (t->kind == ATOM_INDEX && t->index >= s->rank && t->coef > 1)
            return t->index - s->rank;
    }
    return -1;
}

/* a_k = sub = r + S*p + rest. */
static bool solve_window(Solution *s, int k)
{
    Graph *g = s->g;
    const Sub *sub = subscript(s, k);
    int64_t stride;
    int r = solvable(s, sub), p = strided(s, sub, &stride);
    if (r < 0 || p < 0 || sub_coef(sub, s->rank + r) != 1)
        return false;
    const Sub *own = sub_add(g, sub_index(g, s->rank + r),
                             sub_scale(g, sub_index(g, s->rank + p), stride));
    const Sub *rest = sub_add(g, sub, sub_scale(g, own, -1));
    int window = s->idx[s->rank + r].extent, most = (int)((window + stride - 1) / stride);
    if (sub_uses(rest, s->rank + p) || most >= s->idx[s->rank + p].extent)
        return false;

    const Sub *a = sub_add(g, sub_index(g, k), sub_scale(g, rest, -1));
    const Sub *j = most > 1 ? sub_index(g, s->rank + r) : sub_const(g, 0);
    const Sub *least = sub_mod(g, a, stride, s->idx);
    s->idx[s->rank + r].extent = most; /* from here on, r stands for j */
    solve_within(s, r, sub_add(g, least, sub_scale(g, j, stride)), window);
    s->solved[r] = most == 1;
    solve(s, p, sub_add(g, sub_div(g, a, stride, s->idx), sub_scale(g, j, -1)));
    return true;
}

/* a_k = sub: solved for an index, or a condition. */
static void solve_affine(Solution *s, int k)
{
    Graph *g = s->g;
    const Sub *sub = subscript(s, k);
    int j = solvable(s, sub);
    if (j < 0) {
        if (sub != sub_index(g, k))
            require(s, eq(g, number_of(g, sub_index(g, k)), number_of(g, sub)));
        return;
    }
    int64_t coef = sub_coef(sub, s->rank + j);
    const Sub *own = sub_scale(g, sub_index(g, s->rank + j), coef);
    const Sub *rest = sub_add(g, sub, sub_scale(g, own, -1));
    const Sub *value = sub_add(g, sub_index(g, k), sub_scale(g, rest, -1));
    solve(s, j, sub_scale(g, value, coef));
}

/* Data subscripts hold expressions; their tensors' own subscripts follow the same map. */
static Solution solve_read(Graph *g, const Tensor *t, const Expr *read)
{
    const Tensor *a = read->tensor;
    Solution s = {.g = g, .read = read, .rank = a->rank, .n = t->nidx};
    if (a->rank + t->nidx > MAXIDX)
        bug("'%s' has too many indices to be turned around", t->name);
    for (int k = 0; k < s.rank; k++)
        s.idx[k] = a->idx[k];
    for (int j = 0; j < s.n; j++) {
        s.idx[s.rank + j] = t->idx[j];
        s.to[j] = sub_index(g, s.rank + j);
    }
    solve_bare(&s);
    for (int j = 0; j < s.n; j++)
        if (!s.solved[j])
            solve_digits(&s, j);
    for (int k = 0; k < s.rank; k++)
        if (!s.used[k] && !solve_window(&s, k))
            solve_affine(&s, k);
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
    for (int j = 0; j < s.n; j++) {
        close[s.rank + j] = sub_index(g, into->nidx);
        if (!s.solved[j])
            into->idx[into->nidx++] = s.idx[s.rank + j];
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
