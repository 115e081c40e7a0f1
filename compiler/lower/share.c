/* Nests that compute the same of other tensors share their loops.
 *
 * What loops are made from is spelled as a row of numbers: every expression, extent and
 * type, and for each tensor, buffer and random site how many others came before it. Names
 * and addresses are not in it. Nests that are spelled alike would become the same loops,
 * word for word but for the names: those made for the first of them serve all, and the k-th
 * buffer of one stands where the k-th buffer of the other stood. Two buffers are never
 * spelled like one twice, so what may be written in place, and what must be read before, is
 * the same as well. */
#include "nest.h"

typedef struct Speller {
    Arena *a;
    Schedule *s;
    Spelling *to;
    int before; /* expressions spelled before this one began */
    VEC(const Tensor *) tensor;
} Speller;

static void spell_number(Speller *p, int64_t x) { PUSH(p->a, &p->to->word, x); }

static void spell_buffer(Speller *p, Buffer *b)
{
    int k = 0;
    while (k < p->to->buffer.n && p->to->buffer.at[k] != b)
        k++;
    if (k == p->to->buffer.n)
        PUSH(p->a, &p->to->buffer, b);
    spell_number(p, k);
}

static void spell_site(Speller *p, int site)
{
    int k = 0;
    while (k < p->to->site.n && p->to->site.at[k] != site)
        k++;
    if (k == p->to->site.n)
        PUSH(p->a, &p->to->site, site);
    spell_number(p, k);
}

static void spell_tensor(Speller *p, const Tensor *t)
{
    int k = 0;
    while (k < p->tensor.n && p->tensor.at[k] != t)
        k++;
    spell_number(p, k);
    if (k < p->tensor.n)
        return;
    PUSH(p->a, &p->tensor, t);
    spell_number(p, t->elem);
    spell_number(p, t->bound);
    spell_number(p, t->rank);
    spell_number(p, t->nidx);
    for (int i = 0; i < t->nidx; i++)
        spell_number(p, 2 * (int64_t)t->idx[i].extent + t->idx[i].batch);
    const Layout *l = &p->s->layout[t->id];
    for (int i = 0; i < t->rank; i++)
        spell_number(p, l->turned ? l->dim[i] : i);
    Buffer *b = p->s->buffer[t->id];
    spell_number(p, b != NULL);
    if (b)
        spell_buffer(p, b);
}

static void spell_expr(Speller *p, const Expr *e);

static void spell_sub(Speller *p, const Sub *s)
{
    spell_number(p, s->c);
    spell_number(p, s->nterm);
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        spell_number(p, t->coef);
        spell_number(p, t->kind);
        spell_number(p, t->index);
        spell_number(p, t->by);
        if (t->of)
            spell_sub(p, t->of);
        if (t->kind == ATOM_DATA)
            spell_expr(p, t->data);
    }
}

static void spell_value(Speller *p, double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    spell_number(p, bits);
}

static void spell_parts(Speller *p, const Expr *e)
{
    bool draws = e->op == OP_uniform || e->op == OP_normal;
    spell_number(p, e->op);
    spell_value(p, e->value);
    spell_number(p, e->scalar);
    if (draws)
        spell_site(p, e->site);
    if (e->op == OP_read)
        spell_tensor(p, e->tensor);
    int subs = e->op == OP_read ? e->tensor->rank : draws || e->op == OP_number;
    for (int i = 0; i < subs; i++)
        spell_sub(p, e->sub[i]);
    for (int i = 0; i < 3; i++) {
        spell_number(p, e->arg[i] != NULL);
        if (e->arg[i])
            spell_expr(p, e->arg[i]);
    }
}

/* What occurs again is spelled by its number. */
static void spell_expr(Speller *p, const Expr *e)
{
    int *number = &p->s->spelled[e->id];
    bool again = *number > p->before;
    spell_number(p, again ? *number - p->before : 0);
    if (again)
        return;
    *number = ++p->s->spellings;
    spell_parts(p, e);
}

static void spell_step(Speller *p, const Step *s)
{
    const Tensor *t = s->tensor;
    spell_tensor(p, t);
    spell_number(p, t->reduce);
    spell_number(p, t->group != 0);
    spell_number(p, t->step);
    spell_number(p, t->backward);
    spell_expr(p, t->body);
    spell_number(p, s->to.n);
    for (int i = 0; i < s->to.n; i++)
        spell_buffer(p, s->to.at[i]);
}

Spelling *spell(Schedule *s, Nest *const *nest, int n)
{
    Spelling *to = NEW(s->arena, Spelling);
    Speller p = {.a = s->arena, .s = s, .to = to, .before = s->spellings};
    for (int i = 0; i < n; i++) {
        spell_number(&p, nest[i]->step.n);
        for (int k = 0; k < nest[i]->step.n; k++)
            spell_step(&p, &nest[i]->step.at[k]);
    }
    for (int i = 0; i < to->word.n; i++)
        to->hash = (to->hash ^ (uint64_t)to->word.at[i]) * 0x100000001b3;
    return to;
}

Spelling *find_spelling(const Spellings *known, const Spelling *x)
{
    for (int i = 0; i < known->n; i++) {
        Spelling *k = known->at[i];
        if (k->hash == x->hash && k->word.n == x->word.n &&
            !memcmp(k->word.at, x->word.at, (size_t)x->word.n * sizeof *x->word.at))
            return k;
    }
    return NULL;
}

/* ---- The same loops for other nests ---- */

/* What stands for b, a buffer of like. One that is not spelled was made with the loops, for
 * the values of an equation before they are finished: here it is made for that equation. */
static Buffer *counterpart(const Schedule *s, const Spelling *like, const Spelling *x,
                           const Region *r, Buffer *b)
{
    for (int i = 0; i < like->buffer.n; i++)
        if (like->buffer.at[i] == b)
            return x->buffer.at[i];
    int k = 0;
    while (like->region->equation.at[k]->name != b->name)
        k++;
    const Tensor *t = r->equation.at[k];
    return new_buffer(t, &s->layout[t->id], s->module, s->names, s->arena);
}

static int site_for(const Spelling *like, const Spelling *x, int site)
{
    int k = 0;
    while (like->site.at[k] != site)
        k++;
    return x->site.at[k];
}

Region *share_region(const Schedule *s, const Spelling *like, const Spelling *x,
                     Nest *const *nest, int n, const char *name)
{
    const Region *from = like->region;
    Region *r = NEW(s->arena, Region);
    *r = (Region){.name = name,
                  .like = from,
                  .range = from->range,
                  .grain = from->grain,
                  .parallel = from->parallel,
                  .flops = from->flops,
                  .cycles = from->cycles};
    for (int i = 0; i < n; i++)
        for (int k = 0; k < nest[i]->step.n; k++)
            PUSH(s->arena, &r->equation, nest[i]->step.at[k].tensor);
    for (int i = 0; i < from->view.n; i++) {
        View *v = NEW(s->arena, View);
        *v = *from->view.at[i];
        if (v->buffer)
            v->buffer = counterpart(s, like, x, r, v->buffer);
        PUSH(s->arena, &r->view, v);
    }
    for (int i = 0; i < from->site.n; i++)
        PUSH(s->arena, &r->site, site_for(like, x, from->site.at[i]));
    return r;
}
