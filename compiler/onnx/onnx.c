/* The graph: equation after equation, then its nodes, constants, inputs and outputs as
 * bytes. */
#include "onnx.h"

#include "read.h"
#include "str.h"

#include <math.h>

enum { MOST_STEPS = 4096 }; /* of recurrences, which are written out */

/* What each operation is made of, over its operands a, b, c. */
/* clang-format off */
static const char *const form[NOP] = {
    [OP_add] = "Add(a,b)",       [OP_sub] = "Sub(a,b)",   [OP_mul] = "Mul(a,b)",
    [OP_div] = "Div(a,b)",       [OP_neg] = "Neg(a)",     [OP_pow] = "Pow(a,b)",
    [OP_square] = "Mul(a,a)",    [OP_sqrt] = "Sqrt(a)",   [OP_rsqrt] = "Reciprocal(Sqrt(a))",
    [OP_exp] = "Exp(a)",         [OP_expm1] = "Sub(Exp(a),1)",
    [OP_log] = "Log(a)",         [OP_log1p] = "Log(Add(a,1))",
    [OP_sin] = "Sin(a)",         [OP_cos] = "Cos(a)",     [OP_tan] = "Tan(a)",
    [OP_atan] = "Atan(a)",       [OP_sinh] = "Sinh(a)",   [OP_cosh] = "Cosh(a)",
    [OP_tanh] = "Tanh(a)",       [OP_sigmoid] = "Sigmoid(a)",
    [OP_softplus] = "Softplus(a)",
    [OP_erf] = "Erf(a)",         [OP_erfc] = "Sub(1,Erf(a))",
    [OP_abs] = "Abs(a)",         [OP_sign] = "Sign(a)",   [OP_floor] = "Floor(a)",
    [OP_min] = "Min(a,b)",       [OP_max] = "Max(a,b)",
    [OP_eq] = "Equal(a,b)",      [OP_ne] = "Not(Equal(a,b))",
    [OP_lt] = "Less(a,b)",       [OP_le] = "LessOrEqual(a,b)",
    [OP_and] = "And(a,b)",       [OP_or] = "Or(a,b)",     [OP_not] = "Not(a)",
    [OP_select] = "Where(a,b,c)", [OP_real] = "Cast(a)",
    [OP_stop] = "a",             [OP_surrogate] = "a",
};
/* clang-format on */

/* ---- expressions ---- */

static Value filled(Writer *w, const char **s, const Value *operand)
{
    size_t n = strcspn(*s, "(,)");
    const char *op = intern_n(*s, n);
    Value x[3] = {{0}};
    *s += n;
    if (n == 1 && *op >= 'a')
        return operand[*op - 'a'];
    if (n == 1)
        return (Value){real_number(w, *op - '0'), 0};
    for (int i = 0; **s != ')'; i++) {
        ++*s;
        x[i] = filled(w, s, operand);
    }
    ++*s;
    if (x[2].name)
        return chosen(w, x[0], x[1], x[2]);
    if (x[1].name)
        return combined(w, op, x[0], x[1]);
    return (Value){!strcmp(op, "Cast") ? cast(w, x[0].name, w->real)
                                       : node(w, op, x[0].name, NULL),
                   x[0].axes};
}

static Value apply_form(Writer *w, const Expr *e)
{
    Value x[3] = {{0}};
    const char *s = form[e->op];
    for (int i = 0; i < (e->op == OP_surrogate ? 1 : opinfo[e->op].arity); i++)
        x[i] = array_of(w, e->arg[i]);
    return filled(w, &s, x);
}

static Value computed(Writer *w, const Expr *e)
{
    Value x;
    switch (e->op) {
    case OP_const:
        return (Value){real_number(w, e->value), 0};
    case OP_read:
        return read_value(w, e, false);
    case OP_number:
        x = long_value(w, e->sub[0]);
        return (Value){cast(w, x.name, w->real), x.axes};
    case OP_scalar:
        if (e->scalar == SCALAR_n)
            return (Value){cast(w, node(w, "Squeeze", examples(w), NULL), w->real), 0};
        give_up(w, w->t, format(w->a, "depends on '%s'", scalar_name[e->scalar]));
        return (Value){real_number(w, 0), 0};
    case OP_uniform:
    case OP_normal:
        give_up(w, w->t, "draws random numbers");
        return (Value){real_number(w, 0), 0};
    default:
        return apply_form(w, e);
    }
}

