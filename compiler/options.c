/* The command line, from two tables: verbs, and the options that each of them takes. */
#include "options.h"

#include "str.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* clang-format off */
const VerbRow verb_row[NVERB] = {
    [BUILD]   = {"build", "FILE", "compile to a program that trains (see './it help')"},
    [EMIT]    = {"emit", "FILE", "write the C and its header"},
    [GRAD]    = {"grad", "FILE [NAME]", "show the equations and what is derived from them"},
    [CHECK]   = {"check", "FILE", "hold derivatives and C against the interpreter"},
    [INFO]    = {"info", "FILE", "show inputs, parameters, work and memory"},
    [FMT]     = {"fmt", "FILE", "write the program in its canonical form"},
    [FLAGS]   = {"flags", "", "show the C compiler's options for the C that emit writes"},
    [HELP]    = {"help", "[VERB]", "show this, or the options of a verb; man: a page, bash: completion"},
    [VERSION] = {"version", "", "show the version"},
};

#define ALL       (1u << BUILD | 1u << EMIT | 1u << GRAD | 1u << CHECK | 1u << INFO)
#define TO_C      (1u << BUILD | 1u << EMIT | 1u << INFO)
#define SHOWS_C   (TO_C | 1u << GRAD)
#define COMPILES  (1u << BUILD | 1u << CHECK)

const OptionRow option_row[] = {
    {"-o", "FILE", "where the result goes; - is stdout", TEXT, ALL | 1u << FMT | 1u << FLAGS, false, offsetof(Options, output)},
    {"-D", "NAME=VALUE", "set an argument of the model", DEFINE, ALL, true, 0},
    {"--model", "NAME", "the model, where the file has several", TEXT, ALL, true, offsetof(Options, model)},
    {"--batch", "N", "examples in a step", COUNT, ALL, true, offsetof(Options, batch)},
    {"--target", "NAME", "native, generic, x86-64-v2 to -v4, aarch64, cortex-m4 or wasm32; A,B: at start", TEXT, SHOWS_C | 1u << CHECK | 1u << FLAGS, true, offsetof(Options, target)},
    {"--real", "TYPE", "f32 or f64", TEXT, SHOWS_C, true, offsetof(Options, real)},
    {"--lanes", "N", "numbers in a vector, a power of two", COUNT, SHOWS_C | 1u << CHECK, true, offsetof(Options, lanes)},
    {"--memory", "BYTES", "the most a program takes, 64M, say: it computes again what it cannot keep", BYTES, SHOWS_C | 1u << CHECK, true, offsetof(Options, memory)},
    {"--prefix", "NAME", "of every external name in the C", TEXT, 1u << EMIT, true, offsetof(Options, prefix)},
    {"--header", "FILE", "where the header goes; x.h if the C goes to x.c", TEXT, 1u << EMIT, false, offsetof(Options, header)},
    {"--line-directives", "", "a debugger stops on the program's lines", FLAG, 1u << EMIT | 1u << BUILD, true, offsetof(Options, lines)},
    {"--standalone", "", "the C includes no file of gradc's", FLAG, 1u << EMIT, true, offsetof(Options, standalone)},
    {"--freestanding", "", "likewise, and no function but memcpy and memset", FLAG, 1u << EMIT, true, offsetof(Options, freestanding)},
    {"--check", "", "write nothing; are the files what would be written?", FLAG, 1u << EMIT, false, offsetof(Options, check)},
    {"-MD", "", "write a rule for make, too: on what the C depends", FLAG, 1u << EMIT, false, offsetof(Options, depend)},
    {"-MF", "FILE", "where that goes; x.d if the C goes to x.c", TEXT, 1u << EMIT, false, offsetof(Options, depfile)},
    {"-MT", "NAME", "its target, instead of the files", TEXT, 1u << EMIT, false, offsetof(Options, target_of_rule)},
    {"-MP", "", "with a target for each file that is used", FLAG, 1u << EMIT, false, offsetof(Options, phony)},
    {"--watch", "", "the trainer can say in which equation a number went wrong", FLAG, 1u << BUILD, false, offsetof(Options, watch)},
    {"--profile", "", "the trainer's 'bench --profile FILE' can measure each nest of loops", FLAG, 1u << BUILD, false, offsetof(Options, profiled)},
    {"--cc", "PROGRAM", "the C compiler; clang or gcc if not given", TEXT, COMPILES | 1u << GRAD | 1u << FLAGS, false, offsetof(Options, cc)},
    {"--real", "TYPE", "f32 or f64: hold the C of this precision only", TEXT, 1u << CHECK, false, offsetof(Options, only)},
    {"--tol", "X", "relative error of a derivative that passes", NUMBER, 1u << CHECK, false, offsetof(Options, tol)},
    {"--format", "NAME", "text; nn, a program again; md latex mathml dot svg json html", TEXT, 1u << GRAD, false, offsetof(Options, format)},
    {"--format", "NAME", "text or json", TEXT, 1u << INFO, false, offsetof(Options, format)},
    {"--regions", "", "show what each region of loops is expected to cost", FLAG, 1u << INFO, false, offsetof(Options, regions)},
    {"--depth", "N", "with a NAME: so many steps back from its gradient", COUNT, 1u << GRAD, false, offsetof(Options, depth)},
    {"--diff", "OLD", "show which gradients are other than the program OLD's, and how", TEXT, 1u << GRAD, false, offsetof(Options, diff)},
    {"--stage", "NAME", "show it as far as forward, derived, simplified, loops or c", TEXT, 1u << GRAD, false, offsetof(Options, stage)},
    {"--check", "", "with html: the check against finite differences", FLAG, 1u << GRAD, false, offsetof(Options, check)},
    {"--run", "FOLDER", "with html: the norms of gradients in a run of the trainer", TEXT, 1u << GRAD, false, offsetof(Options, run)},
    {"--profile", "FILE", "with html: the times that 'bench --profile FILE' wrote", TEXT, 1u << GRAD, false, offsetof(Options, profile)},
    {"--asm", "", "with html: what the C compiler makes of each line, too", FLAG, 1u << GRAD, false, offsetof(Options, assembly)},
    {"--no-simplify", "", "show what is derived as the rules give it", FLAG, 1u << GRAD, false, offsetof(Options, no_simplify)},
    {"--dump", "STAGE", "show parse, elab, derive, simplify.ENTRY or loops, and stop", TEXT, ALL, false, offsetof(Options, dump)},
};
/* clang-format on */

