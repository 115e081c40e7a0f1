/* Between parse.c, the grammar and ast.c. Private to the front end. */
#ifndef PARSE_H
#define PARSE_H

#include "ast.h"
#include "lex.h"

typedef struct Parser {
    Arena *arena;
    Program *program;
    Lexer lexer;
    void *lemon;

    Token next; /* read ahead: END stands before it, or it is the next to be fed */
    bool has_next;
    Token last;      /* fed to the grammar last */
    VEC(Token) open; /* brackets not yet closed, outermost first */
    bool in_train;   /* the innermost brace is that of `train` */

    bool failed;   /* the grammar did not take the token just fed */
    bool skipping; /* to the end of a broken statement */
    bool stopped;  /* there is no point in reading on */
    int errors;    /* of this source */
} Parser;

/* Arguments with the place of their parentheses. */
typedef struct Arguments {
    ArgList list;
    Span span;
} Arguments;

#define NOWHERE ((Span){NULL, 0, 0})

/* The generated parser. */
void *ParseAlloc(void *(*get)(size_t));
void Parse(void *lemon, int kind, Token t, Parser *p);
void ParseFree(void *lemon, void (*give_back)(void *));
bool accepts(void *lemon, int kind);

/* What the grammar reports. */
void unexpected(Parser *p, Token t);
void too_deep(Parser *p);

/* What the grammar builds, named after its productions; see there. */
void add_use(Parser *p, Token file);
void add_def(Parser *p, Def *d);

Def *new_def(Parser *p, DefKind kind, Token keyword, Token name, DeclList formals);
void set_result(Def *d, Decl result);
void set_body(Def *d, StmtList body);
void set_value(Def *d, Syn *value);
void set_derivative(Def *d, SynList derivative);

Decl new_decl(Token name, const SynList *shape, TypeSyn type);
TypeSyn new_type(Token name, Syn *limit);

Stmt *new_statement(Parser *p, StmtKind kind, Token keyword, Syn *value);
Stmt *new_named(Parser *p, StmtKind kind, Token keyword, Token name, Syn *value);
Stmt *new_declaration(Parser *p, StmtKind kind, Token keyword, Decl d);
Stmt *new_place(Parser *p, Token name, const SynList *index);
void set_right(Stmt *s, StmtKind kind, Syn *value);

Syn *new_number(Parser *p, Token t);
Syn *new_name(Parser *p, Token t);
Syn *new_text(Parser *p, Token t);
Syn *new_field(Parser *p, Syn *a, Token name);
Syn *new_dots(Parser *p, Token t);
Syn *new_read(Parser *p, Syn *a, SynList index, Syn *outside, Token end);
Syn *new_call(Parser *p, Token name, Arguments args);
Syn *new_reduction(Parser *p, Token name, Arguments args, Syn *body);
Syn *new_unary(Parser *p, Token oper, Syn *a);
Syn *new_binary(Parser *p, Syn *a, Token oper, Syn *b);
Syn *new_choice(Parser *p, Token keyword, Syn *a, Syn *b, Syn *c);
Syn *new_claim(Parser *p, Token open, Syn *a, Token close);
Syn *in_parentheses(Token open, Syn *a, Token close);

#endif
