/* The train block: its settings and their names. */
#include "names.h"
#include "scope.h"
#include "str.h"

static const char *const setting[] = {"batch",      "epochs",    "seed",
                                      "validation", "optimizer", "freeze",
                                      "average",    "clip",      "accumulate", NULL};

static void check_optimizer_call(Scope *s, const Syn *e)
{
    const Def *d = e->kind == SYN_CALL ? find_def(s->p, e->name, e->span.source) : NULL;
    if (e->kind != SYN_CALL) {
        error(e->span, "an optimizer is a call: optimizer = %s()",
              e->kind == SYN_NAME || e->kind == SYN_TEXT ? e->name : "name");
        return;
    }
    for (int i = 0; i < e->args.n; i++)
        check_expr(s, e->args.at[i].value);
    if (d && d->kind == DEF_OPTIMIZER) {
        int arg[MAXFORMALS];
        match_arguments(d, e, arg);
        return;
    }
    const char **name = NEWN(s->arena, const char *, s->p->defs.n + 1);
    int n = 0;
    for (int i = 0; i < s->p->defs.n; i++)
        if (s->p->defs.at[i]->kind == DEF_OPTIMIZER)
            name[n++] = s->p->defs.at[i]->name;
    const char *meant = nearest(e->name, name, n);
    if (d)
        error(e->span, "'%s' is %s, not an optimizer", e->name, def_text[d->kind]);
    else if (meant)
        error(e->span, "unknown optimizer '%s'; did you mean '%s'?", e->name, meant);
    else
        error(e->span, "unknown optimizer '%s'", e->name);
}

/* An expression that may use two names more. */
static void check_with(Scope *s, const Syn *e, const char *a, const char *b)
{
    int mark = s->name.n;
    add_name(s, intern(a), NAME_KNOWN, (Span){0});
    add_name(s, intern(b), NAME_KNOWN, (Span){0});
    check_expr(s, e);
    s->name.n = mark;
}

static void check_freeze(const Syn *e)
{
    if (e->kind != SYN_TEXT)
        error(e->span, "names of parameters stand in quotes: freeze = \"h.W, conv.*\"");
}

static void check_setting(Scope *s, const Stmt *st, const Stmt *train)
{
    int n = 0;
    while (setting[n] && intern(setting[n]) != st->name)
        n++;
    if (!setting[n]) {
        const char *meant = nearest(st->name, setting, n);
        error(st->name_span, "unknown setting '%s'%s%s%s", st->name,
              meant ? "; did you mean '" : "", meant ? meant : "", meant ? "'?" : "");
        return;
    }
    for (int i = 0; train->body.at[i] != st; i++)
        if (train->body.at[i]->name == st->name) {
            error(st->name_span, "'%s' is already set", st->name);
            note(train->body.at[i]->name_span, "here first");
        }
    if (st->name == intern("optimizer"))
        check_optimizer_call(s, st->value);
    else if (st->name == intern("clip"))
        check_with(s, st->value, "grad", "grad_norm");
    else if (st->name == intern("average"))
        check_with(s, st->value, "param", "average");
    else if (st->name == intern("freeze"))
        check_freeze(st->value);
    else
        check_expr(s, st->value);
}

static const Stmt *find_setting(const Stmt *train, const char *name)
{
    for (int i = 0; i < train->body.n; i++)
        if (train->body.at[i]->name == intern(name))
            return train->body.at[i];
    return NULL;
}

void check_train(Scope *s, const Stmt *st)
{
    for (int i = 0; i < st->body.n; i++)
        check_setting(s, st->body.at[i], st);
    if (find_setting(st, "optimizer"))
        return;
    static const char *const needs[] = {"clip", "average", "accumulate"};
    for (int i = 0; i < 3; i++)
        if (find_setting(st, needs[i]))
            warning(find_setting(st, needs[i])->span,
                    "'%s' has no effect without an optimizer", needs[i]);
}
