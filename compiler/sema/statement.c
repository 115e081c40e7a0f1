/* Names in statements: what stands where, what is defined once, which indices a left side
 * binds.
 */
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

/* A name is defined once. Only `x = f(x)`, a whole tensor out of itself, may take it again.
 */
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

void check_extents(Scope *s, const Decl *d)
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

/* `batch` stands first or not at all, and is not seen on the right. */
static void check_left_batch(const Stmt *st, int k)
{
    Span at = st->index.at[k]->span;
    if (st->kind == STMT_UPDATE)
        error(at, "a state has no batch");
    else if (k > 0)
        error(at, "the batch comes first");
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
        if (is_batch(st->index.at[i]))
            check_left_batch(st, i);
        else
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
    if (n &&
        (n->kind == NAME_STATE || (n->kind == NAME_PARAM && s->def->kind == DEF_OPTIMIZER)))
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

/* A model has its inputs and results once. */
static void check_repeated(const Stmt *st)
{
    if (rule[st->kind].allowed == MODEL)
        error(st->span, "%s cannot be repeated", rule[st->kind].what);
}

static void check_repeat(Scope *s, const Stmt *st)
{
    check_expr(s, st->value);
    int mark = s->name.n;
    for (int i = 0; i < st->body.n; i++)
        check_repeated(st->body.at[i]);
    check_body(s, &st->body);
    s->name.n = mark;
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
    case STMT_STATE:
        check_decl(s, st);
        return;
    case STMT_EQUATION:
        check_equation(s, st);
        return;
    case STMT_UPDATE:
        check_update(s, st);
        return;
    case STMT_LOSS:
    case STMT_METRIC:
        check_expr(s, st->value);
        return;
    case STMT_OUTPUT:
        check_output(s, st);
        return;
    case STMT_TRAIN:
        check_train(s, st);
        return;
    case STMT_REPEAT:
        check_repeat(s, st);
        return;
    case STMT_SETTING:
        return;
    }
}

void check_body(Scope *s, const StmtList *body)
{
    const StmtList *outer = s->body;
    s->body = body;
    for (int i = 0; i < body->n; i++)
        check_statement(s, body->at[i]);
    s->body = outer;
}
