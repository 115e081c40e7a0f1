/* Reductions: their indices get slots, and what they reduce becomes a tensor of its own. */
#include "eq.h"

#include "str.h"

#include <assert.h>

static const struct {
    const char *name;
    Reduce reduce;
    bool mean;
} reduction[] = {
    {"sum", REDUCE_SUM, false},       {"mean", REDUCE_SUM, true},
    {"max", REDUCE_MAX, false},       {"min", REDUCE_MIN, false},
    {"prod", REDUCE_PROD, false},     {"argmax", REDUCE_ARGMAX, false},
    {"argmin", REDUCE_ARGMIN, false},
};
enum { REDUCTIONS = sizeof reduction / sizeof *reduction };

/* The slots that reductions bind, in the order written. */
typedef struct Bound {
    int slot[MAXIDX];
    int n;
} Bound;

static int bind_slot(Eq *q, Bound *all, const Binder *b, const char *name, int extent)
{
    int slot = extent ? new_binder(q, b->span, name, extent) : -1;
    if (slot >= 0)
        all->slot[all->n++] = slot;
    return slot;
}

static bool bind_batch(Eq *q, Bound *all, const Binder *b)
{
    int slot = bind_slot(q, all, b, b->name, q->g->batch);
    if (slot < 0)
        return false;
    q->idx[slot].batch = true;
    q->batch = slot;
    return true;
}

static bool bind_pack(Eq *q, Bound *all, const Binder *b)
{
    for (int k = 0; k < q->env->npack; k++) {
        Index dim = q->env->pack[k];
        int slot = bind_slot(q, all, b, dim.name, dim.extent);
        if (slot < 0)
            return false;
        name_index(q, b->name, slot);
    }
    return true;
}

static bool bind_index(Eq *q, Bound *all, const Binder *b, const Syn *body)
{
    int extent = 0;
    if (b->limit)
        extent_of(q->env, b->limit, b->name, &extent);
    else
        extent = find_range(q, body, &(Wanted){.name = b->name, .at = b->span});
    int slot = bind_slot(q, all, b, b->name, extent);
    if (slot >= 0)
        name_index(q, b->name, slot);
    return slot >= 0;
}

static bool bind_all(Eq *q, Bound *all, const Syn *s)
{
    bool fine = true;
    for (int i = 0; i < s->binders.n && fine; i++) {
        const Binder *b = &s->binders.at[i];
        fine = b->name == intern("batch") ? bind_batch(q, all, b)
               : b->name == intern("...") ? bind_pack(q, all, b)
                                          : bind_index(q, all, b, s->a);
    }
    return fine;
}

/* How many elements a mean is over; the batch counts the examples given. */
static Expr *count_expr(Eq *q, const Bound *all)
{
    double count = 1;
    Expr *examples = NULL;
    for (int i = 0; i < all->n; i++) {
        if (q->idx[all->slot[i]].batch)
            examples = scalar(q->g, SCALAR_n);
        else
            count *= q->idx[all->slot[i]].extent;
    }
    if (!examples)
        return constant(q->g, count);
    return count == 1 ? examples
                      : make(q->g, OP_mul, examples, constant(q->g, count), NULL);
}

/* Reducing over the batch what does not have it is a mistake: the sum of n equal numbers.
 * But a function's arguments may have it or not, and the mean of equal numbers is there. */
static bool uses_batch(Eq *q, const Syn *s, const Expr *value, int outer_batch, bool mean)
{
    if (q->batch == outer_batch || used_slots(value) & 1u << q->batch)
        return true;
    if (mean && q->env->def->kind == DEF_FN)
        return true;
    fault(q->env, s->span, "nothing in this %s differs between the examples of a batch",
          s->name);
    return false;
}

/* A mean need not be over what the value does not use; a draw uses everything. */
static void drop_unused(Bound *all, const Expr *value)
{
    unsigned used = used_slots(value);
    int n = 0;
    for (int i = 0; i < all->n; i++)
        if (used & (1u << all->slot[i] | 1u << POSITION))
            all->slot[n++] = all->slot[i];
    all->n = n;
}

static Expr *reduce_bound(Eq *q, const Syn *s, int outer_batch)
{
    Bound bound = {0};
    int k = 0;
    while (k < REDUCTIONS && intern(reduction[k].name) != s->name)
        k++;
    assert(k < REDUCTIONS);
    bool mean = reduction[k].mean;
    if (!bind_all(q, &bound, s))
        return NULL;
    Expr *value = real_expr(q, s->a);
    if (!value || !uses_batch(q, s, value, outer_batch, mean))
        return NULL;
    if (mean)
        drop_unused(&bound, value);
    Expr *all =
        close_reduction(q, s->span, reduction[k].reduce, value, bound.slot, bound.n);
    if (!all || !mean || !bound.n)
        return all;
    return make(q->g, OP_div, all, count_expr(q, &bound), NULL);
}

Expr *reduce_expr(Eq *q, const Syn *s)
{
    int binders = q->binders, index = q->index.n, batch = q->batch;
    Expr *e = reduce_bound(q, s, batch);
    q->binders = binders;
    q->index.n = index;
    q->batch = batch;
    return e;
}
