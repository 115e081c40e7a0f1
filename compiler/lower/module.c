/* A model as a module: its table of fixed tensors, and for each entry the regions it runs.
 */
#include "nest.h"

#include "str.h"

#include <math.h>

enum { CONTEXT = 64 }; /* bytes of gr_context at the start of a block */

const char *const entry_name[NENTRY] = {"init", "forward", "gradients", "step"};

/* ---- Buffers ---- */

static size_t element_size(Elem elem, const Module *m)
{
    switch (elem) {
    case ELEM_BYTE:
        return 1;
    case ELEM_INDEX:
        return 4;
    case ELEM_REAL:
        break;
    }
    return m->f64 ? 8 : 4;
}

Buffer *new_buffer(const Tensor *t, const Layout *layout, const Module *m, Names *names,
                   Arena *a)
{
    Buffer *b = NEW(a, Buffer);
    b->tensor = t;
    b->name = t->name;
    b->c_name = take_name(names, names, identifier(t->name));
    b->elem = t->elem;
    b->rank = t->rank;
    bool turned = layout && layout->turned;
    b->batched = t->rank && t->idx[0].batch && !turned;
    for (int i = 0; i < t->rank; i++)
        b->dim[i] = t->idx[turned ? layout->dim[i] : i].extent;
    b->bytes = element_size(t->elem, m) * (size_t)count_of(t->idx, t->rank);
    return b;
}

/* ---- The table ---- */

static void add_slot(Module *m, Slot slot, Names *names, Arena *a)
{
    slot.buffer = new_buffer(slot.tensor, NULL, m, names, a);
    slot.buffer->name = slot.name;
    slot.buffer->fixed = true;
    slot.buffer->offset = m->size;
    m->size += aligned(slot.buffer->bytes);
    PUSH(a, &m->slot, slot);
}

static void mark(Expr *e, void *context)
{
    if (e->op == OP_read)
        ((bool *)context)[e->tensor->id] = true;
}

static int count(const bool *marked, int n)
{
    int total = 0;
    for (int i = 0; i < n; i++)
        total += marked[i];
    return total;
}

/* Mark, by tensor id, what the marked depend on; again, as recurrences read in circles. */
static void mark_behind(const Graph *g, bool *marked)
{
    int before;
    do {
        before = count(marked, g->tensor.n);
        for (int i = g->tensor.n; i-- > 0;)
            if (marked[i] && g->tensor.at[i]->body)
                walk(g->tensor.at[i]->body, mark, marked);
    } while (count(marked, g->tensor.n) > before);
}

/* By tensor id: an output depends on it. */
static const bool *behind_outputs(const Graph *g, Arena *a)
{
    bool *needed = NEWN(a, bool, g->tensor.n);
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_OUTPUT)
            needed[g->root.at[i].value->id] = true;
    mark_behind(g, needed);
    return needed;
}

static bool depends_on_input(const Graph *g, const Tensor *t, Arena *a)
{
    bool any = false, *needed = NEWN(a, bool, g->tensor.n);
    needed[t->id] = true;
    mark_behind(g, needed);
    for (int i = 0; i < g->tensor.n; i++)
        any |= needed[i] && g->tensor.at[i]->role == INPUT;
    return any;
}

static void add_given(Module *m, Role role, bool optimizer, Names *names, Arena *a)
{
    const bool *needed = behind_outputs(m->graph, a);
    for (int i = 0; i < m->graph->tensor.n; i++) {
        const Tensor *t = m->graph->tensor.at[i];
        if (t->role != role || t->optimizer != optimizer)
            continue;
        Slot slot = {.tensor = t, .name = t->name, .root = NROOT};
        slot.target = role == INPUT && !needed[i];
        add_slot(m, slot, names, a);
    }
}

static void add_results(Module *m, RootKind kind, Names *names, Arena *a)
{
    for (int i = 0; i < m->graph->root.n; i++) {
        const Root *r = &m->graph->root.at[i];
        if (r->kind != kind)
            continue;
        Slot slot = {.tensor = r->value, .name = result_name(r), .root = kind};
        slot.drawn = kind == ROOT_OUTPUT && !depends_on_input(m->graph, r->value, a);
        add_slot(m, slot, names, a);
    }
}

