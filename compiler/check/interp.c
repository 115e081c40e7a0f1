/* The interpreter.
 *
 * Each body is a list of nodes. A node's value is found by recursion and kept until an
 * index that it depends on changes, so what does not depend on inner indices is computed
 * once outside of them, shared subexpressions once, and the branch that an `if` does not
 * take never. Nothing is simplified and sums run in row-major order.
 *
 * A read outside of its tensor with no value there is gradc's own fault: a guard should
 * have covered it. */
#include "interp.h"

#include "random.h"

#include <assert.h>

/* ---- Bodies as lists ---- */

typedef struct Place Place;

typedef struct Part {
    int64_t coef;
    AtomKind kind;
    int index;
    int node; /* ATOM_DATA */
    int64_t by;
    const Place *of;
} Part;

/* A subscript: c + sum of coef * atom. */
struct Place {
    int64_t c;
    int n;
    Part *part;
};

typedef struct Node {
    const Expr *e;
    int arg[3];     /* nodes; -1 for none */
    Place *place;   /* of each subscript */
    int level;      /* 1 + the greatest index it depends on */
    uint64_t since; /* the time at its level when value was found */
    Real value;
    Real *held; /* OP_stop: what was recorded, by row-major position in the equation; or
                   NULL */
} Node;

typedef struct Code {
    VEC(Node) node; /* operands first; the last is the body */
    int *where;     /* by expression id: position in node, while the list is made */
} Code;

static void deepen(int *level, int at_least)
{
    if (*level < at_least)
        *level = at_least;
}

static Place compile_sub(Arena *a, const Code *c, const Sub *s, int *level)
{
    Place p = {.c = s->c, .n = s->nterm, .part = NEWN(a, Part, s->nterm)};
    for (int i = 0; i < s->nterm; i++) {
        const Term *t = &s->term[i];
        p.part[i] =
            (Part){.coef = t->coef, .kind = t->kind, .index = t->index, .by = t->by};
        if (t->kind == ATOM_INDEX)
            deepen(level, t->index + 1);
        if (t->kind == ATOM_DATA) {
            p.part[i].node = c->where[t->data->id];
            deepen(level, c->node.at[p.part[i].node].level);
        }
        if (t->of) {
            Place *of = NEW(a, Place);
            *of = compile_sub(a, c, t->of, level);
            p.part[i].of = of;
        }
    }
    return p;
}

static int sub_count(const Expr *e)
{
    return e->op == OP_read ? e->tensor->rank : e->sub ? 1 : 0;
}

struct Compiling {
    Arena *arena;
    Code *code;
};

static void compile_node(Expr *e, void *context)
{
    struct Compiling *c = context;
    Code *code = c->code;
    Node x = {.e = e, .place = NEWN(c->arena, Place, sub_count(e))};
    for (int i = 0; i < 3; i++) {
        x.arg[i] = e->arg[i] ? code->where[e->arg[i]->id] : -1;
        if (e->arg[i])
            deepen(&x.level, code->node.at[x.arg[i]].level);
    }
    for (int i = 0; i < sub_count(e); i++)
        x.place[i] = compile_sub(c->arena, code, e->sub[i], &x.level);
    code->where[e->id] = code->node.n;
    PUSH(c->arena, &code->node, x);
}

/* ---- Evaluation ---- */

typedef struct Eval {
    Run *r;
    const Tensor *t;
    int64_t slice; /* of a recurrence: the step that is evaluated */
    Node *node;
    int root;
    int64_t at[MAXIDX];
    uint64_t since[MAXIDX + 1]; /* [k + 1]: when index k was last changed; [0]: the start */
    Real sum;                   /* of the reduction under way; its extremum */
    int64_t position, best;     /* among the reduced indices; of the extremum */
} Eval;

static Real value(Eval *v, int k);

static int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && a < 0); }

