/* Less memory for more work: what the backward pass reads is computed a second time,
 * shortly before, instead of being kept.
 *
 * A set of forward equations is chosen. Each of them gets a copy, T.again, which stands
 * before the first equation of the backward pass that reads T; all of that pass read the
 * copy, and a copy reads the copies of what is chosen, too. So T lives only as long as the
 * forward pass needs it, and whatever is not chosen is kept, as before. The numbers are the
 * same: a copy says what T says, with the same draws of random numbers.
 *
 * Greedy: of the buffers in the way where most is live, choose the one that frees the most
 * bytes for each operation added, together with all that it is computed from that would not
 * be there any more; go back on it if the plan is no better for it. At the end, what the
 * plan turns out not to need is kept after all.
 *
 * An equation of a recurrence is computed again outside of it, from what the recurrence has
 * left; not if it needs itself for that. */
#include "nest.h"

#include "str.h"

#include <assert.h>
#include <string.h>

static bool is_derived(const Tensor *t) { return t->of || t->from; }

static bool is_forward(const Tensor *t) { return t->role == EQUATION && !is_derived(t); }

static void mark(Expr *e, void *context)
{
    if (e->op == OP_read)
        ((bool *)context)[e->tensor->id] = true;
}

static bool *reads_of(const Graph *g, const Tensor *t, Arena *a)
{
    bool *read = NEWN(a, bool, g->tensor.n);
    if (t->body)
        walk(t->body, mark, read);
    return read;
}

/* ---- A graph with copies ---- */

typedef struct Copying {
    Graph *g;
    int n; /* tensors before there are copies */
    const bool *chosen;
    bool **reads;   /* by id, then by id */
    Tensor **clone; /* by id; NULL: none yet */
    VEC(Tensor *) order;
    Arena *scratch;
} Copying;

static void copy_what_is_read(Copying *c, const Tensor *t);

static void make_clone(Copying *c, Tensor *t)
{
    if (c->clone[t->id])
        return;
    copy_what_is_read(c, t);
    Tensor *x = new_beside(c->g, intern_f("%s.again", t->name), t);
    x->elem = t->elem;
    x->bound = t->bound;
    x->rank = t->rank;
    x->nidx = t->nidx;
    memcpy(x->idx, t->idx, sizeof t->idx);
    x->reduce = t->reduce;
    x->again = t;
    x->body = replace_tensors(c->g, t->body, c->clone);
    c->clone[t->id] = x;
    PUSH(c->scratch, &c->order, x);
}

static void copy_what_is_read(Copying *c, const Tensor *t)
{
    for (int i = 0; i < c->n; i++)
        if (c->reads[t->id][i] && c->chosen[i])
            make_clone(c, c->g->tensor.at[i]);
}

/* The backward pass, and what depends on it. */
static bool *late_tensors(const Copying *c)
{
    bool *late = NEWN(c->scratch, bool, c->n);
    for (int i = 0; i < c->n; i++) {
        late[i] = is_derived(c->g->tensor.at[i]);
        for (int k = 0; k < i; k++)
            late[i] = late[i] || (c->reads[i][k] && late[k]);
    }
    return late;
}

/* Before the first of a recurrence comes all that any of it reads. */
static void read_clones(Copying *c, int from, const bool *late)
{
    int to = from + 1, group = c->g->tensor.at[from]->group;
    while (group && to < c->n && c->g->tensor.at[to]->group == group)
        to++;
    for (int i = from; i < to; i++)
        if (late[i])
            copy_what_is_read(c, c->g->tensor.at[i]);
}

static Graph *with_copies(const Graph *from, const bool *chosen, Arena *a)
{
    Graph *g = copy_graph(from, ~0u, from->training, a);
    Copying c = {.g = g, .n = g->tensor.n, .chosen = chosen, .scratch = new_arena()};
    assert(c.n == from->tensor.n);
    c.reads = NEWN(c.scratch, bool *, c.n);
    c.clone = NEWN(c.scratch, Tensor *, 2 * c.n);
    for (int i = 0; i < c.n; i++)
        c.reads[i] = reads_of(g, g->tensor.at[i], c.scratch);
    const bool *late = late_tensors(&c);
    for (int i = 0, group = 0; i < c.n; i++) {
        Tensor *t = g->tensor.at[i];
        if (!t->group || t->group != group)
            read_clones(&c, i, late);
        group = t->group;
        if (late[i])
            t->body = replace_tensors(g, t->body, c.clone);
        PUSH(c.scratch, &c.order, t);
    }
    for (int i = 0; i < c.order.n; i++) {
        g->tensor.at[i] = c.order.at[i];
        g->tensor.at[i]->id = i;
    }
    free_arena(c.scratch);
    sort_graph(g);
    return g;
}