enum { NOPTION = sizeof option_row / sizeof *option_row };
const int option_rows = NOPTION;

static const char *did_you_mean(const char *word, const char *const *candidate, int n)
{
    const char *near = nearest(word, candidate, n);
    return near ? intern_f("; did you mean '%s'?", near) : "";
}

static Verb read_verb(const char *word)
{
    const char *name[NVERB];
    if (!strcmp(word, "--version"))
        return VERSION;
    if (!strcmp(word, "--help") || !strcmp(word, "-h"))
        return HELP;
    for (Verb v = 0; v < NVERB; v++) {
        name[v] = verb_row[v].name;
        if (!strcmp(word, name[v]))
            return v;
    }
    fatal("unknown verb '%s'%s", word, did_you_mean(word, name, NVERB));
}

static void put_options(Out *o, unsigned verbs)
{
    for (int i = 0; i < NOPTION; i++)
        if ((option_row[i].verbs & verbs) == verbs)
            put(o, "  %-18s %-11s %s\n", option_row[i].name, option_row[i].value,
                option_row[i].meaning);
}

static void put_verb(Out *o, Verb v)
{
    put(o, "gradc %-7s %-13s %s\n", verb_row[v].name, verb_row[v].arguments,
        verb_row[v].meaning);
}

static void put_overview(Out *o)
{
    put(o, "gradc compiles networks written as equations to C.\n\n");
    for (Verb v = 0; v < NVERB; v++) {
        put(o, "  ");
        put_verb(o, v);
    }
    put(o, "\nFILE is a program; - reads it from stdin. Wherever it is compiled:\n\n");
    put_options(o, ALL);
    put(o, "\n'gradc help VERB' lists the others. "
           "Threads are the trainer's: ./it train --threads N.\n"
           "Exit status: 0 fine, 1 the program is wrong, 2 usage or environment, "
           "70 gradc's own fault.\n");
}