static int64_t evaluate_sub(Eval *v, const Place *p)
{
    int64_t sum = p->c;
    for (int i = 0; i < p->n; i++) {
        const Part *t = &p->part[i];
        int64_t x = 0;
        switch (t->kind) {
        case ATOM_INDEX:
            x = v->at[t->index];
            break;
        case ATOM_DATA:
            x = (int64_t)value(v, t->node);
            break;
        case ATOM_DIV:
            x = floor_div(evaluate_sub(v, t->of), t->by);
            break;
        case ATOM_MOD:
            x = evaluate_sub(v, t->of);
            x -= t->by * floor_div(x, t->by);
            break;
        }
        sum += t->coef * x;
    }
    return sum;
}

static int64_t extent(const Run *r, const Index *i) { return i->batch ? r->n : i->extent; }

static Real evaluate_read(Eval *v, const Node *x)
{
    const Tensor *from = x->e->tensor;
    int64_t offset = 0;
    for (int i = 0; i < from->rank; i++) {
        int64_t at = evaluate_sub(v, &x->place[i]);
        if (at < 0 || at >= extent(v->r, &from->idx[i])) {
            if (x->arg[0] < 0)
                bug("'%s' reads '%s' at %lld in dimension %d, where nothing is", v->t->name,
                    from->name, (long long)at, i);
            return value(v, x->arg[0]);
        }
        offset = offset * from->idx[i].extent + at;
    }
    return v->r->value[from->id][offset];
}

static Real scalar_value(const Run *r, Scalar s)
{
    switch (s) {
    case SCALAR_n:
        return r->n;
    case SCALAR_step:
        return (Real)r->step;
    case SCALAR_steps:
        return (Real)r->steps;
    case SCALAR_training:
        return r->training;
    case NSCALAR:
        break;
    }
    bug("no such scalar");
}

static Real operate(Op op, Real a, Real b, Real c)
{
    switch (op) {
#define OP(name, arity, value, ...)                                                        \
    case OP_##name:                                                                        \
        return value;
#include "ops.def"
    default:
        bug("'%s' is no operation on numbers", opinfo[op].name);
    }
}

static Real operand(Eval *v, const Node *x, int i)
{
    return x->arg[i] < 0 ? 0 : value(v, x->arg[i]);
}

/* Row-major position among indices first..last-1. */
static int64_t position(const Eval *v, int first, int last)
{
    int64_t p = 0;
    for (int i = first; i < last; i++)
        p = p * v->t->idx[i].extent + v->at[i];
    return p;
}

/* Only indices that the node depends on matter: the others are whatever they were. A stop
 * that the recorded run did not come to has nothing to give: its own value will do. */
static Real evaluate_stop(Eval *v, Node *x)
{
    if (v->r->stop == STOP_LIVE)
        return operand(v, x, 0);
    if (!x->held) {
        int64_t n = count_of(v->t->idx, x->level);
        x->held = NEWN(v->r->arena, Real, n);
        for (int64_t i = 0; i < n; i++)
            x->held[i] = (Real)NAN;
    }
    Real *held = &x->held[position(v, 0, x->level)];
    if (v->r->stop == STOP_REPLAY && *held == *held)
        return *held;
    Real live = operand(v, x, 0);
    if (v->r->stop == STOP_RECORD)
        *held = live;
    return live;
}

static Real evaluate_node(Eval *v, Node *x)
{
    const Run *r = v->r;
    switch (x->e->op) {
    case OP_const:
        return x->e->value;
    case OP_read:
        return evaluate_read(v, x);
    case OP_number:
        return (Real)evaluate_sub(v, x->place);
    case OP_scalar:
        return scalar_value(r, x->e->scalar);
    case OP_uniform:
        return uniform_at(r->seed, r->step, x->e->site, evaluate_sub(v, x->place));
    case OP_normal:
        return normal_at(r->seed, r->step, x->e->site, evaluate_sub(v, x->place));
    case OP_select:
        return value(v, x->arg[value(v, x->arg[0]) != 0 ? 1 : 2]);
    case OP_and:
        return value(v, x->arg[0]) != 0 && value(v, x->arg[1]) != 0;
    case OP_or:
        return value(v, x->arg[0]) != 0 || value(v, x->arg[1]) != 0;
    case OP_stop:
        return evaluate_stop(v, x);
    default:
        return operate(x->e->op, operand(v, x, 0), operand(v, x, 1), operand(v, x, 2));
    }
}

