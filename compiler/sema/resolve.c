/* Names: every definition is checked once, whether it is used or not.
 *
 * A body is read from top to bottom with a scope that grows; the indices of an equation or a
 * reduction are in it only there. What needs extents (ranges of indices, ranks, shapes) is left
 * to elaboration, which sees each call with concrete ones. */
#include "sema.h"

#include "names.h"
#include "scope.h"
#include "str.h"


/* ---- Where statements may stand ---- */

#define IN(kind) (1u << (kind))
enum {
    MODEL = IN(DEF_MODEL),
    LAYER = IN(DEF_LAYER),
    FN = IN(DEF_FN),
    OPTIMIZER = IN(DEF_OPTIMIZER),
};

static const struct Rule {
    const char *what, *where;
    unsigned allowed;
} rule[] = {
    [STMT_INPUT] = {"an input", "a model", MODEL},
    [STMT_PARAM] = {"a parameter", "a model or a layer", MODEL | LAYER},
    [STMT_STATE] = {"a state", "a model, a layer or an optimizer",
                    MODEL | LAYER | OPTIMIZER},
    [STMT_EQUATION] = {"an equation", "a body", MODEL | LAYER | FN | OPTIMIZER},
    [STMT_UPDATE] = {"an update", "a model, a layer or an optimizer",
                     MODEL | LAYER | OPTIMIZER},
    [STMT_LOSS] = {"a loss", "a model", MODEL},
    [STMT_METRIC] = {"a metric", "a model", MODEL},
    [STMT_OUTPUT] = {"an output", "a model", MODEL},
    [STMT_TRAIN] = {"a train block", "a model", MODEL},
    [STMT_SETTING] = {"a setting", "a train block", 0},
    [STMT_REPEAT] = {"a repeat", "a model, a layer or a function", MODEL | LAYER | FN},
};

static const char *const def_text[] = {
    [DEF_MODEL] = "a model",         [DEF_LAYER] = "a layer",
    [DEF_FN] = "a function",         [DEF_OPTIMIZER] = "an optimizer",
    [DEF_SCHEDULE] = "a schedule",
};

/* ---- Statements ---- */

static bool reads_name(const Syn *e, const char *name)
{
    if (!e)
        return false;
    if (e->kind == SYN_NAME)
        return e->name == name;
    for (int i = 0; i < e->args.n; i++)
        if (reads_name(e->args.at[i].value, name))
            return true;
    for (int i = 0; i < e->list.n; i++)
        if (reads_name(e->list.at[i], name))
            return true;
    return reads_name(e->a, name) || reads_name(e->b, name) || reads_name(e->c, name);
}

/* A name is defined once. Only `x = f(x)`, a whole tensor out of itself, may take it again. */
static void define(Scope *s, const Stmt *st, NameKind kind)
{
    const Name *n = find_name(s, st->name);
    bool again = n && n->kind == NAME_VALUE && kind == NAME_VALUE && !st->has_index &&
                 reads_name(st->value, st->name);
    if (n && n->kind == NAME_KNOWN) {
        error(st->name_span, "'%s' is built in: choose another name", st->name);
    } else if (n && !again) {
        error(st->name_span, "'%s' is already defined", st->name);
        note(n->span, n->kind == NAME_VALUE ? "here" : "as %s here", kind_text(n->kind));
    }
    if (!again)
        add_name(s, st->name, kind, st->name_span);
}

static void check_extents(Scope *s, const Decl *d)
{
    for (int i = 0; i < d->dims.n; i++)
        if (d->dims.at[i]->kind != SYN_DOTS)
            check_expr(s, d->dims.at[i]);
        else if (!s->has_pack)
            error(d->dims.at[i]->span,
                  "'...' stands for nothing here: no argument of '%s' has it",
                  s->def->name);
    if (d->type.limit)
        check_expr(s, d->type.limit);
}

static void check_decl(Scope *s, const Stmt *st)
{
    static const NameKind kind[] = {
        [STMT_INPUT] = NAME_INPUT, [STMT_PARAM] = NAME_PARAM, [STMT_STATE] = NAME_STATE};
    check_extents(s, &st->decl);
    if (st->decl.value)
        check_expr(s, st->decl.value);
    else if (st->kind != STMT_INPUT)
        error(st->span, "'%s' needs an initial value: %s = 0", st->name, st->name);
    if (st->kind != STMT_INPUT && st->decl.type.kind != TYPE_REAL)
        error(st->decl.type.span, "%s is always real", rule[st->kind].what);
    define(s, st, kind[st->kind]);
}