void print_help(Out *o, const char *verb)
{
    if (!verb) {
        put_overview(o);
        return;
    }
    if (!strcmp(verb, "man") || !strcmp(verb, "bash")) {
        (*verb == 'm' ? print_manual : print_completion)(o);
        return;
    }
    Verb v = read_verb(verb);
    put_verb(o, v);
    put(o, "\n");
    put_options(o, 1u << v);
}

static bool names_option(const char *word, const char *name, const char **value)
{
    size_t length = strcspn(word, "=");
    bool letter = name[1] != '-' && !name[2];
    if (letter ? strncmp(word, name, 2) : strlen(name) != length || strncmp(word, name, length))
        return false;
    *value = !word[letter ? 2 : length] ? NULL : word + (letter ? 2 : length + 1);
    return true;
}

/* The row that word names, of the verb's if there are several, and its value if the word holds it
 * too: --target=native, -Dn=3. */
static const OptionRow *find_option(const char *word, Verb verb, const char **value)
{
    const OptionRow *found = NULL;
    const char *name[NOPTION];
    *value = NULL;
    for (int i = 0; i < NOPTION; i++) {
        name[i] = option_row[i].name;
        if (names_option(word, name[i], value) &&
            (!found || option_row[i].verbs >> verb & 1))
            found = &option_row[i];
    }
    if (found)
        return found;
    fatal("unknown option '%s'%s", word,
          did_you_mean(intern_n(word, strcspn(word, "=")), name, NOPTION));
}

static int read_count(const char *option, const char *value)
{
    char *end;
    errno = 0;
    long n = strtol(value, &end, 10);
    if (errno || *end || end == value || n < 1 || n > INT_MAX)
        fatal("%s takes a whole number from 1, not '%s'", option, value);
    return (int)n;
}

/* "1500", "64K", "64M", "2G" */
static size_t read_bytes(const char *option, const char *value)
{
    static const char unit[] = "KMG";
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    const char *u = *end ? strchr(unit, *end) : NULL;
    int shift = u ? 10 * (int)(u - unit + 1) : 0;
    if (errno || !isdigit((unsigned char)*value) || (*end && (!u || end[1])) || n == 0 ||
        n > SIZE_MAX >> shift)
        fatal("%s takes a number of bytes such as 1500, 64K, 64M or 2G, not '%s'", option,
              value);
    return (size_t)n << shift;
}

static double read_number(const char *option, const char *value)
{
    char *end;
    double x = strtod(value, &end);
    if (*end || end == value || !(x > 0) || isinf(x))
        fatal("%s takes a number greater than 0, not '%s'", option, value);
    return x;
}

static Define read_define(const char *value, Arena *a)
{
    const char *sign = strchr(value, '=');
    if (!sign || sign == value || !sign[1])
        fatal("-D takes NAME=VALUE, not '%s'", value);
    return (Define){intern_n(value, (size_t)(sign - value)), format(a, "%s", sign + 1)};
}

static void set_option(Options *o, const OptionRow *row, const char *value, Arena *a)
{
    void *field = (char *)o + row->field;
    switch (row->kind) {
    case TEXT:
        *(const char **)field = value;
        break;
    case COUNT:
        *(int *)field = read_count(row->name, value);
        break;
    case BYTES:
        *(size_t *)field = read_bytes(row->name, value);
        break;
    case NUMBER:
        *(double *)field = read_number(row->name, value);
        break;
    case FLAG:
        *(bool *)field = true;
        break;
    case DEFINE:
        PUSH(a, &o->define, read_define(value, a));
        break;
    }
    if (row->in_banner)
        o->text = format(a, "%s %s%s%s", o->text, row->name,
                         row->kind == DEFINE || row->kind == FLAG ? "" : " ",
                         row->kind == FLAG ? "" : value);
}

