/* Which equations run in one nest, and in which order.
 *
 * Every reduction starts a nest. An element-wise equation joins the nest of something it
 * reads element by element, if all else that it reads is computed before that nest: no path
 * may lead from the nest through another one back to it. So bias, activation, the
 * derivative of the activation and the optimizer's update end up behind the contraction
 * that makes their operand.
 *
 * The equations of a recurrence join only each other. Its nests run one after the other,
 * with nothing in between: what one of them waits for, or is waited for by, so are all.
 *
 * An update is written in place where all who read the old value run earlier, or in the
 * same nest at the same element; else its value is kept apart and copied at the end. */
#include "nest.h"

#include "str.h"

#include <assert.h>

static bool same_space(const Tensor *a, const Tensor *b)
{
    if (a->rank != b->rank)
        return false;
    for (int i = 0; i < a->rank; i++)
        if (a->idx[i].extent != b->idx[i].extent || a->idx[i].batch != b->idx[i].batch)
            return false;
    return true;
}

static bool reads_same(const Expr *read, const Tensor *by)
{
    int index;
    if (read->arg[0] || !same_space(read->tensor, by))
        return false;
    for (int i = 0; i < read->tensor->rank; i++)
        if (!sub_is_index(read->sub[i], &index) || index != i)
            return false;
    return true;
}

/* ---- Order between nests ---- */

/* Every nest is asked once a question. */
static bool leads_to(Nest *late, const Nest *early, int question)
{
    if (late->asked == question)
        return false;
    late->asked = question;
    for (int i = 0; i < late->after.n; i++)
        if (late->after.at[i] == early || leads_to(late->after.at[i], early, question))
            return true;
    return false;
}

static bool runs_after(Schedule *s, Nest *late, const Nest *early)
{
    return leads_to(late, early, ++s->questions);
}

static void add_edge(Schedule *s, Nest *early, Nest *late)
{
    for (int i = 0; i < late->after.n; i++)
        if (late->after.at[i] == early)
            return;
    PUSH(s->arena, &late->after, early);
}

/* ---- What an equation reads ---- */

typedef struct Reads {
    Schedule *s;
    const Tensor *by;
    VEC(const Expr *) read;
} Reads;

static void list_read(Expr *e, void *context)
{
    Reads *r = context;
    if (e->op == OP_read)
        PUSH(r->s->arena, &r->read, e);
}

static Reads reads_of(Schedule *s, const Tensor *t)
{
    Reads r = {.s = s, .by = t};
    walk(t->body, list_read, &r);
    return r;
}

/* ---- Grouping ---- */

static Nest *new_nest(Schedule *s)
{
    Nest *n = NEW(s->arena, Nest);
    n->id = s->nest.n;
    n->layout = s->layout;
    PUSH(s->arena, &s->nest, n);
    return n;
}

static bool has_datum(const Sub *s, const Expr *read)
{
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        if ((t->kind == ATOM_DATA && t->data == read) || (t->of && has_datum(t->of, read)))
            return true;
    }
    return false;
}

/* A subscript comes from memory: a nest does not use for one what it has just computed. */
static bool is_subscript(const Reads *r, const Expr *read)
{
    for (int i = 0; i < r->read.n; i++)
        for (int k = 0; k < r->read.at[i]->tensor->rank; k++)
            if (has_datum(r->read.at[i]->sub[k], read))
                return true;
    return false;
}

/* What is computed again, and who reads it, wait until then: they join no nest from before.
 */
static bool is_too_early(const Nest *n, const Tensor *t, const Nest *home)
{
    return t->again && (home ? n->id < home->id : !n->step.at[0].tensor->again);
}

static bool may_join(const Reads *r, const Nest *n)
{
    if (r->by->group != n->group || is_too_early(n, r->by, NULL))
        return false;
    for (int i = 0; i < r->read.n; i++) {
        const Expr *read = r->read.at[i];
        Nest *home = r->s->home[read->tensor->id];
        if (home && is_too_early(n, read->tensor, home))
            return false;
        if (home == n ? !reads_same(read, r->by) || is_subscript(r, read)
                      : home && runs_after(r->s, home, n))
            return false;
    }
    return true;
}

/* The latest nest that t may join; NULL: it starts its own. */
static Nest *find_nest(const Reads *r)
{
    Nest *best = NULL;
    for (int i = 0; i < r->read.n && r->by->reduce == REDUCE_NONE; i++) {
        Nest *n = r->s->home[r->read.at[i]->tensor->id];
        if (n && reads_same(r->read.at[i], r->by) && may_join(r, n) &&
            (!best || n->id > best->id))
            best = n;
    }
    return best;
}

