/* Dimensions of the tensor that share an index, or depend on data, are taken together: they
 * become one by reshaping, and the place in it is one number, from a table over the indices
 * or computed where data say it. Gather then puts dimensions for the indices in its place.
 * A dimension that is read by its own index, or a group that is read in its own order,
 * stays. */
#include "read.h"

#include "str.h"

/* ---- subscripts ---- */

static bool is_fixed(const Writer *w, const Sub *s)
{
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if (t->kind == ATOM_DATA ||
            (t->kind == ATOM_INDEX && varies_with_batch(w, t->index)) ||
            (t->of && !is_fixed(w, t->of)))
            return false;
    }
    return true;
}

static int64_t sub_in_table(const void *context, const int *at)
{
    return sub_value(context, at);
}

static unsigned axes_of(const Writer *w, const Sub *s)
{
    unsigned axes = 0;
    for (int k = 0; k < w->t->nidx; k++)
        axes |= (unsigned)sub_uses(s, k) << k;
    return axes;
}

static Value range_of(Writer *w, int index)
{
    const char *n = node(w, "Squeeze", examples(w), NULL);
    return (Value){node_of_all(w, "Range",
                               (const char *[]){one_long(w, 0), n, one_long(w, 1)}, 3,
                               (Attribute){0}),
                   1u << index};
}

static Value atom_value(Writer *w, const Term *t)
{
    if (t->kind == ATOM_DATA)
        return read_value(w, t->data, true);
    if (t->kind == ATOM_INDEX && varies_with_batch(w, t->index))
        return range_of(w, t->index);
    if (t->kind == ATOM_INDEX)
        return table(w, LONG_TYPE, 1u << t->index, sub_in_table, sub_index(w->g, t->index));
    Value of = long_value(w, t->of), by = {one_long(w, t->by), 0};
    Value rest = combined(w, "Mod", of, by); /* never negative, as in gradc */
    return t->kind == ATOM_MOD ? rest
                               : combined(w, "Div", combined(w, "Sub", of, rest), by);
}

Value long_value(Writer *w, const Sub *s)
{
    if (is_fixed(w, s))
        return table(w, LONG_TYPE, axes_of(w, s), sub_in_table, s);
    Value sum = {.name = NULL};
    for (int i = 0; i < s->nterm; i++) {
        Value x = atom_value(w, &s->term[i]);
        if (s->term[i].coef != 1)
            x = combined(w, "Mul", x, (Value){one_long(w, s->term[i].coef), 0});
        sum = sum.name ? combined(w, "Add", sum, x) : x;
    }
    return s->c ? combined(w, "Add", sum, (Value){one_long(w, s->c), 0}) : sum;
}

/* ---- groups of dimensions ---- */

typedef struct Dim {
    const Sub *sub;
    int64_t extent;
    bool batch;
} Dim;

/* Dimensions that are read together, in their order. */
typedef struct Group {
    Dim dim[MAXRANK];
    int place[MAXRANK]; /* in the tensor */
    int n;
    unsigned axes;
    bool fixed;
} Group;

typedef struct Read {
    const char *name;
    Dim dim[MAXRANK];
    int rank;
    Group group[MAXRANK];
    int groups;
} Read;

static void add_dim(Group *g, Dim d, int place, unsigned axes, bool fixed)
{
    g->dim[g->n] = d;
    g->place[g->n++] = place;
    g->axes |= axes;
    g->fixed &= fixed;
}

static void take_in(Group *g, const Group *other)
{
    for (int i = 0; i < other->n; i++)
        add_dim(g, other->dim[i], other->place[i], other->axes, other->fixed);
}

static void sort_group(Group *g)
{
    for (int i = 1; i < g->n; i++)
        for (int k = i; k > 0 && g->place[k] < g->place[k - 1]; k--) {
            int place = g->place[k];
            Dim dim = g->dim[k];
            g->place[k] = g->place[k - 1];
            g->dim[k] = g->dim[k - 1];
            g->place[k - 1] = place;
            g->dim[k - 1] = dim;
        }
}