static void make_table(Module *m, Names *names, Arena *a)
{
    add_given(m, INPUT, false, names, a);
    add_given(m, PARAM, false, names, a);
    add_given(m, STATE, false, names, a);
    add_given(m, STATE, true, names, a);
    add_results(m, ROOT_LOSS, names, a);
    add_results(m, ROOT_METRIC, names, a);
    add_results(m, ROOT_OUTPUT, names, a);
    add_results(m, ROOT_GRADIENT, names, a);
    add_results(m, ROOT_RATE, names, a);
    add_results(m, ROOT_INNER, names, a);
}

/* ---- Entries ---- */

/* The first of the values that go anywhere. */
static const Tensor *result_of(const Nest *n)
{
    for (int i = 0; i < n->step.n; i++)
        if (n->step.at[i].to.n)
            return n->step.at[i].tensor;
    return n->step.at[0].tensor;
}

/* A region for the n nests, which are built only if no others like them were. */
static Region *make_region(Schedule *s, Nest *const *nest, int n, Spellings *known,
                           const char *name)
{
    Spelling *x = spell(s, nest, n), *like = find_spelling(known, x);
    if (like)
        return share_region(s, like, x, nest, n, name);
    for (int k = 0; k < n; k++)
        build_axes(nest[k], s->arena);
    Region *r = nest[0]->group ? build_recurrence(s, nest, n, name)
                               : build_region(s, nest[0], name);
    x->region = r;
    PUSH(s->arena, known, x);
    return r;
}

/* The block that init finds is full of zeros. */
static bool is_nothing(const Schedule *s, const Nest *n)
{
    const Expr *e = n->step.at[0].tensor->body;
    return s->kind == ENTRY_INIT && n->step.n == 1 && e->op == OP_const && e->value == 0 &&
           !signbit(e->value);
}

static void make_entry(Module *m, EntryKind kind, Graph *g, Names *names,
                       Spellings *known, Arena *a)
{
    split_sums(g, m->lanes);
    Entry *e = &m->entry[kind];
    Names own = {.arena = a, .outer = names};
    e->graph = g;
    Schedule *s = schedule(g, kind, m, &own, a);
    s->spelled = NEWN(a, int, g->made);
    for (int i = 0, n; i < s->nest.n; i += n) {
        Nest **nest = &s->nest.at[i];
        n = length_of_group(s, i);
        if (is_nothing(s, nest[0]))
            continue;
        const Tensor *result = result_of(nest[n - 1]);
        const char *name = intern_f("%s_%s", entry_name[kind], identifier(result->name));
        Region *r = make_region(s, nest, n, known, take_name(names, &own, name));
        r->result = result;
        PUSH(a, &e->region, r);
    }
}

Module *lower(const Graph *graph, Graph *const entry[NENTRY], const LowerOptions *o,
              Arena *a)
{
    Module *m = NEW(a, Module);
    Names names = {.arena = a};
    m->graph = graph;
    m->target = o->target;
    m->f64 = o->f64;
    m->serial = o->serial;
    m->lanes = o->lanes ? o->lanes : o->target->bytes / (o->f64 ? 8 : 4);
    m->size = CONTEXT;
    make_table(m, &names, a);
    Spellings known = {0};
    size_t scratch = 0;
    for (int k = 0; k < NENTRY; k++) {
        if (!entry[k])
            continue;
        Graph *g = entry[k];
        copy_inputs(g, m->lanes);
        if (o->memory)
            g = spare_memory(m, (EntryKind)k, g, o->memory > m->size ? o->memory - m->size : 0,
                             &names, a);
        make_entry(m, (EntryKind)k, g, &names, &known, a);
        plan_scratch(&m->entry[k], m->size, a);
        scratch = m->entry[k].scratch > scratch ? m->entry[k].scratch : scratch;
    }
    m->size += scratch;
    m->stack = bound_stack(m);
    return m;
}

double flops_of_entry(const Entry *e)
{
    double sum = 0;
    for (int i = 0; i < e->region.n; i++)
        sum += e->region.at[i]->flops;
    return sum;
}

double cycles_of_entry(const Entry *e)
{
    double sum = 0;
    for (int i = 0; i < e->region.n; i++)
        sum += e->region.at[i]->cycles;
    return sum;
}
