/* gradc: networks written as equations become C that trains them.
 *
 * The way of a program is equations() and then loops(), two lists of calls. After each pass
 * the result is verified, and shown instead of going on if --dump asks for it. */
#include "alone.h"
#include "cc.h"
#include "check.h"
#include "depfile.h"
#include "diff.h"
#include "emit.h"
#include "file.h"
#include "opt.h"
#include "options.h"
#include "report.h"
#include "seal.h"
#include "sema.h"
#include "show.h"
#include "source.h"
#include "str.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- Between the passes ---- */

static void stop_if_wrong(void)
{
    if (!error_count())
        return;
    print_messages();
    exit(1);
}

static void finish(const Options *o, const Out *text)
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

/* The model's equations and those of its gradients. */
static Graph *equations(const Options *o, Arena *a)
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
    [ENTRY_STEP] = {RESULTS | 1u << ROOT_UPDATE, TRAINING_ON},
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

static Module *loops(const Options *o, const Graph *g, const LowerOptions *l, Arena *a)
{
    Graph *entry[NENTRY];
    for (EntryKind k = 0; k < NENTRY; k++)
        entry[k] = simplified(o, g, k, a);
    set_pass("lower");
    Module *m = lower(g, entry, l, a);
    check_loops(o, m, a);
    set_pass("emit");
    return m;
}

/* ---- The verbs ---- */

static const Target *find_or_fail(const char *name)
{
    const Target *t = find_target(name);
    if (!t)
        fatal("--target is native, x86-64-v2, x86-64-v3, x86-64-v4, aarch64 or generic, "
              "not '%s'",
              name);
    return t;
}

static const Target *target_of(const Options *o) { return find_or_fail(o->target); }

static Module *compile_for(const Options *o, const Graph *g, const char *name, Arena *a)
{
    LowerOptions l = {
        .target = find_or_fail(name), .f64 = !strcmp(o->real, "f64"), .lanes = o->lanes};
    return loops(o, g, &l, a);
}

static Module *compile(const Options *o, Arena *a)
{
    return compile_for(o, equations(o, a), o->target, a);
}

/* A program that runs on several machines asks which it is on, and whichever it is, its
 * block has the same size. */
static void join_variants(const Modules *m)
{
    size_t size = 0;
    for (int i = 0; i < m->n; i++) {
        size = m->at[i]->size > size ? m->at[i]->size : size;
        if (!m->at[i]->target->needs)
            fatal("--target %s stands alone: a program cannot choose it when it starts",
                  m->at[i]->target->name);
    }
    for (int i = 0; i < m->n; i++)
        m->at[i]->size = size;
}

/* For each machine of --target a,b,c. */
static Modules compile_variants(const Options *o, Arena *a)
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

/* A name without the ending; itself if it has another. */
static const char *without(const char *name, const char *ending)
{
    size_t n = strlen(name), tail = strlen(ending);
    return n > tail && !strcmp(name + n - tail, ending) ? intern_n(name, n - tail) : name;
}

static const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* The result's name where -o does not give it: the source's, or the model's on stdin. */
static const char *result_name(const Options *o, const Module *m)
{
    return strcmp(o->file, "-") ? without(file_name(o->file), ".nn") : m->graph->name;
}

/* The program in 32 bits. */
static unsigned hash_of_sources(const Options *o)
{
    uint64_t hash = HASH_OF_NOTHING;
    for (int i = 0; i < o->read->n; i++)
        hash = hash_text(hash, o->read->at[i]->text, strlen(o->read->at[i]->text));
    return (unsigned)(hash ^ hash >> 32);
}

static EmitOptions emit_options(const Options *o, const Module *m, const char *header)
{
    return (EmitOptions){.prefix = o->prefix ? o->prefix : m->graph->name,
                         .header = header ? file_name(header) : NULL,
                         .standalone = o->standalone,
                         .banner = intern_f("%s: generated by gradc " GRADC_VERSION
                                            "%s%s, from %08x.",
                                            m->graph->name, *o->text ? " with" : "",
                                            o->text, hash_of_sources(o))};
}

/* The one mistake that would lose somebody's work. */
static void keep_source(const Options *o, const char *output)
{
    if (is_same_file(o->file, output))
        fatal("'%s' is the program itself; -o names another file", output);
}

