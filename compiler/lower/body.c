/* Expressions at one position of a tile, as values.
 *
 * The tile's unrolled positions share what does not differ between them: a value is known
 * by its expression and by those of row, column and turn that it depends on, for as long as
 * none of the axes it depends on moves. Whether it depends on lanes decides if it is a
 * vector. */
#include "gen.h"

#include <assert.h>
#include <math.h>

/* ---- Positions ---- */

int unit_of(const Gen *g, int axis)
{
    return axis == g->tile.lane && g->point[axis].vector ? g->lanes : 1;
}

static int64_t offset(const Gen *g, int axis)
{
    int k = 0;
    if (axis == g->tile.row)
        k = g->row;
    else if (axis == g->tile.col)
        k = g->col;
    else if (axis == g->tile.lane)
        k = g->turn;
    return (int64_t)k * unit_of(g, axis);
}

bool vector_here(const Gen *g)
{
    return g->tile.lane >= 0 && g->point[g->tile.lane].vector;
}

int lanes_here(const Gen *g)
{
    if (!vector_here(g))
        return 0;
    const Point *p = &g->point[g->tile.lane];
    int k = g->tile.lane == g->tile.col ? g->col : g->turn;
    return k == p->width - 1 ? p->part : 0;
}

static bool depends_on(uint32_t axes, int axis) { return axis >= 0 && axes >> axis & 1; }

/* ---- What is known ---- */

typedef struct Fact {
    const Expr *e;
    int slot;
    Node *node;
} Fact;

struct Known {
    VEC(Fact) fact;
    int *table; /* positions in fact + 1 */
    int size;
};

static int slot_of(const Gen *g, uint32_t axes)
{
    const Tiling *t = &g->tile;
    int row = depends_on(axes, t->row) ? g->row : 0;
    int col = depends_on(axes, t->col) ? g->col : 0;
    int turn = depends_on(axes, t->lane) && t->lane != t->col ? g->turn : 0;
    return (row * MAXTILE + col) * MAXTILE + turn;
}

static int *find_fact(struct Known *k, const Expr *e, int slot)
{
    uint64_t h = (e->hash ^ (uint64_t)slot * 0x9e3779b97f4a7c15u) * 0xbf58476d1ce4e5b9u;
    int i = (int)(h >> 33) & (k->size - 1);
    while (k->table[i] &&
           (k->fact.at[k->table[i] - 1].e != e || k->fact.at[k->table[i] - 1].slot != slot))
        i = (i + 1) & (k->size - 1);
    return &k->table[i];
}

static void grow(Gen *g)
{
    struct Known *k = g->known;
    k->size = k->size ? 2 * k->size : 64;
    k->table = NEWN(g->a, int, k->size);
    for (int i = 0; i < k->fact.n; i++)
        *find_fact(k, k->fact.at[i].e, k->fact.at[i].slot) = i + 1;
}

static bool still_holds(const Gen *g, const Node *x, uint32_t axes)
{
    for (int i = 0; i < g->nest->naxis + g->nest->fixed; i++)
        if (depends_on(axes, i) && g->point[i].opened > x->time)
            return false;
    return true;
}

static Fact *fact_for(Gen *g, const Expr *e, uint32_t axes)
{
    if (!g->known)
        g->known = NEW(g->a, struct Known);
    struct Known *k = g->known;
    if (2 * (k->fact.n + 1) > k->size)
        grow(g);
    int slot = slot_of(g, axes), *at = find_fact(k, e, slot);
    if (!*at) {
        PUSH(g->a, &k->fact, (Fact){e, slot, NULL});
        *at = k->fact.n;
    }
    return &k->fact.at[*at - 1];
}

/* ---- Nodes ---- */

static int max(int a, int b) { return a > b ? a : b; }

static Node *new_node(Gen *g, ValKind kind, ValueKind result)
{
    Node *x = NEW(g->a, Node);
    x->val.kind = kind;
    x->val.result = result;
    x->time = ++g->time;
    x->row = g->row;
    x->col = g->col;
    x->turn = g->turn;
    return x;
}

static Node *node(const Val *v) { return (Node *)v; }

static void set_arg(Node *x, int k, Node *arg)
{
    x->val.arg[k] = &arg->val;
    x->depth = max(x->depth, arg->depth);
}

Node *literal(Gen *g, double value)
{
    Node *x = new_node(g, VAL_CONST, REAL);
    x->val.value = value;
    return x;
}

