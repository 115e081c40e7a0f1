/* In which order the dimensions of a tensor lie in memory.
 *
 * Row-major as written, but for tensors that windows slide over. A window is a subscript of
 * several indices that reaches some element in more than one way, like p + r or 2*p + r for
 * r < 3. Lanes along a dimension that windows slide over would start anywhere in a line and
 * end outside of the tensor; lanes along the batch do neither, whatever the extents. So
 * what such an equation reads and computes for each example lies
 *
 *   [the dimensions that windows slide over][the others][batch]
 *
 * and one window is a few runs of memory, without two of its elements a power of two apart.
 * What other equations compute of it element by element lies the same way. */
#include "layout.h"

#include "str.h"

/* ---- Windows ---- */

/* The distinct values of a sum of terms, taken from the finest on, are as many as there are
 * values of its indices: no window. */
static bool is_mixed_radix(const Sub *s, const Index *idx)
{
    int64_t reach = 0;
    for (int done = 0; done < s->nterm; done++) {
        const Term *next = NULL;
        int64_t weight = 0;
        for (int i = 0; i < s->nterm; i++) {
            int64_t w = s->term[i].coef < 0 ? -s->term[i].coef : s->term[i].coef;
            if (w > reach && (!next || w < weight)) {
                next = &s->term[i];
                weight = w;
            }
        }
        if (!next)
            return false;
        int64_t lo, hi;
        sub_range(&(Sub){.nterm = 1, .term = next}, idx, &lo, &hi);
        reach += hi - lo;
    }
    return true;
}

static bool is_window(const Sub *s, const Index *idx)
{
    for (int i = 0; i < s->nterm; i++)
        if (s->term[i].kind == ATOM_DATA)
            return false;
    return s->nterm > 1 && !is_mixed_radix(s, idx);
}

static bool is_batched(const Tensor *t) { return t->rank > 1 && t->idx[0].batch; }

/* A read of every example's own part of a tensor. */
static bool reads_examples(const Expr *e, const Index *idx)
{
    int i;
    return e->op == OP_read && is_batched(e->tensor) && sub_is_index(e->sub[0], &i) &&
           idx[i].batch;
}

/* ---- Reads of an equation ---- */

typedef VEC(Expr *) Reads;

typedef struct Listing {
    Arena *arena;
    Reads *into;
} Listing;

static void list_read(Expr *e, void *context)
{
    Listing *l = context;
    if (e->op == OP_read)
        PUSH(l->arena, l->into, e);
}

static Reads reads_of(const Tensor *t, Arena *a)
{
    Reads r = {0};
    if (t->body)
        walk(t->body, list_read, &(Listing){a, &r});
    return r;
}

/* ---- Copies of inputs ---- */

static void mark_slid_over(const Tensor *t, const Reads *r, bool *over)
{
    for (int i = 0; i < r->n; i++) {
        const Expr *e = r->at[i];
        for (int k = 1; reads_examples(e, t->idx) && k < e->tensor->rank; k++)
            if (is_window(e->sub[k], t->idx))
                over[e->tensor->id] = true;
    }
}

static Tensor *copy_of(Graph *g, Tensor *t)
{
    Tensor *c = new_beside(g, intern_f("%s.turned", t->name), t);
    c->rank = c->nidx = t->rank;
    memcpy(c->idx, t->idx, sizeof t->idx);
    c->body = read_same(g, t);
    return c;
}

void copy_inputs(Graph *g, int lanes)
{
    if (lanes == 1 || g->batch < lanes)
        return;
    Arena *scratch = new_arena();
    int n = g->tensor.n;
    bool *over = NEWN(scratch, bool, n);
    for (int i = 0; i < n; i++) {
        Reads r = reads_of(g->tensor.at[i], scratch);
        mark_slid_over(g->tensor.at[i], &r, over);
    }
    Tensor **with = NEWN(scratch, Tensor *, 2 * n);
    for (int i = 0; i < n; i++) {
        Tensor *t = g->tensor.at[i];
        if (over[i] && t->role == INPUT && t->elem == ELEM_REAL)
            with[i] = copy_of(g, t);
    }
    for (int i = 0; i < n; i++)
        if (g->tensor.at[i]->body)
            g->tensor.at[i]->body = replace_tensors(g, g->tensor.at[i]->body, with);
    if (g->tensor.n > n)
        sort_graph(g);
    free_arena(scratch);
}

/* ---- Choice ---- */

typedef struct Choice {
    const Graph *g;
    Arena *scratch;
    Reads *reads;     /* by tensor id, of its equation */
    bool *turned;     /* by tensor id */
    uint32_t *slides; /* by tensor id: dimensions that windows slide over */
} Choice;

