/* Building and rewriting equations. */
#include "cons.h"
#include "ir.h"
#include "memo.h"
#include "str.h"

#include <assert.h>

Graph *new_graph(Arena *a, const char *name)
{
    Graph *g = NEW(a, Graph);
    g->arena = a;
    g->name = name;
    g->cons = new_cons(a);
    return g;
}

static bool is_taken(const Graph *g, const char *name)
{
    for (int i = 0; i < g->tensor.n; i++)
        if (g->tensor.at[i]->name == name)
            return true;
    return false;
}

const char *unique_name(Graph *g, const char *name)
{
    const char *unique = intern(name);
    for (int k = 2; is_taken(g, unique); k++)
        unique = intern_f("%s.%d", name, k);
    return unique;
}

Tensor *new_tensor(Graph *g, Role role, const char *name, Span span)
{
    Tensor *t = NEW(g->arena, Tensor);
    t->name = unique_name(g, name);
    t->role = role;
    t->span = span;
    t->id = g->tensor.n;
    PUSH(g->arena, &g->tensor, t);
    return t;
}

Tensor *new_beside(Graph *g, const char *name, const Tensor *t)
{
    Tensor *beside = new_tensor(g, EQUATION, name, t->span);
    beside->call = t->call;
    return beside;
}

Tensor *new_part(Graph *g, const char *name, const Tensor *t)
{
    Tensor *part = new_beside(g, name, t);
    part->from = t->from ? t->from : t->of;
    part->why = t->why;
    return part;
}

Expr *constant(Graph *g, double value)
{
    return cons_expr(g, &(Expr){.op = OP_const, .value = value}, 0);
}

Expr *read_at(Graph *g, Tensor *t, const Sub *const *sub, Expr *outside)
{
    return cons_expr(g, &(Expr){.op = OP_read, .tensor = t, .sub = sub, .arg = {outside}},
                     t->rank);
}

Expr *read_same(Graph *g, Tensor *t)
{
    const Sub *sub[MAXRANK];
    for (int i = 0; i < t->rank; i++)
        sub[i] = sub_index(g, i);
    return read_at(g, t, sub, NULL);
}

Expr *number_of(Graph *g, const Sub *s)
{
    if (sub_is_const(s))
        return constant(g, (double)s->c);
    return cons_expr(g, &(Expr){.op = OP_number, .sub = &s}, 1);
}

Expr *scalar(Graph *g, Scalar s)
{
    return cons_expr(g, &(Expr){.op = OP_scalar, .scalar = s}, 0);
}

Expr *random_number(Graph *g, Op op, int site, const Sub *counter)
{
    assert(op == OP_uniform || op == OP_normal);
    return cons_expr(g, &(Expr){.op = op, .site = site, .sub = &counter}, 1);
}

Expr *apply(Graph *g, Op op, Expr *a, Expr *b, Expr *c)
{
    assert(!a + !b + !c == 3 - opinfo[op].arity);
    return cons_expr(g, &(Expr){.op = op, .arg = {a, b, c}}, 0);
}

static int sub_count(const Expr *e)
{
    switch (e->op) {
    case OP_read:
        return e->tensor->rank;
    case OP_number:
    case OP_uniform:
    case OP_normal:
        return 1;
    default:
        return 0;
    }
}

ValueKind kind_of(const Expr *e) { return opinfo[e->op].result; }

int64_t count_of(const Index *idx, int n)
{
    int64_t count = 1;
    for (int i = 0; i < n; i++)
        count *= idx[i].extent;
    return count;
}

/* ---- Walking ---- */

static void walk_sub(const Sub *s, Memo *seen, void (*f)(Expr *, void *), void *context);

static void walk_expr(Expr *e, Memo *seen, void (*f)(Expr *, void *), void *context)
{
    if (memo_get(seen, e))
        return;
    memo_put(seen, e, e);
    for (int i = 0; i < 3; i++)
        if (e->arg[i])
            walk_expr(e->arg[i], seen, f, context);
    for (int i = 0; i < sub_count(e); i++)
        walk_sub(e->sub[i], seen, f, context);
    f(e, context);
}

static void walk_sub(const Sub *s, Memo *seen, void (*f)(Expr *, void *), void *context)
{
    for (int i = 0; i < s->nterm; i++) {
        if (s->term[i].kind == ATOM_DATA)
            walk_expr(s->term[i].data, seen, f, context);
        if (s->term[i].of)
            walk_sub(s->term[i].of, seen, f, context);
    }
}

void walk(const Expr *e, void (*f)(Expr *e, void *context), void *context)
{
    Memo seen = new_memo();
    walk_expr((Expr *)e, &seen, f, context);
    free_memo(&seen);
}

static void count_operation(Expr *e, void *context)
{
    *(double *)context += opinfo[e->op].value && e->op != OP_real && e->op != OP_stop;
}

double operations_of(const Expr *e)
{
    double n = 0;
    walk(e, count_operation, &n);
    return n;
}

double flops_of(const Tensor *t)
{
    if (!t->body)
        return 0;
    double each = operations_of(t->body) + (t->reduce != REDUCE_NONE);
    return each * (double)count_of(t->idx, t->nidx);
}

