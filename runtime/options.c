/* The command line of a trainer: VERB, NAME=FILE for the inputs, and options from one
 * table.
 *
 * An option is --name VALUE, --name=VALUE or name=VALUE; the last form gives way to an
 * input of that name. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int probe(Run *r) { return gr_probe(r->model); }

/* clang-format off */
static const struct Verb {
    const char *name;
    unsigned bit;
    int (*run)(Run *);
    const char *help; /* NULL: not for people */
} verbs[] = {
    {"train",    TRAIN,    gr_train,    "fit the parameters to the examples in the files"},
    {"eval",     EVAL,     gr_eval,     "loss and metrics over the examples"},
    {"predict",  PREDICT,  gr_predict,  "outputs for every example, as CSV or to --out FILE, also .npy .safetensors .png .pgm"},
    {"generate", GENERATE, gr_generate, "go on after --prompt: for models of sequences"},
    {"info",     INFO,     gr_info,     "inputs, outputs, parameters; sizes"},
    {"grad",     GRAD,     gr_grad,     "one batch: loss, outputs and gradients, to --out FILE"},
    {"step",     STEP,     gr_step,     "one batch: --steps N updates, then everything to --out FILE"},
    {"bench",    BENCH,    gr_bench,    "time of a training step"},
    {"export",   EXPORT,   gr_export,   "the parameters alone, to --out FILE"},
    {"probe",    PROBE,    probe,       NULL}, /* for gradc check */
};
/* clang-format on */

enum { VERBS = sizeof verbs / sizeof *verbs };

typedef enum Kind { FLAG, COUNT, FRACTION, REAL, TEXT } Kind;

/* clang-format off */
#define PLACE(member) offsetof(Options, member)
static const struct Setting {
    const char *name;
    char letter;
    Kind kind;
    size_t place;
    unsigned verbs;
    uint64_t low, high;
    const char *argument, *help;
} settings[] = {
    {"epochs", 0, COUNT, PLACE(epochs), TRAIN, 1, 1000000000, "N", "times to go through the examples"},
    {"validation", 0, FRACTION, PLACE(validation), TRAIN, 0, 0, "F", "part of the examples held back; or give val.NAME=FILE"},
    {"max-steps", 0, COUNT, PLACE(max_steps), TRAIN, 1, UINT64_MAX, "N", "stop after N updates"},
    {"seed", 0, COUNT, PLACE(seed), TRAIN | EVAL | PREDICT | GENERATE | GRAD | STEP | BENCH | EXPORT, 0, UINT64_MAX, "N", "of parameters, order of examples, all draws"},
    {"threads", 0, COUNT, PLACE(threads), TRAIN | EVAL | PREDICT | GENERATE | GRAD | STEP | BENCH, 1, 256, "N", "to run on; the results are the same for any N"},
    {"params", 'p', TEXT, PLACE(params), TRAIN | EVAL | PREDICT | GENERATE | GRAD | STEP | BENCH | EXPORT, 0, 0, "FILE", "parameters to begin with (safetensors), or a folder"},
    {"save-every", 0, REAL, PLACE(save_every), TRAIN, 0, 0, "S", "seconds from one save to the next (15); 0: every step"},
    {"keep", 0, COUNT, PLACE(keep), TRAIN, 0, 1000000, "N", "how many epochs stay saved, besides best and last (0)"},
    {"resume", 0, FLAG, PLACE(resume), TRAIN, 0, 0, NULL, "go on where the run in --out stopped"},
    {"inputs", 'i', TEXT, PLACE(inputs), TRAIN | EVAL | PREDICT | GRAD | STEP | BENCH, 0, 0, "FILE", "safetensors file with inputs by name"},
    {"every", 0, COUNT, PLACE(every), TRAIN | EVAL | PREDICT | GRAD | STEP | BENCH, 1, UINT32_MAX, "N", "steps of a sequence from one window to the next (its length)"},
    {"steps", 'n', COUNT, PLACE(steps), STEP | BENCH, 1, UINT64_MAX, "N", "updates to make"},
    {"eval", 0, FLAG, PLACE(eval), GRAD, 0, 0, NULL, "as when predicting: 'training' is false"},
    {"output", 0, TEXT, PLACE(output), PREDICT | GENERATE, 0, 0, "NAME", "only this output"},
    {"rows", 0, COUNT, PLACE(rows), EVAL | PREDICT, 1, UINT64_MAX, "N", "only the first N examples"},
    {"prompt", 0, TEXT, PLACE(prompt), GENERATE, 0, 0, "TEXT", "what to go on after (an empty line)"},
    {"length", 0, COUNT, PLACE(length), GENERATE, 1, UINT64_MAX, "N", "how much to write (500)"},
    {"temperature", 0, REAL, PLACE(temperature), GENERATE, 0, 0, "X", "0: always the likeliest; 1: as likely as the model says"},
    {"top-k", 0, COUNT, PLACE(top), GENERATE, 1, UINT32_MAX, "N", "only from the N likeliest"},
    {"numbers", 0, FLAG, PLACE(numbers), GENERATE, 0, 0, NULL, "the sequence is of numbers, not of bytes"},
    {"out", 'o', TEXT, PLACE(out), TRAIN | PREDICT | GRAD | STEP | EXPORT, 0, 0, "PATH", "train: folder for the parameters; else the file to write"},
    {"quiet", 'q', FLAG, PLACE(quiet), TRAIN, 0, 0, NULL, "no progress"},
    {"help", 'h', FLAG, PLACE(help), ~0u, 0, 0, NULL, "this text"},
};
/* clang-format on */