Value array_of(Writer *w, const Expr *e)
{
    for (int i = 0; i < w->memo.n; i++)
        if (w->memo.at[i].e == e)
            return w->memo.at[i].value;
    Value v = computed(w, e);
    PUSH(w->a, &w->memo, (Memo){e, v});
    return v;
}

/* ---- reductions ---- */

static unsigned reduced_axes(const Tensor *t)
{
    return ((1u << t->nidx) - 1) & ~((1u << t->rank) - 1);
}

static const char *letters(Writer *w, unsigned axes)
{
    Out o = new_out(w->a);
    for (int k = 0; k < MAXIDX; k++)
        if (axes >> k & 1)
            put(&o, "%c", k < 26 ? 'a' + k : 'A' + k - 26);
    return o.text;
}

typedef struct Factors {
    Value at[MAXIDX];
    int n;
} Factors;

/* What a product is made of, small ones taken into those that have all their indices. */
static void collect(Writer *w, const Expr *e, Factors *f)
{
    if (e->op == OP_mul && f->n < MAXIDX - 2) {
        collect(w, e->arg[0], f);
        collect(w, e->arg[1], f);
        return;
    }
    Value x = array_of(w, e);
    for (int i = 0; i < f->n; i++)
        if ((x.axes & ~f->at[i].axes) == 0 || (f->at[i].axes & ~x.axes) == 0) {
            f->at[i] = combined(w, "Mul", f->at[i], x);
            return;
        }
    f->at[f->n++] = x;
}

/* A sum of products without an array over all indices. */
static Value contracted(Writer *w, const Factors *f, unsigned kept)
{
    Out o = new_out(w->a);
    const char *name[MAXIDX];
    unsigned all = 0;
    for (int i = 0; i < f->n; i++) {
        name[i] = f->at[i].name;
        all |= f->at[i].axes;
        put(&o, "%s%s", i ? "," : "", letters(w, f->at[i].axes));
    }
    put(&o, "->%s", letters(w, all & kept));
    return (Value){node_of_all(w, "Einsum", name, f->n,
                               (Attribute){.name = "equation", .text = o.text}),
                   all & kept};
}

static const int *places(Writer *w, unsigned axes, unsigned of, int *n)
{
    int *place = NEWN(w->a, int, MAXIDX);
    *n = 0;
    for (int k = 0; k < MAXIDX; k++)
        if (of >> k & 1)
            place[(*n)++] = position(axes, k);
    return place;
}

static const char *reduced_by(Writer *w, const char *op, Value v, unsigned axes)
{
    int n;
    const int *place = places(w, v.axes, axes, &n);
    const char *x = node_of(w, op, v.name, (Attribute){.name = "keepdims"});
    w->node.at[w->node.n - 1].attribute[1] =
        (Attribute){.name = "axes", .list = place, .n = n};
    return x;
}

static const char *summed(Writer *w, Value v, unsigned axes)
{
    int n;
    int64_t place[MAXIDX];
    const int *from = places(w, v.axes, axes, &n);
    for (int i = 0; i < n; i++)
        place[i] = from[i];
    return node_of_all(w, "ReduceSum", (const char *[]){v.name, longs(w, place, n)}, 2,
                       (Attribute){.name = "keepdims"});
}

/* The reduced indices are the last: they become one dimension. */
static const char *position_of(Writer *w, const char *op, Value v, unsigned axes)
{
    int64_t shape[MAXIDX] = {0};
    int kept = count_axes(v.axes & ~axes);
    shape[kept] = -1;
    const char *flat = node(w, "Reshape", v.name, longs(w, shape, kept + 1));
    const char *x = node_of(w, op, flat, (Attribute){.name = "keepdims"});
    w->node.at[w->node.n - 1].attribute[1] = (Attribute){.name = "axis", .value = kept};
    return cast(w, x, w->real);
}