static void set_argument(Options *o, const char *word)
{
    if (!o->file)
        o->file = word;
    else if (o->verb == GRAD && !o->name)
        o->name = word;
    else
        fatal("'%s' is one argument too many: gradc %s %s", word, verb_row[o->verb].name,
              verb_row[o->verb].arguments);
}

static void check_choice(const char *option, const char *value, const char *const *choice,
                         int n)
{
    Arena *a = new_arena();
    char *list = "";
    for (int i = 0; i < n; i++) {
        if (!strcmp(value, choice[i])) {
            free_arena(a);
            return;
        }
        list = format(a, "%s%s%s", list, i ? i + 1 < n ? ", " : " or " : "", choice[i]);
    }
    fatal("%s is %s, not '%s'", option, list, value);
}

static void check_values(const Options *o)
{
    if (!o->depend && (o->depfile || o->target_of_rule || o->phony))
        fatal("-MF, -MT and -MP go with -MD");
    static const char *const real[] = {"f32", "f64"};
    static const char *const dump[] = {"parse",
                                       "elab",
                                       "derive",
                                       "simplify.init",
                                       "simplify.forward",
                                       "simplify.gradients",
                                       "simplify.step",
                                       "loops"};
    check_choice("--real", o->real, real, 2);
    if (o->only)
        check_choice("--real", o->only, real, 2);
    if (o->dump)
        check_choice("--dump", o->dump, dump, sizeof dump / sizeof *dump);
    if (o->freestanding && strcmp(o->real, "f32"))
        fatal("--freestanding computes in f32: there is no libm to do the rest of f64");
    int most = strcmp(o->real, "f64") ? 16 : 8;
    if ((o->lanes & (o->lanes - 1)) || o->lanes > most)
        fatal("--lanes is a power of two up to %d for %s, not %d", most, o->real, o->lanes);
    for (int i = 0; o->prefix && o->prefix[i]; i++)
        if (!strchr("_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
                    o->prefix[i]) &&
            (i == 0 || !strchr("0123456789", o->prefix[i])))
            fatal("--prefix is a C identifier, not '%s'", o->prefix);
}

Options read_options(int argc, char **argv, Arena *a)
{
    Options o = {.read = NEW(a, Sources), .verb = HELP, .target = "native", .real = "f32", .format = "text", .text = ""};
    if (argc < 2)
        fatal("what to do? 'gradc help' lists it");
    o.verb = read_verb(argv[1]);
    bool only_arguments = false;
    for (int i = 2; i < argc; i++) {
        const char *word = argv[i], *value;
        if (!only_arguments && !strcmp(word, "--")) {
            only_arguments = true;
        } else if (only_arguments || word[0] != '-' || !word[1]) {
            set_argument(&o, word);
        } else if (!strcmp(word, "--help")) {
            o.verb = HELP;
            o.file = argv[1];
            return o;
        } else {
            const OptionRow *row = find_option(word, o.verb, &value);
            if (!(row->verbs >> o.verb & 1))
                fatal("'%s' takes no option '%s'", verb_row[o.verb].name, row->name);
            if (row->kind == FLAG && value)
                fatal("%s takes no value", row->name);
            if (row->kind != FLAG && !value && ++i == argc)
                fatal("%s takes a value: %s", row->name, row->value);
            set_option(&o, row, value ? value : argv[i], a);
        }
    }
    if (!o.file && verb_row[o.verb].arguments[0] && o.verb != HELP)
        fatal("no file: gradc %s %s", verb_row[o.verb].name, verb_row[o.verb].arguments);
    o.standalone |= o.freestanding;
    check_values(&o);
    return o;
}