typedef struct Setting Setting;

enum { SETTINGS = sizeof settings / sizeof *settings };

/* ---- did you mean ---- */

/* Insertions, deletions, changes and swaps of neighbours between two short words. */
static int distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    int m = (int)strlen(a), n = (int)strlen(b), d[MOST + 1][MOST + 1];
    if (m > MOST || n > MOST)
        return MOST;
    for (int i = 0; i <= m; i++)
        for (int j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[m][n];
}

typedef struct Guess {
    const char *word, *best;
    int distance;
} Guess;

static void consider(Guess *g, const char *candidate)
{
    int d = distance(g->word, candidate);
    if (d < g->distance && d <= (int)(strlen(g->word) + 2) / 3) {
        g->best = candidate;
        g->distance = d;
    }
}

static bool unknown(const char *what, const Guess *g, const char *otherwise, gr_error *e)
{
    if (g->best)
        return gr_fail(e, "unknown %s '%.80s'; did you mean '%s'?", what, g->word, g->best);
    return gr_fail(e, "unknown %s '%.80s'; %s", what, g->word, otherwise);
}

static bool unknown_verb(const char *word, gr_error *e)
{
    Guess g = {word, NULL, 99};
    for (int i = 0; i < VERBS; i++)
        if (verbs[i].help)
            consider(&g, verbs[i].name);
    return unknown("verb", &g, "'help' lists them", e);
}

static bool unknown_option(const char *word, unsigned verb, gr_error *e)
{
    Guess g = {word, NULL, 99};
    for (int i = 0; i < SETTINGS; i++)
        if (settings[i].verbs & verb)
            consider(&g, settings[i].name);
    return unknown("option", &g, "'help' lists them", e);
}

static bool unknown_input(const gr_model *m, const char *word, gr_error *e)
{
    char list[300] = "the inputs are";
    Guess g = {word, NULL, 99};
    for (int i = 0; i < m->tensors; i++)
        if (m->tensor[i].role == GR_INPUT) {
            size_t n = strlen(list);
            snprintf(list + n, sizeof list - n, " %s", m->tensor[i].name);
            consider(&g, m->tensor[i].name);
        }
    return unknown("input", &g, list, e);
}

/* ---- values ---- */