static bool is_whole_batch(const Dim *d)
{
    int index;
    return d->batch && sub_is_index(d->sub, &index);
}

/* Those that share an index with dimension `place` become one group with it. */
static void group_dim(const Writer *w, Read *r, int place)
{
    const Dim *d = &r->dim[place];
    Group new = {.fixed = true};
    add_dim(&new, *d, place, axes_of(w, d->sub), is_whole_batch(d) || is_fixed(w, d->sub));
    int kept = 0;
    for (int i = 0; i < r->groups; i++)
        if (r->group[i].axes & new.axes)
            take_in(&new, &r->group[i]);
        else
            r->group[kept++] = r->group[i];
    sort_group(&new);
    r->group[kept++] = new;
    r->groups = kept;
}

/* ---- the place in a group ---- */

/* Within the tensor, whatever the subscript: what is outside is masked. */
static int64_t clamped_at(const Dim *d, const int *at)
{
    int64_t x = sub_value(d->sub, at);
    return x < 0 ? 0 : x >= d->extent ? d->extent - 1 : x;
}

static int64_t place_in_table(const void *context, const int *at)
{
    const Group *g = context;
    int64_t x = 0;
    for (int i = 0; i < g->n; i++)
        x = x * g->dim[i].extent + clamped_at(&g->dim[i], at);
    return x;
}

static int64_t inside_in_table(const void *context, const int *at)
{
    const Group *g = context;
    for (int i = 0; i < g->n; i++)
        if (sub_value(g->dim[i].sub, at) != clamped_at(&g->dim[i], at))
            return 0;
    return 1;
}

static bool may_leave(const Writer *w, const Dim *d)
{
    int64_t lo, hi;
    sub_range(d->sub, w->t->idx, &lo, &hi);
    return !d->batch && (lo < 0 || hi >= d->extent);
}

static Value clamped(Writer *w, Value x, int64_t extent)
{
    return combined(w, "Min", combined(w, "Max", x, (Value){one_long(w, 0), 0}),
                    (Value){one_long(w, extent - 1), 0});
}

static Value computed_place(Writer *w, const Group *g)
{
    Value place = {0};
    for (int i = 0; i < g->n; i++) {
        Value x = long_value(w, g->dim[i].sub);
        if (may_leave(w, &g->dim[i]))
            x = clamped(w, x, g->dim[i].extent);
        if (i > 0)
            x = combined(
                w, "Add", x,
                combined(w, "Mul", place, (Value){one_long(w, g->dim[i].extent), 0}));
        place = x;
    }
    return place;
}

static Value computed_inside(Writer *w, const Group *g)
{
    Value inside = {0};
    for (int i = 0; i < g->n; i++) {
        if (!may_leave(w, &g->dim[i]))
            continue;
        Value x = long_value(w, g->dim[i].sub);
        Value low = combined(w, "GreaterOrEqual", x, (Value){one_long(w, 0), 0}),
              high = combined(w, "Less", x, (Value){one_long(w, g->dim[i].extent), 0}),
              both = combined(w, "And", low, high);
        inside = inside.name ? combined(w, "And", inside, both) : both;
    }
    return inside;
}

/* Places 0, 1, 2 ... of the whole group. */
static bool is_in_order(const Writer *w, const Group *g)
{
    int at[MAXIDX] = {0};
    int64_t total = 1, count = 1;
    if (g->n == 1 && is_whole_batch(&g->dim[0]))
        return true;
    for (int i = 0; i < g->n; i++)
        total *= g->dim[i].extent;
    for (int k = 0; k < w->t->nidx; k++)
        count *= g->axes >> k & 1 ? w->t->idx[k].extent : 1;
    if (!g->fixed || count != total || count_axes(g->axes) > 1)
        return false;
    for (int i = 0; i < count; i++) {
        at[g->axes ? __builtin_ctz(g->axes) : 0] = i;
        if (place_in_table(g, at) != i)
            return false;
    }
    return g->axes != 0;
}

/* ---- the read ---- */

