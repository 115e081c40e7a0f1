/* The syntax tree is built here, one function per production of the grammar. */
#include "ast.h"

#include "gradc.h"
#include "parse.h"
#include "str.h"

#include <string.h>

/* Deeper trees than any person writes, and no danger to a recursive pass. */
enum { DEEPEST = 500 };

Syn *new_syn(Arena *a, SynKind kind, Span span)
{
    Syn *s = NEW(a, Syn);
    s->kind = kind;
    s->span = span;
    return s;
}

static int max(int a, int b) { return a > b ? a : b; }
static int depth_of(const Syn *s) { return s ? s->depth : 0; }

/* Measure a node whose operands are in place; one that is too deep is dropped, and
 * what follows is not read. */
static Syn *finished(Parser *p, Syn *s)
{
    int depth = max(depth_of(s->a), max(depth_of(s->b), depth_of(s->c)));
    for (int i = 0; i < s->list.n; i++)
        depth = max(depth, s->list.at[i]->depth);
    for (int i = 0; i < s->args.n; i++)
        depth = max(depth, s->args.at[i].value->depth);
    for (int i = 0; i < s->binders.n; i++)
        depth = max(depth, depth_of(s->binders.at[i].limit));
    s->depth = depth + 1;
    if (s->depth < DEEPEST)
        return s;
    if (!p->stopped)
        error(s->span, "this expression is too long: give a part of it a name");
    p->stopped = true;
    return new_syn(p->arena, SYN_NUMBER, s->span);
}

/* ---- Definitions ---- */

void add_use(Parser *p, Token file)
{
    PUSH(p->arena, &p->program->uses, (Use){file.name, file.span});
}

void add_def(Parser *p, Def *d) { PUSH(p->arena, &p->program->defs, d); }

Def *new_def(Parser *p, DefKind kind, Token keyword, Token name, DeclList formals)
{
    Def *d = NEW(p->arena, Def);
    d->kind = kind;
    d->name = name.name;
    d->name_span = name.span;
    d->span = join(keyword.span, name.span);
    d->formals = formals;
    d->doc = keyword.doc;
    return d;
}

void set_result(Def *d, Decl result)
{
    d->has_result = true;
    d->result = result;
}

void set_body(Def *d, StmtList body) { d->body = body; }

void set_value(Def *d, Syn *value) { d->value = value; }

void set_derivative(Def *d, SynList derivative) { d->derivative = derivative; }

/* ---- Declarations ---- */

Decl new_decl(Token name, const SynList *shape, TypeSyn type)
{
    return (Decl){
        .name = name.name,
        .has_shape = shape,
        .dims = shape ? *shape : (SynList){0},
        .type = type,
        .span = name.span,
        .doc = name.doc,
    };
}

TypeSyn new_type(Token name, Syn *limit)
{
    Span span = limit ? join(name.span, limit->span) : name.span;
    if (strcmp(name.name, "index") == 0) {
        if (!limit)
            error(name.span, "an index needs a limit: write 'index < 10'");
        return (TypeSyn){TYPE_INDEX, limit, span};
    }
    bool is_byte = strcmp(name.name, "byte") == 0;
    if (!is_byte && strcmp(name.name, "real") != 0)
        error(name.span, "unknown type '%s': expected 'real', 'byte' or 'index < N'",
              name.name);
    else if (limit)
        error(limit->span, "'%s' has no limit; write 'index < N'", name.name);
    return (TypeSyn){is_byte ? TYPE_BYTE : TYPE_REAL, NULL, span};
}

/* ---- Statements ---- */

Stmt *new_statement(Parser *p, StmtKind kind, Token keyword, Syn *value)
{
    Stmt *s = NEW(p->arena, Stmt);
    s->kind = kind;
    s->span = value ? join(keyword.span, value->span) : keyword.span;
    s->name_span = keyword.span;
    s->value = value;
    return s;
}

Stmt *new_named(Parser *p, StmtKind kind, Token keyword, Token name, Syn *value)
{
    Stmt *s = new_statement(p, kind, keyword, value);
    s->name = name.name;
    s->name_span = name.span;
    s->span = join(s->span, name.span);
    return s;
}

static Span end_of(const Decl *d)
{
    if (d->value)
        return d->value->span;
    return d->type.span.source ? d->type.span : d->span;
}

Stmt *new_declaration(Parser *p, StmtKind kind, Token keyword, Decl d)
{
    Stmt *s = new_statement(p, kind, keyword, NULL);
    s->name = d.name;
    s->name_span = d.span;
    s->span = join(keyword.span, end_of(&d));
    s->decl = d;
    s->decl.doc = keyword.doc;
    return s;
}

Stmt *new_place(Parser *p, Token name, const SynList *index)
{
    Stmt *s = new_statement(p, STMT_EQUATION, name, NULL);
    s->name = name.name;
    s->has_index = index;
    if (index)
        s->index = *index;
    return s;
}

void set_right(Stmt *s, StmtKind kind, Syn *value)
{
    s->kind = kind;
    s->value = value;
    s->span = join(s->span, value->span);
}

/* ---- Expressions ---- */

Syn *new_number(Parser *p, Token t)
{
    Syn *s = new_syn(p->arena, SYN_NUMBER, t.span);
    s->name = t.name;
    s->number = t.number;
    return s;
}