static Real value(Eval *v, int k)
{
    Node *x = &v->node[k];
    uint64_t now = v->since[x->level];
    if (x->since != now) {
        x->value = evaluate_node(v, x);
        x->since = now;
    }
    return x->value;
}

static void start_reduction(Eval *v)
{
    v->position = v->best = 0;
    switch (v->t->reduce) {
    case REDUCE_PROD:
        v->sum = 1;
        break;
    case REDUCE_MAX:
    case REDUCE_ARGMAX:
        v->sum = -(Real)INFINITY;
        break;
    case REDUCE_MIN:
    case REDUCE_ARGMIN:
        v->sum = (Real)INFINITY;
        break;
    default:
        v->sum = 0;
    }
}

static void accumulate(Eval *v)
{
    Real x = value(v, v->root);
    switch (v->t->reduce) {
    case REDUCE_NONE:
        v->sum = x;
        break;
    case REDUCE_SUM:
        v->sum += x;
        break;
    case REDUCE_PROD:
        v->sum *= x;
        break;
    case REDUCE_MAX:
        v->sum = gr_max(v->sum, x);
        break;
    case REDUCE_MIN:
        v->sum = gr_min(v->sum, x);
        break;
    case REDUCE_ARGMAX:
    case REDUCE_ARGMIN:
        if (v->t->reduce == REDUCE_ARGMAX ? x > v->sum : x < v->sum) {
            v->sum = x;
            v->best = position(v, v->t->rank, v->t->nidx);
        }
        break;
    case NREDUCE:
        break;
    }
}

static Real reduced(const Eval *v)
{
    bool place = v->t->reduce == REDUCE_ARGMAX || v->t->reduce == REDUCE_ARGMIN;
    return place ? (Real)v->best : v->sum;
}

/* The loops over indices k and inwards; offset is the place in the result so far. */
static void loop(Eval *v, int k, int64_t offset)
{
    const Tensor *t = v->t;
    bool steps = t->group && k == t->step;
    int64_t first = steps ? v->slice : 0;
    if (k == t->rank)
        start_reduction(v);
    if (k == t->nidx)
        accumulate(v);
    int64_t end = k == t->nidx ? 0 : steps ? first + 1 : extent(v->r, &t->idx[k]);
    for (int64_t i = first; i < end; i++) {
        v->at[k] = i;
        v->since[k + 1] = ++v->r->clock;
        loop(v, k + 1, k < t->rank ? offset * t->idx[k].extent + i : offset);
    }
    if (k == t->rank)
        v->r->value[t->id][offset] = reduced(v);
}

static void evaluate(Run *r, const Tensor *t, int64_t slice)
{
    Code *c = &r->code[t->id];
    Eval v = {.r = r, .t = t, .slice = slice, .node = c->node.at, .root = c->node.n - 1};
    v.since[0] = ++r->clock;
    loop(&v, 0, 0);
}

/* Step by step, every member's slice in order. */
static void evaluate_recurrence(Run *r, Tensor *const *member, int n)
{
    int64_t steps = member[0]->idx[member[0]->step].extent;
    for (int64_t i = 0; i < steps; i++)
        for (int k = 0; k < n; k++)
            evaluate(r, member[k], member[k]->backward ? steps - 1 - i : i);
}

/* The equation at position i, or the recurrence that begins there; the position after it.
 */
