/* Topological order. Cycles are found as strongly connected components (Tarjan 1972), each of
 * which must be a recurrence. */
#include "ir.h"

typedef VEC(Tensor *) TensorList;

typedef struct Order {
    Graph *g;
    Arena *scratch;
    TensorList out, stack; /* ordered so far; visited but not yet in a component */
    int *visited, *low;    /* by id: when visited, from 1; the earliest it reaches */
    bool *stacked;
    int clock, groups;
    Tensor *at;            /* whose reads are being followed */
    Cycle *fault;
    bool failed;
} Order;

/* ---- One recurrence ---- */

typedef struct Group {
    TensorList member;
    int *step;      /* by id: the dimension that steps, or -1: not known yet */
    bool *inside;   /* by id: is a member */
    bool *ordered;
    int direction;  /* sign of the offsets seen; 0: none yet */
    Order *o;
    Tensor *reader;
    bool changed, fits;
    TensorList out;
} Group;

static void blame(Group *r, const Expr *read, const char *why)
{
    r->fits = false;
    *r->o->fault = (Cycle){r->reader, read, why};
}

/* sub is the reader's step index plus *offset. */
static bool is_step(const Group *r, const Sub *sub, int64_t *offset)
{
    *offset = sub->c;
    return sub->nterm == 1 && sub->term->kind == ATOM_INDEX && sub->term->coef == 1 &&
           sub->term->index == r->step[r->reader->id];
}

/* The dimension of the tensor read in which the reader's step stands. */
static void spread_step(Expr *e, void *context)
{
    Group *r = context;
    if (e->op != OP_read || !r->inside[e->tensor->id] || r->step[e->tensor->id] >= 0)
        return;
    int64_t offset;
    for (int k = e->tensor->rank; k-- > 0;)
        if (is_step(r, e->sub[k], &offset)) {
            r->step[e->tensor->id] = k;
            r->changed = true;
        }
}

static void check_step(Expr *e, void *context)
{
    Group *r = context;
    if (e->op != OP_read || !r->inside[e->tensor->id] || !r->fits)
        return;
    int64_t offset;
    int step = r->step[e->tensor->id];
    if (step < 0 || !is_step(r, e->sub[step], &offset))
        blame(r, e, "it is not one constant step away");
    else if (e->tensor->idx[step].extent != r->reader->idx[r->step[r->reader->id]].extent)
        blame(r, e, "it has another number of steps");
    else if (offset && r->direction && (offset > 0) != (r->direction > 0))
        blame(r, e, "it steps the other way than an earlier read");
    else if (offset)
        r->direction = offset > 0 ? 1 : -1;
}

static void each_read(Group *r, void (*f)(Expr *, void *))
{
    for (int i = 0; i < r->member.n; i++) {
        r->reader = r->member.at[i];
        if (r->reader->body && r->step[r->reader->id] >= 0)
            walk(r->reader->body, f, r);
    }
}

/* Suppose the first member steps in dimension d. */
static bool fits(Group *r, int d)
{
    for (int i = 0; i < r->member.n; i++)
        r->step[r->member.at[i]->id] = i ? -1 : d;
    r->direction = 0;
    r->fits = r->changed = true;
    while (r->changed) {
        r->changed = false;
        each_read(r, spread_step);
    }
    each_read(r, check_step);
    return r->fits && r->direction != 0;
}

/* Members by their reads within a step; marks: 1 being visited, 2 done. */
static void visit_member(Group *r, Tensor *t, char *mark);

struct Visiting {
    Group *r;
    char *mark;
};

static void visit_same_step(Expr *e, void *context)
{
    struct Visiting *v = context;
    Group *r = v->r;
    if (e->op != OP_read || !r->inside[e->tensor->id] || e->sub[r->step[e->tensor->id]]->c)
        return;
    if (v->mark[e->tensor->id] == 1)
        blame(r, e, "it is the same step");
    else
        visit_member(r, e->tensor, v->mark);
}

static void visit_member(Group *r, Tensor *t, char *mark)
{
    if (mark[t->id] == 2)
        return;
    mark[t->id] = 1;
    Tensor *before = r->reader;
    r->reader = t;
    walk(t->body, visit_same_step, &(struct Visiting){r, mark});
    r->reader = before;
    mark[t->id] = 2;
    PUSH(r->o->scratch, &r->out, t);
}