Node *reg_value(Gen *g, const Reg *r)
{
    Node *x = new_node(g, VAL_REG, r->kind);
    x->val.reg = r;
    x->val.vector = r->vector;
    x->depth = g->depth;
    return x;
}

static bool mixes_widths(Op op)
{
    switch (op) {
    case OP_add:
    case OP_sub:
    case OP_mul:
    case OP_div:
    case OP_eq:
    case OP_ne:
    case OP_lt:
    case OP_le:
        return true;
    default:
        return false;
    }
}

Node *apply_op(Gen *g, Op op, Node *a, Node *b, Node *c)
{
    Node *arg[3] = {a, b, c};
    bool vector = false;
    for (int i = 0; i < 3; i++)
        vector = vector || (arg[i] && arg[i]->val.vector);
    Node *x = new_node(g, VAL_OP, opinfo[op].result);
    x->val.op = op;
    x->val.vector = vector;
    for (int i = 0; i < opinfo[op].arity; i++)
        set_arg(x, i, vector && !mixes_widths(op) ? wide(g, arg[i]) : arg[i]);
    return x;
}

Node *wide(Gen *g, Node *x)
{
    if (x->val.vector)
        return x;
    Node *w = new_node(g, VAL_SPLAT, x->val.result);
    w->val.vector = true;
    set_arg(w, 0, x);
    return w;
}

Node *keep_lanes(Gen *g, Node *x, double identity)
{
    Node *k = new_node(g, VAL_KEEP, REAL);
    k->val.vector = true;
    k->val.value = identity;
    k->val.part = lanes_here(g);
    set_arg(k, 0, wide(g, x));
    return k;
}

Node *fold_lanes(Gen *g, Node *x, Reduce reduce)
{
    Node *f = new_node(g, VAL_FOLD, REAL);
    f->val.reduce = reduce;
    set_arg(f, 0, x);
    return f;
}

/* 0 * x is 0 only for finite x: a product is 0 there if all its factors are. */
bool is_zero_beyond(const Node *x)
{
    const Val *v = &x->val;
    if (v->kind == VAL_LOAD)
        return v->part > 0;
    if (v->kind == VAL_CONST)
        return v->value == 0;
    if (v->kind != VAL_OP)
        return false;
    bool zero[2] = {is_zero_beyond(node(v->arg[0])),
                    opinfo[v->op].arity > 1 && is_zero_beyond(node(v->arg[1]))};
    switch (v->op) {
    case OP_neg:
    case OP_square:
    case OP_abs:
        return zero[0];
    case OP_add:
    case OP_sub:
    case OP_mul:
        return zero[0] && zero[1];
    default:
        return false;
    }
}

/* ---- Subscripts ---- */

enum { MAXTERM = 64 };

typedef struct Sum {
    int64_t c;
    int n;
    IntTerm term[MAXTERM];
} Sum;

static void add_var(Sum *s, const Var *var, int64_t coef)
{
    int i = 0;
    while (i < s->n && (s->term[i].kind != INT_VAR || s->term[i].var != var))
        i++;
    if (i == s->n)
        s->term[s->n++] = (IntTerm){.kind = INT_VAR, .var = var};
    s->term[i].coef += coef;
}

static const Int *finish(Gen *g, const Sum *s)
{
    Int *i = NEW(g->a, Int);
    IntTerm *term = NEWN(g->a, IntTerm, s->n);
    i->c = s->c;
    i->term = term;
    for (int k = 0; k < s->n; k++)
        if (s->term[k].coef)
            term[i->nterm++] = s->term[k];
    return i;
}

static const Int *plus(Gen *g, const Int *a, int64_t c)
{
    Int *b = NEW(g->a, Int);
    *b = *a;
    b->c += c;
    return b;
}

/* A quotient's dividend is made not negative by a multiple of the divisor. */
static void add_quotient(Gen *g, Sum *s, const Term *t)
{
    int64_t lo, hi, lift = 0;
    sub_range(t->of, g->nest->axis, &lo, &hi);
    if (lo < 0)
        lift = (-lo + t->by - 1) / t->by;
    const Int *of = plus(g, int_of(g, t->of), lift * t->by);
    bool div = t->kind == ATOM_DIV;
    s->c -= div ? t->coef * lift : 0;
    if (!of->nterm)
        s->c += t->coef * (div ? of->c / t->by : of->c % t->by);
    else
        s->term[s->n++] = (IntTerm){
            .coef = t->coef, .kind = div ? INT_DIV : INT_MOD, .of = of, .by = t->by};
}