Syn *new_name(Parser *p, Token t)
{
    Syn *s = new_syn(p->arena, SYN_NAME, t.span);
    s->name = t.name;
    return s;
}

Syn *new_text(Parser *p, Token t)
{
    Syn *s = new_syn(p->arena, SYN_TEXT, t.span);
    s->name = t.name;
    return s;
}

Syn *new_field(Parser *p, Syn *a, Token name)
{
    Syn *s = new_syn(p->arena, SYN_FIELD, join(a->span, name.span));
    s->a = a;
    s->name = name.name;
    return finished(p, s);
}

Syn *new_dots(Parser *p, Token t) { return new_syn(p->arena, SYN_DOTS, t.span); }

Syn *new_read(Parser *p, Syn *a, SynList index, Syn *outside, Token end)
{
    Syn *s = new_syn(p->arena, SYN_READ, join(a->span, end.span));
    s->a = a;
    s->list = index;
    s->b = outside;
    return finished(p, s);
}

Syn *new_call(Parser *p, Token name, Arguments args)
{
    Syn *s = new_syn(p->arena, SYN_CALL, join(name.span, args.span));
    s->name = name.name;
    s->args = args.list;
    for (int i = 0; i < s->args.n; i++) {
        Arg *x = &s->args.at[i];
        if (x->value->kind != SYN_DOTS)
            continue;
        error(x->span, "'...' has its place among indices, not among arguments");
        x->value = new_syn(p->arena, SYN_NUMBER, x->span);
    }
    return finished(p, s);
}

/* The grammar reads `i, r < R` as arguments, for want of knowing better before the `)`. */
static bool is_binder(const Arg *x, Binder *b)
{
    const Syn *v = x->value;
    *b = (Binder){.span = x->span};
    if (!x->name && v->kind == SYN_NAME)
        b->name = v->name;
    else if (!x->name && v->kind == SYN_DOTS)
        b->name = intern("...");
    else if (!x->name && v->kind == SYN_BINARY && v->oper == OPER_LT &&
             v->a->kind == SYN_NAME)
        *b = (Binder){v->a->name, v->b, x->span};
    return b->name;
}

Syn *new_reduction(Parser *p, Token name, Arguments args, Syn *body)
{
    Syn *s = new_syn(p->arena, SYN_REDUCE, join(name.span, body->span));
    s->name = name.name;
    s->a = body;
    for (int i = 0; i < args.list.n; i++) {
        const Arg *x = &args.list.at[i];
        Binder b;
        if (is_binder(x, &b))
            PUSH(p->arena, &s->binders, b);
        else
            error(x->span, "expected an index such as 'i' or 'i < 10' for '%s'", name.name);
    }
    if (!args.list.n)
        error(args.span, "'%s' needs an index to run over", name.name);
    return finished(p, s);
}

static Oper oper_of(int kind)
{
    /* clang-format off */
    static const struct { int kind; Oper oper; } table[] = {
        {TOKEN_PLUS, OPER_ADD}, {TOKEN_MINUS, OPER_SUB}, {TOKEN_TIMES, OPER_MUL},
        {TOKEN_SLASH, OPER_DIV}, {TOKEN_PERCENT, OPER_MOD}, {TOKEN_POW, OPER_POW},
        {TOKEN_EQ, OPER_EQ}, {TOKEN_NE, OPER_NE}, {TOKEN_LT, OPER_LT}, {TOKEN_LE, OPER_LE},
        {TOKEN_GT, OPER_GT}, {TOKEN_GE, OPER_GE}, {TOKEN_AND, OPER_AND}, {TOKEN_OR, OPER_OR},
        {TOKEN_NOT, OPER_NOT},
    };
    /* clang-format on */
    int i = 0;
    while (table[i].kind != kind)
        i++;
    return table[i].oper;
}

Syn *new_unary(Parser *p, Token oper, Syn *a)
{
    Syn *s = new_syn(p->arena, SYN_UNARY, join(oper.span, a->span));
    s->oper = oper.kind == TOKEN_MINUS ? OPER_NEG : oper_of(oper.kind);
    s->a = a;
    return finished(p, s);
}

Syn *new_binary(Parser *p, Syn *a, Token oper, Syn *b)
{
    Syn *s = new_syn(p->arena, SYN_BINARY, join(a->span, b->span));
    s->oper = oper_of(oper.kind);
    s->a = a;
    s->b = b;
    return finished(p, s);
}

Syn *new_choice(Parser *p, Token keyword, Syn *a, Syn *b, Syn *c)
{
    Syn *s = new_syn(p->arena, SYN_IF, join(keyword.span, c->span));
    s->a = a;
    s->b = b;
    s->c = c;
    return finished(p, s);
}

/* [a]: if a then 1 else 0. */
Syn *new_claim(Parser *p, Token open, Syn *a, Token close)
{
    Syn *s = new_syn(p->arena, SYN_IF, join(open.span, close.span));
    s->a = a;
    s->b = new_number(p, (Token){.span = s->span, .number = 1});
    s->c = new_number(p, (Token){.span = s->span, .number = 0});
    return finished(p, s);
}

/* Parentheses leave no node, but they belong to what a message underlines. */
Syn *in_parentheses(Token open, Syn *a, Token close)
{
    a->span = join(open.span, close.span);
    return a;
}