static Value reduced(Writer *w, const Tensor *t, const Expr *body)
{
    static const char *const op[NREDUCE] = {[REDUCE_PROD] = "ReduceProd",
                                            [REDUCE_MAX] = "ReduceMax",
                                            [REDUCE_MIN] = "ReduceMin",
                                            [REDUCE_ARGMAX] = "ArgMax",
                                            [REDUCE_ARGMIN] = "ArgMin"};
    unsigned axes = reduced_axes(t);
    Factors f = {.n = 0};
    if (t->reduce == REDUCE_SUM)
        collect(w, body, &f);
    unsigned all = 0;
    for (int i = 0; i < f.n; i++)
        all |= f.at[i].axes;
    if (f.n > 1 && (all & axes) == axes)
        return contracted(w, &f, ~axes);
    Value v = expanded(w, array_of(w, body), axes);
    unsigned rest = v.axes & ~axes;
    if (t->reduce == REDUCE_SUM)
        return (Value){summed(w, v, axes), rest};
    bool where = t->reduce == REDUCE_ARGMAX || t->reduce == REDUCE_ARGMIN;
    return (Value){(where ? position_of : reduced_by)(w, op[t->reduce], v, axes), rest};
}

/* ---- equations ---- */

/* The value of the body, over all indices on the left but the one that stands still. */
static const char *right_side(Writer *w, const Tensor *t, const Expr *body)
{
    unsigned left = (1u << t->rank) - 1;
    if (w->step >= 0)
        left &= ~(1u << w->step);
    w->memo.n = 0;
    Value v = t->reduce ? reduced(w, t, body) : array_of(w, body);
    return expanded(w, v, left).name;
}

/* The last node gets the name if it is its output, so that nothing is copied. */
static void name_result(Writer *w, const char *from, const char *name)
{
    Node *last = w->node.n ? &w->node.at[w->node.n - 1] : NULL;
    if (!last || strcmp(last->output, from) ||
        strncmp(from, w->t->name, strlen(w->t->name)) || from[strlen(w->t->name)] != ':') {
        node(w, "Identity", from, NULL);
        last = &w->node.at[w->node.n - 1];
    }
    last->output = name;
}

static void write_equation_of(Writer *w, const Tensor *t)
{
    w->t = t;
    name_result(w, right_side(w, t, t->body), t->name);
}

static const Expr *body_at(Writer *w, const Tensor *t, int step)
{
    const Sub *to[MAXIDX];
    for (int k = 0; k < t->nidx; k++)
        to[k] = k == t->step ? sub_const(w->g, step) : sub_index(w->g, k);
    return substitute(w->g, t->body, to, t->idx);
}

static void stack(Writer *w, const Tensor *t)
{
    int steps = t->idx[t->step].extent;
    const char **slice = NEWN(w->a, const char *, steps);
    w->t = t;
    for (int s = 0; s < steps; s++)
        slice[s] =
            node(w, "Unsqueeze", w->steps[t->id][s], longs(w, (int64_t[]){t->step}, 1));
    node_of_all(w, "Concat", slice, steps, (Attribute){.name = "axis", .value = t->step});
    w->node.at[w->node.n - 1].output = t->name;
    w->steps[t->id] = NULL;
}

/* Members first .. last-1 of a recurrence, step after step. */
static void write_recurrence(Writer *w, int first, int last)
{
    Tensor **member = w->g->tensor.at;
    int steps = member[first]->idx[member[first]->step].extent;
    if (steps > MOST_STEPS) {
        give_up(w, member[first], format(w->a, "is a recurrence of %d steps", steps));
        return;
    }
    for (int i = first; i < last; i++)
        w->steps[i] = NEWN(w->a, const char *, steps);
    for (int s = 0; s < steps; s++)
        for (int i = first; i < last; i++) {
            const Tensor *t = member[i];
            int at = t->backward ? steps - 1 - s : s;
            w->t = t;
            w->step = t->step;
            w->steps[i][at] = right_side(w, t, body_at(w, t, at));
        }
    w->step = -1;
    for (int i = first; i < last; i++)
        stack(w, member[i]);
}

/* ---- bytes ---- */

static void put_attribute(Writer *w, Bytes *node, const Attribute *x)
{
    enum { INT = 2, STRING = 3, INTS = 7 };
    Bytes b = {0};
    put_string_field(&b, 1, x->name, w->a);
    if (x->text)
        put_string_field(&b, 4, x->text, w->a);
    for (int i = 0; i < x->n; i++)
        put_int_field(&b, 8, x->list[i], w->a);
    if (!x->text && !x->list)
        put_int_field(&b, 3, x->value, w->a);
    put_int_field(&b, 20, x->text ? STRING : x->list ? INTS : INT, w->a);
    put_nested_field(node, 5, &b, w->a);
}

