/* The way of a program: equations() and then loops(), two lists of calls. After each pass
 * the result is verified, and shown instead of going on if --dump asks for it. */
#include "passes.h"

#include "diag.h"
#include "diff.h"
#include "file.h"
#include "opt.h"
#include "report.h"
#include "sema.h"
#include "source.h"
#include "str.h"

#include <stdlib.h>
#include <string.h>

/* ---- Between the passes ---- */

void stop_if_wrong(void)
{
    if (!error_count())
        return;
    print_messages();
    exit(1);
}

void finish(const Options *o, const Out *text)
{
    print_messages();
    write_file(o->output ? o->output : "-", text->text);
    exit(0);
}

static bool is_wanted(const Options *o, const char *stage)
{
    return o->dump && !strcmp(o->dump, stage);
}

static void check_program(const Options *o, const Program *p, Arena *a)
{
    stop_if_wrong();
    if (!is_wanted(o, "parse"))
        return;
    Out out = new_out(a);
    print_program(&out, p);
    finish(o, &out);
}

static void check_equations(const Options *o, const char *stage, const Graph *g, Arena *a)
{
    verify_graph(g);
    if (!is_wanted(o, stage))
        return;
    Out out = new_out(a);
    print_graph(&out, g);
    finish(o, &out);
}

static void check_loops(const Options *o, const Module *m, Arena *a)
{
    verify_module(m);
    if (!is_wanted(o, "loops"))
        return;
    Out out = new_out(a);
    print_module(&out, m);
    finish(o, &out);
}

/* ---- The passes ---- */

Graph *equations(const Options *o, Arena *a)
{
    Program all = {0}, own = {0};
    ElabOptions e = {.model = o->model,
                     .define = o->define.at,
                     .defines = o->define.n,
                     .batch = o->batch};

    set_pass("parse");
    read_program(&all, &own, o->file, o->read, a);
    check_program(o, &own, a);
    set_pass("resolve");
    resolve(&all);
    stop_if_wrong();
    set_pass("elab");
    Graph *g = elaborate(&all, &e, a);
    stop_if_wrong();
    check_equations(o, "elab", g, a);
    set_pass("derive");
    derive(g);
    check_equations(o, "derive", g, a);
    if (o->watch)
        keep_inner(g);
    return g;
}

enum { RESULTS = 1u << ROOT_LOSS | 1u << ROOT_METRIC | 1u << ROOT_OUTPUT };

/* What each entry point computes, and whether that is training. */
static const struct EntryRow {
    unsigned roots;
    Training training;
} entry_row[NENTRY] = {
    [ENTRY_INIT] = {1u << ROOT_INIT, TRAINING_ON},
    [ENTRY_FORWARD] = {RESULTS, TRAINING_OFF},
    [ENTRY_GRADIENTS] = {RESULTS | 1u << ROOT_GRADIENT | 1u << ROOT_INNER, TRAINING_OPEN},
    [ENTRY_STEP] = {RESULTS | 1u << ROOT_UPDATE | 1u << ROOT_RATE, TRAINING_ON},
};

static Graph *simplified(const Options *o, const Graph *g, EntryKind k, Arena *a)
{
    const char *stage = intern_f("simplify.%s", entry_name[k]);
    set_pass(stage);
    Graph *copy = copy_graph(g, entry_row[k].roots, entry_row[k].training, a);
    simplify(copy);
    check_equations(o, stage, copy, a);
    return copy;
}

static Module *lowered(const Options *o, const Graph *g, const LowerOptions *l, Arena *a)
{
    Graph *entry[NENTRY];
    for (EntryKind k = 0; k < NENTRY; k++)
        entry[k] = simplified(o, g, k, a);
    set_pass("lower");
    return lower(g, entry, l, a);
}

/* Work is added only where there is not memory enough. */
static Module *within(const Options *o, const Graph *g, LowerOptions l, Arena *a)
{
    size_t memory = l.memory;
    l.memory = 0;
    Module *ample = lowered(o, g, &l, a);
    if (!memory || ample->size <= memory)
        return ample;
    l.memory = memory;
    Module *m = lowered(o, g, &l, a);
    if (m->size > memory)
        fatal(
            "'%s' does not fit %zu bytes: its tensors that last take %zu, and %zu with the "
            "least that a step can do with",
            g->name, memory, lasting_bytes(m), m->size);
    m->ample = ample;
    return m;
}

Module *loops(const Options *o, const Graph *g, const LowerOptions *l, Arena *a)
{
    Module *m = within(o, g, *l, a);
    check_loops(o, m, a);
    set_pass("emit");
    return m;
}

Graph *gradients(const Options *o, const Graph *g, Training training, Arena *a)
{
    Graph *copy = copy_graph(g, entry_row[ENTRY_GRADIENTS].roots, training, a);
    if (!o->no_simplify)
        simplify(copy);
    verify_graph(copy);
    return copy;
}

/* ---- For the machines asked for ---- */

static const Target *find_or_fail(const char *name)
{
    const Target *t = find_target(name);
    if (!t)
        fatal("--target is native, x86-64-v2, x86-64-v3, x86-64-v4, aarch64, cortex-m4, "
              "wasm32 or generic, not '%s'",
              name);
    return t;
}

const Target *target_of(const Options *o) { return find_or_fail(o->target); }

static Module *compile_for(const Options *o, const Graph *g, const char *name, Arena *a)
{
    LowerOptions l = {.target = find_or_fail(name),
                      .f64 = !strcmp(o->real, "f64"),
                      .lanes = o->lanes,
                      .serial = o->freestanding,
                      .memory = o->memory};
    return loops(o, g, &l, a);
}

Module *compile(const Options *o, Arena *a)
{
    return compile_for(o, equations(o, a), o->target, a);
}

/* The table of targets goes from what every processor has to what few have. */
static int by_needs(const void *a, const void *b)
{
    const Target *x = (*(Module *const *)a)->target, *y = (*(Module *const *)b)->target;
    return (x > y) - (x < y);
}

/* A program that runs on several machines takes the last that it can run on, and whichever
 * it is, its block has the same size. */
static void join_variants(const Modules *m)
{
    size_t size = 0;
    for (int i = 0; i < m->n; i++) {
        size = m->at[i]->size > size ? m->at[i]->size : size;
        if (!m->at[i]->target->needs)
            fatal("--target %s stands alone: a program cannot choose it when it starts",
                  m->at[i]->target->name);
    }
    qsort(m->at, (size_t)m->n, sizeof *m->at, by_needs);
    for (int i = 0; i < m->n; i++) {
        m->at[i]->size = size;
        if (i > 0 && m->at[i]->target == m->at[i - 1]->target)
            fatal("--target names %s twice", m->at[i]->target->name);
    }
}

/* For each machine of --target a,b,c. */
Modules compile_variants(const Options *o, Arena *a)
{
    const Graph *g = equations(o, a);
    Modules m = {0};
    for (const char *s = o->target; s; s = *s ? s + 1 : NULL) {
        size_t n = strcspn(s, ",");
        PUSH(a, &m, compile_for(o, g, intern_n(s, n), a));
        s += n;
    }
    if (m.n > 1)
        join_variants(&m);
    return m;
}
