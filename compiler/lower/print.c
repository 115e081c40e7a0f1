/* Loops as text, for --dump=loops: what emit/ will print, without C's noise.
 *
 *   region forward_h: h[batch, o] = ...
 *     for b = 0 to n by 4 {
 *       acc_0 := 0
 *       ...
 *       h[b][o] <- max(acc_0, 0)          a vector: h[b][o:16], its first 10 lanes:
 * h[b][o:10/16]
 */
#include "loop.h"

#include <stdarg.h>

static void put_int(Out *o, const Int *i);
static void put_val(Out *o, const Val *v);

static void put_term(Out *o, const IntTerm *t)
{
    const char *name[] = {[INT_DIV] = "/", [INT_MOD] = "%", [INT_CLAMP] = "clamp"};
    switch (t->kind) {
    case INT_VAR:
        put(o, "%s", t->var->name);
        break;
    case INT_LOAD:
        put_val(o, t->load);
        break;
    case INT_LEAST:
    case INT_MOST:
        put(o, t->kind == INT_LEAST ? "least(" : "most(");
        put_int(o, t->of);
        put(o, ", ");
        put_int(o, t->limit);
        put(o, ")");
        break;
    case INT_DIV:
    case INT_MOD:
    case INT_CLAMP:
        put(o, "(");
        put_int(o, t->of);
        put(o, " %s %lld)", name[t->kind], (long long)t->by);
        break;
    }
}

static void put_int(Out *o, const Int *i)
{
    for (int k = 0; k < i->nterm; k++) {
        long long coef = i->term[k].coef;
        put(o, "%s", k ? coef < 0 ? " - " : " + " : coef < 0 ? "-" : "");
        if (coef != 1 && coef != -1)
            put(o, "%lld*", coef < 0 ? -coef : coef);
        put_term(o, &i->term[k]);
    }
    if (!i->nterm)
        put(o, "%lld", (long long)i->c);
    else if (i->c)
        put(o, " %c %lld", i->c < 0 ? '-' : '+', (long long)(i->c < 0 ? -i->c : i->c));
}

static void put_element(Out *o, const View *v, const Int *const *sub, bool vector,
                        int64_t stride, int part)
{
    put(o, "%s", v->name);
    for (int k = 0; k < v->rank; k++) {
        put(o, "[");
        put_int(o, sub[k]);
        if (vector && k == v->rank - 1)
            put(o, ":");
        if (vector && k == v->rank - 1 && part)
            put(o, "%d", part);
        if (vector && k == v->rank - 1 && stride != 1)
            put(o, " by %lld", (long long)stride);
        put(o, "]");
    }
}

static void put_call(Out *o, const char *name, const Val *const *arg, int n)
{
    put(o, "%s(", name);
    for (int i = 0; i < n; i++) {
        put(o, i ? ", " : "");
        put_val(o, arg[i]);
    }
    put(o, ")");
}

static const char *sign_of(Op op)
{
    switch (op) {
    case OP_add:
        return "+";
    case OP_sub:
        return "-";
    case OP_mul:
        return "*";
    case OP_div:
        return "/";
    case OP_eq:
        return "==";
    case OP_ne:
        return "!=";
    case OP_lt:
        return "<";
    case OP_le:
        return "<=";
    default:
        return NULL;
    }
}

static void put_op(Out *o, const Val *v)
{
    const char *sign = sign_of(v->op);
    if (!sign) {
        put_call(o, opinfo[v->op].name, (const Val *const *)v->arg, opinfo[v->op].arity);
        return;
    }
    for (int i = 0; i < 2; i++) {
        bool wrap = v->arg[i]->kind == VAL_OP && sign_of(v->arg[i]->op);
        put(o, "%s%s", i ? sign : "", i ? " " : "");
        put(o, "%s", wrap ? "(" : "");
        put_val(o, v->arg[i]);
        put(o, "%s%s", wrap ? ")" : "", i ? "" : " ");
    }
}

static void put_counted(Out *o, const char *name, const Val *v)
{
    put(o, "%s(", name);
    put_int(o, v->sub[0]);
    put(o, v->vector ? ":)" : ")");
}

static void put_val(Out *o, const Val *v)
{
    switch (v->kind) {
    case VAL_CONST:
        put_number(o, v->value);
        break;
    case VAL_REG:
        put(o, "%s", v->reg->name);
        break;
    case VAL_LOAD:
        put_element(o, v->view, v->sub, v->vector, v->stride, v->part);
        break;
    case VAL_NUMBER:
        put_counted(o, "number", v);
        break;
    case VAL_SCALAR:
        put(o, "%s", scalar_name[v->scalar]);
        break;
    case VAL_RANDOM:
        put_counted(o, opinfo[v->op].name, v);
        break;
    case VAL_OP:
        put_op(o, v);
        break;
    case VAL_SPLAT:
        put_call(o, "splat", (const Val *const *)v->arg, 1);
        break;
    case VAL_KEEP:
        put(o, "keep(");
        put_val(o, v->arg[0]);
        put(o, ", %d, ", v->part);
        put_number(o, v->value);
        put(o, ")");
        break;
    case VAL_FOLD:
        put_call(o, reduce_name[v->reduce], (const Val *const *)v->arg, 1);
        break;
    }
}