static uint32_t axes_of(const Sub *s, int n)
{
    uint32_t axes = 0;
    for (int i = 0; i < n; i++)
        axes |= (uint32_t)sub_uses(s, i) << i;
    return axes;
}

/* The indices of the windows of an equation. */
static uint32_t window_axes(const Tensor *t, const Reads *r)
{
    uint32_t axes = 0;
    for (int i = 0; i < r->n; i++) {
        const Expr *e = r->at[i];
        for (int k = 1; reads_examples(e, t->idx) && k < e->tensor->rank; k++)
            if (is_window(e->sub[k], t->idx))
                axes |= axes_of(e->sub[k], t->nidx);
    }
    return axes;
}

static void turn(Choice *c, const Tensor *t, uint32_t slides)
{
    c->turned[t->id] = true;
    c->slides[t->id] |= slides;
}

/* All that an equation with windows reads and computes. */
static void turn_around_windows(Choice *c, const Tensor *t)
{
    const Reads *r = &c->reads[t->id];
    uint32_t axes = window_axes(t, r);
    if (!axes)
        return;
    if (is_batched(t))
        turn(c, t, axes & ((1u << t->rank) - 1));
    for (int i = 0; i < r->n; i++) {
        const Expr *e = r->at[i];
        uint32_t slides = 0;
        for (int k = 1; k < e->tensor->rank; k++)
            slides |= (uint32_t)((axes_of(e->sub[k], t->nidx) & axes) != 0) << k;
        if (reads_examples(e, t->idx))
            turn(c, e->tensor, slides);
    }
}

static bool same_elements(const Expr *a, const Expr *b)
{
    if (a->tensor->rank != b->tensor->rank)
        return false;
    for (int k = 0; k < a->tensor->rank; k++)
        if (a->sub[k] != b->sub[k] || a->tensor->idx[k].extent != b->tensor->idx[k].extent)
            return false;
    return true;
}

/* Two tensors of which an equation uses the same elements lie the same way. */
static bool agree(Choice *c, const Tensor *a, const Tensor *b)
{
    int i = a->id, k = b->id;
    if (c->turned[i] == c->turned[k] && c->slides[i] == c->slides[k])
        return false;
    c->turned[i] = c->turned[k] = c->turned[i] || c->turned[k];
    c->slides[i] = c->slides[k] = c->slides[i] | c->slides[k];
    return true;
}

static bool agree_around(Choice *c, const Tensor *t)
{
    const Reads *r = &c->reads[t->id];
    bool changed = false;
    Expr *own = t->body ? read_same((Graph *)c->g, (Tensor *)t) : NULL;
    for (int i = 0; i < r->n; i++) {
        const Expr *e = r->at[i];
        if (!reads_examples(e, t->idx))
            continue;
        if (is_batched(t) && same_elements(e, own))
            changed = agree(c, t, e->tensor) || changed;
        for (int k = 0; k < i; k++)
            if (same_elements(e, r->at[k]))
                changed = agree(c, e->tensor, r->at[k]->tensor) || changed;
    }
    return changed;
}

/* Results lie as the model's table says, and what is given as it was given. */
static bool is_free(const Graph *g, const Tensor *t)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].value == t)
            return false;
    return t->role == EQUATION && !t->group;
}

static Layout layout_of(const Tensor *t, bool turned, uint32_t slides)
{
    Layout l = {.turned = turned};
    int n = 0;
    for (int k = 1; k < t->rank && turned; k++)
        if (slides >> k & 1)
            l.dim[n++] = k;
    for (int k = turned; k < t->rank; k++)
        if (!turned || !(slides >> k & 1))
            l.dim[n++] = k;
    if (turned)
        l.dim[n] = 0;
    return l;
}

Layout *choose_layouts(const Graph *g, int lanes, int most, Arena *a)
{
    int n = g->tensor.n;
    Layout *layout = NEWN(a, Layout, most);
    Choice c = {.g = g, .scratch = new_arena()};
    c.reads = NEWN(c.scratch, Reads, n);
    c.turned = NEWN(c.scratch, bool, n);
    c.slides = NEWN(c.scratch, uint32_t, n);
    for (int i = 0; i < n && lanes > 1 && g->batch >= lanes; i++) {
        c.reads[i] = reads_of(g->tensor.at[i], c.scratch);
        turn_around_windows(&c, g->tensor.at[i]);
    }
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = 0; i < n; i++)
            changed = agree_around(&c, g->tensor.at[i]) || changed;
    }
    for (int i = 0; i < n; i++) {
        const Tensor *t = g->tensor.at[i];
        layout[i] = layout_of(t, c.turned[i] && is_free(g, t), c.slides[i]);
    }
    free_arena(c.scratch);
    return layout;
}
