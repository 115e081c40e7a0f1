/* What a call means: a definition of the program, or something built in. */
#ifndef NAMES_H
#define NAMES_H

#include "ast.h"
#include "ir.h"

typedef enum BuiltinKind {
    BUILTIN_OP,      /* a row of ops.def, applied element by element */
    BUILTIN_DRAW,    /* uniform(lo, hi), normal(mean, deviation) */
    BUILTIN_FLATTEN, /* the elements of a tensor in row-major order, in one dimension */
    BUILTIN_RESHAPE, /* reshape(x, d0, d1, ...): likewise, in these dimensions */
} BuiltinKind;

typedef struct Builtin {
    const char *name;
    BuiltinKind kind;
    Op op;
    int least, most; /* arguments */
} Builtin;

typedef struct Callee { /* at most one of them is set */
    const Builtin *builtin;
    const Def *def;
} Callee;

/* Who is meant by a call written in `from`. What is built in comes first, told apart by the
 * number of arguments; then the user's definitions, then the standard library's, which
 * itself sees only its own. */
Callee find_callee(const Program *p, const Syn *call);
const Def *find_def(const Program *p, const char *name, const Source *from);

/* A definition with this many formals could never be called by this name. */
bool is_hidden_by_builtin(const char *name, int formals);

/* Every name that a call may have, for suggestions; *n of them. */
const char *const *callable_names(const Program *p, Arena *a, int *n);

bool is_std(const Source *s);

/* The name of the implicit dimension. */
bool is_batch(const Syn *s);

/* A function whose body is evaluated in place, element by element: `fn f(a, b) =
 * expression` without tensors among its formals. Everything else with a body is
 * instantiated. */
bool is_inline(const Def *d);

/* arg[k] becomes the position in call->args that formal k gets, or -1: its default. False,
 * and errors recorded, where they do not fit. */
bool match_arguments(const Def *d, const Syn *call, int *arg);
enum { MAXFORMALS = 64 };

#endif