/* Names in what should have been an index: they are not unknown as well. */
static void excuse_names(Scope *s, const Syn *e)
{
    if (e->kind == SYN_NAME && !find_name(s, e->name))
        add_name(s, e->name, NAME_INDEX, e->span);
    if (e->a)
        excuse_names(s, e->a);
    if (e->b)
        excuse_names(s, e->b);
}

/* The index that one subscript on a left side binds: `i`, or `i < N`. */
static void check_left_index(Scope *s, const Syn *e)
{
    const Syn *name = e;
    if (e->kind == SYN_BINARY && e->oper == OPER_LT && e->a->kind == SYN_NAME) {
        check_expr(s, e->b);
        name = e->a;
    }
    if (name->kind != SYN_NAME && name->kind != SYN_DOTS) {
        error(e->span, "on the left of '=' stand plain indices: y[i, j] = ...");
        excuse_names(s, e);
        return;
    }
    const char *index = name->kind == SYN_DOTS ? intern("...") : name->name;
    const Name *n = find_name(s, index);
    if (name->kind == SYN_DOTS && !s->has_pack) {
        error(name->span, "'...' stands for nothing here: no argument of '%s' has it",
              s->def->name);
    } else if (index == intern("batch")) {
        error(name->span, "the batch is implicit: leave it out");
    } else if (n && n->kind == NAME_INDEX) {
        error(name->span, "index '%s' stands twice on the left", index);
        note(n->span, "here first");
    }
    add_name(s, index, NAME_INDEX, name->span);
}

static void check_sides(Scope *s, const Stmt *st)
{
    int mark = s->name.n;
    for (int i = 0; i < st->index.n; i++)
        check_left_index(s, st->index.at[i]);
    if (st->value)
        check_expr(s, st->value);
    s->name.n = mark;
}

static void check_equation(Scope *s, const Stmt *st)
{
    check_sides(s, st);
    define(s, st, NAME_VALUE);
}

static void check_update(Scope *s, const Stmt *st)
{
    const Name *n = find_name(s, st->name);
    check_sides(s, st);
    if (n && (n->kind == NAME_STATE ||
              (n->kind == NAME_PARAM && s->def->kind == DEF_OPTIMIZER)))
        return;
    if (n) {
        error(st->name_span, "':=' changes a state, and '%s' is %s", st->name,
              kind_text(n->kind));
        note(n->span, "'%s' is defined here", st->name);
    } else {
        error(st->name_span, "there is no state '%s' to change", st->name);
    }
}

static void check_output(Scope *s, const Stmt *st)
{
    if (st->value) {
        check_equation(s, st);
        return;
    }
    Syn name = {.kind = SYN_NAME, .name = st->name, .span = st->name_span};
    check_expr(s, &name);
}

static void check_body(Scope *s, const StmtList *body);

static void check_repeat(Scope *s, const Stmt *st)
{
    check_expr(s, st->value);
    int mark = s->name.n;
    check_body(s, &st->body);
    s->name.n = mark;
}

/* ---- The train block ---- */

static const char *const setting[] = {"batch", "epochs",    "seed", "validation",
                                      "clip",  "optimizer", NULL};

