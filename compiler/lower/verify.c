/* What loop.h promises, checked: registers are set before they are used and once where they
 * are constant, widths fit, subscripts stay inside their views wherever that can be proved
 * wrong. */
#include "loop.h"

#include <assert.h>

typedef struct Verify {
    const Module *m;
    const Region *r;
    Arena *scratch;
    VEC(const Reg *) reg; /* in scope */
    VEC(const Var *) var;
} Verify;

__attribute__((noreturn)) static void fail(const Verify *v, const char *what,
                                           const char *name)
{
    bug("region '%s': '%s' %s", v->r->name, name, what);
}

static void verify_val(Verify *v, const Val *x);
static void verify_int(Verify *v, const Int *i);

static bool is_ambient(const Verify *v, const Var *var)
{
    const char *n = var->name;
    return !strcmp(n, "n") || (v->r->range && (!strcmp(n, "lo") || !strcmp(n, "hi")));
}

static void verify_term(Verify *v, const IntTerm *t)
{
    if (!t->coef)
        fail(v, "has a term with coefficient 0", "an integer");
    switch (t->kind) {
    case INT_VAR:
        for (int i = 0; i < v->var.n; i++)
            if (v->var.at[i] == t->var)
                return;
        if (!is_ambient(v, t->var))
            fail(v, "counts nothing here", t->var->name);
        return;
    case INT_LEAST:
    case INT_MOST:
        verify_int(v, t->of);
        verify_int(v, t->limit);
        return;
    case INT_DIV:
    case INT_MOD:
    case INT_CLAMP:
        if (t->by <= 0)
            fail(v, "is divided by nothing", "an integer");
        verify_int(v, t->of);
        return;
    case INT_LOAD:
        if (t->load->kind != VAL_LOAD || t->load->vector || !t->load->view->buffer ||
            t->load->view->buffer->elem == ELEM_REAL)
            fail(v, "is no integer", "a subscript");
        verify_val(v, t->load);
        return;
    }
}

static void verify_int(Verify *v, const Int *i)
{
    for (int k = 0; k < i->nterm; k++)
        verify_term(v, &i->term[k]);
}

static void verify_element(Verify *v, View *view, const Int *const *sub, bool vector,
                           int64_t stride, int part)
{
    int found = 0;
    for (int i = 0; i < v->r->view.n; i++)
        found += v->r->view.at[i] == view;
    if (found != 1)
        fail(v, "is no view of the region", view->name);
    if (vector && !stride)
        fail(v, "has lanes without a stride", view->name);
    if (part < 0 || part >= v->m->lanes || (part && !vector))
        fail(v, "has lanes that do not exist", view->name);
    for (int k = 0; k < view->rank; k++) {
        verify_int(v, sub[k]);
        if (!sub[k]->nterm && (sub[k]->c < 0 || sub[k]->c >= view->dim[k]))
            fail(v, "is left by a subscript", view->name);
    }
}

static void verify_op(Verify *v, const Val *x)
{
    const OpInfo *op = &opinfo[x->op];
    bool mixes = x->op == OP_add || x->op == OP_sub || x->op == OP_mul || x->op == OP_div ||
                 x->op == OP_eq || x->op == OP_ne || x->op == OP_lt || x->op == OP_le;
    bool vector = false;
    for (int i = 0; i < op->arity; i++) {
        verify_val(v, x->arg[i]);
        vector = vector || x->arg[i]->vector;
        ValueKind want =
            op->properties & LOGIC || (op->properties & PICK && i == 0) ? BOOL : REAL;
        if (x->arg[i]->result != want)
            fail(v, "has an operand of the wrong kind", op->name);
        if (x->arg[i]->vector != x->vector && !mixes)
            fail(v, "mixes scalars and vectors", op->name);
    }
    if (vector != x->vector || x->result != op->result)
        fail(v, "is not what its operands make it", op->name);
}

static void verify_reg(const Verify *v, const Reg *r)
{
    for (int i = 0; i < v->reg.n; i++)
        if (v->reg.at[i] == r)
            return;
    fail(v, "is used before it is set", r->name);
}