static void indent(Out *o) { put(o, "%*s", 2 * o->level, ""); }

static void put_body(Out *o, const LoopBody *body);

static void put_for(Out *o, const LoopStmt *s)
{
    put(o, "for %s", s->var->name);
    if (s->from) {
        put(o, " = ");
        put_int(o, s->from);
    }
    put(o, s->step < 0 ? " down to " : " to ");
    put_int(o, s->to);
    if (s->step > 1)
        put(o, " by %lld", (long long)s->step);
    put(o, "\n");
    put_body(o, &s->body);
}

static void put_set(Out *o, const char *before, const LoopStmt *s, const char *sign)
{
    put(o, "%s%s %s ", before, s->reg->name, sign);
    put_val(o, s->val);
    put(o, "\n");
}

static void put_stmt(Out *o, const LoopStmt *s)
{
    indent(o);
    switch (s->kind) {
    case LOOP_FOR:
        put_for(o, s);
        break;
    case LOOP_INT:
        put(o, "%s := ", s->var->name);
        put_int(o, s->from);
        put(o, "\n");
        break;
    case LOOP_LET:
        put_set(o, s->reg->vector ? "vec " : "", s, "=");
        break;
    case LOOP_VAR:
        put_set(o, s->reg->vector ? "vec " : "", s, ":=");
        break;
    case LOOP_SET:
        put_set(o, "", s, ":=");
        break;
    case LOOP_STORE:
        put_element(o, s->view, s->sub, s->val->vector, s->stride, s->part);
        put(o, " <- ");
        put_val(o, s->val);
        put(o, "\n");
        break;
    case LOOP_FREE:
        put(o, "free registers\n");
        break;
    }
}

static void put_body(Out *o, const LoopBody *body)
{
    o->level++;
    for (int i = 0; i < body->n; i++)
        put_stmt(o, body->at[i]);
    o->level--;
}

/* region step_h is forward_h of x, h_W, h */
static void put_shared(Out *o, const Region *r)
{
    put(o, "region %s is %s", r->name, r->like->name);
    for (int i = 0, n = 0; i < r->view.n; i++)
        if (r->view.at[i]->buffer)
            put(o, "%s%s", n++ ? ", " : " of ", r->view.at[i]->buffer->c_name);
    put(o, "\n");
}

void print_region(Out *o, const Region *r)
{
    if (r->like) {
        put_shared(o, r);
        return;
    }
    put(o, "region %s", r->name);
    if (r->range) {
        put(o, " of [0, ");
        put_int(o, r->range);
        put(o, ") by %lld%s", (long long)r->grain, r->parallel ? " parallel" : "");
    }
    put(o, "  # %.0f flops\n", r->flops);
    for (int i = 0; i < r->equation.n; i++) {
        put(o, "  # ");
        print_tensor(o, r->equation.at[i]);
        put(o, "\n");
    }
    put_body(o, &r->body);
}

static void put_buffer(Out *o, const Buffer *b)
{
    put(o, "  %8zu  %s", b->offset, b->c_name);
    for (int i = 0; i < b->rank; i++)
        put(o, "[%d]", b->dim[i]);
    put(o, "\n");
}

static void put_scratch(Out *o, const Entry *e)
{
    for (int i = 0; i < e->region.n; i++) {
        const Region *r = e->region.at[i];
        for (int k = 0; k < r->view.n; k++) {
            const Buffer *b = r->view.at[k]->buffer;
            if (b && !b->fixed && b->first == i && r->view.at[k]->written)
                put_buffer(o, b);
        }
    }
}

void print_module(Out *o, const Module *m)
{
    put(o, "# %s: %zu bytes, %d lanes\n", m->graph->name, m->size, m->lanes);
    for (int i = 0; i < m->slot.n; i++)
        put_buffer(o, m->slot.at[i].buffer);
    for (int k = 0; k < NENTRY; k++) {
        const Entry *e = &m->entry[k];
        if (!e->graph)
            continue;
        put(o, "\nentry %s: scratch %zu, at least %zu\n", entry_name[k], e->scratch,
            e->bound);
        put_scratch(o, e);
        for (int i = 0; i < e->region.n; i++)
            print_region(o, e->region.at[i]);
    }
}