/* ---- Choosing ---- */

/* What comes of a choice. */
typedef struct Trial {
    Arena *arena;
    Entry entry;
    Schedule *schedule;
} Trial;

typedef struct Saving {
    const Module *m;
    EntryKind kind;
    const Graph *g;
    Names *names;
    size_t room;
    Arena *scratch;
    bool **reads; /* by id, then by id */
    bool *chosen, *refused;
    Trial now;
} Saving;

static Trial try_choice(const Saving *s, const bool *chosen)
{
    Trial t = {.arena = new_arena()};
    Graph *g = with_copies(s->g, chosen, t.arena);
    split_sums(g, s->m->lanes);
    Names *own = NEW(t.arena, Names);
    *own = (Names){.arena = t.arena, .outer = s->names};
    t.schedule = schedule(g, s->kind, s->m, own, t.arena);
    plan_nests(&t.entry, t.schedule, t.arena);
    return t;
}

/* Bytes times regions. */
static double area(const Entry *e)
{
    double sum = 0;
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        const Buffer *b = e->scratch_buffer.at[i];
        sum += (double)b->bytes * (b->last - b->first + 1);
    }
    return sum;
}

static bool is_better(const Trial *a, const Trial *b)
{
    if (a->entry.bound != b->entry.bound)
        return a->entry.bound < b->entry.bound;
    return area(&a->entry) < area(&b->entry);
}

static const Buffer *buffer_for(const Trial *t, const Tensor *x)
{
    for (int i = 0; i < t->entry.scratch_buffer.n; i++)
        if (t->entry.scratch_buffer.at[i]->name == x->name)
            return t->entry.scratch_buffer.at[i];
    return NULL;
}

/* Where the nests of a region begin. */
static int nest_of_region(const Schedule *s, int region)
{
    int i = 0;
    while (region-- > 0)
        i += length_of_group(s, i);
    return i;
}

/* The fullest region itself has to do with it. */
static bool is_busy(const Trial *t, const Buffer *b, Arena *a)
{
    int from = nest_of_region(t->schedule, t->entry.fullest);
    for (int i = from; i < from + length_of_group(t->schedule, from); i++) {
        const Buffers used = buffers_of(t->schedule, t->schedule->nest.at[i], a);
        for (int k = 0; k < used.n; k++)
            if (used.at[k] == b)
                return true;
    }
    return false;
}

static bool is_root_value(const Graph *g, const Tensor *t)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].value == t)
            return true;
    return false;
}

/* Whoever computes something again finds it: it is given, kept, or computed again itself.
 */
static bool is_there(const Saving *s, const Tensor *t)
{
    const Buffer *b = buffer_for(&s->now, t);
    return t->role != EQUATION || s->chosen[t->id] || is_root_value(s->g, t) ||
           (b && b->last > s->now.entry.fullest);
}

/* With t in the set, all that it needs; adds their operations. */
static void add_needed(const Saving *s, const Tensor *t, bool *set, double *flops)
{
    set[t->id] = true;
    *flops += flops_of(t);
    for (int i = 0; i < s->g->tensor.n; i++)
        if (s->reads[t->id][i] && !set[i] && !is_there(s, s->g->tensor.at[i]))
            add_needed(s, s->g->tensor.at[i], set, flops);
}

/* By way of what is computed again. */
static bool reaches(const Saving *s, int from, int to, const bool *set, bool *seen)
{
    for (int i = 0; i < s->g->tensor.n; i++) {
        if (!s->reads[from][i] || (!set[i] && !s->chosen[i]))
            continue;
        if (i == to)
            return true;
        if (seen[i])
            continue;
        seen[i] = true;
        if (reaches(s, i, to, set, seen))
            return true;
    }
    return false;
}

static bool is_possible(const Saving *s, const bool *set)
{
    for (int i = 0; i < s->g->tensor.n; i++) {
        if (!set[i])
            continue;
        const Tensor *t = s->g->tensor.at[i];
        if (!is_forward(t) || !t->body ||
            (t->group && reaches(s, i, i, set, NEWN(s->scratch, bool, s->g->tensor.n))))
            return false;
    }
    return true;
}

