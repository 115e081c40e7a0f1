/* What ir.h promises, checked. A breach is gradc's own fault: bug() names the pass and the
 * tensor. */
#include "ir.h"

#include <math.h>

static void verify_sub(const Graph *g, const Tensor *t, const Sub *s)
{
    for (int i = 0; i < s->nterm; i++) {
        const Term *u = &s->term[i];
        if (u->coef == 0)
            bug("'%s': a subscript has a term with coefficient 0", t->name);
        if (u->kind == ATOM_INDEX && u->index >= t->nidx)
            bug("'%s': a subscript uses index %d of %d", t->name, u->index, t->nidx);
        if ((u->kind == ATOM_DIV || u->kind == ATOM_MOD) && u->by <= 0)
            bug("'%s': a subscript is divided by %lld", t->name, (long long)u->by);
        if (u->of)
            verify_sub(g, t, u->of);
        if (u->kind == ATOM_DATA && u->data->tensor->elem == ELEM_REAL)
            bug("'%s': a subscript reads the reals of '%s'", t->name,
                u->data->tensor->name);
    }
}

/* A read may leave its tensor only where it has a value outside or a select around it decides.
 * Whether that one does is not looked into: bare indices are checked where there is no select
 * at all. */
static void verify_read(const Graph *g, const Tensor *t, const Expr *e, bool selects)
{
    const Tensor *from = e->tensor;
    if (from->id >= g->tensor.n || g->tensor.at[from->id] != from)
        bug("'%s' reads '%s', which is not in the graph", t->name, from->name);
    if (from->id >= t->id && !(t->group && t->group == from->group))
        bug("'%s' reads '%s', which comes after it", t->name, from->name);
    for (int i = 0; i < from->rank; i++) {
        verify_sub(g, t, e->sub[i]);
        int index;
        if (sub_is_index(e->sub[i], &index) && t->idx[index].batch != from->idx[i].batch)
            bug("'%s' reads dimension %d of '%s' with index '%s': one is the batch, one "
                "not",
                t->name, i, from->name, t->idx[index].name);
        if (sub_is_index(e->sub[i], &index) && !e->arg[0] && !selects &&
            t->idx[index].extent > from->idx[i].extent)
            bug("'%s' reads '%s' with index '%s' up to %d in a dimension of %d", t->name,
                from->name, t->idx[index].name, t->idx[index].extent, from->idx[i].extent);
    }
    if (e->arg[0] && kind_of(e->arg[0]) != REAL)
        bug("'%s' has a truth value outside '%s'", t->name, from->name);
}

static void verify_operands(const Tensor *t, const Expr *e)
{
    const OpInfo *op = &opinfo[e->op];
    for (int i = 0; i < 3; i++)
        if (e->op != OP_read && (i < op->arity) != (e->arg[i] != NULL))
            bug("'%s': '%s' has a wrong number of operands", t->name, op->name);
    for (int i = 0; i < op->arity; i++) {
        ValueKind want =
            op->properties & LOGIC || (op->properties & PICK && i == 0) ? BOOL : REAL;
        if (kind_of(e->arg[i]) != want)
            bug("'%s': operand %d of '%s' is of the wrong kind", t->name, i + 1, op->name);
    }
}

struct Checking {
    const Graph *g;
    const Tensor *t;
    bool selects; /* somewhere in the body */
};

static void look_for_select(Expr *e, void *context)
{
    struct Checking *c = context;
    c->selects = c->selects || e->op == OP_select;
}

static void verify_expr(Expr *e, void *context)
{
    struct Checking *c = context;
    verify_operands(c->t, e);
    if (e->op == OP_read)
        verify_read(c->g, c->t, e, c->selects);
    if (e->op == OP_number || e->op == OP_uniform || e->op == OP_normal)
        verify_sub(c->g, c->t, e->sub[0]);
}

static void verify_shape(const Graph *g, const Tensor *t)
{
    if (t->rank > MAXRANK || t->nidx > MAXIDX || t->nidx < t->rank)
        bug("'%s' has rank %d and %d indices", t->name, t->rank, t->nidx);
    for (int i = 0; i < t->nidx; i++) {
        if (t->idx[i].extent <= 0 || !t->idx[i].name)
            bug("'%s': index %d has extent %d", t->name, i, t->idx[i].extent);
        if (t->idx[i].batch && t->idx[i].extent != g->batch)
            bug("'%s': its batch is %d, the graph's %d", t->name, t->idx[i].extent,
                g->batch);
        if (t->idx[i].batch && i > 0 && i < t->rank)
            bug("'%s': the batch is dimension %d", t->name, i);
    }
}

static void verify_average(const Graph *g, const Tensor *t)
{
    const Tensor *a = t->average;
    if (g->tensor.at[a->id] != a)
        bug("'%s' has an average that is not in the graph", t->name);
    if (t->role != PARAM || a->role != STATE || !a->averages || a->rank != t->rank)
        bug("'%s' cannot be the average of '%s'", a->name, t->name);
}

static void verify_tensor(const Graph *g, const Tensor *t)
{
    verify_shape(g, t);
    if (t->average)
        verify_average(g, t);
    if (t->role != EQUATION) {
        if (t->body)
            bug("'%s' is given and computed", t->name);
        return;
    }
    if ((t->nidx > t->rank) != (t->reduce != REDUCE_NONE))
        bug("'%s': reduced indices and reduction do not match", t->name);
    if (!t->body)
        return;
    if (kind_of(t->body) != REAL)
        bug("'%s' is a truth value", t->name);
    struct Checking c = {.g = g, .t = t};
    walk(t->body, look_for_select, &c);
    walk(t->body, verify_expr, &c);
}

static void verify_root(const Graph *g, const Root *r)
{
    if (!r->value || g->tensor.at[r->value->id] != r->value)
        bug("root '%s' is not in the graph", r->name);
    if (!r->target)
        return;
    if (r->target->rank != r->value->rank)
        bug("root '%s': ranks %d and %d", r->name, r->target->rank, r->value->rank);
    for (int i = 0; i < r->target->rank; i++)
        if (r->target->idx[i].extent != r->value->idx[i].extent)
            bug("root '%s': dimension %d is %d and %d", r->name, i,
                r->target->idx[i].extent, r->value->idx[i].extent);
}

void verify_graph(const Graph *g)
{
    for (int i = 0; i < g->tensor.n; i++) {
        if (g->tensor.at[i]->id != i)
            bug("'%s' has id %d at position %d", g->tensor.at[i]->name, g->tensor.at[i]->id,
                i);
        verify_tensor(g, g->tensor.at[i]);
    }
    for (int i = 0; i < g->root.n; i++)
        verify_root(g, &g->root.at[i]);
}
