/* Two programs' gradients held against each other.
 *
 * Equations of one name belong together. They are the same if they are but for the names of
 * their indices, extents included. A gradient changes with its equation, or with one that
 * it needs. */
#include "facts.h"
#include "show.h"
#include "str.h"

#include <string.h>

typedef struct Side {
    const Graph *g;
    bool *wanted; /* by id */
} Side;

static const char *text_of(const Tensor *t, Arena *a)
{
    Out text = new_out(a);
    print_tensor(&text, t);
    return text.text;
}

/* Its text, each index being called by its place and extent. */
static const char *canonical(const Tensor *t, Arena *a)
{
    Tensor copy = *t;
    for (int i = 0; i < copy.nidx; i++)
        if (!copy.idx[i].batch)
            copy.idx[i].name = intern_f("%d<%d", i, copy.idx[i].extent);
    return text_of(&copy, a);
}

static const Tensor *counterpart(const Side *s, const Tensor *t)
{
    const Tensor *there = find_tensor(s->g, t->name);
    return there && s->wanted[there->id] && is_derived(there) == is_derived(t) ? there
                                                                               : NULL;
}

static bool differs(const Tensor *before, const Tensor *now, Arena *a)
{
    return !before || strcmp(canonical(before, a), canonical(now, a));
}

/* By id: the tensors of `now` that have another equation, or read such a one. */
static bool *touched(const Side *before, const Side *now, Arena *a)
{
    const Graph *g = now->g;
    bool *is = NEWN(a, bool, g->tensor.n), grown = true;
    for (int i = 0; i < g->tensor.n; i++)
        is[i] = differs(counterpart(before, g->tensor.at[i]), g->tensor.at[i], a);
    while (grown) {
        grown = false;
        for (int i = 0; i < g->tensor.n; i++) {
            bool *read = reads_of(g, g->tensor.at[i], a);
            for (int k = 0; !is[i] && k < g->tensor.n; k++)
                if (read[k] && is[k])
                    is[i] = grown = true;
        }
    }
    return is;
}

/* ---- Equations ---- */

static void put_line(Out *o, char sign, const char *text, const Tensor *t)
{
    put(o, "%c %s", sign, text);
    put(o, t->span.source ? "  # %s\n" : "\n", remark(t, o->arena));
}

/* What does not show in the equation: "dL/dh.W[o < 8, i < 2]". */
static const char *ranges(const Tensor *t, Arena *a)
{
    Out o = new_out(a);
    put(&o, "%s", t->name);
    for (int i = 0; i < t->nidx; i++) {
        put(&o, i == t->rank ? " over %s" : i ? ", %s" : "[%s", t->idx[i].name);
        if (!t->idx[i].batch)
            put(&o, " < %d", t->idx[i].extent);
        if (i == t->rank - 1)
            put(&o, "]");
    }
    return o.text;
}

static void put_change(Out *o, const Tensor *before, const Tensor *now)
{
    const char *was = text_of(before, o->arena), *is = text_of(now, o->arena);
    if (!strcmp(was, is)) {
        was = ranges(before, o->arena);
        is = ranges(now, o->arena);
    }
    put_line(o, '-', was, before);
    put_line(o, '+', is, now);
}

/* Those of `before` from number `from` on that there are no more, up to number `to`. */
static void put_gone(Out *o, const Side *before, const Side *now, int from, int to,
                     bool derived)
{
    for (int i = from; i < to; i++) {
        const Tensor *t = before->g->tensor.at[i];
        if (before->wanted[i] && is_derived(t) == derived && !counterpart(now, t))
            put_line(o, '-', text_of(t, o->arena), t);
    }
}

static void put_changes(Out *o, const Side *before, const Side *now, bool derived)
{
    int past = 0;
    for (int i = 0; i < now->g->tensor.n; i++) {
        const Tensor *t = now->g->tensor.at[i], *old = counterpart(before, t);
        if (!now->wanted[i] || is_derived(t) != derived)
            continue;
        if (old && old->id >= past) {
            put_gone(o, before, now, past, old->id, derived);
            past = old->id + 1;
        }
        if (!old)
            put_line(o, '+', text_of(t, o->arena), t);
        else if (differs(old, t, o->arena))
            put_change(o, old, t);
    }
    put_gone(o, before, now, past, before->g->tensor.n, derived);
}

/* ---- Gradients ---- */

static const char *touched_reads(const Graph *g, const Tensor *t, const bool *is, Arena *a)
{
    Out o = new_out(a);
    bool *read = reads_of(g, t, a);
    for (int k = 0; k < g->tensor.n; k++)
        if (read[k] && is[k] && k != t->id)
            put(&o, "%s%s", o.length ? ", " : "", g->tensor.at[k]->name);
    return o.text;
}

static void put_verdict(Out *o, const Side *before, const Side *now, const Tensor *t,
                        const bool *is)
{
    const Tensor *old = counterpart(before, t);
    put(o, "%s ", t->name);
    if (!old)
        put(o, "is new\n");
    else if (strcmp(text_of(old, o->arena), text_of(t, o->arena)) &&
             differs(old, t, o->arena))
        put(o, "has another equation\n");
    else if (differs(old, t, o->arena))
        put(o, "has other extents\n");
    else if (is[t->id])
        put(o, "changes with %s\n", touched_reads(now->g, t, is, o->arena));
    else
        put(o, "is the same\n");
}

static void put_verdicts(Out *o, const Side *before, const Side *now)
{
    bool *is = touched(before, now, o->arena);
    for (int i = 0; i < now->g->root.n; i++) {
        const Root *r = &now->g->root.at[i];
        if (r->kind == ROOT_GRADIENT && now->wanted[r->value->id])
            put_verdict(o, before, now, r->value, is);
    }
    for (int i = 0; i < before->g->root.n; i++) {
        const Root *r = &before->g->root.at[i];
        if (r->kind == ROOT_GRADIENT && before->wanted[r->value->id] &&
            !counterpart(now, r->value))
            put(o, "%s is gone\n", r->value->name);
    }
}

void show_difference(Out *o, const Graph *before, const Graph *now, const char *name)
{
    Side b = {before, wanted_tensors(before, name, o->arena)};
    Side n = {now, wanted_tensors(now, name, o->arena)};
    for (int derived = 0; derived <= 1; derived++) {
        size_t length = o->length;
        put_changes(o, &b, &n, derived);
        if (o->length > length)
            put(o, "\n");
    }
    put_verdicts(o, &b, &n);
}