const Int *int_of(Gen *g, const Sub *sub)
{
    Sum s = {.c = sub->c};
    for (int i = 0; i < sub->nterm; i++) {
        const Term *t = &sub->term[i];
        if (s.n == MAXTERM)
            bug("a subscript of more than %d terms", MAXTERM);
        if (t->kind == ATOM_INDEX) {
            const Point *p = &g->point[t->index];
            s.c += t->coef * (p->at + offset(g, t->index));
            if (p->var)
                add_var(&s, p->var, t->coef);
            if (p->inner)
                add_var(&s, p->inner, t->coef);
        } else if (t->kind == ATOM_DATA) {
            const Val *load = &evaluate(g, t->data)->val;
            s.term[s.n++] = (IntTerm){.coef = t->coef, .kind = INT_LOAD, .load = load};
        } else {
            add_quotient(g, &s, t);
        }
    }
    return finish(g, &s);
}

static const Int *clamped(Gen *g, const Int *i, int extent)
{
    Sum s = {.n = 1};
    s.term[0] = (IntTerm){.coef = 1, .kind = INT_CLAMP, .of = i, .by = extent};
    return finish(g, &s);
}

/* ---- Reads ---- */

static int depth_of(const Gen *g, uint32_t axes)
{
    int depth = 0;
    for (int i = 0; i < g->nest->naxis + g->nest->fixed; i++)
        if (depends_on(axes, i))
            depth = max(depth, g->point[i].depth);
    return depth;
}

static View *find_view(Gen *g, const Buffer *b, int rank, const int *dim)
{
    for (int i = 0; i < g->region->view.n; i++) {
        View *v = g->region->view.at[i];
        bool same = v->buffer == b && v->rank == rank;
        for (int k = 0; k < rank && same; k++)
            same = v->dim[k] == dim[k];
        if (same)
            return v;
    }
    return NULL;
}

View *view_of(Gen *g, const Expr *read, Buffer *b)
{
    Access a = access_of(g->nest, read);
    int one = 1, rank = a.rank ? a.rank : 1;
    const int *dim = a.rank ? a.dim : &one;
    View *v = find_view(g, b, rank, dim);
    if (v)
        return v;
    v = NEW(g->a, View);
    *v = (View){.buffer = b, .rank = rank};
    for (int k = 0; k < rank; k++)
        v->dim[k] = dim[k];
    v->name = take_name(&g->block[0].names, &g->block[g->depth].names, b->c_name);
    PUSH(g->a, &g->region->view, v);
    return v;
}

void place_of(Gen *g, const Expr *read, const Int **sub, int64_t *stride)
{
    Access a = access_of(g->nest, read);
    *stride = 0;
    if (vector_here(g) && !stride_of(g->nest, read, g->tile.lane, stride))
        bug("'%s' is read by lanes without a stride", read->tensor->name);
    for (int k = 0; k < a.rank; k++) {
        sub[k] = int_of(g, a.sub[k]);
        if (!stays_inside(g->nest, read, a.sub[k], a.dim[k]))
            sub[k] = clamped(g, sub[k], a.dim[k]);
    }
    if (!a.rank)
        sub[0] = NEW(g->a, Int);
}

static bool is_written(const Gen *g, const Buffer *b)
{
    for (int i = 0; i < g->region->view.n; i++)
        if (g->region->view.at[i]->buffer == b && g->region->view.at[i]->written)
            return true;
    return false;
}

Node *load_of(Gen *g, Val v, const Expr *read)
{
    Node *x = new_node(g, VAL_LOAD, REAL);
    x->val = v;
    x->name = identifier(read->tensor->name);
    x->axes = axes_of(g->nest, read);
    x->depth = depth_of(g, x->axes);
    return x;
}

static Node *load_from(Gen *g, const Expr *e, Buffer *b)
{
    Val v = {.kind = VAL_LOAD, .view = view_of(g, e, b)};
    place_of(g, e, v.sub, &v.stride);
    v.vector = v.stride != 0;
    v.part = v.vector ? lanes_here(g) : 0;
    return load_of(g, v, e);
}

