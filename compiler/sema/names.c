/* Finding what a name in a call stands for. */
#include "names.h"

#include "str.h"

#include <string.h>

static const Builtin builtin[] = {
    {"uniform", BUILTIN_DRAW, OP_uniform, 2, 2},
    {"normal", BUILTIN_DRAW, OP_normal, 2, 2},
    {"flatten", BUILTIN_FLATTEN, OP_read, 1, 1},
    {"reshape", BUILTIN_RESHAPE, OP_read, 2, MAXRANK + 1},
#define OP(name, arity, ...) {#name, BUILTIN_OP, OP_##name, arity, arity},
#include "ops.def"
};
enum { BUILTINS = sizeof builtin / sizeof *builtin };

bool is_std(const Source *s) { return s && strncmp(s->name, "<std/", 5) == 0; }

bool is_batch(const Syn *s) { return s->kind == SYN_NAME && s->name == intern("batch"); }

bool is_inline(const Def *d)
{
    if (!d->value)
        return false;
    for (int i = 0; i < d->formals.n; i++)
        if (d->formals.at[i].has_shape)
            return false;
    return true;
}

/* a + b, not add(a, b); and a derivative clause, not surrogate(a, b). */
static bool is_operator(Op op)
{
    return op == OP_surrogate || opinfo[op].result == BOOL ||
           opinfo[op].properties & (LOGIC | PICK) || (op >= OP_add && op <= OP_neg);
}

static bool is_called(const Builtin *b, const char *name)
{
    return !strcmp(b->name, name) && !(b->kind == BUILTIN_OP && is_operator(b->op));
}

static const Builtin *find_builtin(const char *name, int arguments)
{
    for (int i = 0; i < BUILTINS; i++)
        if (is_called(&builtin[i], name) && arguments >= builtin[i].least &&
            arguments <= builtin[i].most)
            return &builtin[i];
    return NULL;
}

bool is_hidden_by_builtin(const char *name, int formals)
{
    return find_builtin(name, formals) != NULL;
}

static const Builtin *find_builtin_name(const char *name)
{
    for (int i = 0; i < BUILTINS; i++)
        if (is_called(&builtin[i], name))
            return &builtin[i];
    return NULL;
}

const Def *find_def(const Program *p, const char *name, const Source *from)
{
    const Def *found = NULL;
    for (int i = 0; i < p->defs.n; i++) {
        const Def *d = p->defs.at[i];
        if (d->name != name || (is_std(from) && !is_std(d->span.source)))
            continue;
        if (!found || is_std(found->span.source))
            found = d;
    }
    return found;
}

Callee find_callee(const Program *p, const Syn *call)
{
    const Builtin *b = find_builtin(call->name, call->args.n);
    if (b)
        return (Callee){.builtin = b};
    const Def *d = find_def(p, call->name, call->span.source);
    if (d)
        return (Callee){.def = d};
    return (Callee){.builtin = find_builtin_name(call->name)};
}

const char *const *callable_names(const Program *p, Arena *a, int *n)
{
    const char **name = NEWN(a, const char *, BUILTINS + p->defs.n);
    *n = 0;
    for (int i = p->defs.n; i-- > 0;)
        if (p->defs.at[i]->kind != DEF_MODEL && p->defs.at[i]->name)
            name[(*n)++] = p->defs.at[i]->name;
    for (int i = 0; i < BUILTINS; i++)
        if (is_called(&builtin[i], builtin[i].name))
            name[(*n)++] = builtin[i].name;
    return name;
}
