/* Equations as text, in the notation of the language:
 *
 *   z[batch, o] = h.b[o] + z.sum[batch, o]
 *
 * `[c == t]` is 1 where the claim holds and 0 elsewhere. */
#include "ir.h"

#include <assert.h>
#include <math.h>
#include <string.h>

/* How tightly an operator binds; an operand that binds less gets parentheses. */
typedef enum Level {
    L_IF,
    L_OR,
    L_AND,
    L_NOT,
    L_COMPARE,
    L_SUM,
    L_PRODUCT,
    L_SIGN,
    L_POWER,
    L_ATOM
} Level;

/* clang-format off */
static const struct Infix { Op op; const char *sign; Level level; } infix[] = {
    {OP_or,  " or ",  L_OR},      {OP_and, " and ", L_AND},
    {OP_eq,  " == ",  L_COMPARE}, {OP_ne,  " != ",  L_COMPARE},
    {OP_lt,  " < ",   L_COMPARE}, {OP_le,  " <= ",  L_COMPARE},
    {OP_add, " + ",   L_SUM},     {OP_sub, " - ",   L_SUM},
    {OP_mul, " * ",   L_PRODUCT}, {OP_div, " / ",   L_PRODUCT},
};
/* clang-format on */

static const struct Infix *infix_of(Op op)
{
    for (size_t i = 0; i < sizeof infix / sizeof *infix; i++)
        if (infix[i].op == op)
            return &infix[i];
    return NULL;
}

static void print(Out *o, const Tensor *of, const Expr *e, Level least);
static void print_sub(Out *o, const Tensor *of, const Sub *s);

static void print_atom(Out *o, const Tensor *of, const Term *t)
{
    switch (t->kind) {
    case ATOM_INDEX:
        put(o, "%s", of->idx[t->index].name);
        break;
    case ATOM_DATA:
        print(o, of, t->data, L_ATOM);
        break;
    case ATOM_DIV:
    case ATOM_MOD: {
        bool bare = t->of->c == 0 && t->of->nterm == 1 && t->of->term->coef == 1;
        put(o, bare ? "" : "(");
        print_sub(o, of, t->of);
        put(o, "%s%s%lld", bare ? "" : ")", t->kind == ATOM_DIV ? "/" : " % ",
            (long long)t->by);
        break;
    }
    }
}

static void print_sub(Out *o, const Tensor *of, const Sub *s)
{
    for (int i = 0; i < s->nterm; i++) {
        int64_t coef = s->term[i].coef;
        put(o, "%s", i && coef > 0 ? " + " : i ? " - " : coef < 0 ? "-" : "");
        if (coef != 1 && coef != -1)
            put(o, "%lld*", (long long)(coef < 0 ? -coef : coef));
        bool divides = s->term[i].kind == ATOM_DIV || s->term[i].kind == ATOM_MOD;
        bool wrap = divides && coef != 1; /* 3*(k/2) is not 3*k/2 */
        put(o, wrap ? "(" : "");
        print_atom(o, of, &s->term[i]);
        put(o, wrap ? ")" : "");
    }
    if (!s->nterm)
        put(o, "%lld", (long long)s->c);
    else if (s->c)
        put(o, " %c %lld", s->c < 0 ? '-' : '+', (long long)(s->c < 0 ? -s->c : s->c));
}

static void print_read(Out *o, const Tensor *of, const Expr *e)
{
    put(o, "%s", e->tensor->name);
    for (int i = 0; i < e->tensor->rank; i++) {
        put(o, i ? ", " : "[");
        print_sub(o, of, e->sub[i]);
    }
    if (e->arg[0]) {
        put(o, " | ");
        print(o, of, e->arg[0], L_IF);
    }
    if (e->tensor->rank)
        put(o, "]");
}

static void print_call(Out *o, const Tensor *of, const Expr *e)
{
    put(o, "%s(", opinfo[e->op].name);
    for (int i = 0; i < opinfo[e->op].arity; i++) {
        put(o, i ? ", " : "");
        print(o, of, e->arg[i], L_IF);
    }
    put(o, ")");
}

static Level level_of(const Expr *e)
{
    if (infix_of(e->op))
        return infix_of(e->op)->level;
    switch (e->op) {
    case OP_select:
        return L_IF;
    case OP_not:
        return L_NOT;
    case OP_neg:
        return L_SIGN;
    case OP_square:
        return L_POWER;
    case OP_const:
        return e->value < 0 ? L_SIGN : L_ATOM;
    case OP_number:
        return e->sub[0]->nterm > 1 || e->sub[0]->c ? L_SUM : L_ATOM;
    default:
        return L_ATOM;
    }
}

static void print_infix(Out *o, const Tensor *of, const Expr *e, const struct Infix *in)
{
    /* Right operands of the same level keep their parentheses: evaluation order is meaning.
     */
    Level left = in->level == L_COMPARE ? L_SUM : in->level;
    print(o, of, e->arg[0], left);
    put(o, "%s", in->sign);
    print(o, of, e->arg[1], (Level)(in->level + 1));
}

