/* What is known of the equations that are shown. */
#include "facts.h"

#include "str.h"

#include <string.h>

bool is_derived(const Tensor *t) { return t->of || t->from; }

const Tensor *find_tensor(const Graph *g, const char *name)
{
    for (int i = 0; i < g->tensor.n; i++)
        if (!strcmp(g->tensor.at[i]->name, name))
            return g->tensor.at[i];
    return NULL;
}

const Tensor *find_loss(const Graph *g)
{
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            return g->root.at[i].value;
    return NULL;
}

const Tensor *gradient_of(const Graph *g, const char *name)
{
    const char **known = NEWN(g->arena, const char *, g->root.n);
    int n = 0;
    for (int i = 0; i < g->root.n; i++) {
        const Root *r = &g->root.at[i];
        if (r->kind != ROOT_GRADIENT)
            continue;
        if (!strcmp(r->target->name, name) || !strcmp(r->value->name, name))
            return r->value;
        known[n++] = r->target->name;
    }
    const char *near = nearest(name, known, n);
    fatal("no gradient by '%s' is computed%s%s%s", name, near ? "; did you mean '" : "",
          near ? near : "", near ? "'?" : "");
}

static void mark_read(Expr *e, void *context)
{
    if (e->op == OP_read)
        ((bool *)context)[e->tensor->id] = true;
}

bool *reads_of(const Graph *g, const Tensor *t, Arena *a)
{
    bool *read = NEWN(a, bool, g->tensor.n);
    if (t->body)
        walk(t->body, mark_read, read);
    return read;
}

/* Members of a recurrence read each other, so once is not enough for them. */
void mark_needed(const Graph *g, bool *needed)
{
    bool *done = NEWN(g->arena, bool, g->tensor.n);
    for (bool changed = true; changed;) {
        changed = false;
        for (int i = g->tensor.n; i-- > 0;) {
            if (!needed[i] || done[i])
                continue;
            done[i] = changed = true;
            if (g->tensor.at[i]->body)
                walk(g->tensor.at[i]->body, mark_read, needed);
        }
    }
}

bool *wanted_tensors(const Graph *g, const char *name, Arena *a)
{
    bool *wanted = NEWN(a, bool, g->tensor.n);
    if (name) {
        wanted[gradient_of(g, name)->id] = true;
        mark_needed(g, wanted);
    } else {
        for (int i = 0; i < g->tensor.n; i++)
            wanted[i] = !g->tensor.at[i]->optimizer;
    }
    return wanted;
}

/* ---- Saved, or computed again ---- */

const char *const fate_name[] = {
    [FATE_NONE] = "forward only",
    [FATE_GIVEN] = "given",
    [FATE_SAVED] = "saved",
    [FATE_RECOMPUTED] = "recomputed",
};

static bool *read_backwards(const Graph *g, Arena *a)
{
    bool *read = NEWN(a, bool, g->tensor.n);
    for (int i = 0; i < g->tensor.n; i++)
        if (is_derived(g->tensor.at[i]) && g->tensor.at[i]->body)
            walk(g->tensor.at[i]->body, mark_read, read);
    return read;
}

Fate *fates(const Graph *g, const Graph *derived, Arena *a)
{
    Fate *fate = NEWN(a, Fate, g->tensor.n);
    bool *reads = read_backwards(g, a), *by_rule = read_backwards(derived, a);
    for (int i = 0; i < g->tensor.n; i++) {
        const Tensor *t = g->tensor.at[i], *before = find_tensor(derived, t->name);
        if (is_derived(t))
            continue;
        if (t->role != EQUATION)
            fate[i] = reads[i] ? FATE_GIVEN : FATE_NONE;
        else if (reads[i])
            fate[i] = FATE_SAVED;
        else if (before && by_rule[before->id])
            fate[i] = FATE_RECOMPUTED;
    }
    return fate;
}

/* ---- Work and memory ---- */

static double elements(const Tensor *t, int n) { return (double)count_of(t->idx, n); }

double bytes_of(const Tensor *t, bool f64)
{
    int each = t->elem == ELEM_BYTE ? 1 : t->elem == ELEM_INDEX ? 4 : f64 ? 8 : 4;
    return each * elements(t, t->rank);
}

struct Traffic {
    bool f64;
    double bytes;
    VEC(const Tensor *) seen;
    Arena *scratch;
};

static void add_traffic(Expr *e, void *context)
{
    struct Traffic *c = context;
    if (e->op != OP_read)
        return;
    for (int i = 0; i < c->seen.n; i++)
        if (c->seen.at[i] == e->tensor)
            return;
    PUSH(c->scratch, &c->seen, e->tensor);
    c->bytes += bytes_of(e->tensor, c->f64);
}

double traffic_of(const Tensor *t, bool f64)
{
    struct Traffic c = {.f64 = f64, .bytes = bytes_of(t, f64), .scratch = new_arena()};
    if (t->body)
        walk(t->body, add_traffic, &c);
    free_arena(c.scratch);
    return t->body ? c.bytes : 0;
}

int line_in(const char *code, const char *text)
{
    const char *at = strstr(code, text);
    int line = at != NULL;
    for (const char *s = code; at && s < at; s++)
        line += *s == '\n';
    return line;
}

/* ---- Words ---- */

const char *role_name(const Tensor *t)
{
    static const char *const name[] = {
        [INPUT] = "input", [PARAM] = "param", [STATE] = "state", [EQUATION] = "forward"};
    return is_derived(t) ? "derived" : name[t->role];
}

const char *remark(const Tensor *t, Arena *a)
{
    return format(a, "%s%s%s", t->span.source ? source_line(t->span) : "",
                  t->span.source && t->why ? ": " : "", t->why ? t->why : "");
}