const char *source_of(Writer *w, const Tensor *t, bool whole)
{
    const char *name = t->role == INPUT ? format(w->a, "%s:in", t->name) : t->name;
    if (t->elem == ELEM_REAL)
        return name;
    const char *own = format(w->a, "%s:%s", t->name, whole ? "whole" : "real");
    if (!node_named(w, own)) {
        cast(w, name, whole ? LONG_TYPE : w->real);
        w->node.at[w->node.n - 1].output = own;
    }
    return own;
}

static void reorder(Writer *w, Read *r)
{
    int order[MAXRANK], n = 0;
    for (int i = 0; i < r->groups; i++)
        for (int k = 0; k < r->group[i].n; k++)
            order[n++] = r->group[i].place[k];
    r->name = transposed(w, r->name, order, n);
    if (n == r->groups)
        return;
    int64_t shape[MAXRANK];
    for (int i = 0; i < r->groups; i++) {
        shape[i] = 1;
        for (int k = 0; k < r->group[i].n; k++)
            shape[i] = r->group[i].dim[k].batch ? -1 : shape[i] * r->group[i].dim[k].extent;
        for (int k = 0; k < r->group[i].n; k++)
            shape[i] = r->group[i].dim[k].batch ? -1 : shape[i];
    }
    r->name = node(w, "Reshape", r->name, longs(w, shape, r->groups));
}

/* From the last to the first, so that the places of the others stay. */
static void gather_all(Writer *w, Read *r)
{
    for (int i = r->groups; i-- > 0;) {
        const Group *g = &r->group[i];
        if (is_in_order(w, g))
            continue;
        Value place = g->fixed ? table(w, LONG_TYPE, g->axes, place_in_table, g)
                               : computed_place(w, g);
        r->name = gathered(w, r->name, place.name, i);
    }
}

/* The indices stand as the groups do: into their own order. */
static Value sorted(Writer *w, const Read *r)
{
    int index[MAXIDX], order[MAXIDX], n = 0;
    unsigned axes = 0;
    for (int i = 0; i < r->groups; i++)
        for (int k = 0; k < MAXIDX; k++)
            if (r->group[i].axes >> k & 1) {
                index[n++] = k;
                axes |= 1u << k;
            }
    for (int i = 0; i < n; i++)
        order[position(axes, index[i])] = i;
    return (Value){transposed(w, r->name, order, n), axes};
}

static Value masked(Writer *w, const Read *r, const Expr *e, Value x)
{
    for (int i = 0; i < r->groups; i++) {
        const Group *g = &r->group[i];
        bool leaves = false;
        for (int k = 0; k < g->n; k++)
            leaves |= may_leave(w, &g->dim[k]);
        if (!leaves || !e->arg[0])
            continue;
        Value inside = g->fixed ? table(w, BOOL_TYPE, g->axes, inside_in_table, g)
                                : computed_inside(w, g);
        x = chosen(w, inside, x, array_of(w, e->arg[0]));
    }
    return x;
}

Value read_value(Writer *w, const Expr *e, bool whole)
{
    const Tensor *t = e->tensor;
    const char *const *slice = w->steps[t->id];
    Read r = {.name = NULL};
    for (int d = 0; d < t->rank; d++) {
        const Sub *s = e->sub[d];
        if (slice && d == t->step && (s->c < 0 || s->c >= t->idx[d].extent))
            return array_of(w, e->arg[0]);
        if (slice && d == t->step)
            r.name = slice[s->c];
        else
            r.dim[r.rank++] = (Dim){s, t->idx[d].extent, t->idx[d].batch};
    }
    if (!r.name)
        r.name = source_of(w, t, whole);
    for (int d = 0; d < r.rank; d++)
        group_dim(w, &r, d);
    for (int i = 1; i < r.groups; i++) /* the first dimension decides */
        for (int k = i; k > 0 && r.group[k].place[0] < r.group[k - 1].place[0]; k--) {
            Group g = r.group[k];
            r.group[k] = r.group[k - 1];
            r.group[k - 1] = g;
        }
    reorder(w, &r);
    gather_all(w, &r);
    return masked(w, &r, e, sorted(w, &r));
}