static void mark_read(Expr *e, void *context)
{
    if (e->op == OP_read)
        mark_reached(context, e->tensor);
}

void mark_reached(bool *live, const Tensor *t)
{
    if (live[t->id])
        return;
    live[t->id] = true;
    if (t->body)
        walk(t->body, mark_read, live);
}

struct Using {
    int index;
    bool found;
};

static void look_for_index(Expr *e, void *context)
{
    struct Using *u = context;
    for (int i = 0; !u->found && i < sub_count(e); i++)
        u->found = sub_uses(e->sub[i], u->index);
}

bool expr_uses(const Expr *e, int index)
{
    struct Using u = {.index = index};
    walk(e, look_for_index, &u);
    return u.found;
}

struct Reading {
    const Tensor *tensor;
    bool found;
};

static void look_for(Expr *e, void *context)
{
    struct Reading *r = context;
    r->found = r->found || (e->op == OP_read && e->tensor == r->tensor);
}

bool expr_reads(const Expr *e, const Tensor *t)
{
    struct Reading r = {.tensor = t};
    walk(e, look_for, &r);
    return r.found;
}

/* ---- Rewriting ---- */

typedef struct Rewrite {
    Graph *g;
    Memo done;
    const Sub *const *to; /* indices become these, or NULL: they stay */
    const Index *idx;     /* ranges of the new indices */
    Tensor *const *with;  /* tensors become these, by id; or NULL: they stay */
    Expr *(*rule)(void *context, Expr *e); /* or NULL: applied once the operands are done */
    void *context;
} Rewrite;

static Expr *rewrite(Rewrite *r, Expr *e);

/* A subscript reads data; a rule that makes something else of the read has no say here. */
static const Sub *data_of(Rewrite *r, Expr *read)
{
    Expr *made = rewrite(r, read);
    if (made->op != OP_read) {
        Rewrite plain = *r;
        plain.rule = NULL;
        plain.done = new_memo();
        made = rewrite(&plain, read);
        free_memo(&plain.done);
    }
    return sub_data(r->g, made);
}

static const Sub *rewrite_sub(Rewrite *r, const Sub *s)
{
    const Sub *sum = sub_const(r->g, s->c);
    for (int i = 0; i < s->nterm; i++) {
        Term t = s->term[i];
        const Sub *part = NULL;
        switch (t.kind) {
        case ATOM_INDEX:
            part = r->to ? r->to[t.index] : sub_index(r->g, t.index);
            break;
        case ATOM_DATA:
            part = data_of(r, t.data);
            break;
        case ATOM_DIV:
            part = sub_div(r->g, rewrite_sub(r, t.of), t.by, r->idx);
            break;
        case ATOM_MOD:
            part = sub_mod(r->g, rewrite_sub(r, t.of), t.by, r->idx);
            break;
        }
        sum = sub_add(r->g, sum, sub_scale(r->g, part, t.coef));
    }
    return sum;
}

static Expr *rewrite(Rewrite *r, Expr *e)
{
    Expr *known = memo_get(&r->done, e);
    if (known)
        return known;
    Expr copy = *e;
    for (int i = 0; i < 3; i++)
        if (e->arg[i])
            copy.arg[i] = rewrite(r, e->arg[i]);
    const Sub *sub[MAXRANK];
    int nsub = sub_count(e);
    for (int i = 0; i < nsub; i++)
        sub[i] = rewrite_sub(r, e->sub[i]);
    copy.sub = nsub ? sub : NULL;
    if (e->op == OP_read && r->with && r->with[e->tensor->id])
        copy.tensor = r->with[e->tensor->id];
    Expr *made =
        e->op == OP_number ? number_of(r->g, sub[0]) : cons_expr(r->g, &copy, nsub);
    if (r->rule)
        made = r->rule(r->context, made);
    memo_put(&r->done, e, made);
    return made;
}

static Expr *run_rewrite(Rewrite r, Expr *e)
{
    r.done = new_memo();
    Expr *made = rewrite(&r, e);
    free_memo(&r.done);
    return made;
}

Expr *substitute(Graph *g, Expr *e, const Sub *const *to, const Index *idx)
{
    return run_rewrite((Rewrite){.g = g, .to = to, .idx = idx}, e);
}

const Sub *substitute_sub(Graph *g, const Sub *s, const Sub *const *to, const Index *idx)
{
    Rewrite r = {.g = g, .to = to, .idx = idx, .done = new_memo()};
    const Sub *made = rewrite_sub(&r, s);
    free_memo(&r.done);
    return made;
}

Expr *replace_tensors(Graph *g, Expr *e, Tensor *const *with)
{
    return run_rewrite((Rewrite){.g = g, .with = with}, e);
}

Expr *rewrite_by(Graph *g, Expr *e, const Index *idx, Expr *(*rule)(void *context, Expr *e),
                 void *context)
{
    return run_rewrite((Rewrite){.g = g, .idx = idx, .rule = rule, .context = context}, e);
}