static Out alone(const Options *o, const Out *text)
{
    if (!o->standalone)
        return *text;
    Out whole = new_out(text->arena);
    put_alone(&whole, text->text, include_folder());
    return whole;
}

/* What -MD tells make: how the files made, the first of which is the C, depend on others. */
static FileText rule(const Options *o, const FileText *file, int n, Arena *a)
{
    const char *c = file[0].path;
    if (!strcmp(c, "-") && !(o->depfile && o->target_of_rule))
        fatal("-MD goes with -MF and -MT when the C goes to stdout");
    Out text = new_out(a), made = new_out(a);
    for (int i = 0; i < n; i++)
        put(&made, "%s%s", i ? " " : "", escape_name(file[i].path, a));
    put_rule(&text, o->target_of_rule ? o->target_of_rule : made.text, o->read, o->phony);
    return (FileText){o->depfile ? o->depfile : intern_f("%s.d", without(c, ".c")),
                      text.text};
}

static void check_files(const FileText *f, int n, Arena *a)
{
    bool good = true;
    for (int i = 0; i < n; i++)
        good &= is_up_to_date(&f[i], a);
    exit(good ? 0 : 1);
}

static FileText finished(const Options *o, const char *path, const Out *text)
{
    Out whole = alone(o, text);
    seal(&whole);
    return (FileText){path, whole.text};
}

/* net.c: net.x86-64-v3.c */
static FileText variant_file(const Options *o, const Module *m, const EmitOptions *e,
                             const char *c, Arena *a)
{
    if (without(c, ".c") == c)
        fatal("several targets make several files; -o names the first, which ends in .c");
    EmitOptions own = *e;
    own.prefix = variant_prefix(m, e, a);
    own.header = NULL;
    const char *path = intern_f("%s.%s.c", without(c, ".c"), m->target->name);
    own.lines = e->lines ? file_name(path) : NULL;
    Out text = new_out(a);
    emit_c(&text, m, &own);
    return finished(o, path, &text);
}

static void run_emit(const Options *o, Arena *a)
{
    Modules m = compile_variants(o, a);
    const char *c = o->output ? o->output : intern_f("%s.c", result_name(o, m.at[0]));
    const char *h = o->header;
    if (!h && without(c, ".c") != c)
        h = intern_f("%s.h", without(c, ".c"));
    EmitOptions e = emit_options(o, m.at[0], h);
    if (o->lines && o->standalone)
        fatal("--line-directives counts the lines of C that includes gradc's headers: it takes "
              "no --standalone");
    e.lines = o->lines ? file_name(c) : NULL;
    Out code = new_out(a), header = new_out(a);
    if (m.n == 1)
        emit_c(&code, m.at[0], &e);
    else
        emit_choice(&code, &m, &e);
    emit_header(&header, m.at[0], &e);
    keep_source(o, c);
    print_messages();

    FileText *file = NEWN(a, FileText, m.n + 3);
    int n = 0;
    file[n++] = finished(o, c, &code);
    if (h)
        file[n++] = finished(o, h, &header);
    for (int i = 0; m.n > 1 && i < m.n; i++)
        file[n++] = variant_file(o, m.at[i], &e, c, a);
    if (o->check)
        check_files(file, n, a);
    if (o->depend)
        file[n] = rule(o, file, n, a), n++;
    write_files(file, n);
}

static void run_build(const Options *o, Arena *a)
{
    Modules m = compile_variants(o, a);
    const char *output = o->output ? o->output : result_name(o, m.at[0]);
    print_messages();
    if (!strcmp(output, "-"))
        fatal("a program cannot go to stdout; -o names its file");
    keep_source(o, output);
    build_program(&m, o->lines ? DEBUGGED : TRAINER, o->cc, output, a);
}

/* What gradc grad shows, where that is not what is compiled. */
static Graph *gradients(const Options *o, const Graph *g, Training training, Arena *a)
{
    Graph *copy = copy_graph(g, entry_row[ENTRY_GRADIENTS].roots, training, a);
    if (!o->no_simplify)
        simplify(copy);
    verify_graph(copy);
    return copy;
}