static const Tensor *tensor_of(const Graph *g, const Buffer *b)
{
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->name == b->name)
            return g->tensor.at[i];
    return NULL; /* a copy, or a part of a sum */
}

typedef struct Choice {
    const Tensor *t;
    bool *set;
    double worth; /* bytes for an operation */
} Choice;

/* The best that has not been refused; t is NULL: there is none. */
static Choice best_choice(const Saving *s)
{
    Choice best = {0};
    const Entry *e = &s->now.entry;
    for (int i = 0; i < e->scratch_buffer.n; i++) {
        const Buffer *b = e->scratch_buffer.at[i];
        const Tensor *t = tensor_of(s->g, b);
        bool live = b->first < e->fullest && e->fullest < b->last;
        if (!live || !t || !is_forward(t) || s->chosen[t->id] || s->refused[t->id] ||
            is_busy(&s->now, b, s->scratch))
            continue;
        Choice c = {t, NEWN(s->scratch, bool, s->g->tensor.n), 0};
        double flops = 1;
        add_needed(s, t, c.set, &flops);
        c.worth = (double)b->bytes / flops;
        if (c.worth > best.worth && is_possible(s, c.set))
            best = c;
    }
    return best;
}

static bool *both(const Saving *s, const bool *a, const bool *b, bool keep_b)
{
    bool *set = NEWN(s->scratch, bool, s->g->tensor.n);
    for (int i = 0; i < s->g->tensor.n; i++)
        set[i] = keep_b ? a[i] || b[i] : a[i] && !b[i];
    return set;
}

static void accept(Saving *s, bool *chosen, Trial t)
{
    free_arena(s->now.arena);
    s->chosen = chosen;
    s->now = t;
}

/* Until the plan fits, or nothing makes it smaller. */
static void choose(Saving *s)
{
    bool any = false;
    while (s->now.entry.scratch > s->room) {
        Choice c = best_choice(s);
        if (!c.t && !any)
            return;
        if (!c.t) { /* what was no help may be one by now */
            memset(s->refused, 0, (size_t)s->g->tensor.n * sizeof *s->refused);
            any = false;
            continue;
        }
        bool *chosen = both(s, s->chosen, c.set, true);
        Trial t = try_choice(s, chosen);
        if (is_better(&t, &s->now)) {
            accept(s, chosen, t);
            any = true;
        } else {
            s->refused[c.t->id] = true;
            free_arena(t.arena);
        }
    }
}

/* What most work was added for comes first. */
static const Tensor *dearest(const Saving *s, const bool *looked_at)
{
    const Tensor *best = NULL;
    for (int i = 0; i < s->g->tensor.n; i++) {
        const Tensor *t = s->g->tensor.at[i];
        if (s->chosen[i] && !looked_at[i] && (!best || flops_of(t) > flops_of(best)))
            best = t;
    }
    return best;
}

static void keep_what_fits(Saving *s)
{
    bool *looked_at = NEWN(s->scratch, bool, s->g->tensor.n);
    for (const Tensor *t; (t = dearest(s, looked_at));) {
        looked_at[t->id] = true;
        bool *without = NEWN(s->scratch, bool, s->g->tensor.n);
        without[t->id] = true;
        bool *chosen = both(s, s->chosen, without, false);
        Trial now = try_choice(s, chosen);
        if (now.entry.scratch <= s->room)
            accept(s, chosen, now);
        else
            free_arena(now.arena);
    }
}

Graph *spare_memory(const Module *m, EntryKind kind, Graph *g, size_t room, Names *names,
                    Arena *a)
{
    g = copy_graph(g, ~0u, g->training, a); /* without what no root reaches */
    Saving s = {
        .m = m, .kind = kind, .g = g, .names = names, .room = room, .scratch = new_arena()};
    s.reads = NEWN(s.scratch, bool *, g->tensor.n);
    for (int i = 0; i < g->tensor.n; i++)
        s.reads[i] = reads_of(g, g->tensor.at[i], s.scratch);
    s.chosen = NEWN(s.scratch, bool, g->tensor.n);
    s.refused = NEWN(s.scratch, bool, g->tensor.n);
    s.now = try_choice(&s, s.chosen);
    bool fits = s.now.entry.scratch <= room;
    if (!fits) {
        choose(&s);
        if (s.now.entry.scratch <= room)
            keep_what_fits(&s);
        g = with_copies(g, s.chosen, a);
    }
    free_arena(s.now.arena);
    free_arena(s.scratch);
    return g;
}
