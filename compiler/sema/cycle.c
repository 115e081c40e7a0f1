/* Definitions that call themselves, directly or by way of others: elaboration would not
 * end. The calls are followed depth first, each definition once. */
#include "names.h"
#include "scope.h"

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
    for (int k = 0; k < d->derivative.n; k++)
        follow_expr(c, d->derivative.at[k]);
    follow_body(c, &d->body);
    c->mark[i] = 2;
}

void check_cycles(const Program *p, Arena *scratch)
{
    Calls c = {.p = p, .mark = NEWN(scratch, char, p->defs.n + 1)};
    for (int i = 0; i < p->defs.n; i++)
        follow(&c, p->defs.at[i], NULL);
}
