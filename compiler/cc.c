/* Programs from generated C: running the C compiler.
 *
 * gradc finds its headers and its library beside itself, bin/gradc, include/gradc,
 * lib/libgr.a, in the build folder as after installing. */
#include "cc.h"

#include "emit.h"
#include "file.h"
#include "onnx.h"
#include "opt.h"
#include "run.h"
#include "str.h"
#include "text.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The folder above the one gradc is in. */
static const char *home(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - 1);
    if (n < 0)
        fatal("cannot find gradc's own folder: %s", strerror(errno));
    path[n] = 0;
    for (int up = 0; up < 2; up++)
        *strrchr(path, '/') = 0;
    return intern(path);
}

const char *include_folder(void) { return intern_f("%s/include/gradc", home()); }

static const char *library(void)
{
    const char *const place[] = {"lib", GRADC_LIBDIR};
    for (int i = 0; i < 2; i++) {
        const char *path = intern_f("%s/%s/libgr.a", home(), place[i]);
        if (access(path, R_OK) == 0)
            return path;
    }
    fatal("cannot find '%s/lib/libgr.a', which belongs to gradc", home());
}

/* a * b + c becomes one operation where the emitter wrote one expression. gcc knows that
 * rule for whole functions only. */
static const char *contraction(const char *cc)
{
    return strstr(cc, "gcc") ? "-ffp-contract=fast" : "-ffp-contract=on";
}

/* A word as add_words takes it, and as files of options do. */
static const char *escape_word(const char *word, Arena *a)
{
    Out text = new_out(a);
    for (; *word; word++)
        put(&text, strchr(" \\", *word) ? "\\%c" : "%c", *word);
    return text.text;
}

const char *compiler_flags(const Target *t, const char *cc, Arena *a)
{
    return format(a, "-std=gnu11 -O2 -fno-math-errno -Wno-psabi %s%s%s -I%s",
                  contraction(cc), *t->flags ? " " : "", t->flags,
                  escape_word(include_folder(), a));
}

/* A probe is compiled to be asked once: loops need not be unrolled for it, and the program
 * in double precision, the slower one to compile, need not be fast. */
static const char *more_flags(ProgramKind kind)
{
    static const char *const flags[] = {
        [TRAINER] = "",
        [DEBUGGED] = "-g",
        [PROFILED] = "",
        [PROBE] = "-fno-unroll-loops",
        [QUICK_PROBE] = "-O0",
    };
    return flags[kind];
}

/* A string of bytes, in lines. */
static void put_bytes_of(Out *o, const Bytes *b)
{
    for (int i = 0; i < b->n; i++)
        put(o, "%s\\%03o", i % 32 ? "" : "\"\n    \"", b->at[i]);
}

/* What `export` makes ONNX from: see gr_onnx. */
static void put_onnx(Out *o, const Module *m)
{
    Arena *a = new_arena();
    Graph *g = copy_graph(m->graph, 1u << ROOT_OUTPUT, TRAINING_OFF, a);
    simplify(g);
    Onnx x = onnx_of(g, m->f64, a);
    put(o, "\nstatic const gr_onnx onnx = {\n");
    if (x.fault) {
        put(o, "    .fault = %s};\n", quoted(x.fault, a));
    } else {
        put(o, "    .given = (const char *const[]){");
        for (int i = 0; i < x.given.n; i++)
            put(o, "%s, ", quoted(x.given.at[i]->name, a));
        put(o, "NULL},\n    .size = %d,\n    .graph = (const unsigned char *)\"", x.graph.n);
        put_bytes_of(o, &x.graph);
        put(o, "\"};\n");
    }
    free_arena(a);
}

/* The end of the program's one file: a main that hands the model on. */
static void put_main(Out *o, ProgramKind kind, const Module *m)
{
    const char *prefix = m->graph->name;
    if (kind == PROBE || kind == QUICK_PROBE) {
        put(o,
            "\nint gr_probe(const gr_model *model);\n"
            "int main(void) { return gr_probe(&%s_model); }\n",
            prefix);
        return;
    }
    put_onnx(o, m);
    put(o,
        "\nint main(int argc, char **argv)\n"
        "{\n"
        "    return gr_main_with(&%s_model, &onnx, argc, argv);\n"
        "}\n",
        prefix);
}

/* The C compiler on these words, or gcc if none is asked for and clang is not there. 0 or
 * why it cannot be run. */
