/* Expressions of the generated C, with the parentheses that a person would write.
 *
 * An operation prints as its value text in ops.def, with the operands' texts for a, b and
 * c. The text itself says how tightly it binds: by its operator outside of parentheses. */
#include "value.h"

#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
static const struct Sign { const char *text; Level level; } sign[] = {
    {"==", L_EQUAL}, {"!=", L_EQUAL}, {"<=", L_COMPARE}, {"<", L_COMPARE},
    {"+", L_SUM}, {"-", L_SUM}, {"*", L_PRODUCT}, {"/", L_PRODUCT},
};
/* clang-format on */

/* ---- Numbers ---- */

/* The shortest decimal that reads back as the same float, or double; whole numbers in full.
 */
static void shortest(char *text, size_t size, double value, bool f64)
{
    if (value == floor(value) && fabs(value) < 1e7) {
        snprintf(text, size, "%.1f", value);
        return;
    }
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, size, "%.*g", digits, value);
        if (f64 ? strtod(text, NULL) == value : strtof(text, NULL) == (float)value)
            return;
    }
}

/* 1e-05 as 1e-5. */
static void trim_exponent(char *text)
{
    char *e = strchr(text, 'e');
    if (!e)
        return;
    char *to = e + 1 + (e[1] == '-'), *from = e + 1 + (e[1] == '-' || e[1] == '+');
    while (*from == '0' && from[1])
        from++;
    memmove(to, from, strlen(from) + 1);
}

static void put_real(Out *o, double value, bool f64)
{
    if (!f64)
        value = (float)value;
    if (isnan(value)) {
        put(o, "NAN");
    } else if (isinf(value)) {
        put(o, value < 0 ? "-INFINITY" : "INFINITY");
    } else {
        char text[40];
        shortest(text, sizeof text, value, f64);
        trim_exponent(text);
        put(o, "%s%s%s", text, strpbrk(text, ".e") ? "" : ".0", f64 ? "" : "f");
    }
}

/* ---- Integers ---- */

static void put_atom(Out *o, const IntTerm *t, Level least)
{
    bool divides = t->kind == INT_DIV || t->kind == INT_MOD;
    bool wrap = divides && L_PRODUCT < least;
    put(o, wrap ? "(" : "");
    switch (t->kind) {
    case INT_VAR:
        put(o, "%s", t->var->name);
        break;
    case INT_LOAD:
        put_element(o, t->load->view, t->load->sub);
        break;
    case INT_DIV:
    case INT_MOD:
        put_int(o, t->of, L_PRODUCT);
        put(o, " %c %lld", t->kind == INT_DIV ? '/' : '%', (long long)t->by);
        break;
    case INT_LEAST:
    case INT_MOST:
        put(o, t->kind == INT_LEAST ? "gr_least(" : "gr_most(");
        put_int(o, t->of, L_ANY);
        put(o, ", ");
        put_int(o, t->limit, L_ANY);
        put(o, ")");
        break;
    case INT_CLAMP:
        put(o, "gr_clamp(");
        put_int(o, t->of, L_ANY);
        put(o, ", %lld)", (long long)t->by);
        break;
    }
    put(o, wrap ? ")" : "");
}

static Level level_of_term(const IntTerm *t)
{
    if (t->coef != 1)
        return t->coef == -1 ? L_UNARY : L_PRODUCT;
    return t->kind == INT_DIV || t->kind == INT_MOD ? L_PRODUCT : L_POSTFIX;
}

static Level level_of_int(const Int *i)
{
    if (i->nterm + (i->c != 0) > 1)
        return L_SUM;
    if (i->nterm)
        return level_of_term(i->term);
    return i->c < 0 ? L_UNARY : L_POSTFIX;
}

static void put_term(Out *o, const IntTerm *t, bool first)
{
    int64_t n = t->coef < 0 ? -t->coef : t->coef;
    put(o, "%s", t->coef < 0 ? first ? "-" : " - " : first ? "" : " + ");
    if (n != 1)
        put(o, "%lld * ", (long long)n);
    put_atom(o, t, n != 1 || (first && t->coef < 0) ? L_UNARY : L_PRODUCT);
}