static void print_plain(Out *o, const Tensor *of, const Expr *e)
{
    if (infix_of(e->op)) {
        print_infix(o, of, e, infix_of(e->op));
        return;
    }
    switch (e->op) {
    case OP_const:
        put_number(o, e->value);
        break;
    case OP_read:
        print_read(o, of, e);
        break;
    case OP_number:
        print_sub(o, of, e->sub[0]);
        break;
    case OP_scalar:
        put(o, "%s", scalar_name[e->scalar]);
        break;
    case OP_uniform:
    case OP_normal:
        put(o, "%s(0, 1)", opinfo[e->op].name);
        break;
    case OP_neg:
        put(o, "-");
        print(o, of, e->arg[0], L_SIGN);
        break;
    case OP_not:
        put(o, "not ");
        print(o, of, e->arg[0], L_NOT);
        break;
    case OP_real:
        put(o, "[");
        print(o, of, e->arg[0], L_IF);
        put(o, "]");
        break;
    case OP_square:
        print(o, of, e->arg[0], L_ATOM);
        put(o, "^2");
        break;
    case OP_select:
        put(o, "if ");
        print(o, of, e->arg[0], L_OR);
        put(o, " then ");
        print(o, of, e->arg[1], L_IF);
        put(o, " else ");
        print(o, of, e->arg[2], L_IF);
        break;
    default:
        print_call(o, of, e);
    }
}

static void print(Out *o, const Tensor *of, const Expr *e, Level least)
{
    bool wrap = level_of(e) < least;
    put(o, wrap ? "(" : "");
    print_plain(o, of, e);
    put(o, wrap ? ")" : "");
}

void print_expr(Out *o, const Tensor *of, const Expr *e) { print(o, of, e, L_IF); }

static void print_extents(Out *o, const Tensor *t)
{
    for (int i = 0; i < t->rank; i++) {
        put(o, i ? ", " : "[");
        if (t->idx[i].batch)
            put(o, "batch");
        else
            put(o, "%d", t->idx[i].extent);
    }
    put(o, t->rank ? "]" : "");
}

static void print_declaration(Out *o, const Tensor *t)
{
    const char *role[] = {[INPUT] = "input", [PARAM] = "param", [STATE] = "state"};
    put(o, "%s %s", role[t->role], t->name);
    print_extents(o, t);
    if (t->elem == ELEM_BYTE)
        put(o, " : byte");
    if (t->elem == ELEM_INDEX)
        put(o, " : index < %d", t->bound);
}

struct Bare {
    int index;
    bool found;
};

static void look_for_bare(Expr *e, void *context)
{
    struct Bare *b = context;
    for (int i = 0; e->op == OP_read && i < e->tensor->rank; i++) {
        int index;
        b->found = b->found || (sub_is_index(e->sub[i], &index) && index == b->index);
    }
}

/* A reader can tell an index's range from a tensor that it subscripts alone. */
static bool has_bare_use(const Tensor *t, int index)
{
    struct Bare b = {.index = index};
    walk(t->body, look_for_bare, &b);
    return b.found;
}

static void print_equation(Out *o, const Tensor *t)
{
    put(o, "%s", t->name);
    for (int i = 0; i < t->rank; i++)
        put(o, "%s%s", i ? ", " : "[", t->idx[i].name);
    put(o, "%s = ", t->rank ? "]" : "");
    if (!t->body) {
        put(o, "?");
        return;
    }
    if (t->reduce != REDUCE_NONE) {
        put(o, "%s(", reduce_name[t->reduce]);
        for (int i = t->rank; i < t->nidx; i++) {
            put(o, "%s%s", i > t->rank ? ", " : "", t->idx[i].name);
            if (!t->idx[i].batch && !has_bare_use(t, i))
                put(o, " < %d", t->idx[i].extent);
        }
        put(o, ") ");
    }
    print(o, t, t->body, t->reduce == REDUCE_NONE ? L_IF : L_PRODUCT);
}

void print_tensor(Out *o, const Tensor *t)
{
    if (t->role == EQUATION)
        print_equation(o, t);
    else
        print_declaration(o, t);
}

static void print_root(Out *o, const Root *r)
{
    const char *kind[NROOT] = {"loss", "metric", "output", "gradient", "update", "init"};
    if (r->kind == ROOT_UPDATE)
        put(o, "%s := %s", r->target->name, r->value->name);
    else if (r->kind == ROOT_INIT || r->kind == ROOT_GRADIENT)
        put(o, "%s %s = %s", kind[r->kind], r->target->name, r->value->name);
    else if (r->kind == ROOT_METRIC)
        put(o, "metric %s = %s", r->name, r->value->name);
    else
        put(o, "%s %s", kind[r->kind], r->value->name);
    put(o, "\n");
}

void print_graph(Out *o, const Graph *g)
{
    put(o, "# %s, batch %d\n", g->name, g->batch);
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *t = g->tensor.at[i];
        if (t->group && (i == 0 || t->group != g->tensor.at[i - 1]->group))
            put(o, "# a recurrence, %s '%s'\n", t->backward ? "down" : "up",
                t->idx[t->step].name);
        print_tensor(o, g->tensor.at[i]);
        put(o, "\n");
    }
    for (int i = 0; i < g->root.n; i++)
        print_root(o, &g->root.at[i]);
}