static void put_node(Writer *w, Bytes *graph, const Node *n)
{
    Bytes b = {0};
    for (int i = 0; i < n->inputs; i++)
        put_string_field(&b, 1, n->input[i], w->a);
    put_string_field(&b, 2, n->output, w->a);
    put_string_field(&b, 4, n->op, w->a);
    for (int i = 0; i < 2; i++)
        if (n->attribute[i].name)
            put_attribute(w, &b, &n->attribute[i]);
    put_nested_field(graph, 1, &b, w->a);
}

/* Name and type of an input or output. */
static void put_info(Writer *w, int field, const char *name, const Tensor *t)
{
    Bytes shape = {0}, tensor = {0}, type = {0}, info = {0};
    int elem = t->elem == ELEM_BYTE    ? BYTE_TYPE
               : t->elem == ELEM_INDEX ? INT_TYPE
                                       : w->real;
    for (int d = 0; d < t->rank; d++) {
        Bytes dim = {0};
        if (t->idx[d].batch)
            put_string_field(&dim, 2, "batch", w->a);
        else
            put_int_field(&dim, 1, t->idx[d].extent, w->a);
        put_nested_field(&shape, 1, &dim, w->a);
    }
    put_int_field(&tensor, 1, elem, w->a);
    put_nested_field(&tensor, 2, &shape, w->a);
    put_nested_field(&type, 1, &tensor, w->a);
    put_string_field(&info, 1, name, w->a);
    put_nested_field(&info, 2, &type, w->a);
    put_nested_field(&w->onnx->graph, field, &info, w->a);
}

static void finish_graph(Writer *w)
{
    Bytes *b = &w->onnx->graph;
    for (int i = 0; i < w->node.n; i++)
        put_node(w, b, &w->node.at[i]);
    put_string_field(b, 2, w->g->name, w->a);
    for (int i = 0; i < w->tables.n; i++)
        PUSH(w->a, b, w->tables.at[i]);
    for (int i = 0; i < w->onnx->given.n; i++)
        if (w->onnx->given.at[i]->role == INPUT)
            put_info(w, 11, w->onnx->given.at[i]->name, w->onnx->given.at[i]);
    for (int i = 0; i < w->g->root.n; i++)
        put_info(w, 12, w->g->root.at[i].name, w->g->root.at[i].value);
}

static bool is_given(const Writer *w, const char *name)
{
    for (int i = 0; i < w->onnx->given.n; i++)
        if (!strcmp(w->onnx->given.at[i]->name, name))
            return true;
    return false;
}

/* An output that is no equation of its own name; x:out where an input or parameter has it.
 */
static void name_outputs(Writer *w)
{
    for (int i = 0; i < w->g->root.n; i++) {
        Root *r = &w->g->root.at[i];
        if (is_given(w, r->name))
            r->name = format(w->a, "%s:out", r->name);
        if (!strcmp(r->name, r->value->name))
            continue;
        w->t = r->value;
        node(w, "Identity", source_of(w, r->value, false), NULL);
        w->node.at[w->node.n - 1].output = r->name;
    }
}

Onnx onnx_of(Graph *g, bool f64, Arena *a)
{
    Onnx o = {.fault = NULL};
    Writer w = {
        .a = a, .g = g, .onnx = &o, .real = f64 ? DOUBLE_TYPE : REAL_TYPE, .step = -1};
    bool *live = NEWN(a, bool, g->tensor.n);
    w.steps = NEWN(a, const char **, g->tensor.n);
    for (int i = 0; i < g->root.n; i++)
        mark_reached(live, g->root.at[i].value);
    for (int i = 0; i < g->tensor.n; i++)
        if (live[i] && g->tensor.at[i]->role != EQUATION)
            PUSH(a, &o.given, g->tensor.at[i]);
    for (int i = 0, next; i < g->tensor.n && !o.fault; i = next) {
        const Tensor *t = g->tensor.at[i];
        for (next = i + 1; t->group && next < g->tensor.n; next++)
            if (g->tensor.at[next]->group != t->group)
                break;
        if (!live[i] || t->role != EQUATION)
            continue;
        if (t->group)
            write_recurrence(&w, i, next);
        else
            write_equation_of(&w, t);
    }
    if (!o.fault) {
        name_outputs(&w);
        finish_graph(&w);
    }
    return o;
}