static bool order_members(Group *r)
{
    char *mark = NEWN(r->o->scratch, char, r->o->g->tensor.n);
    for (int i = 0; i < r->member.n; i++)
        visit_member(r, r->member.at[i], mark);
    return r->fits;
}

static bool find_step(Group *r)
{
    *r->o->fault = (Cycle){r->member.at[0], NULL, "it depends on itself"};
    for (int d = 0; d < r->member.at[0]->rank; d++)
        if (fits(r, d))
            return true;
    return false;
}

static void add_group(Order *o, const TensorList *member)
{
    Group r = {.o = o,
               .member = *member,
               .step = NEWN(o->scratch, int, o->g->tensor.n),
               .inside = NEWN(o->scratch, bool, o->g->tensor.n)};
    for (int i = 0; i < member->n; i++)
        r.inside[member->at[i]->id] = true;
    if (!find_step(&r) || !order_members(&r)) {
        o->failed = true;
        return;
    }
    o->groups++;
    for (int i = 0; i < r.out.n; i++) {
        Tensor *t = r.out.at[i];
        t->group = o->groups;
        t->step = r.step[t->id];
        t->backward = r.direction > 0;
        PUSH(o->scratch, &o->out, t);
    }
}

/* ---- Components ---- */

static bool reads_itself(const Tensor *t) { return t->body && expr_reads(t->body, t); }

static void by_id(TensorList *l)
{
    for (int i = 1; i < l->n; i++)
        for (int k = i; k > 0 && l->at[k]->id < l->at[k - 1]->id; k--) {
            Tensor *t = l->at[k];
            l->at[k] = l->at[k - 1];
            l->at[k - 1] = t;
        }
}

/* Everything on the stack from t on is one component. */
static void take_component(Order *o, Tensor *t)
{
    TensorList member = {0};
    Tensor *last;
    do {
        last = o->stack.at[--o->stack.n];
        o->stacked[last->id] = false;
        PUSH(o->scratch, &member, last);
    } while (last != t);
    if (member.n > 1 || reads_itself(t)) {
        by_id(&member);
        add_group(o, &member);
    } else {
        t->group = 0;
        PUSH(o->scratch, &o->out, t);
    }
}

static void visit(Order *o, Tensor *t);

static void visit_read(Expr *e, void *context)
{
    Order *o = context;
    if (e->op != OP_read)
        return;
    int to = e->tensor->id, from = o->at->id;
    if (!o->visited[to]) {
        Tensor *at = o->at;
        visit(o, e->tensor);
        o->at = at;
        if (o->low[to] < o->low[from])
            o->low[from] = o->low[to];
    } else if (o->stacked[to] && o->visited[to] < o->low[from]) {
        o->low[from] = o->visited[to];
    }
}

static void visit(Order *o, Tensor *t)
{
    if (o->visited[t->id])
        return;
    o->visited[t->id] = o->low[t->id] = ++o->clock;
    o->stacked[t->id] = true;
    PUSH(o->scratch, &o->stack, t);
    o->at = t;
    if (t->body)
        walk(t->body, visit_read, o);
    if (o->low[t->id] == o->visited[t->id])
        take_component(o, t);
}

bool order_graph(Graph *g, Cycle *fault)
{
    int n = g->tensor.n;
    Order o = {.g = g, .scratch = new_arena(), .fault = fault};
    o.visited = NEWN(o.scratch, int, n);
    o.low = NEWN(o.scratch, int, n);
    o.stacked = NEWN(o.scratch, bool, n);
    for (int i = 0; i < n; i++)
        g->tensor.at[i]->id = i;
    for (int i = 0; i < n; i++)
        if (g->tensor.at[i]->role != EQUATION)
            visit(&o, g->tensor.at[i]);
    for (int i = 0; i < n; i++)
        visit(&o, g->tensor.at[i]);
    for (int i = 0; i < n && !o.failed; i++) {
        g->tensor.at[i] = o.out.at[i];
        g->tensor.at[i]->id = i;
    }
    free_arena(o.scratch);
    return !o.failed;
}

void sort_graph(Graph *g)
{
    Cycle c;
    if (!order_graph(g, &c))
        bug("'%s' reads '%s' in a cycle: %s", c.t->name, c.read ? c.read->tensor->name : "",
            c.why);
}
