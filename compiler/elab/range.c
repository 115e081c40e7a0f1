/* Ranges of indices, from their bare uses: `i` in x[i, j] runs over the first dimension of
 * x.
 *
 * A use is weak where the read has a value outside, or stands under a condition that
 * mentions the index: such reads may leave their tensor. Weak uses count only if there are
 * no others. All uses that count must agree. */
#include "eq.h"

#include "str.h"

typedef struct Search {
    Eq *q;
    const Wanted *w;
    bool guarded; /* under a condition on the index */
    Span at;      /* of the use that counts so far */
    Value tensor;
    const char *of;
    int extent; /* 0: none yet */
    bool strong, failed;
} Search;

static void search(Search *s, const Syn *e);

static bool mentions(const Syn *e, const char *name)
{
    if (!e)
        return false;
    if (e->kind == SYN_NAME && e->name == name)
        return true;
    for (int i = 0; i < e->list.n; i++)
        if (mentions(e->list.at[i], name))
            return true;
    for (int i = 0; i < e->args.n; i++)
        if (mentions(e->args.at[i].value, name))
            return true;
    return mentions(e->a, name) || mentions(e->b, name) || mentions(e->c, name);
}

static void disagree(Search *s, const Syn *use, const Value *v, const char *of, int extent)
{
    s->failed = true;
    fault(s->q->env, use->span, "index '%s' is %d in '%s' but %d in '%s'", s->w->name,
          s->extent, s->of, extent, of);
    if (s->tensor.what == A_TENSOR)
        note_shape(s->of, &s->tensor);
    else
        note(s->at, "'%s' is declared with %d here", s->of, s->extent);
    note_shape(of, v);
}

static void use(Search *s, const Syn *e, const Value *v, const char *of, int extent,
                bool strong)
{
    if (s->extent && s->strong && !strong)
        return;
    if (s->extent && s->strong == strong && s->extent != extent) {
        if (!s->failed)
            disagree(s, e, v, of, extent);
        return;
    }
    if (s->extent && s->strong == strong)
        return;
    s->extent = extent;
    s->strong = strong;
    s->at = e->span;
    s->tensor = *v;
    s->of = of;
}

/* Which dimension of a tensor of n the subscript at position k stands for. */
static int dimension(const Search *s, const Syn *read, int k, int n)
{
    int explicit_ones = 0, before = 0, pack = 0;
    for (int i = 0; i < read->list.n; i++) {
        bool dots = read->list.at[i]->kind == SYN_DOTS;
        pack += dots;
        explicit_ones += !dots;
        before += dots && i < k;
    }
    int width = pack ? s->q->env->npack : 0;
    return explicit_ones + width == n ? k + before * (width - 1) : -1;
}

static void search_read(Search *s, const Syn *e)
{
    Value v = find_value(s->q->env, e->a);
    for (int k = 0; k < e->list.n; k++) {
        const Syn *at = e->list.at[k];
        bool bare = at->kind == SYN_NAME && at->name == s->w->name;
        int d = v.what == A_TENSOR ? dimension(s, e, k, dims_of(v.tensor)) : -1;
        if (bare && d >= 0)
            use(s, at, &v, e->a->name, dim_of(v.tensor, d)->extent, !e->b && !s->guarded);
        else if (!bare)
            search(s, at);
    }
    if (e->b)
        search(s, e->b);
}

static void search_if(Search *s, const Syn *e)
{
    bool before = s->guarded;
    search(s, e->a);
    s->guarded = before || mentions(e->a, s->w->name);
    search(s, e->b);
    search(s, e->c);
    s->guarded = before;
}

static void search(Search *s, const Syn *e)
{
    switch (e->kind) {
    case SYN_READ:
        search_read(s, e);
        return;
    case SYN_IF:
        search_if(s, e);
        return;
    case SYN_CALL:
        for (int i = 0; i < e->args.n; i++)
            search(s, e->args.at[i].value);
        return;
    case SYN_REDUCE:
    case SYN_UNARY:
    case SYN_BINARY:
        search(s, e->a);
        if (e->b)
            search(s, e->b);
        return;
    case SYN_NUMBER:
    case SYN_NAME:
    case SYN_FIELD:
    case SYN_DOTS:
    case SYN_TEXT:
        return;
    }
}

int find_range(Eq *q, const Syn *in, const Wanted *w)
{
    Search s = {.q = q, .w = w, .extent = w->declared, .strong = true};
    if (w->declared) {
        s.at = w->of_at;
        s.of = w->of;
    }
    search(&s, in);
    if (!s.extent && !s.failed)
        fault(q->env, w->at,
              "how far index '%s' runs is unknown: no tensor is read at '%s' alone; "
              "say it as in '%s < 10'",
              w->name, w->name, w->name);
    return s.failed ? 0 : s.extent;
}
