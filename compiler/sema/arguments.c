/* Which argument goes to which formal: by position first, then by name. */
#include "names.h"

#include "str.h"

#include <stdio.h>

static int find_formal(const Def *d, const char *name)
{
    for (int k = 0; k < d->formals.n; k++)
        if (d->formals.at[k].name == name)
            return k;
    return -1;
}

/* "x, O and rate = ..." */
static const char *list_formals(const Def *d)
{
    static char text[512];
    int n = 0;
    text[0] = 0;
    for (int k = 0; k < d->formals.n && n < (int)sizeof text - 80; k++)
        n += snprintf(text + n, sizeof text - (size_t)n, "%s'%.60s'",
                      k == 0                  ? ""
                      : k == d->formals.n - 1 ? " and "
                                              : ", ",
                      d->formals.at[k].name);
    return text;
}

static void too_many(const Def *d, const Syn *call)
{
    if (d->formals.n == 0)
        error(call->span, "'%s' takes no arguments", d->name);
    else
        error(call->span, "'%s' takes %d argument%s, %s, not %d", d->name, d->formals.n,
              d->formals.n == 1 ? "" : "s", list_formals(d), call->args.n);
    note(d->name_span, "'%s' is defined here", d->name);
}

static void unknown_argument(const Def *d, const Arg *a)
{
    const char *name[MAXFORMALS];
    for (int k = 0; k < d->formals.n; k++)
        name[k] = d->formals.at[k].name;
    const char *meant = nearest(a->name, name, d->formals.n);
    if (meant)
        error(a->span, "'%s' has no argument '%s'; did you mean '%s'?", d->name, a->name,
              meant);
    else
        error(a->span, "'%s' has no argument '%s'", d->name, a->name);
    note(d->name_span, "'%s' is defined here", d->name);
}

static void missing_argument(const Def *d, const Syn *call, int k)
{
    error(call->span, "'%s' needs its argument '%s'", d->name, d->formals.at[k].name);
    note(d->formals.at[k].span, "'%s' has no default", d->formals.at[k].name);
}

/* The formal that argument i goes to, or -1. */
static int place(const Def *d, const Syn *call, int i, bool *named)
{
    const Arg *a = &call->args.at[i];
    if (a->name) {
        *named = true;
        int k = find_formal(d, a->name);
        if (k < 0)
            unknown_argument(d, a);
        return k;
    }
    if (*named) {
        error(a->span, "an argument by position stands after one by name");
        return -1;
    }
    if (i < d->formals.n)
        return i;
    too_many(d, call);
    return -1;
}

bool match_arguments(const Def *d, const Syn *call, int *arg)
{
    bool named = false, fine = true;
    for (int k = 0; k < d->formals.n; k++)
        arg[k] = -1;
    for (int i = 0; i < call->args.n; i++) {
        int k = place(d, call, i, &named);
        if (k < 0)
            return false;
        if (arg[k] >= 0) {
            error(call->args.at[i].span, "'%s' is given twice", d->formals.at[k].name);
            note(call->args.at[arg[k]].span, "here first");
            fine = false;
        }
        arg[k] = i;
    }
    for (int k = 0; k < d->formals.n; k++)
        if (arg[k] < 0 && !d->formals.at[k].value) {
            missing_argument(d, call, k);
            fine = false;
        }
    return fine;
}
