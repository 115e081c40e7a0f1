/* The names that one definition can see at some point of its body. */
#ifndef SCOPE_H
#define SCOPE_H

#include "ast.h"

typedef enum NameKind {
    NAME_VALUE, /* a tensor or a number: an equation's, an argument, an extent */
    NAME_INPUT,
    NAME_PARAM,
    NAME_STATE,
    NAME_INDEX,
    NAME_KNOWN, /* what every program can read: step, training */
} NameKind;

typedef struct Name {
    const char *name;
    NameKind kind;
    Span span;
} Name;

typedef struct Scope {
    const Program *p;
    const Def *def;
    Arena *arena;
    const StmtList *body; /* being checked */
    bool has_pack;        /* `...` stands for something */
    VEC(Name) name;
} Scope;

Name *find_name(const Scope *s, const char *name); /* the latest of this name, or NULL */
void add_name(Scope *s, const char *name, NameKind kind, Span span);
const char *kind_text(NameKind k); /* "an input" */

extern const char *const def_text[]; /* by DefKind: "a model" */

/* Every name in e is known, every call fits. */
void check_expr(Scope *s, const Syn *e);

/* ---- statement.c, train.c, cycle.c ---- */

void check_extents(Scope *s, const Decl *d);
void check_body(Scope *s, const StmtList *body);
void check_train(Scope *s, const Stmt *train);
void check_cycles(const Program *p, Arena *scratch);

#endif