static int evaluate_from(Run *r, int i)
{
    Tensor *const *t = &r->g->tensor.at[i];
    int n = 1;
    if (!t[0]->group) {
        evaluate(r, t[0], 0);
        return i + 1;
    }
    while (i + n < r->g->tensor.n && t[n]->group == t[0]->group)
        n++;
    evaluate_recurrence(r, t, n);
    return i + n;
}

/* ---- Runs ---- */

static void reach_read(Expr *e, void *context)
{
    if (e->op == OP_read)
        reach(context, e->tensor);
}

void reach(bool *reached, const Tensor *t)
{
    if (reached[t->id])
        return;
    reached[t->id] = true;
    if (t->body)
        walk(t->body, reach_read, reached);
}

static void find_init_only(Run *r)
{
    const Graph *g = r->g;
    bool *init = NEWN(r->arena, bool, g->tensor.n),
         *other = NEWN(r->arena, bool, g->tensor.n);
    for (int i = 0; i < g->root.n; i++) {
        const Root *root = &g->root.at[i];
        reach(root->kind == ROOT_INIT ? init : other, root->value);
    }
    for (int i = 0; i < g->tensor.n; i++)
        init[i] = init[i] && !other[i];
    r->init_only = init;
}

Run new_run(const Graph *g, Arena *a)
{
    Run r = {.g = g,
             .arena = a,
             .value = NEWN(a, Real *, g->tensor.n),
             .code = NEWN(a, Code, g->tensor.n),
             .n = g->batch,
             .training = true,
             .step = 1,
             .steps = 1,
             .seed = g->seed};
    int *where = NEWN(a, int, g->made);
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *t = g->tensor.at[i];
        assert(t->id == i);
        r.value[i] = NEWN(a, Real, count_of(t->idx, t->rank));
        r.code[i].where = where;
        if (t->body)
            walk(t->body, compile_node, &(struct Compiling){a, &r.code[i]});
    }
    find_init_only(&r);
    return r;
}

void interpret_some(Run *r, const bool *which)
{
    for (int i = 0; i < r->g->tensor.n;)
        i = which[i] && r->g->tensor.at[i]->body ? evaluate_from(r, i) : i + 1;
}

void interpret(Run *r)
{
    for (int i = 0; i < r->g->tensor.n;)
        i = !r->init_only[i] && r->g->tensor.at[i]->body ? evaluate_from(r, i) : i + 1;
}

static void assign(Real *to, const Real *from, const Tensor *shape)
{
    int64_t n = count_of(shape->idx, shape->rank);
    for (int64_t i = 0; i < n; i++)
        to[i] = from[i];
}

/* One root after another: an initial value may read a parameter that was set before. */
void run_init(Run *r)
{
    const Graph *g = r->g;
    uint64_t step = r->step;
    r->step = 0;
    Arena *scratch = new_arena();
    for (int i = 0; i < g->root.n; i++) {
        const Root *root = &g->root.at[i];
        if (root->kind != ROOT_INIT)
            continue;
        bool *which = NEWN(scratch, bool, g->tensor.n);
        reach(which, root->value);
        interpret_some(r, which);
        assign(r->value[root->target->id], r->value[root->value->id], root->target);
    }
    free_arena(scratch);
    r->step = step;
}

void apply_updates(Run *r)
{
    const Graph *g = r->g;
    Arena *scratch = new_arena();
    Real **becomes = NEWN(scratch, Real *, g->root.n);
    for (int i = 0; i < g->root.n; i++) {
        const Root *root = &g->root.at[i];
        if (root->kind != ROOT_UPDATE)
            continue;
        becomes[i] = NEWN(scratch, Real, count_of(root->target->idx, root->target->rank));
        assign(becomes[i], r->value[root->value->id], root->target);
    }
    for (int i = 0; i < g->root.n; i++)
        if (becomes[i])
            assign(r->value[g->root.at[i].target->id], becomes[i], g->root.at[i].target);
    free_arena(scratch);
    r->step++;
}