static Node *load(Gen *g, const Expr *e)
{
    Buffer *b = g->s->buffer[e->tensor->id];
    Node *x = load_from(g, e, b);
    x->early = is_written(g, b);
    return x;
}

/* What the reduction came to: in a register, in the tile's array, in a buffer. */
static Node *reduced(Gen *g, const Expr *place)
{
    if (g->phase == FINISHING)
        return load_from(g, place, g->apart);
    return g->staged ? load_from_tile(g) : g->total[g->row][g->col];
}

/* Where a read with a value outside is inside, as far as that is not certain. */
static Expr *inside(Gen *g, const Expr *e)
{
    Graph *graph = g->nest->g;
    Expr *all = NULL;
    for (int k = 0; k < e->tensor->rank; k++) {
        int extent = e->tensor->idx[k].extent;
        if (stays_inside(g->nest, e, e->sub[k], extent))
            continue;
        Expr *at = number_of(graph, e->sub[k]);
        Expr *from = apply(graph, OP_le, constant(graph, 0), at, NULL);
        Expr *to = apply(graph, OP_lt, at, constant(graph, extent), NULL);
        Expr *both = apply(graph, OP_and, from, to, NULL);
        all = all ? apply(graph, OP_and, all, both, NULL) : both;
    }
    return all;
}

static Node *read_value(Gen *g, Expr *e)
{
    if (g->packed && e == g->tile.pack)
        return load_from_panel(g);
    int step = step_read(g->nest, e);
    if (step >= 0 && g->nest->step.at[step].tensor->reduce != REDUCE_NONE)
        return reduced(g, e);
    if (step >= 0)
        return evaluate_step(g, step);
    Expr *guard = e->arg[0] ? inside(g, e) : NULL;
    if (!guard)
        return load(g, e);
    return apply_op(g, OP_select, evaluate(g, guard), load(g, e), evaluate(g, e->arg[0]));
}

/* ---- Values ---- */

/* Its place in the region's list. */
static int site_of(Gen *g, int site)
{
    Region *r = g->region;
    int k = 0;
    while (k < r->site.n && r->site.at[k] != site)
        k++;
    if (k == r->site.n)
        PUSH(g->a, &r->site, site);
    return k;
}

static Node *counted(Gen *g, ValKind kind, const Expr *e)
{
    Node *x = new_node(g, kind, REAL);
    x->val.op = e->op;
    x->val.site = kind == VAL_RANDOM ? site_of(g, e->site) : 0;
    x->val.sub[0] = int_of(g, e->sub[0]);
    if (vector_here(g))
        x->val.stride = sub_coef(e->sub[0], g->tile.lane);
    if (kind == VAL_NUMBER && !x->val.stride && !x->val.sub[0]->nterm)
        return literal(g, (double)x->val.sub[0]->c);
    x->val.vector = x->val.stride != 0;
    return x;
}

static Node *make_value(Gen *g, Expr *e)
{
    switch (e->op) {
    case OP_const:
        return literal(g, e->value);
    case OP_read:
        return read_value(g, e);
    case OP_number:
        return counted(g, VAL_NUMBER, e);
    case OP_uniform:
    case OP_normal:
        return counted(g, VAL_RANDOM, e);
    case OP_stop:
    case OP_surrogate:
        return evaluate(g, e->arg[0]);
    case OP_scalar: {
        Node *x = new_node(g, VAL_SCALAR, REAL);
        x->val.scalar = e->scalar;
        return x;
    }
    default: {
        Node *arg[3] = {0};
        for (int i = 0; i < opinfo[e->op].arity; i++)
            arg[i] = evaluate(g, e->arg[i]);
        return apply_op(g, e->op, arg[0], arg[1], arg[2]);
    }
    }
}

Node *evaluate(Gen *g, Expr *e)
{
    uint32_t axes = axes_of(g->nest, e);
    Node *known = fact_for(g, e, axes)->node;
    if (known && still_holds(g, known, axes))
        return known;
    Node *x = make_value(g, e);
    x->depth = max(x->depth, depth_of(g, axes));
    x->axes = axes;
    fact_for(g, e, axes)->node = x;
    return x;
}

Node *evaluate_step(Gen *g, int k)
{
    const Step *s = &g->nest->step.at[k];
    Node *x = evaluate(g, s->tensor->reduce != REDUCE_NONE ? s->place : s->body);
    if (!x->name)
        x->name = identifier(s->tensor->name);
    return x;
}