static int run_any_compiler(const char *cc, const Target *t, const char *flags,
                            const Words *rest, Arena *a)
{
    const char *const compiler[] = {cc ? cc : "clang", "gcc"};
    int why = ENOENT, status = 0;
    for (int i = 0; i < (cc ? 1 : 2) && why == ENOENT; i++) {
        Words w = {0};
        add_word(&w, compiler[i], a);
        add_words(&w, compiler_flags(t, compiler[i], a), a);
        add_words(&w, flags, a);
        for (int k = 0; k < rest->n; k++)
            add_word(&w, rest->at[k], a);
        why = run_program(&w, &status, a);
        if (!why && status)
            fatal("'%s' failed on the generated C", compiler[i]);
    }
    return why;
}

static void run_compiler(const char *cc, const Target *t, const Words *rest, Arena *a)
{
    int why = run_any_compiler(cc, t, GRADC_CFLAGS, rest, a);
    if (why)
        fatal("cannot run the C compiler%s%s: %s; --cc names one",
              cc ? " " : " 'clang' or 'gcc'", cc ? cc : "", strerror(why));
}

/* clang says the line of a caller for what was inlined if told to; gcc knows no such
 * option, and clang the one of gcc. */
const char *assembly_of(const char *code, const char *file, const Target *t, const char *cc,
                        Arena *a)
{
    const char *from = intern_f("%s/%s", temporary_folder(), file);
    const char *to = intern_f("%s/assembly.s", temporary_folder());
    bool gcc = strstr(cc ? cc : "clang", "gcc");
    Words w = {0};
    write_file(from, code);
    add_words(&w, "-S -g1 -o", a);
    add_word(&w, to, a);
    add_word(&w, from, a);
    int why =
        gcc ? 0 : run_any_compiler(cc ? cc : "clang", t, "-gno-inline-line-tables", &w, a);
    if (gcc || (!cc && why == ENOENT))
        why = run_any_compiler(gcc ? cc : "gcc", t, "", &w, a);
    return why ? NULL : read_file(to, a, NULL);
}

/* One of several variants, compiled for its machine; the object file is returned. */
static const char *build_variant(const Module *m, ProgramKind kind, const EmitOptions *e,
                                 const char *cc, Arena *a)
{
    const char *prefix = variant_prefix(m, e, a);
    const char *base = intern_f("%s/%s", temporary_folder(), prefix);
    const char *code = intern_f("%s.c", base), *object = intern_f("%s.o", base);
    Out text = new_out(a);
    const char *lines = kind == DEBUGGED ? code : NULL;
    emit_c(&text, m,
           &(EmitOptions){.prefix = prefix,
                          .banner = e->banner,
                          .lines = lines,
                          .profile = e->profile});
    write_file(code, text.text);
    Words w = {0};
    add_words(&w, more_flags(kind), a);
    add_word(&w, "-c", a);
    add_word(&w, code, a);
    add_word(&w, "-o", a);
    add_word(&w, object, a);
    run_compiler(cc, m->target, &w, a);
    return object;
}

void build_program(const Modules *m, ProgramKind kind, const char *cc, const char *output,
                   Arena *a)
{
    const char *name = m->at[0]->graph->name, *draft = temporary_beside(output);
    const char *code = intern_f("%s/%s.c", temporary_folder(), name);
    EmitOptions e = {.prefix = name,
                     .banner = name,
                     .lines = kind == DEBUGGED ? code : NULL,
                     .profile = kind == PROFILED};
    Out text = new_out(a);
    Words w = {0};
    add_words(&w, more_flags(kind), a);
    add_word(&w, code, a);
    if (m->n == 1)
        emit_c(&text, m->at[0], &e);
    else
        emit_choice(&text, m, &e);
    for (int i = 0; m->n > 1 && i < m->n; i++)
        add_word(&w, build_variant(m->at[i], kind, &e, cc, a), a);
    put_main(&text, kind, m->at[0]);
    write_file(code, text.text);

    add_word(&w, library(), a);
    if (kind == TRAINER && !*GRADC_CFLAGS)
        add_word(&w, "-s", a); /* names of functions are for debuggers */
    add_words(&w, "-lz -lpthread -lm -o", a);
    add_word(&w, draft, a);
    run_compiler(cc, m->at[0]->target, &w, a);
    if (rename(draft, output))
        fatal("cannot write '%s': %s", output, strerror(errno));
}
