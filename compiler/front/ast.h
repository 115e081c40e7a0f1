/* Syntax: what the parser builds, and the first of the compiler's three languages.
 *
 * Everything lives in the compilation's arena, names are interned, every node carries its span.
 * `sum(i, j < 3) e` is SYN_REDUCE, `f(a, b = 2)` SYN_CALL, `x[i, j+1 | 0]` SYN_READ, `e.W`
 * SYN_FIELD, `...` among indices SYN_DOTS. Parentheses leave no node. */
#ifndef AST_H
#define AST_H

#include "arena.h"
#include "diag.h"
#include "vec.h"

#include <stdbool.h>

typedef struct Syn Syn;
typedef VEC(Syn *) SynList;

typedef enum SynKind {
    SYN_NUMBER, /* number; also true, false, inf, pi (name is then how it was written) */
    SYN_NAME,   /* name */
    SYN_FIELD,  /* a . name */
    SYN_READ,   /* a [ list | b ]: a is SYN_NAME or SYN_FIELD, b the value outside or NULL */
    SYN_DOTS,   /* ... */
    SYN_CALL,   /* name ( args ) */
    SYN_REDUCE, /* name ( binders ) a */
    SYN_UNARY,  /* oper a */
    SYN_BINARY, /* a oper b */
    SYN_IF,     /* if a then b else c */
    SYN_TEXT,   /* "name", as a setting of the train block */
} SynKind;

/* clang-format off */
typedef enum Oper {
    OPER_ADD, OPER_SUB, OPER_MUL, OPER_DIV, OPER_MOD, OPER_POW, OPER_NEG,
    OPER_EQ, OPER_NE, OPER_LT, OPER_LE, OPER_GT, OPER_GE,
    OPER_AND, OPER_OR, OPER_NOT,
} Oper;
/* clang-format on */

typedef struct Arg {
    const char *name; /* NULL: by position */
    Syn *value;
    Span span;
} Arg;
typedef VEC(Arg) ArgList;

/* An index bound by a reduction: `i`, `r < R`, `batch`, or `...` (name is then "..."). */
typedef struct Binder {
    const char *name;
    Syn *limit; /* NULL: inferred from the bare uses */
    Span span;
} Binder;
typedef VEC(Binder) BinderList;

struct Syn {
    SynKind kind;
    Oper oper;
    Span span;
    const char *name;
    double number;
    Syn *a, *b, *c;
    SynList list;
    ArgList args;
    BinderList binders;
    int depth; /* of operands within operands; parse() bounds it, so any pass may recurse */
};

typedef enum TypeKind { TYPE_REAL, TYPE_BYTE, TYPE_INDEX } TypeKind;

/* `: real`, `: byte`, `: index < limit` */
typedef struct TypeSyn {
    TypeKind kind;
    Syn *limit;
    Span span;
} TypeSyn;

/* A name with an optional shape, type and value: `x[..., I]`, `heads`, `lr = 1e-3`,
 * `t[...] : index < V`. Formal arguments, results, inputs, parameters, states. */
typedef struct Decl {
    const char *name;
    bool has_shape; /* with brackets; else dims is empty */
    SynList dims;   /* extents, SYN_DOTS among them */
    TypeSyn type;
    Syn *value;     /* default, initial value; or NULL */
    Span span;      /* of the name */
    const char *doc; /* text of the ## lines above, or NULL */
} Decl;
typedef VEC(Decl) DeclList;

typedef enum StmtKind {
    STMT_INPUT,    /* decl */
    STMT_PARAM,    /* decl */
    STMT_STATE,    /* decl */
    STMT_EQUATION, /* name [ index ] = value; without brackets has_index is false */
    STMT_UPDATE,   /* name [ index ] := value */
    STMT_LOSS,     /* value */
    STMT_METRIC,   /* name = value */
    STMT_OUTPUT,   /* name, or name = value */
    STMT_TRAIN,    /* body of STMT_SETTING */
    STMT_SETTING,  /* name = value */
    STMT_REPEAT,   /* value times body */
} StmtKind;

typedef struct Stmt Stmt;
typedef VEC(Stmt *) StmtList;

struct Stmt {
    StmtKind kind;
    Span span; /* the whole statement; name_span only the name on the left */
    Span name_span;
    const char *name;
    bool has_index;
    SynList index;
    Syn *value;
    Decl decl;
    StmtList body;
};

typedef enum DefKind { DEF_MODEL, DEF_LAYER, DEF_FN, DEF_OPTIMIZER, DEF_SCHEDULE } DefKind;

/* model NAME(formals) { body }          layer NAME(formals) -> result { body }
 * fn NAME(formals) = value              fn NAME(formals) -> result { body }
 * optimizer NAME(formals) { body }      schedule NAME(formals) = value              */
typedef struct Def {
    DefKind kind;
    const char *name;
    Span span, name_span;
    DeclList formals;
    bool has_result;
    Decl result;
    Syn *value;
    StmtList body;
    SynList derivative; /* of an inline fn, by each formal in order; or empty */
    const char *doc; /* text of the ## lines above, or NULL */
} Def;

typedef struct Use {
    const char *file; /* as written */
    Span span;
} Use;

/* A program: what a file and everything it uses define, the standard library included. */
typedef struct Program {
    VEC(Def *) defs;
    VEC(Use) uses;
} Program;

/* Parse one source into the program; errors are recorded, and what they leave is complete. */
void parse(Program *p, const Source *source, Arena *a);

Syn *new_syn(Arena *a, SynKind kind, Span span);

/* What was parsed, as text that parses to the same (--dump=parse). Only the parentheses that are
 * needed are printed, and no comments but ##. */
struct Out;
void print_program(struct Out *o, const Program *p);
void print_syn(struct Out *o, const Syn *s);

/* The source with its indentation, spacing and blank lines put in order (gradc fmt). Every token
 * and comment stays, and so do line breaks. Expects a source that parses. */
void print_formatted(struct Out *o, const Source *source);

#endif