static void check_optimizer_call(Scope *s, const Syn *e)
{
    const Def *d =
        e->kind == SYN_CALL ? find_def(s->p, e->name, e->span.source) : NULL;
    if (e->kind != SYN_CALL) {
        error(e->span, "an optimizer is a call: optimizer = %s()",
              e->kind == SYN_NAME ? e->name : "name");
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

static void check_clip(Scope *s, const Syn *e)
{
    int mark = s->name.n;
    add_name(s, intern("grad"), NAME_KNOWN, (Span){0});
    add_name(s, intern("grad_norm"), NAME_KNOWN, (Span){0});
    check_expr(s, e);
    s->name.n = mark;
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
        check_clip(s, st->value);
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

static void check_train(Scope *s, const Stmt *st)
{
    for (int i = 0; i < st->body.n; i++)
        check_setting(s, st->body.at[i], st);
    const Stmt *clip = find_setting(st, "clip");
    if (clip && !find_setting(st, "optimizer"))
        warning(clip->span, "'clip' has no effect without an optimizer");
}

/* ---- Bodies ---- */

static void check_statement(Scope *s, const Stmt *st)
{
    const struct Rule *r = &rule[st->kind];
    if (!(r->allowed & IN(s->def->kind))) {
        error(st->span, "%s belongs in %s, not in %s", r->what, r->where,
              def_text[s->def->kind]);
        return;
    }
    switch (st->kind) {
    case STMT_INPUT:
    case STMT_PARAM:
    case STMT_STATE: check_decl(s, st); return;
    case STMT_EQUATION: check_equation(s, st); return;
    case STMT_UPDATE: check_update(s, st); return;
    case STMT_LOSS:
    case STMT_METRIC: check_expr(s, st->value); return;
    case STMT_OUTPUT: check_output(s, st); return;
    case STMT_TRAIN: check_train(s, st); return;
    case STMT_REPEAT: check_repeat(s, st); return;
    case STMT_SETTING: return;
    }
}

static void check_body(Scope *s, const StmtList *body)
{
    for (int i = 0; i < body->n; i++)
        check_statement(s, body->at[i]);
}

/* Two statements of a kind, or of the same name, where one is meant. */
static void check_once(const Def *d, StmtKind kind, const char *hint)
{
    const Stmt *first = NULL;
    for (int i = 0; i < d->body.n; i++) {
        const Stmt *st = d->body.at[i];
        if (st->kind != kind)
            continue;
        if (first) {
            error(st->span, "a second %s", hint);
            note(first->span, "the first is here");
            return;
        }
        first = st;
    }
}

static void check_reported_names(const Def *d)
{
    for (int i = 0; i < d->body.n; i++)
        for (int k = 0; k < i; k++) {
            const Stmt *a = d->body.at[k], *b = d->body.at[i];
            bool reported = (a->kind == STMT_METRIC || a->kind == STMT_OUTPUT) &&
                            (b->kind == STMT_METRIC || b->kind == STMT_OUTPUT);
            if (!reported || a->name != b->name)
                continue;
            error(b->name_span, "'%s' is already reported", b->name);
            note(a->name_span, "here first");
        }
}

static bool has_statement(const Def *d, StmtKind kind)
{
    for (int i = 0; i < d->body.n; i++)
        if (d->body.at[i]->kind == kind)
            return true;
    return false;
}

static void check_model(const Def *d)
{
    check_once(d, STMT_LOSS, "loss: a model has one; add them up");
    check_once(d, STMT_TRAIN, "train block");
    check_reported_names(d);
    if (has_statement(d, STMT_TRAIN) && !has_statement(d, STMT_LOSS))
        error(d->name_span, "model '%s' has a train block and no loss", d->name);
}

static bool updates_param(const StmtList *body)
{
    for (int i = 0; i < body->n; i++)
        if (body->at[i]->kind == STMT_UPDATE && body->at[i]->name == intern("param"))
            return true;
    return false;
}

/* ---- Definitions ---- */

static bool has_dots(const Decl *d)
{
    for (int i = 0; i < d->dims.n; i++)
        if (d->dims.at[i]->kind == SYN_DOTS)
            return true;
    return false;
}

/* A bare name among a formal's extents is bound by the call. */
static void add_extents(Scope *s, const Decl *d)
{
    for (int i = 0; i < d->dims.n; i++) {
        const Syn *dim = d->dims.at[i];
        if (dim->kind == SYN_NAME && !find_name(s, dim->name))
            add_name(s, dim->name, NAME_VALUE, dim->span);
    }
    const Syn *limit = d->type.limit;
    if (limit && limit->kind == SYN_NAME && !find_name(s, limit->name))
        add_name(s, limit->name, NAME_VALUE, limit->span);
}

static void add_formal(Scope *s, const Decl *f)
{
    const Name *n = find_name(s, f->name);
    if (n && n->kind == NAME_KNOWN) {
        error(f->span, "'%s' is built in: choose another name", f->name);
    } else if (n) {
        error(f->span, "'%s' is already defined", f->name);
        note(n->span, "here first");
    }
    if (f->has_shape && s->def->kind != DEF_FN && s->def->kind != DEF_LAYER)
        error(f->span, "an argument of %s is a number", def_text[s->def->kind]);
    add_name(s, f->name, NAME_VALUE, f->span);
}

static void check_formals(Scope *s, const Def *d)
{
    if (d->formals.n > MAXFORMALS)
        error(d->name_span, "'%s' has more than %d arguments", d->name, MAXFORMALS);
    for (int i = 0; i < d->formals.n; i++)
        add_formal(s, &d->formals.at[i]);
    for (int i = 0; i < d->formals.n; i++) {
        add_extents(s, &d->formals.at[i]);
        s->has_pack = s->has_pack || has_dots(&d->formals.at[i]);
    }
    s->has_pack = s->has_pack || d->kind == DEF_OPTIMIZER;
    for (int i = 0; i < d->formals.n; i++) {
        check_extents(s, &d->formals.at[i]);
        if (d->formals.at[i].value)
            check_expr(s, d->formals.at[i].value);
    }
}

static void check_result(Scope *s, const Def *d)
{
    check_extents(s, &d->result);
    const Name *n = find_name(s, d->result.name);
    if (!n || n->kind == NAME_KNOWN) {
        error(d->result.span, "the result '%s' is never defined", d->result.name);
    } else if (n->kind == NAME_INPUT || n->kind == NAME_STATE) {
        error(d->result.span, "the result '%s' is %s", d->result.name, kind_text(n->kind));
        note(n->span, "here");
    }
}

static void add_known(Scope *s)
{
    static const char *const known[] = {"training", "step", "steps"};
    for (int i = 0; i < 3; i++)
        add_name(s, intern(known[i]), NAME_KNOWN, (Span){0});
    if (s->def->kind != DEF_OPTIMIZER)
        return;
    add_name(s, intern("param"), NAME_PARAM, s->def->name_span);
    add_name(s, intern("grad"), NAME_KNOWN, (Span){0});
    add_name(s, intern("grad_norm"), NAME_KNOWN, (Span){0});
}

static void check_def(const Program *p, const Def *d, Arena *scratch)
{
    Scope s = {.p = p, .def = d, .arena = scratch};
    add_known(&s);
    check_formals(&s, d);
    if (d->value)
        check_expr(&s, d->value);
    check_body(&s, &d->body);
    if (d->has_result)
        check_result(&s, d);
    if (d->kind == DEF_MODEL)
        check_model(d);
    if (d->kind == DEF_OPTIMIZER && !updates_param(&d->body))
        error(d->name_span, "optimizer '%s' never changes 'param'", d->name);
    if (d->derivative)
        error(d->derivative->span, "derivatives given by hand are not supported yet");
}

static void check_duplicate(const Program *p, int i)
{
    const Def *d = p->defs.at[i];
    if (is_hidden_by_builtin(d->name, d->formals.n) && d->kind != DEF_MODEL)
        error(d->name_span, "'%s' of %d argument%s is built in", d->name, d->formals.n,
              d->formals.n == 1 ? "" : "s");
    for (int k = 0; k < i; k++) {
        const Def *o = p->defs.at[k];
        if (o->name != d->name || is_std(o->span.source) != is_std(d->span.source))
            continue;
        error(d->name_span, "'%s' is already defined", d->name);
        note(o->name_span, "as %s here", def_text[o->kind]);
        return;
    }
}

/* ---- Definitions that call themselves ---- */

typedef struct Calls {
    const Program *p;
    char *mark; /* by position in defs: 1 being followed, 2 done */
} Calls;

static void follow(Calls *c, const Def *d, const Syn *from);

static void follow_expr(Calls *c, const Syn *e)
{
    if (!e)
        return;
    if (e->kind == SYN_CALL && find_callee(c->p, e).def)
        follow(c, find_callee(c->p, e).def, e);
    for (int i = 0; i < e->args.n; i++)
        follow_expr(c, e->args.at[i].value);
    for (int i = 0; i < e->list.n; i++)
        follow_expr(c, e->list.at[i]);
    for (int i = 0; i < e->binders.n; i++)
        follow_expr(c, e->binders.at[i].limit);
    follow_expr(c, e->a);
    follow_expr(c, e->b);
    follow_expr(c, e->c);
}

static void follow_decl(Calls *c, const Decl *d)
{
    for (int i = 0; i < d->dims.n; i++)
        follow_expr(c, d->dims.at[i]);
    follow_expr(c, d->type.limit);
    follow_expr(c, d->value);
}

static void follow_body(Calls *c, const StmtList *body)
{
    for (int i = 0; i < body->n; i++) {
        const Stmt *st = body->at[i];
        follow_decl(c, &st->decl);
        for (int k = 0; k < st->index.n; k++)
            follow_expr(c, st->index.at[k]);
        follow_expr(c, st->value);
        follow_body(c, &st->body);
    }
}

static void follow(Calls *c, const Def *d, const Syn *from)
{
    int i = 0;
    while (c->p->defs.at[i] != d)
        i++;
    if (c->mark[i] == 1) {
        error(from->span, "'%s' calls itself", d->name);
        note(d->name_span, "'%s' is defined here", d->name);
    }
    if (c->mark[i])
        return;
    c->mark[i] = 1;
    for (int k = 0; k < d->formals.n; k++)
        follow_decl(c, &d->formals.at[k]);
    follow_decl(c, &d->result);
    follow_expr(c, d->value);
    follow_body(c, &d->body);
    c->mark[i] = 2;
}

void resolve(Program *p)
{
    Arena *scratch = new_arena();
    Calls c = {.p = p, .mark = NEWN(scratch, char, p->defs.n + 1)};
    for (int i = 0; i < p->defs.n; i++) {
        check_duplicate(p, i);
        check_def(p, p->defs.at[i], scratch);
        follow(&c, p->defs.at[i], NULL);
    }
    free_arena(scratch);
}