/* `late` runs after `early`; from outside, after all of its recurrence. */
static void run_after(Schedule *s, Nest *late, Nest *early)
{
    for (int i = 0; i < s->nest.n; i++) {
        Nest *n = s->nest.at[i];
        if (n == early ||
            (early->group && n->group == early->group && late->group != n->group))
            add_edge(s, n, late);
    }
}

static void place(Schedule *s, const Tensor *t)
{
    Reads r = reads_of(s, t);
    Nest *n = find_nest(&r);
    if (!n)
        n = new_nest(s);
    n->group = t->group;
    PUSH(s->arena, &n->step, (Step){.tensor = t});
    s->home[t->id] = n;
    for (int i = 0; i < r.read.n; i++) {
        Nest *home = s->home[r.read.at[i]->tensor->id];
        if (home && home != n)
            run_after(s, n, home);
    }
}

/* All nests of a recurrence wait for what one of them waits for. */
static void wait_together(Schedule *s, int group)
{
    for (int i = 0; i < s->nest.n; i++)
        for (int k = 0; k < s->nest.n; k++) {
            Nest *a = s->nest.at[i], *b = s->nest.at[k];
            for (int j = 0; a->group == group && b->group == group && j < a->after.n; j++)
                if (a->after.at[j]->group != group)
                    add_edge(s, a->after.at[j], b);
        }
}

static void mark(Expr *e, void *context)
{
    if (e->op == OP_read)
        ((bool *)context)[e->tensor->id] = true;
}

static void group(Schedule *s)
{
    const Graph *g = s->graph;
    bool *live = NEWN(s->arena, bool, g->tensor.n);
    for (int i = 0; i < g->root.n; i++)
        live[g->root.at[i].value->id] = true;
    for (int i = g->tensor.n; i-- > 0;)
        if (live[i] && g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, mark, live);
    for (int i = 0; i < g->tensor.n; i++)
        if (live[i] && g->tensor.at[i]->role == EQUATION) {
            const Tensor *t = g->tensor.at[i];
            place(s, t);
            if (t->group &&
                (i + 1 == g->tensor.n || g->tensor.at[i + 1]->group != t->group))
                wait_together(s, t->group);
        }
}

/* ---- Where results go ---- */

static Step *find_step(const Schedule *s, const Tensor *t)
{
    Nest *n = s->home[t->id];
    for (int i = 0; n && i < n->step.n; i++)
        if (n->step.at[i].tensor == t)
            return &n->step.at[i];
    return NULL;
}

static Buffer *given_buffer(const Module *m, const Tensor *t)
{
    for (int i = 0; i < m->slot.n; i++)
        if (m->slot.at[i].root == NROOT && m->slot.at[i].tensor->name == t->name)
            return m->slot.at[i].buffer;
    bug("'%s' is not in the model's table", t->name);
}

const char *result_name(const Root *r)
{
    return r->kind == ROOT_GRADIENT ? intern_f("grad.%s", r->target->name)
                                    : intern(r->name);
}

static Buffer *result_buffer(const Module *m, const Root *r)
{
    if (r->kind == ROOT_UPDATE || r->kind == ROOT_INIT)
        return given_buffer(m, r->target);
    for (int i = 0; i < m->slot.n; i++) {
        const Slot *slot = &m->slot.at[i];
        if (slot->root == r->kind && slot->name == result_name(r))
            return slot->buffer;
    }
    bug("result '%s' is not in the model's table", r->name);
}

/* t again, as an equation with a nest of its own. */
static Tensor *copy_of(Schedule *s, Tensor *t)
{
    Tensor *copy = NEW(s->arena, Tensor);
    *copy = (Tensor){.id = s->tensors++,
                     .name = t->name,
                     .span = t->span,
                     .role = EQUATION,
                     .elem = t->elem,
                     .bound = t->bound,
                     .rank = t->rank,
                     .nidx = t->rank};
    for (int i = 0; i < t->rank; i++)
        copy->idx[i] = t->idx[i];
    copy->body = read_same((Graph *)s->graph, t);
    Nest *n = new_nest(s);
    if (s->home[t->id])
        add_edge(s, s->home[t->id], n);
    PUSH(s->arena, &n->step, (Step){.tensor = copy});
    s->home[copy->id] = n;
    return copy;
}

static bool reads_same_only(Schedule *s, const Tensor *t, const Tensor *old)
{
    Reads r = reads_of(s, t);
    for (int i = 0; i < r.read.n; i++)
        if (r.read.at[i]->tensor == old && !reads_same(r.read.at[i], t))
            return false;
    return t->reduce == REDUCE_NONE;
}