static bool read_count(const Setting *s, const char *text, uint64_t *n, gr_error *e)
{
    char *end;
    errno = 0;
    unsigned long long x = strtoull(text, &end, 10);
    bool number = text[0] >= '0' && text[0] <= '9' && !*end && errno == 0;
    *n = x;
    if (!number)
        return gr_fail(e, "--%s takes a whole number, not '%.80s'", s->name, text);
    return (x >= s->low && x <= s->high) ||
           gr_fail(e, "--%s is %llu, expected %llu to %llu", s->name, x,
                   (unsigned long long)s->low, (unsigned long long)s->high);
}

static bool read_fraction(const Setting *s, const char *text, double *x, gr_error *e)
{
    char *end;
    *x = strtod(text, &end);
    return (end != text && !*end && *x >= 0 && *x < 1) ||
           gr_fail(e, "--%s takes a number from 0 to below 1, not '%.80s'", s->name, text);
}

static bool read_real(const Setting *s, const char *text, double *x, gr_error *e)
{
    char *end;
    *x = strtod(text, &end);
    return (end != text && !*end && *x >= 0 && isfinite(*x)) ||
           gr_fail(e, "--%s takes a number, 0 or more, not '%.80s'", s->name, text);
}

static bool read_value(const Setting *s, const char *text, Options *o, gr_error *e)
{
    char *place = (char *)o + s->place;
    switch (s->kind) {
    case FLAG:
        *(bool *)place = true;
        return true;
    case COUNT:
        return read_count(s, text, (uint64_t *)place, e);
    case FRACTION:
        return read_fraction(s, text, (double *)place, e);
    case REAL:
        return read_real(s, text, (double *)place, e);
    case TEXT:
        *(const char **)place = text;
        return *text || gr_fail(e, "--%s is empty", s->name);
    }
    return false;
}

/* ---- arguments ---- */

static bool is_input(const gr_model *m, const char *name)
{
    for (int i = 0; i < m->tensors; i++)
        if (m->tensor[i].role == GR_INPUT && strcmp(m->tensor[i].name, name) == 0)
            return true;
    return false;
}

static const Setting *setting_named(const char *name)
{
    for (int i = 0; i < SETTINGS; i++)
        if (strcmp(settings[i].name, name) == 0 ||
            (settings[i].letter && name[0] == settings[i].letter && !name[1]))
            return &settings[i];
    return NULL;
}

bool gr_is_given(const Options *o, const char *name)
{
    return o->given >> (setting_named(name) - settings) & 1;
}

/* A word and what follows its first '='; NULL when there is none. */
static Pair split(char *word)
{
    char *equals = strchr(word, '=');
    if (equals)
        *equals = 0;
    return (Pair){word, equals ? equals + 1 : NULL};
}

/* Give the setting its value, from the pair or, when that has none, the next argument. */
static bool set_option(Pair p, char ***next, Options *o, gr_error *e)
{
    const Setting *s = setting_named(p.name);
    if (!s)
        return unknown_option(p.name, o->verb, e);
    if (!(s->verbs & o->verb))
        return gr_fail(e, "'%s' takes no --%s", o->verb_name, s->name);
    if (s->kind == FLAG && p.value)
        return gr_fail(e, "--%s takes no value", s->name);
    if (s->kind != FLAG && !p.value && !(p.value = *(*next)++))
        return gr_fail(e, "--%s %s: the value is missing", s->name, s->argument);
    o->given |= 1ull << (s - settings);
    return read_value(s, p.value, o, e);
}

static bool add_file(const gr_model *m, Pair p, Options *o, gr_error *e)
{
    bool held_out = strncmp(p.name, "val.", 4) == 0 && !is_input(m, p.name);
    p.name += held_out ? 4 : 0;
    if (!is_input(m, p.name))
        return unknown_input(m, p.name, e);
    if (held_out && o->verb != TRAIN)
        return gr_fail(e, "val.%s: only 'train' validates", p.name);
    Pair *pairs = held_out ? o->held_out : o->data;
    int *n = held_out ? &o->nheld_out : &o->ndata;
    for (int i = 0; i < *n; i++)
        if (strcmp(pairs[i].name, p.name) == 0)
            return gr_fail(e, "input '%s' is given twice", p.name);
    pairs[(*n)++] = p;
    return true;
}