static void verify_val(Verify *v, const Val *x)
{
    switch (x->kind) {
    case VAL_CONST:
    case VAL_SCALAR:
        if (x->vector)
            fail(v, "is a vector", "a number");
        break;
    case VAL_REG:
        verify_reg(v, x->reg);
        if (x->reg->vector != x->vector || x->reg->kind != x->result)
            fail(v, "is of another type", x->reg->name);
        break;
    case VAL_LOAD:
        verify_element(v, x->view, x->sub, x->vector, x->stride, x->part);
        break;
    case VAL_NUMBER:
    case VAL_RANDOM:
        verify_int(v, x->sub[0]);
        if (x->vector != (x->stride != 0))
            fail(v, "has lanes without a stride", "a number");
        break;
    case VAL_OP:
        verify_op(v, x);
        break;
    case VAL_SPLAT:
        verify_val(v, x->arg[0]);
        if (x->arg[0]->vector || !x->vector || x->arg[0]->result != x->result)
            fail(v, "splats no scalar", "a value");
        break;
    case VAL_KEEP:
        verify_val(v, x->arg[0]);
        if (!x->arg[0]->vector || x->part <= 0 || x->part >= v->m->lanes)
            fail(v, "keeps no lanes", "a value");
        break;
    case VAL_FOLD:
        verify_val(v, x->arg[0]);
        if (!x->arg[0]->vector || x->vector)
            fail(v, "folds no vector", "a value");
        break;
    }
}

static void verify_body(Verify *v, const LoopBody *body);

static void verify_for(Verify *v, const LoopStmt *s)
{
    int vars = v->var.n;
    bool goes_on = false;
    for (int i = 0; i < vars; i++)
        goes_on = goes_on || v->var.at[i] == s->var;
    if (s->from && goes_on)
        fail(v, "starts again", s->var->name);
    if (!s->from && !goes_on)
        fail(v, "goes on from nowhere", s->var->name);
    if (s->step < 1 && s->step != -1)
        fail(v, "does not move", s->var->name);
    if (s->from)
        verify_int(v, s->from);
    verify_int(v, s->to);
    PUSH(v->scratch, &v->var, s->var);
    verify_body(v, &s->body);
    v->var.n = vars;
}

static void verify_store(Verify *v, const LoopStmt *s)
{
    verify_val(v, s->val);
    verify_element(v, s->view, s->sub, s->val->vector, s->stride, s->part);
    if (!s->view->written || s->val->result != REAL)
        fail(v, "is not to be written", s->view->name);
}

static void define(Verify *v, const LoopStmt *s)
{
    for (int i = 0; i < v->reg.n; i++)
        if (v->reg.at[i]->name == s->reg->name)
            fail(v, "is a name in use", s->reg->name);
    verify_val(v, s->val);
    if (s->val->vector != s->reg->vector || s->val->result != s->reg->kind)
        fail(v, "is given a value of another type", s->reg->name);
    PUSH(v->scratch, &v->reg, s->reg);
}

static void verify_stmt(Verify *v, const LoopStmt *s)
{
    switch (s->kind) {
    case LOOP_FOR:
        verify_for(v, s);
        break;
    case LOOP_INT:
        verify_int(v, s->from);
        PUSH(v->scratch, &v->var, s->var);
        break;
    case LOOP_LET:
    case LOOP_VAR:
        define(v, s);
        break;
    case LOOP_SET:
        verify_reg(v, s->reg);
        verify_val(v, s->val);
        if (s->val->vector != s->reg->vector)
            fail(v, "is given a value of another width", s->reg->name);
        break;
    case LOOP_STORE:
        verify_store(v, s);
        break;
    case LOOP_FREE:
        break;
    }
}

static void verify_body(Verify *v, const LoopBody *body)
{
    int regs = v->reg.n, vars = v->var.n;
    for (int i = 0; i < body->n; i++)
        verify_stmt(v, body->at[i]);
    v->reg.n = regs;
    v->var.n = vars;
}

static void verify_buffer(const Module *m, const Buffer *b)
{
    if (b->offset % 64 || b->offset + b->bytes > m->size)
        bug("buffer '%s' is at %zu of %zu", b->c_name, b->offset, m->size);
}

static void verify_views(const Verify *v)
{
    for (int i = 0; i < v->r->view.n; i++) {
        const View *x = v->r->view.at[i];
        size_t count = 1, elements = 1;
        for (int k = 0; k < x->rank; k++)
            count *= (size_t)x->dim[k];
        for (int k = 0; x->buffer && k < x->buffer->rank; k++)
            elements *= (size_t)x->buffer->dim[k];
        if (x->buffer && count != elements)
            fail(v, "has another size than its buffer", x->name);
        if (x->buffer)
            verify_buffer(v->m, x->buffer);
        for (int k = 0; k < i; k++)
            if (v->r->view.at[k]->name == x->name)
                fail(v, "names two views", x->name);
    }
}

void verify_module(const Module *m)
{
    for (int i = 0; i < m->slot.n; i++)
        verify_buffer(m, m->slot.at[i].buffer);
    for (int k = 0; k < NENTRY; k++)
        for (int i = 0; i < m->entry[k].region.n; i++) {
            Verify v = {.m = m, .r = m->entry[k].region.at[i], .scratch = new_arena()};
            verify_views(&v);
            if (!v.r->like)
                verify_body(&v, &v.r->body);
            free_arena(v.scratch);
        }
}