/* May `writer` overwrite a tensor whose old value others read? */
static bool may_overwrite(Schedule *s, const Nest *writer, const Tensor *old)
{
    for (int i = 0; i < s->nest.n; i++) {
        Nest *n = s->nest.at[i];
        for (int k = 0; k < n->step.n; k++) {
            const Tensor *t = n->step.at[k].tensor;
            if (!expr_reads(t->body, old))
                continue;
            if (n == writer ? !reads_same_only(s, t, old) : runs_after(s, n, writer))
                return false;
        }
    }
    return true;
}

/* All others that read it do so before the writer's turn; at the start, after it. */
static void order_readers(Schedule *s, Nest *writer, const Tensor *old)
{
    for (int i = 0; i < s->nest.n; i++) {
        Nest *n = s->nest.at[i];
        for (int k = 0; k < n->step.n && n != writer; k++)
            if (expr_reads(n->step.at[k].tensor->body, old)) {
                if (s->kind == ENTRY_INIT)
                    add_edge(s, writer, n);
                else
                    add_edge(s, n, writer);
            }
    }
}

/* What is given is copied: in nests made before any is told to overwrite something. */
static Tensor **root_values(Schedule *s)
{
    Tensor **value = NEWN(s->arena, Tensor *, s->graph->root.n);
    for (int i = 0; i < s->graph->root.n; i++) {
        value[i] = s->graph->root.at[i].value;
        if (!s->home[value[i]->id])
            value[i] = copy_of(s, value[i]);
    }
    return value;
}

static void place_results(Schedule *s)
{
    Tensor **value = root_values(s);
    for (int i = 0; i < s->graph->root.n; i++) {
        const Root *r = &s->graph->root.at[i];
        if (r->kind == ROOT_UPDATE && !may_overwrite(s, s->home[value[i]->id], r->target))
            value[i] = copy_of(s, value[i]);
        PUSH(s->arena, &find_step(s, value[i])->to, result_buffer(s->module, r));
        if (r->kind == ROOT_UPDATE || r->kind == ROOT_INIT)
            order_readers(s, s->home[value[i]->id], r->target);
    }
}

static Buffer *new_scratch(const Schedule *s, const Tensor *t)
{
    return new_buffer(t, &s->layout[t->id], s->module, s->names, s->arena);
}

/* Everything that another nest reads has a buffer. */
static void place_intermediates(Schedule *s)
{
    for (int i = 0; i < s->nest.n; i++) {
        Nest *n = s->nest.at[i];
        for (int k = 0; k < n->step.n; k++) {
            Reads r = reads_of(s, n->step.at[k].tensor);
            for (int j = 0; j < r.read.n; j++) {
                const Tensor *t = r.read.at[j]->tensor;
                Step *made = find_step(s, t);
                if (!made)
                    s->buffer[t->id] = given_buffer(s->module, t);
                bool here = s->home[t->id] == n && reads_same(r.read.at[j], r.by);
                if (!made || here || s->buffer[t->id])
                    continue;
                if (!made->to.n)
                    PUSH(s->arena, &made->to, new_scratch(s, t));
                s->buffer[t->id] = made->to.at[0];
            }
        }
    }
}

/* ---- What others ask ---- */

int length_of_group(const Schedule *s, int i)
{
    int n = 1, group = s->nest.at[i]->group;
    while (group && i + n < s->nest.n && s->nest.at[i + n]->group == group)
        n++;
    return n;
}

Buffers buffers_of(const Schedule *s, const Nest *n, Arena *a)
{
    Buffers list = {0};
    for (int k = 0; k < n->step.n; k++) {
        const Step *step = &n->step.at[k];
        for (int i = 0; i < step->to.n; i++)
            if (!step->to.at[i]->fixed)
                PUSH(a, &list, step->to.at[i]);
        Reads r = reads_of((Schedule *)s, step->tensor);
        for (int i = 0; i < r.read.n; i++) {
            Buffer *b = s->buffer[r.read.at[i]->tensor->id];
            if (b && !b->fixed)
                PUSH(a, &list, b);
        }
    }
    return list;
}

Schedule *schedule(const Graph *g, EntryKind kind, const Module *m, Names *names, Arena *a)
{
    Schedule *s = NEW(a, Schedule);
    *s = (Schedule){.arena = a, .graph = g, .module = m, .names = names, .kind = kind};
    int most = g->tensor.n + 2 * g->root.n; /* with copies */
    s->tensors = g->tensor.n;
    s->layout = choose_layouts(g, m->lanes, most, a);
    s->home = NEWN(a, Nest *, most);
    s->buffer = NEWN(a, Buffer *, most);
    group(s);
    place_results(s);
    place_intermediates(s);
    order_nests(s);
    return s;
}
