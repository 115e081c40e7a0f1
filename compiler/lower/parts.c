/* Long sums in parts.
 *
 * A sum over the examples and over places in them, as a gradient of shared weights or a
 * mean of a batch is, has few results and reads much: every tile of results passes over all
 * of it. So
 *
 *   T[i...] = sum(b, p, q...) e   becomes   T.parts[p, i...] = sum(b, q...) e
 *                                           T[i...] = sum(p) T.parts[p, i...]
 *
 * where p is the outermost place in memory: for one p the tiles find what they read in the
 * cache, and threads take different p. How many parts there are does not depend on the
 * threads, so neither does the result. */
#include "layout.h"

#include "str.h"

enum {
    LEAST_TERMS = 16,     /* vectors to a part of a result, or starting and ending it is more */
    MOST_PARTS = 2 << 20, /* numbers */
};

typedef struct Finding {
    const Tensor *t;
    const Layout *layout;
    int place; /* the index; -1: none yet */
} Finding;

/* The reduced index along the outermost dimension of a tensor that lies turned. */
static void find_place(Expr *e, void *context)
{
    Finding *f = context;
    const Tensor *t = f->t;
    if (f->place >= 0 || e->op != OP_read || !f->layout[e->tensor->id].turned)
        return;
    const Sub *outermost = e->sub[f->layout[e->tensor->id].dim[0]];
    for (int i = t->rank; i < t->nidx; i++)
        if (!t->idx[i].batch && sub_coef(outermost, i))
            f->place = i;
}

static bool sums_examples(const Tensor *t)
{
    bool batch = false;
    for (int i = t->rank; i < t->nidx; i++)
        batch = batch || t->idx[i].batch;
    return batch && t->reduce == REDUCE_SUM && !t->group && t->rank < MAXRANK;
}

static bool is_worth_parts(const Tensor *t, int place, int lanes)
{
    int64_t parts = t->idx[place].extent, out = count_of(t->idx, t->rank);
    int64_t terms = count_of(t->idx + t->rank, t->nidx - t->rank);
    return parts > 1 && terms / parts >= (int64_t)LEAST_TERMS * lanes &&
           parts * out <= MOST_PARTS;
}

static void split_sum(Graph *g, Tensor *t, int place)
{
    Tensor *p = new_part(g, intern_f("%s.parts", t->name), t);
    const Sub *to[MAXIDX], *sub[MAXRANK];
    p->from = t->from ? t->from : t->of;
    p->again = t->again;
    p->rank = t->rank + 1;
    p->idx[0] = t->idx[place];
    to[place] = sub_index(g, 0);
    p->nidx = 1;
    for (int i = 0; i < t->nidx; i++)
        if (i != place) {
            to[i] = sub_index(g, p->nidx);
            p->idx[p->nidx++] = t->idx[i];
        }
    p->reduce = REDUCE_SUM;
    p->body = substitute(g, t->body, to, p->idx);

    t->idx[t->rank] = p->idx[0];
    t->nidx = t->rank + 1;
    for (int i = 0; i < p->rank; i++)
        sub[i] = sub_index(g, i ? i - 1 : t->rank);
    t->body = read_at(g, p, sub, NULL);
}

void split_sums(Graph *g, int lanes)
{
    Arena *scratch = new_arena();
    const Layout *layout = choose_layouts(g, lanes, g->tensor.n, scratch);
    int n = g->tensor.n;
    for (int i = 0; i < n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->body || !sums_examples(t))
            continue;
        Finding f = {t, layout, -1};
        walk(t->body, find_place, &f);
        if (f.place >= 0 && is_worth_parts(t, f.place, lanes))
            split_sum(g, t, f.place);
    }
    if (g->tensor.n > n)
        sort_graph(g);
    free_arena(scratch);
}