static void put_constant(Out *o, int64_t c, bool first)
{
    put(o,
        first   ? "%lld"
        : c < 0 ? " - %lld"
                : " + %lld",
        (long long)(c < 0 && !first ? -c : c));
}

/* Begins with something positive where there is any: 3 - i, j - i. The constant counts as
 * term nterm. */
static int first_term(const Int *i)
{
    for (int k = 0; k < i->nterm; k++)
        if (i->term[k].coef > 0)
            return k;
    return i->c > 0 ? i->nterm : 0;
}

void put_int(Out *o, const Int *i, Level least)
{
    bool wrap = level_of_int(i) < least;
    int first = first_term(i), n = i->nterm + (i->c || !i->nterm);
    put(o, wrap ? "(" : "");
    for (int k = -1; k < n; k++) {
        if (k == first)
            continue;
        int term = k < 0 ? first : k;
        if (term < i->nterm)
            put_term(o, &i->term[term], k < 0);
        else
            put_constant(o, i->c, k < 0);
    }
    put(o, wrap ? ")" : "");
}

void put_element(Out *o, const View *v, const Int *const *sub)
{
    put(o, "%s", v->name);
    for (int i = 0; i < v->rank; i++) {
        put(o, "[");
        put_int(o, sub[i], L_ANY);
        put(o, "]");
    }
}

/* ---- Values ---- */

Elem elem_of(const View *v) { return v->buffer ? v->buffer->elem : ELEM_REAL; }

const char *suffix_of(Elem e)
{
    return e == ELEM_BYTE ? "_u8" : e == ELEM_INDEX ? "_i32" : "";
}

