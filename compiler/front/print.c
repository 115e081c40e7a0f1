/* The syntax tree as text: --dump=parse, and expressions in messages. */
#include "ast.h"

#include "lex.h"
#include "out.h"

#include <string.h>

/* How tightly an expression holds together; an operand that holds less needs parentheses.
 * The order is that of the grammar. */
typedef enum Level {
    AT_IF,
    AT_OR,
    AT_AND,
    AT_NOT,
    AT_COMPARISON,
    AT_SUM,
    AT_REDUCTION,
    AT_PRODUCT,
    AT_SIGN,
    AT_POWER,
    AT_OPERAND,
} Level;

/* clang-format off */
static const struct OperText {
    const char *text;
    Level level, left, right; /* of the whole, and at least of the operands */
} opers[] = {
    [OPER_OR]  = {" or ",  AT_OR, AT_OR, AT_AND},
    [OPER_AND] = {" and ", AT_AND, AT_AND, AT_NOT},
    [OPER_NOT] = {"not ",  AT_NOT, 0, AT_NOT},
    [OPER_EQ]  = {" == ",  AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_NE]  = {" != ",  AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_LT]  = {" < ",   AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_LE]  = {" <= ",  AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_GT]  = {" > ",   AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_GE]  = {" >= ",  AT_COMPARISON, AT_SUM, AT_SUM},
    [OPER_ADD] = {" + ",   AT_SUM, AT_SUM, AT_REDUCTION},
    [OPER_SUB] = {" - ",   AT_SUM, AT_SUM, AT_REDUCTION},
    [OPER_MUL] = {" * ",   AT_PRODUCT, AT_PRODUCT, AT_SIGN},
    [OPER_DIV] = {" / ",   AT_PRODUCT, AT_PRODUCT, AT_SIGN},
    [OPER_MOD] = {" % ",   AT_PRODUCT, AT_PRODUCT, AT_SIGN},
    [OPER_NEG] = {"-",     AT_SIGN, 0, AT_SIGN},
    [OPER_POW] = {"^",     AT_POWER, AT_OPERAND, AT_POWER},
};

static const char *const def_words[] = {
    [DEF_MODEL] = "model", [DEF_LAYER] = "layer", [DEF_FN] = "fn",
    [DEF_OPTIMIZER] = "optimizer", [DEF_SCHEDULE] = "schedule",
};

static const char *const stmt_words[] = {
    [STMT_INPUT] = "input ", [STMT_PARAM] = "param ", [STMT_STATE] = "state ",
    [STMT_EQUATION] = "", [STMT_UPDATE] = "", [STMT_LOSS] = "loss ", [STMT_METRIC] = "metric ",
    [STMT_OUTPUT] = "output ", [STMT_TRAIN] = "train ", [STMT_SETTING] = "",
    [STMT_REPEAT] = "repeat ",
};
/* clang-format on */

static Level level_of(const Syn *s)
{
    switch (s->kind) {
    case SYN_IF:
        return AT_IF;
    case SYN_REDUCE:
        return AT_REDUCTION;
    case SYN_UNARY:
    case SYN_BINARY:
        return opers[s->oper].level;
    case SYN_NUMBER:
        return s->number < 0 ? AT_SIGN : AT_OPERAND;
    default:
        return AT_OPERAND;
    }
}

/* `sum(i) -x` would be a difference. */
static bool begins_with_minus(const Syn *s)
{
    while (s->kind == SYN_BINARY && level_of(s->a) >= opers[s->oper].left)
        s = s->a;
    return level_of(s) == AT_SIGN;
}

static void print_within(Out *o, const Syn *s, Level least)
{
    bool enclose = level_of(s) < least;
    put(o, enclose ? "(" : "");
    print_syn(o, s);
    put(o, enclose ? ")" : "");
}

/* Keywords that are names in an optimizer and in a train block. */
static bool is_name_in_place(const char *name)
{
    return !strcmp(name, "param") || !strcmp(name, "state") || !strcmp(name, "optimizer");
}

static void print_name(Out *o, const char *name)
{
    const char *quote = is_plain_name(name) || is_name_in_place(name) ? "" : "'";
    put(o, "%s%s%s", quote, name, quote);
}

static void print_list(Out *o, const SynList *l, const Syn *outside)
{
    put(o, "[");
    for (int i = 0; i < l->n; i++) {
        put(o, i ? ", " : "");
        print_syn(o, l->at[i]);
    }
    if (outside) {
        put(o, " | ");
        print_syn(o, outside);
    }
    put(o, "]");
}

static void print_args(Out *o, const ArgList *l)
{
    put(o, "(");
    for (int i = 0; i < l->n; i++) {
        put(o, i ? ", " : "");
        if (l->at[i].name)
            put(o, "%s = ", l->at[i].name);
        print_syn(o, l->at[i].value);
    }
    put(o, ")");
}

