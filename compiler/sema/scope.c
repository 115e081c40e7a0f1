/* Names in expressions. */
#include "scope.h"

#include "names.h"
#include "str.h"

Name *find_name(const Scope *s, const char *name)
{
    for (int i = s->name.n; i-- > 0;)
        if (s->name.at[i].name == name)
            return &s->name.at[i];
    return NULL;
}

void add_name(Scope *s, const char *name, NameKind kind, Span span)
{
    PUSH(s->arena, &s->name, (Name){name, kind, span});
}

const char *kind_text(NameKind k)
{
    static const char *const text[] = {
        [NAME_VALUE] = "a value", [NAME_INPUT] = "an input", [NAME_PARAM] = "a parameter",
        [NAME_STATE] = "a state", [NAME_INDEX] = "an index", [NAME_KNOWN] = "built in",
    };
    return text[k];
}

const char *const def_text[] = {
    [DEF_MODEL] = "a model",       [DEF_LAYER] = "a layer",
    [DEF_FN] = "a function",       [DEF_OPTIMIZER] = "an optimizer",
    [DEF_SCHEDULE] = "a schedule",
};

/* ---- Unknown names ---- */

static const Stmt *find_statement(const StmtList *body, const char *name)
{
    for (int i = 0; i < body->n; i++) {
        const Stmt *st = body->at[i];
        if (st->kind == STMT_REPEAT) {
            const Stmt *inside = find_statement(&st->body, name);
            if (inside)
                return inside;
        } else if (st->kind != STMT_TRAIN && st->name == name) {
            return st;
        }
    }
    return NULL;
}

static bool contains(Span outer, Span inner)
{
    return outer.source == inner.source && outer.start <= inner.start &&
           inner.end <= outer.end;
}

/* The name is defined in this body, but not yet, or only within a repeat. */
static bool explain_order(const Scope *s, const Syn *e)
{
    const Stmt *later = find_statement(&s->def->body, e->name);
    if (!later)
        return false;
    if (contains(later->span, e->span))
        error(e->span, "'%s' reads itself; a recurrence reads what is steps away, as in "
                       "%s[t - 1 | 0]", e->name, e->name);
    else if (later->span.start > e->span.start)
        error(e->span, "'%s' is used before it is defined", e->name);
    else
        error(e->span, "'%s' exists only inside the repeat that defines it", e->name);
    note(later->name_span, "'%s' is defined here", e->name);
    return true;
}

/* A name of one letter is as far from every other. */
static const char *nearest_name(const Scope *s, const char *name)
{
    if (!name[1])
        return NULL;
    const char **candidate = NEWN(s->arena, const char *, s->name.n + 1);
    for (int i = 0; i < s->name.n; i++)
        candidate[i] = s->name.at[s->name.n - 1 - i].name;
    return nearest(name, candidate, s->name.n);
}

static void unknown_name(const Scope *s, const Syn *e)
{
    if (explain_order(s, e))
        return;
    const char *meant = nearest_name(s, e->name);
    if (find_def(s->p, e->name, e->span.source))
        error(e->span, "'%s' is a function: it needs arguments in parentheses", e->name);
    else if (meant)
        error(e->span, "unknown name '%s'; did you mean '%s'?", e->name, meant);
    else
        error(e->span, "unknown name '%s'", e->name);
}

static void check_name(Scope *s, const Syn *e)
{
    if (find_name(s, e->name))
        return;
    if (e->name == intern("batch"))
        error(e->span, "'batch' can only be reduced over: mean(batch) ...");
    else
        unknown_name(s, e);
}

/* ---- Reads ---- */

static void check_dots(Scope *s, const Syn *e)
{
    if (!s->has_pack)
        error(e->span, "'...' stands for nothing here: no argument of '%s' has it",
              s->def->name);
}

/* Only what has a name of its own has fields. */
static void check_field(Scope *s, const Syn *e)
{
    while (e->kind == SYN_FIELD)
        e = e->a;
    if (e->kind != SYN_NAME)
        error(e->span, "only a name has fields");
    else
        check_expr(s, e);
}

/* A recurrence: an equation of this body, here or further down, some steps away. */
static bool is_recurrence(const Scope *s, const Syn *e)
{
    bool steps = false;
    for (int i = 0; i < e->list.n; i++)
        steps = steps || e->list.at[i]->kind == SYN_BINARY;
    if (!steps || e->a->kind != SYN_NAME || find_name(s, e->a->name))
        return false;
    for (int i = 0; i < s->body->n; i++) {
        const Stmt *st = s->body->at[i];
        if (st->kind == STMT_EQUATION && st->has_index && st->name == e->a->name)
            return true;
    }
    return false;
}