static bool is_name_part(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* The letter a, b or c at text + i standing for an operand, else -1. */
static int operand_at(const char *text, size_t i)
{
    bool alone = (i == 0 || !is_name_part(text[i - 1])) && !is_name_part(text[i + 1]);
    return alone && text[i] >= 'a' && text[i] <= 'c' ? text[i] - 'a' : -1;
}

/* The operator between operands, outside of parentheses, or NULL. */
static const struct Sign *find_sign(const char *text)
{
    int depth = 0;
    for (size_t i = 0; text[i]; i++) {
        depth += (text[i] == '(') - (text[i] == ')');
        for (size_t k = 0; text[i] == ' ' && !depth && k < sizeof sign / sizeof *sign;
             k++) {
            size_t n = strlen(sign[k].text);
            if (!strncmp(text + i + 1, sign[k].text, n) && text[i + 1 + n] == ' ')
                return &sign[k];
        }
    }
    return NULL;
}

const char *sign_of(const Val *v)
{
    const struct Sign *s = v->kind == VAL_OP ? find_sign(opinfo[v->op].value) : NULL;
    return s ? s->text : NULL;
}

static Level level_of_text(const char *text)
{
    const struct Sign *s = find_sign(text);
    if (s)
        return s->level;
    return text[0] == '-' ? L_UNARY : L_POSTFIX;
}

static void put_op(Out *o, const Val *v, bool f64)
{
    const char *text = opinfo[v->op].value;
    Level level = level_of_text(text);
    int depth = 0;
    bool left = find_sign(text);
    for (size_t i = 0; text[i]; i++) {
        int k = operand_at(text, i);
        depth += (text[i] == '(') - (text[i] == ')');
        if (k >= 0)
            put_value(o, v->arg[k], f64, depth ? L_ANY : left ? level : level + 1);
        else
            put(o, "%c", text[i]);
        if (k >= 0 && !depth)
            left =
                false; /* evaluation order is meaning: a - (b - c) keeps its parentheses */
    }
}

static void put_load(Out *o, const Val *v)
{
    Elem e = elem_of(v->view);
    if (!v->vector) {
        put(o, e == ELEM_REAL ? "" : "(real)");
        put_element(o, v->view, v->sub);
        return;
    }
    bool gathers = v->stride != 1;
    put(o, "%s%s%s(&", gathers ? "gr_gather" : "gr_load", suffix_of(e),
        v->part ? "_part" : "");
    put_element(o, v->view, v->sub);
    if (gathers)
        put(o, ", %lld", (long long)v->stride);
    if (v->part)
        put(o, ", %d", v->part);
    put(o, ")");
}

static void put_lanes(Out *o, const Val *v, bool f64)
{
    put(o, "gr_iota(0) * ");
    put_real(o, (double)v->stride, f64);
    put(o, " + (real)");
    put_int(o, v->sub[0], L_UNARY);
}

static void put_number_value(Out *o, const Val *v, bool f64)
{
    if (!v->vector) {
        put(o, "(real)");
        put_int(o, v->sub[0], L_UNARY);
    } else if (v->stride == 1) {
        put(o, "gr_iota(");
        put_int(o, v->sub[0], L_ANY);
        put(o, ")");
    } else {
        put_lanes(o, v, f64);
    }
}

static void put_random(Out *o, const Val *v)
{
    put(o, "gr_%s%s(context->seed, context->step, site[%d], ", opinfo[v->op].name,
        v->vector ? "_v" : "", v->site);
    put_int(o, v->sub[0], L_ANY);
    put(o, ")");
}

static const char *const fold_name[NREDUCE] = {
    [REDUCE_SUM] = "gr_sum",
    [REDUCE_PROD] = "gr_prod",
    [REDUCE_MAX] = "gr_max_of",
    [REDUCE_MIN] = "gr_min_of",
};

/* name(value rest... */
static void put_call(Out *o, const char *name, const Val *v, bool f64)
{
    put(o, "%s(", name);
    put_value(o, v, f64, L_ANY);
}

static void put_plain(Out *o, const Val *v, bool f64)
{
    switch (v->kind) {
    case VAL_CONST:
        if (v->result == BOOL)
            put(o, v->value != 0 ? "1" : "0");
        else
            put_real(o, v->value, f64);
        break;
    case VAL_REG:
        put(o, "%s", v->reg->name);
        break;
    case VAL_LOAD:
        put_load(o, v);
        break;
    case VAL_NUMBER:
        put_number_value(o, v, f64);
        break;
    case VAL_SCALAR:
        put(o, "(real)%s%s", v->scalar == SCALAR_n ? "" : "context->",
            scalar_name[v->scalar]);
        break;
    case VAL_RANDOM:
        put_random(o, v);
        break;
    case VAL_OP:
        put_op(o, v, f64);
        break;
    case VAL_SPLAT:
        put_call(o, v->result == BOOL ? "gr_msplat" : "gr_splat", v->arg[0], f64);
        put(o, ")");
        break;
    case VAL_KEEP:
        put_call(o, "gr_keep", v->arg[0], f64);
        put(o, ", %d, ", v->part);
        put_real(o, v->value, f64);
        put(o, ")");
        break;
    case VAL_FOLD:
        put_call(o, fold_name[v->reduce], v->arg[0], f64);
        put(o, ")");
        break;
    }
}

static Level level_of(const Val *v, bool f64)
{
    switch (v->kind) {
    case VAL_CONST:
        return (f64 ? v->value : (float)v->value) < 0 ? L_UNARY : L_POSTFIX;
    case VAL_LOAD:
        return v->vector || elem_of(v->view) == ELEM_REAL ? L_POSTFIX : L_UNARY;
    case VAL_NUMBER:
        return !v->vector ? L_UNARY : v->stride == 1 ? L_POSTFIX : L_SUM;
    case VAL_SCALAR:
        return L_UNARY;
    case VAL_OP:
        return level_of_text(opinfo[v->op].value);
    default:
        return L_POSTFIX;
    }
}

void put_value(Out *o, const Val *v, bool f64, Level least)
{
    /* An operation that is its operand: it binds as that does. */
    while (v->kind == VAL_OP && !strcmp(opinfo[v->op].value, "a"))
        v = v->arg[0];
    bool wrap = level_of(v, f64) < least;
    put(o, wrap ? "(" : "");
    put_plain(o, v, f64);
    put(o, wrap ? ")" : "");
}