static bool read_argument(const gr_model *m, char *word, char ***next, Options *o,
                          gr_error *e)
{
    if (word[0] == '-' && word[1] == '-')
        return set_option(split(word + 2), next, o, e);
    if (word[0] == '-' && word[1]) {
        Pair p = {(char[]){word[1], 0}, word[2] ? word + 2 : NULL};
        return set_option(p, next, o, e);
    }
    Pair p = split(word);
    if (!p.value)
        return gr_fail(e, "'%.80s' is no NAME=FILE and no --option", word);
    if (!is_input(m, p.name) && setting_named(p.name) && p.name[1])
        return set_option(p, next, o, e);
    return add_file(m, p, o, e);
}

static bool read_verb(const char *word, Options *o, gr_error *e)
{
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
        strcmp(word, "-h") == 0) {
        o->help = true;
        return true;
    }
    for (int i = 0; i < VERBS; i++)
        if (strcmp(verbs[i].name, word) == 0) {
            o->verb = verbs[i].bit;
            o->verb_name = verbs[i].name;
            o->run = verbs[i].run;
            return true;
        }
    return unknown_verb(word, e);
}

bool gr_read_options(const gr_model *m, int argc, char **argv, Options *o, gr_error *e)
{
    *o = (Options){.epochs = (uint64_t)m->epochs,
                   .seed = m->seed,
                   .validation = m->validation,
                   .save_every = 15,
                   .length = 500,
                   .temperature = 1};
    o->data = calloc(2 * (size_t)argc + 2, sizeof *o->data);
    if (!o->data)
        return gr_fail(e, "out of memory");
    o->held_out = o->data + argc + 1;
    if (argc < 2)
        return gr_fail(e, "no verb; 'help' lists them");
    if (!read_verb(argv[1], o, e))
        return false;
    char **next = argv + 2;
    while (!o->help && *next) {
        char *word = *next++;
        if (!read_argument(m, word, &next, o, e))
            return false;
    }
    return true;
}

/* ---- help ---- */

static void print_setting(const Setting *s)
{
    char left[40];
    int n = s->letter ? snprintf(left, sizeof left, "-%c, ", s->letter)
                      : snprintf(left, sizeof left, "    ");
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", s->name, s->argument ? " " : "",
             s->argument ? s->argument : "");
    printf("  %-22s %s\n", left, s->help);
}

void gr_print_help(const gr_model *m)
{
    printf("usage: %s VERB [NAME=FILE...] [OPTION...]\n\nverbs:\n", m->name);
    for (int i = 0; i < VERBS; i++)
        if (verbs[i].help)
            printf("  %-22s %s\n", verbs[i].name, verbs[i].help);
    printf("\ninputs:\n");
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role != GR_INPUT)
            continue;
        size_t dim[GR_RANK];
        for (int d = 1; d < t->rank; d++)
            dim[d - 1] = (size_t)t->dim[d];
        printf("  %-22s %s%s\n", t->name, gr_shape(t->rank - 1, dim).text,
               t->target ? ", not needed to predict" : "");
    }
    printf(
        "  FILE is IDX (also .gz), npy, safetensors or a table of text; FILE:0-3,7 and\n"
        "  FILE:name,name choose columns, FILE:name a tensor, FILE:bytes the bytes, as "
        "does\n"
        "  FILE.txt for whole numbers. Where a row is not an example but a step of one,\n"
        "  examples are windows of a sequence: from step K on for FILE+K.\n"
        "\noptions:\n");
    for (int i = 0; i < SETTINGS; i++)
        print_setting(&settings[i]);
}