static void check_read(Scope *s, const Syn *e)
{
    if (!is_recurrence(s, e))
        check_expr(s, e->a);
    const Name *n = e->a->kind == SYN_NAME ? find_name(s, e->a->name) : NULL;
    if (n && (n->kind == NAME_INDEX || n->kind == NAME_KNOWN)) {
        error(e->a->span, "'%s' is %s: it has no elements to read", n->name,
              n->kind == NAME_INDEX ? "an index" : "a number");
        if (n->kind == NAME_INDEX)
            note(n->span, "'%s' is bound here", n->name);
    }
    int dots = 0;
    for (int i = 0; i < e->list.n; i++) {
        dots += e->list.at[i]->kind == SYN_DOTS;
        if (e->list.at[i]->kind == SYN_DOTS)
            check_dots(s, e->list.at[i]);
        else
            check_expr(s, e->list.at[i]);
    }
    if (dots > 1)
        error(e->span, "'...' stands twice in one pair of brackets");
    if (e->b)
        check_expr(s, e->b);
}

/* ---- Calls ---- */

static bool explain_kind(const Scope *s, const Syn *e, const Def *d)
{
    static const char *const refused[] = {
        [DEF_MODEL] = "a model: it cannot be called",
        [DEF_OPTIMIZER] = "an optimizer: it belongs in a train block",
        [DEF_LAYER] = NULL,
        [DEF_FN] = NULL,
        [DEF_SCHEDULE] = NULL,
    };
    bool layer_outside =
        d->kind == DEF_LAYER && s->def->kind != DEF_MODEL && s->def->kind != DEF_LAYER;
    if (refused[d->kind])
        error(e->span, "'%s' is %s", e->name, refused[d->kind]);
    else if (layer_outside)
        error(e->span, "'%s' is a layer: only models and layers have parameters", e->name);
    else
        return false;
    note(d->name_span, "'%s' is defined here", e->name);
    return true;
}

static void unknown_call(const Scope *s, const Syn *e)
{
    int n;
    const char *const *name = callable_names(s->p, s->arena, &n);
    const char *meant = nearest(e->name, name, n);
    const Name *value = find_name(s, e->name);
    if (value && value->kind != NAME_INDEX) {
        error(e->span, "'%s' is %s, not a function; to read it write %s[...]", e->name,
              kind_text(value->kind), e->name);
        note(value->span, "'%s' is defined here", e->name);
    } else if (meant) {
        error(e->span, "unknown function '%s'; did you mean '%s'?", e->name, meant);
    } else {
        error(e->span, "unknown function '%s'", e->name);
    }
}

static void check_builtin(const Syn *e, const Builtin *b)
{
    if (e->args.n < b->least || e->args.n > b->most)
        error(e->span, "'%s' takes %d argument%s, not %d", e->name, b->least,
              b->least == 1 ? "" : "s", e->args.n);
    for (int i = 0; i < e->args.n; i++)
        if (e->args.at[i].name)
            error(e->args.at[i].span, "'%s' is built in: its arguments have no names",
                  e->name);
}

static void check_call(Scope *s, const Syn *e)
{
    for (int i = 0; i < e->args.n; i++)
        check_expr(s, e->args.at[i].value);
    Callee c = find_callee(s->p, e);
    if (c.builtin) {
        check_builtin(e, c.builtin);
    } else if (!c.def) {
        unknown_call(s, e);
    } else if (!explain_kind(s, e, c.def)) {
        int arg[MAXFORMALS];
        match_arguments(c.def, e, arg);
    }
}

/* ---- Reductions ---- */

static void check_binder(Scope *s, const Binder *b)
{
    static const char *dots, *batch;
    dots = intern("...");
    batch = intern("batch");
    const Name *n = find_name(s, b->name);
    if (b->limit)
        check_expr(s, b->limit);
    if (b->name == dots && !s->has_pack) {
        error(b->span, "'...' stands for nothing here: no argument of '%s' has it",
              s->def->name);
    } else if (b->name == batch && b->limit) {
        error(b->span, "'batch' has its own range: the examples given");
    } else if (n && n->kind == NAME_INDEX) {
        error(b->span, "index '%s' is already bound", b->name);
        note(n->span, "'%s' is bound here", b->name);
    }
}

static void check_reduce(Scope *s, const Syn *e)
{
    int mark = s->name.n;
    for (int i = 0; i < e->binders.n; i++) {
        check_binder(s, &e->binders.at[i]);
        add_name(s, e->binders.at[i].name, NAME_INDEX, e->binders.at[i].span);
    }
    check_expr(s, e->a);
    s->name.n = mark;
}

void check_expr(Scope *s, const Syn *e)
{
    switch (e->kind) {
    case SYN_NUMBER:
        return;
    case SYN_NAME:
        check_name(s, e);
        return;
    case SYN_FIELD:
        check_field(s, e);
        return;
    case SYN_READ:
        check_read(s, e);
        return;
    case SYN_DOTS:
        error(e->span, "'...' can only stand in brackets");
        return;
    case SYN_TEXT:
        error(e->span, "text has no place here");
        return;
    case SYN_CALL:
        check_call(s, e);
        return;
    case SYN_REDUCE:
        check_reduce(s, e);
        return;
    case SYN_UNARY:
    case SYN_BINARY:
    case SYN_IF:
        check_expr(s, e->a);
        if (e->b)
            check_expr(s, e->b);
        if (e->c)
            check_expr(s, e->c);
        return;
    }
    bug("a kind of expression that is unknown");
}