static void run_difference(const Options *o, Arena *a)
{
    if (strcmp(o->format, "text"))
        fatal("--diff shows text, not '%s'", o->format);
    Options old = *o;
    old.file = o->diff;
    set_pass("grad");
    Graph *before = gradients(o, equations(&old, a), TRAINING_ON, a);
    Graph *now = gradients(o, equations(o, a), TRAINING_ON, a);
    Out out = new_out(a);
    show_difference(&out, before, now, o->name);
    finish(o, &out);
}

static void run_grad(const Options *o, Arena *a)
{
    if (o->diff) {
        run_difference(o, a);
        return;
    }
    const Format *f = find_format(o->format);
    if (!f)
        fatal("--format is %s, not '%s'", format_names(a), o->format);
    if (f->loops && o->no_simplify)
        fatal("--format %s has the C, which is of simplified equations only", o->format);
    Graph *g = equations(o, a);
    set_pass("grad");
    Shown s = {
        .derived = g, .name = o->name, .depth = o->depth, .f64 = !strcmp(o->real, "f64")};
    EmitOptions e;
    if (f->loops) {
        s.module = loops(o, g, &(LowerOptions){target_of(o), s.f64, o->lanes}, a);
        s.graph = s.module->entry[ENTRY_GRADIENTS].graph;
        e = emit_options(o, s.module, NULL);
        s.emitted = &e;
    } else {
        s.graph = gradients(o, g, f->open ? TRAINING_OPEN : TRAINING_ON, a);
    }
    Out out = new_out(a);
    f->show(&out, &s);
    finish(o, &out);
}

static const char *probe(const Options *o, const Graph *g, bool f64, Arena *a)
{
    int lanes = f64 && o->lanes > 8 ? 8 : o->lanes; /* the most there are of doubles */
    LowerOptions l = {.target = target_of(o), .f64 = f64, .lanes = lanes};
    const char *program = intern_f("%s/%s", temporary_folder(), f64 ? "f64" : "f32");
    Modules m = {0};
    PUSH(a, &m, loops(o, g, &l, a));
    build_program(&m, PROBE, o->cc, program, a);
    return program;
}

static void run_check(const Options *o, Arena *a)
{
    Graph *g = equations(o, a);
    CheckOptions c = {
        .tol = o->tol, .f64 = probe(o, g, true, a), .f32 = probe(o, g, false, a)};
    print_messages();
    set_pass("check");
    Out out = new_out(a);
    bool good = check_graph(&out, g, &c);
    write_file(o->output ? o->output : "-", out.text);
    if (!good)
        exit(1);
}

static void run_info(const Options *o, Arena *a)
{
    Out out = new_out(a);
    report_model(&out, compile(o, a));
    finish(o, &out);
}

static void run_fmt(const Options *o, Arena *a)
{
    Program all = {0}, own = {0};
    const Source *source = read_program(&all, &own, o->file, o->read, a);
    stop_if_wrong();
    Out out = new_out(a);
    print_formatted(&out, source);
    finish(o, &out);
}

static void run_flags(const Options *o, Arena *a)
{
    Out out = new_out(a);
    put(&out, "%s\n", compiler_flags(target_of(o), o->cc ? o->cc : "clang", a));
    finish(o, &out);
}

static void run_help(const Options *o, Arena *a)
{
    Out out = new_out(a);
    print_help(&out);
    finish(o, &out);
}

static void run_version(const Options *o, Arena *a)
{
    Out out = new_out(a);
    put(&out, "gradc %s\n", GRADC_VERSION);
    finish(o, &out);
}

/* An assertion failed: gradc's own fault, like bug(). */
static void on_abort(int signal_number)
{
    (void)signal_number;
    exit(70);
}

int main(int argc, char **argv)
{
    signal(SIGABRT, on_abort);
    static Arena *a; /* in reach to the end: what is lost then is lost indeed */
    a = new_arena();
    Options o = read_options(argc, argv, a);
    void (*const run[NVERB])(const Options *, Arena *) = {
        [BUILD] = run_build, [EMIT] = run_emit, [GRAD] = run_grad,
        [CHECK] = run_check, [INFO] = run_info, [FMT] = run_fmt,
        [FLAGS] = run_flags, [HELP] = run_help, [VERSION] = run_version,
    };
    run[o.verb](&o, a);
    return 0;
}