static void print_reduction(Out *o, const Syn *s)
{
    put(o, "%s(", s->name);
    for (int i = 0; i < s->binders.n; i++) {
        const Binder *b = &s->binders.at[i];
        put(o, "%s%s", i ? ", " : "", b->name);
        if (b->limit) {
            put(o, " < ");
            print_within(o, b->limit, AT_SUM);
        }
    }
    put(o, ") ");
    print_within(o, s->a, begins_with_minus(s->a) ? AT_OPERAND : AT_REDUCTION);
}

static void print_choice(Out *o, const Syn *s)
{
    put(o, "if ");
    print_within(o, s->a, AT_OR);
    put(o, " then ");
    print_within(o, s->b, AT_OR);
    put(o, " else ");
    print_syn(o, s->c);
}

void print_syn(Out *o, const Syn *s)
{
    switch (s->kind) {
    case SYN_NUMBER:
        if (s->name)
            put(o, "%s", s->name);
        else
            put_number(o, s->number);
        break;
    case SYN_NAME:
        print_name(o, s->name);
        break;
    case SYN_FIELD:
        print_syn(o, s->a);
        put(o, ".");
        print_name(o, s->name);
        break;
    case SYN_READ:
        print_syn(o, s->a);
        print_list(o, &s->list, s->b);
        break;
    case SYN_DOTS:
        put(o, "...");
        break;
    case SYN_CALL:
        put(o, "%s", s->name);
        print_args(o, &s->args);
        break;
    case SYN_REDUCE:
        print_reduction(o, s);
        break;
    case SYN_UNARY:
        put(o, "%s", opers[s->oper].text);
        print_within(o, s->a, opers[s->oper].right);
        break;
    case SYN_BINARY:
        print_within(o, s->a, opers[s->oper].left);
        put(o, "%s", opers[s->oper].text);
        print_within(o, s->b, opers[s->oper].right);
        break;
    case SYN_IF:
        print_choice(o, s);
        break;
    case SYN_TEXT:
        put(o, "\"%s\"", s->name);
        break;
    }
}

/* ---- Declarations, statements, definitions ---- */

static void indent(Out *o, int depth) { put(o, "%*s", 2 * depth, ""); }

static void print_doc(Out *o, const char *doc, int depth)
{
    for (const char *s = doc; s;) {
        int n = (int)strcspn(s, "\n");
        indent(o, depth);
        put(o, n ? "## %.*s\n" : "##\n", n, s);
        s = s[n] ? s + n + 1 : NULL;
    }
}

static void print_decl(Out *o, const Decl *d)
{
    print_name(o, d->name);
    if (d->has_shape)
        print_list(o, &d->dims, NULL);
    if (d->type.kind == TYPE_BYTE)
        put(o, " : byte");
    if (d->type.kind == TYPE_INDEX && d->type.limit) {
        put(o, " : index < ");
        print_within(o, d->type.limit, AT_SUM);
    }
    if (d->value) {
        put(o, " = ");
        print_syn(o, d->value);
    }
}

static void print_body(Out *o, const StmtList *body, int depth);

static void print_statement(Out *o, const Stmt *s, int depth)
{
    bool declares = s->kind == STMT_INPUT || s->kind == STMT_PARAM || s->kind == STMT_STATE;
    if (declares)
        print_doc(o, s->decl.doc, depth);
    indent(o, depth);
    put(o, "%s", stmt_words[s->kind]);
    if (declares)
        print_decl(o, &s->decl);
    else if (s->name)
        print_name(o, s->name);
    if (s->has_index)
        print_list(o, &s->index, NULL);
    if (s->name && s->value)
        put(o, s->kind == STMT_UPDATE ? " := " : " = ");
    if (s->value)
        print_syn(o, s->value);
    if (s->kind == STMT_REPEAT)
        put(o, " ");
    if (s->kind == STMT_REPEAT || s->kind == STMT_TRAIN)
        print_body(o, &s->body, depth);
    put(o, "\n");
}

static void print_body(Out *o, const StmtList *body, int depth)
{
    put(o, "{\n");
    for (int i = 0; i < body->n; i++)
        print_statement(o, body->at[i], depth + 1);
    indent(o, depth);
    put(o, "}");
}

static void print_def(Out *o, const Def *d)
{
    print_doc(o, d->doc, 0);
    put(o, "%s ", def_words[d->kind]);
    print_name(o, d->name);
    for (int i = 0; i < d->formals.n; i++) {
        put(o, i ? ", " : "(");
        print_decl(o, &d->formals.at[i]);
    }
    put(o, d->formals.n ? ")" : "");
    if (d->has_result) {
        put(o, " -> ");
        print_decl(o, &d->result);
    }
    put(o, d->value ? " = " : " ");
    if (d->value)
        print_syn(o, d->value);
    else
        print_body(o, &d->body, 0);
    for (int i = 0; i < d->derivative.n; i++) {
        put(o, i ? ", " : " derivative ");
        print_syn(o, d->derivative.at[i]);
    }
    put(o, "\n");
}

void print_program(Out *o, const Program *p)
{
    for (int i = 0; i < p->uses.n; i++)
        put(o, "use \"%s\"\n", p->uses.at[i].file);
    for (int i = 0; i < p->defs.n; i++) {
        put(o, i || p->uses.n ? "\n" : "");
        print_def(o, p->defs.at[i]);
    }
}
