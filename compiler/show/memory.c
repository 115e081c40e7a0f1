/* Where the memory of a training step goes: the plan beside what no plan could beat, what
 * is kept from the forward pass for the backward pass, and what that computes again
 * instead.
 *
 * Computed again is what an equation of the backward pass has in common with one of the
 * forward pass, number by number: keeping it would take a tensor of its indices. */
#include "facts.h"
#include "show.h"
#include "str.h"

static const Entry *training_entry(const Module *m) { return &m->entry[ENTRY_STEP]; }

static bool is_forward(const Tensor *t)
{
    return t->role == EQUATION && !is_derived(t) && !t->again;
}

/* "h.y[batch, o]" */
static const char *name_with_indices(const Tensor *t, Arena *a)
{
    const char *s = t->name;
    for (int i = 0; i < t->rank; i++)
        s = format(a, "%s%s%s%s", s, i ? ", " : "[", t->idx[i].name,
                   i + 1 < t->rank ? "" : "]");
    return s;
}

static const char *place_of(const Tensor *t)
{
    return t->span.source ? source_line(t->span) : "";
}

/* ---- Kept ---- */

/* By tensor id: an equation of the backward pass reads it. */
static bool *read_backwards(const Graph *g, Arena *a)
{
    bool *any = NEWN(a, bool, g->tensor.n);
    for (int i = 0; i < g->tensor.n; i++) {
        if (!is_derived(g->tensor.at[i]) && !g->tensor.at[i]->again)
            continue;
        const bool *read = reads_of(g, g->tensor.at[i], a);
        for (int k = 0; k < g->tensor.n; k++)
            any[k] = any[k] || read[k];
    }
    return any;
}

static const Tensor *result_until(const Entry *e, const Buffer *b)
{
    return e->region.at[b->last]->result;
}

static void put_kept(Out *o, const Entry *e)
{
    const bool *read = read_backwards(e->graph, o->arena);
    size_t total = 0;
    Out rows = new_out(o->arena);
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        const Buffer *b = e->scratch_buffer.at[i];
        if (!is_forward(b->tensor) || b->tensor->id >= e->graph->tensor.n ||
            !read[b->tensor->id])
            continue;
        total += b->bytes;
        put(&rows, "  %-40s %13zu   %-34s until %s\n",
            name_with_indices(b->tensor, o->arena), b->bytes, place_of(b->tensor),
            result_until(e, b)->name);
    }
    put(o, "\n%-42s %13s\n%s  %-40s %13zu\n", "kept for the backward pass", "bytes",
        rows.text, "together", total);
}

/* ---- Computed again ---- */

typedef struct Repeated {
    const Expr *e;
    const Tensor *first, *by; /* who computes it forwards, and backwards */
} Repeated;

typedef struct Repeats {
    const Graph *g;
    Arena *a;
    const Tensor **forward; /* by expression id: who has it in its body */
    const Tensor *in;       /* the equation that is walked through */
    VEC(Repeated) found;
} Repeats;

static void note_forward(Expr *e, void *context)
{
    Repeats *r = context;
    if (!r->forward[e->id])
        r->forward[e->id] = r->in;
}

static void look_for_read(Expr *e, void *context)
{
    *(bool *)context |= e->op == OP_read && e->tensor->elem == ELEM_REAL;
}

/* The indices of e, which are numbered alike in both; false: they range otherwise. */
static bool same_indices(const Expr *e, const Tensor *a, const Tensor *b)
{
    for (int i = 0; i < a->nidx || i < b->nidx; i++)
        if (expr_uses(e, i) &&
            (i >= a->nidx || i >= b->nidx || a->idx[i].extent != b->idx[i].extent))
            return false;
    return true;
}

static bool is_repeated(const Repeats *r, const Expr *e)
{
    bool reads = false;
    walk(e, look_for_read, &reads);
    return reads && kind_of(e) == REAL && operations_of(e) > 0 && r->forward[e->id] &&
           same_indices(e, r->forward[e->id], r->in);
}

/* The largest of the subexpressions. */
static void find_repeated(Repeats *r, const Expr *e)
{
    for (int i = 0; i < r->found.n; i++)
        if (r->found.at[i].e == e)
            return;
    if (is_repeated(r, e)) {
        PUSH(r->a, &r->found, (Repeated){e, r->forward[e->id], r->in});
        return;
    }
    for (int i = 0; i < opinfo[e->op].arity; i++)
        find_repeated(r, e->arg[i]);
}

static Repeats repeats(const Graph *g, Arena *a)
{
    Repeats r = {.g = g, .a = a, .forward = NEWN(a, const Tensor *, g->made)};
    for (int i = 0; i < g->tensor.n; i++) {
        r.in = g->tensor.at[i];
        if (is_forward(r.in) && r.in->body)
            walk(r.in->body, note_forward, &r);
    }
    for (int i = 0; i < g->tensor.n; i++) {
        r.in = g->tensor.at[i];
        if (is_derived(r.in) && r.in->body)
            find_repeated(&r, r.in->body);
    }
    return r;
}

/* Elements that keeping it would take. */
static double elements_of(const Repeated *x)
{
    double n = 1;
    for (int i = 0; i < x->by->nidx; i++)
        if (expr_uses(x->e, i))
            n *= x->by->idx[i].extent;
    return n;
}

static void put_again(Out *o, const Module *m, const Entry *e)
{
    Repeats r = repeats(e->graph, o->arena);
    if (!r.found.n)
        return;
    put(o, "\n%-42s %13s %12s\n", "computed again in the backward pass", "bytes if kept",
        "flops");
    for (int i = 0; i < r.found.n; i++) {
        const Repeated *x = &r.found.at[i];
        Out text = new_out(o->arena);
        print_expr(&text, x->by, x->e);
        put(o, "  in %-37s %13.0f %12.0f   %-34s %s\n", x->by->name,
            elements_of(x) * (m->f64 ? 8 : 4), elements_of(x) * operations_of(x->e),
            place_of(x->first), text.text);
    }
}

void show_memory(Out *o, const Module *m)
{
    const Entry *e = training_entry(m);
    if (!e->scratch)
        return;
    put(o,
        "\nmemory of a training step: %zu bytes planned, no plan takes less than %zu; ratio %.4f\n"
        "most is in use while %s is computed\n",
        e->scratch, e->bound, (double)e->scratch / (double)e->bound,
        e->region.at[e->fullest]->result->name);
    put_kept(o, e);
    put_again(o, m, e);
}
