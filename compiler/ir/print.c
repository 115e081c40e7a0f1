/* Equations as text. The notation that gradc uses itself is that of the language:
 *
 *   z[batch, o] = h.b[o] + z.sum[batch, o]
 *
 * `[c == t]` is 1 where the claim holds and 0 elsewhere. */
#include "notation.h"

#include <assert.h>
#include <string.h>

/* ---- The notation of the language ---- */

static void put_word(Out *o, const char *word) { put(o, "%s", word); }
static void put_name(Out *o, const Tensor *t) { put(o, "%s", t->name); }
static void put_nothing(Out *o, const Tensor *t) { (void)o, (void)t; }

/* Right operands of the same level keep their parentheses: evaluation order is meaning. */
const Notation plain = {
    .form = {[OP_or] = {"%1 or %2", L_OR, {L_OR, L_AND}},
             [OP_and] = {"%1 and %2", L_AND, {L_AND, L_NOT}},
             [OP_not] = {"not %1", L_NOT, {L_NOT}},
             [OP_eq] = {"%1 == %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_ne] = {"%1 != %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_lt] = {"%1 < %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_le] = {"%1 <= %2", L_COMPARE, {L_SUM, L_SUM}},
             [OP_add] = {"%1 + %2", L_SUM, {L_SUM, L_PRODUCT}},
             [OP_sub] = {"%1 - %2", L_SUM, {L_SUM, L_PRODUCT}},
             [OP_mul] = {"%1 * %2", L_PRODUCT, {L_PRODUCT, L_SIGN}},
             [OP_div] = {"%1 / %2", L_PRODUCT, {L_PRODUCT, L_SIGN}},
             [OP_neg] = {"-%1", L_SIGN, {L_SIGN}},
             [OP_square] = {"%1^2", L_POWER, {L_ATOM}},
             [OP_real] = {"[%1]", L_ATOM, {L_IF}},
             [OP_select] = {"if %1 then %2 else %3", L_IF, {L_OR, L_IF, L_IF}}},
    .minus = {"-%1", L_SIGN, {L_SIGN}},
    .times = {"%1*%2", L_PRODUCT, {L_PRODUCT, L_SIGN}},
    .quotient = {"%1/%2", L_PRODUCT, {L_SIGN, L_SIGN}},
    .remainder = {"%1 % %2", L_PRODUCT, {L_SIGN, L_SIGN}},
    .floor = {"floor(%1/%2)", L_ATOM, {L_SIGN, L_SIGN}},
    .call = {"(", ", ", ")"},
    .parentheses = {"(", "", ")"},
    .subscripts = {"[", ", ", "]"},
    .indices = {"[", ", ", "]"},
    .reduction = {"(", ", ", ") "},
    .outside = " | ",
    .equals = " = ",
    .below = " < ",
    .examples = "n",
    .number = put_number,
    .word = put_word,
    .function = put_word,
    .begin = put_name,
    .end = put_nothing,
};

/* ---- Subscripts ---- */

typedef struct Printer {
    Out *o;
    const Notation *n;
    const Tensor *of;
} Printer;

static void print(const Printer *p, const Expr *e, Level least);
static void print_sub(const Printer *p, const Sub *s, Level least, bool real);

static void print_integer(const Printer *p, int64_t i) { p->n->number(p->o, (double)i); }

static Form form_of_term(const Printer *p, const Term *t, bool real)
{
    return t->kind == ATOM_MOD ? p->n->remainder : real ? p->n->floor : p->n->quotient;
}

static void print_atom(const Printer *p, const Term *t, bool real)
{
    if (t->kind == ATOM_INDEX) {
        p->n->word(p->o, p->of->idx[t->index].name);
        return;
    }
    if (t->kind == ATOM_DATA) {
        print(p, t->data, L_ATOM);
        return;
    }
    Form f = form_of_term(p, t, real);
    for (const char *c = f.text; *c; c++) {
        if (*c == '%' && c[1] == '1')
            c++, print_sub(p, t->of, f.least[0], false);
        else if (*c == '%' && c[1] == '2')
            c++, print_integer(p, t->by);
        else
            put(p->o, "%c", *c);
    }
}

static Level level_of_term(const Printer *p, const Term *t, bool real)
{
    if (t->coef != 1)
        return t->coef == -1 ? L_SIGN : L_PRODUCT;
    bool divides = t->kind == ATOM_DIV || t->kind == ATOM_MOD;
    return divides ? form_of_term(p, t, real).level : L_ATOM;
}

static void print_wrapped(const Printer *p, const Term *t, Level least, bool real)
{
    Term one = *t;
    one.coef = 1;
    bool wrap = level_of_term(p, &one, real) < least;
    put(p->o, "%s", wrap ? p->n->parentheses.open : "");
    print_atom(p, t, real);
    put(p->o, "%s", wrap ? p->n->parentheses.close : "");
}

/* coef times the atom, coef > 0: 3*(k/2) is not 3*k/2. */
static void print_multiple(const Printer *p, const Term *t, int64_t coef, Level least,
                           bool real)
{
    if (coef == 1) {
        print_wrapped(p, t, least, real);
        return;
    }
    for (const char *c = p->n->times.text; *c; c++) {
        if (*c == '%' && c[1] == '1')
            c++, print_integer(p, coef);
        else if (*c == '%' && c[1] == '2')
            c++, print_wrapped(p, t, p->n->times.least[1], real);
        else
            put(p->o, "%c", *c);
    }
}

static Level level_of_sub(const Printer *p, const Sub *s, bool real)
{
    if (s->nterm > 1 || (s->nterm && s->c))
        return L_SUM;
    return s->nterm ? level_of_term(p, s->term, real) : s->c < 0 ? L_SIGN : L_ATOM;
}

/* What stands in the form between its operands. */
static void print_sign(const Printer *p, Op op)
{
    const char *text = p->n->form[op].text;
    put(p->o, "%.*s", (int)(strlen(text) - 4), text + 2);
}

static void print_minus(const Printer *p)
{
    const char *text = p->n->minus.text;
    put(p->o, "%.*s", (int)(strlen(text) - 2), text);
}

/* real: it stands among reals, where a slash does not round. */
static void print_sub(const Printer *p, const Sub *s, Level least, bool real)
{
    bool wrap = level_of_sub(p, s, real) < least;
    put(p->o, "%s", wrap ? p->n->parentheses.open : "");
    for (int i = 0; i < s->nterm; i++) {
        int64_t coef = s->term[i].coef;
        if (i)
            print_sign(p, coef > 0 ? OP_add : OP_sub);
        else if (coef < 0)
            print_minus(p);
        print_multiple(p, &s->term[i], coef < 0 ? -coef : coef,
                       i || coef > 0 ? L_PRODUCT : L_SIGN, real); /* -(k/2) is not -k/2 */
    }
    if (s->nterm && s->c)
        print_sign(p, s->c < 0 ? OP_sub : OP_add);
    if (s->c || !s->nterm)
        print_integer(p, s->nterm && s->c < 0 ? -s->c : s->c);
    put(p->o, "%s", wrap ? p->n->parentheses.close : "");
}

/* ---- Expressions ---- */

static bool may_leave(const Printer *p, const Expr *read)
{
    for (int i = 0; i < read->tensor->rank; i++) {
        int64_t lo, hi;
        sub_range(read->sub[i], p->of->idx, &lo, &hi);
        if (lo < 0 || hi >= read->tensor->idx[i].extent)
            return true;
    }
    return false;
}

/* A condition around it may keep a read inside. A program says `| 0` then, so that whoever
 * reads it need not prove that. */
static void print_outside(const Printer *p, const Expr *e)
{
    bool silent = !e->arg[0] && p->n->implicit_batch && may_leave(p, e);
    if (e->arg[0] || silent)
        put(p->o, "%s", p->n->outside);
    if (e->arg[0])
        print(p, e->arg[0], L_IF);
    else if (silent)
        p->n->number(p->o, 0);
}

static int first_subscript(const Notation *n, const Tensor *t)
{
    return n->implicit_batch && t->rank && t->idx[0].batch;
}

static void print_read(const Printer *p, const Expr *e)
{
    const Tensor *t = e->tensor;
    int first = first_subscript(p->n, t);
    p->n->begin(p->o, t);
    for (int i = first; i < t->rank; i++) {
        put(p->o, "%s", i > first ? p->n->subscripts.between : p->n->subscripts.open);
        print_sub(p, e->sub[i], L_IF, false);
    }
    if (t->rank > first) {
        print_outside(p, e);
        put(p->o, "%s", p->n->subscripts.close);
    }
    p->n->end(p->o, t);
}

static void print_call(const Printer *p, const Expr *e)
{
    p->n->function(p->o, opinfo[e->op].name);
    put(p->o, "%s", p->n->call.open);
    for (int i = 0; i < opinfo[e->op].arity; i++) {
        put(p->o, "%s", i ? p->n->call.between : "");
        print(p, e->arg[i], L_IF);
    }
    put(p->o, "%s", p->n->call.close);
}

static void print_form(const Printer *p, const Expr *e, Form f)
{
    for (const char *c = f.text; *c; c++) {
        if (*c == '%' && c[1] >= '1' && c[1] <= '3') {
            int k = *++c - '1';
            print(p, e->arg[k], f.least[k]);
        } else {
            put(p->o, "%c", *c);
        }
    }
}

/* The standard distributions; what is made of them is arithmetic. */
static void print_draw(const Printer *p, const Expr *e)
{
    p->n->function(p->o, opinfo[e->op].name);
    put(p->o, "%s", p->n->call.open);
    p->n->number(p->o, 0);
    put(p->o, "%s", p->n->call.between);
    p->n->number(p->o, 1);
    put(p->o, "%s", p->n->call.close);
}

static Level level_of(const Printer *p, const Expr *e)
{
    if (p->n->form[e->op].text)
        return p->n->form[e->op].level;
    if (e->op == OP_const)
        return e->value < 0 ? L_SIGN : L_ATOM;
    return e->op == OP_number ? level_of_sub(p, e->sub[0], true) : L_ATOM;
}

static void print_bare(const Printer *p, const Expr *e)
{
    switch (e->op) {
    case OP_const:
        p->n->number(p->o, e->value);
        break;
    case OP_read:
        print_read(p, e);
        break;
    case OP_number:
        print_sub(p, e->sub[0], L_IF, true);
        break;
    case OP_scalar:
        p->n->word(p->o, e->scalar == SCALAR_n ? p->n->examples : scalar_name[e->scalar]);
        break;
    case OP_uniform:
    case OP_normal:
        print_draw(p, e);
        break;
    default:
        if (p->n->form[e->op].text)
            print_form(p, e, p->n->form[e->op]);
        else
            print_call(p, e);
    }
}

static void print(const Printer *p, const Expr *e, Level least)
{
    bool wrap = level_of(p, e) < least;
    put(p->o, "%s", wrap ? p->n->parentheses.open : "");
    print_bare(p, e);
    put(p->o, "%s", wrap ? p->n->parentheses.close : "");
}

void write_expr(Out *o, const Notation *n, const Tensor *of, const Expr *e)
{
    print(&(Printer){o, n, of}, e, L_IF);
}

void print_expr(Out *o, const Tensor *of, const Expr *e) { write_expr(o, &plain, of, e); }

/* ---- Tensors ---- */

void write_declaration(Out *o, const Notation *n, const Tensor *t)
{
    const char *role[] = {[INPUT] = "input", [PARAM] = "param", [STATE] = "state"};
    int first = first_subscript(n, t);
    put(o, "%s ", role[t->role]);
    n->begin(o, t);
    for (int i = first; i < t->rank; i++) {
        put(o, "%s", i > first ? n->indices.between : n->indices.open);
        if (t->idx[i].batch)
            n->word(o, "batch");
        else
            n->number(o, t->idx[i].extent);
    }
    put(o, "%s", t->rank > first ? n->indices.close : "");
    n->end(o, t);
    if (t->elem == ELEM_BYTE)
        put(o, " : byte");
    if (t->elem == ELEM_INDEX)
        put(o, " : index%s%d", n->below, t->bound);
}

struct Bare {
    int index, extent;
    bool found, other; /* used alone; in a dimension of another extent */
};

static void look_for_bare(Expr *e, void *context)
{
    struct Bare *b = context;
    for (int i = 0; e->op == OP_read && i < e->tensor->rank; i++) {
        int index;
        if (!sub_is_index(e->sub[i], &index) || index != b->index)
            continue;
        b->found = true;
        b->other = b->other || e->tensor->idx[i].extent != b->extent;
    }
}

/* A reader can tell an index's range from the tensors that it subscripts alone. */
static bool is_range_clear(const Tensor *t, int index)
{
    struct Bare b = {.index = index, .extent = t->idx[index].extent};
    walk(t->body, look_for_bare, &b);
    return b.found && !b.other;
}

static void print_index(Out *o, const Notation *n, const Tensor *t, int i, bool range)
{
    n->word(o, t->idx[i].name);
    bool ahead =
        t->group && i < t->rank; /* the range is asked for before the body is known */
    if (!range || t->idx[i].batch || (!ahead && is_range_clear(t, i)))
        return;
    put(o, "%s", n->below);
    n->number(o, t->idx[i].extent);
}

void write_left(Out *o, const Notation *n, const Tensor *t)
{
    n->begin(o, t);
    for (int i = 0; i < t->rank; i++) {
        put(o, "%s", i ? n->indices.between : n->indices.open);
        print_index(o, n, t, i, n->show_ranges);
    }
    put(o, "%s", t->rank ? n->indices.close : "");
    n->end(o, t);
}

static void print_reduction(Out *o, const Notation *n, const Tensor *t)
{
    if (n->before_reduction)
        put(o, "%s", n->before_reduction);
    n->function(o, reduce_name[t->reduce]);
    put(o, "%s", n->reduction.open);
    for (int i = t->rank; i < t->nidx; i++) {
        put(o, "%s", i > t->rank ? n->reduction.between : "");
        print_index(o, n, t, i, true);
    }
    put(o, "%s", n->reduction.close);
}

/* `sum(i) -x` is a difference. */
static bool begins_with_minus(const Expr *e)
{
    while (e->op == OP_mul || e->op == OP_div)
        e = e->arg[0];
    return e->op == OP_neg || (e->op == OP_const && e->value < 0) ||
           (e->op == OP_number && e->sub[0]->nterm && e->sub[0]->term->coef < 0);
}

void write_equation(Out *o, const Notation *n, const Tensor *t)
{
    write_left(o, n, t);
    put(o, "%s", n->equals);
    if (!t->body) {
        n->word(o, "?");
        return;
    }
    if (t->reduce != REDUCE_NONE)
        print_reduction(o, n, t);
    Level least = t->reduce == REDUCE_NONE     ? L_IF
                  : begins_with_minus(t->body) ? L_ATOM
                                               : L_PRODUCT;
    print(&(Printer){o, n, t}, t->body, least);
}

void print_tensor(Out *o, const Tensor *t)
{
    if (t->role == EQUATION)
        write_equation(o, &plain, t);
    else
        write_declaration(o, &plain, t);
}

const char *const root_name[NROOT] = {
    [ROOT_LOSS] = "loss",         [ROOT_METRIC] = "metric", [ROOT_OUTPUT] = "output",
    [ROOT_GRADIENT] = "gradient", [ROOT_UPDATE] = "update", [ROOT_INIT] = "init",
    [ROOT_RATE] = "rate",         [ROOT_INNER] = "inner",
};

static void print_root(Out *o, const Root *r)
{
    if (r->kind == ROOT_UPDATE)
        put(o, "%s := %s", r->target->name, r->value->name);
    else if (r->kind == ROOT_INIT || r->kind == ROOT_GRADIENT)
        put(o, "%s %s = %s", root_name[r->kind], r->target->name, r->value->name);
    else if (r->kind == ROOT_METRIC)
        put(o, "metric %s = %s", r->name, r->value->name);
    else
        put(o, "%s %s", root_name[r->kind], r->value->name);
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
        if (g->root.at[i].kind != ROOT_INNER) /* the model is the same with them */
            print_root(o, &g->root.at[i]);
}
