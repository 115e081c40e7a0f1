/* Names: every definition is checked once, whether it is used or not.
 *
 * A body is read from top to bottom with a scope that grows; the indices of an equation or
 * a reduction are in it only there. What needs extents (ranges of indices, ranks, shapes)
 * is left to elaboration, which sees each call with concrete ones. */
#include "sema.h"

#include "names.h"
#include "scope.h"
#include "str.h"

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
    static const char *const known[] = {"training", "step", "steps", "examples"};
    for (int i = 0; i < 4; i++)
        add_name(s, intern(known[i]), NAME_KNOWN, (Span){0});
    if (s->def->kind != DEF_OPTIMIZER)
        return;
    add_name(s, intern("param"), NAME_PARAM, s->def->name_span);
    add_name(s, intern("grad"), NAME_KNOWN, (Span){0});
    add_name(s, intern("grad_norm"), NAME_KNOWN, (Span){0});
}

/* One for each formal, from the first on; those without must be given constants. */
static void check_derivative(Scope *s, const Def *d)
{
    for (int i = 0; i < d->derivative.n; i++)
        check_expr(s, d->derivative.at[i]);
    if (!d->derivative.n)
        return;
    Span at = d->derivative.at[0]->span;
    if (!is_inline(d))
        error(at,
              "only a function of numbers has a derivative of its own; '%s' takes a "
              "tensor",
              d->name);
    else if (d->derivative.n > d->formals.n)
        error(d->derivative.at[d->formals.n]->span,
              "'%s' has %d argument%s but %d derivatives", d->name, d->formals.n,
              d->formals.n == 1 ? "" : "s", d->derivative.n);
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
    check_derivative(&s, d);
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

void resolve(Program *p)
{
    Arena *scratch = new_arena();
    for (int i = 0; i < p->defs.n; i++) {
        check_duplicate(p, i);
        check_def(p, p->defs.at[i], scratch);
    }
    check_cycles(p, scratch);
    free_arena(scratch);
}
