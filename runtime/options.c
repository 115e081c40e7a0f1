/* The command line of a trainer: VERB, NAME=FILE for the inputs, and options from one
 * table.
 *
 * An option is --name VALUE, --name=VALUE or name=VALUE; the last form gives way to an
 * input of that name. A file of configuration is read first, so that the words override it. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int probe(Run *r) { return gr_probe(r->model); }

/* clang-format off */
const Verb gr_verb[] = {
    {"train",    TRAIN,    gr_train,    "fit the parameters to the examples in the files"},
    {"overfit",  OVERFIT,  gr_overfit,  "fit one batch only, to see whether the model can learn"},
    {"find-lr",  FIND,     gr_find_rate, "the loss at many learning rates, and which to try"},
    {"eval",     EVAL,     gr_eval,     "loss and metrics over the examples"},
    {"predict",  PREDICT,  gr_predict,  "outputs: CSV, or --out FILE.npy .safetensors .png .pgm"},
    {"generate", GENERATE, gr_generate, "go on after --prompt: for models of sequences"},
    {"info",     INFO,     gr_info,     "inputs, outputs, parameters; sizes"},
    {"grad",     GRAD,     gr_grad,     "one batch: loss, outputs and gradients, to --out FILE"},
    {"step",     STEP,     gr_step,     "one batch: --steps N updates, then everything to --out FILE"},
    {"bench",    BENCH,    gr_bench,    "time of a training step"},
    {"export",   EXPORT,   gr_export,   "to --out FILE: parameters as .safetensors, .npz, .h; or .onnx"},
    {"inspect",  INSPECT,  gr_inspect,  "the tensors of a file; two files compared by name"},
    {"probe",    PROBE,    probe,       NULL}, /* for gradc check */
    {.name = NULL},
};
/* clang-format on */

/* clang-format off */
#define PLACE(member) offsetof(Options, member)
const Setting gr_setting[] = {
    {.name = "how long"},
    {"epochs", 0, COUNT, PLACE(epochs), TRAIN, 1, 1000000000, "N", "times to go through the examples"},
    {"max-steps", 0, COUNT, PLACE(max_steps), TRAIN, 1, UINT64_MAX, "N", "stop after N steps"},
    {"max-time", 0, DURATION, PLACE(max_time), TRAIN, 0, 0, "T", "stop after T seconds, or 90m, 8h"},
    {"patience", 0, COUNT, PLACE(patience), TRAIN, 1, UINT32_MAX, "N", "stop after N epochs that were not the best"},
    {"steps", 'n', COUNT, PLACE(steps), STEP | BENCH | OVERFIT | FIND, 1, UINT64_MAX, "N", "steps to make"},
    {"profile", 0, TEXT, PLACE(profile), BENCH, 0, 0, "FILE", "write how long each nest of loops takes (CSV)"},
    {.name = "examples"},
    {"validation", 0, FRACTION, PLACE(validation), TRAIN, 0, 0, "F", "part held back; or give val.NAME=FILE"},
    {"inputs", 'i', TEXT, PLACE(inputs), DATA & ~(unsigned)GENERATE, 0, 0, "FILE", "safetensors file with inputs by name"},
    {"every", 0, COUNT, PLACE(every), DATA & ~(unsigned)GENERATE, 1, UINT32_MAX, "N", "steps from one window to the next (its length)"},
    {"rows", 0, COUNT, PLACE(rows), EVAL | PREDICT, 1, UINT64_MAX, "N", "only the first N examples"},
    {"eval", 0, FLAG, PLACE(eval), GRAD, 0, 0, NULL, "as when predicting: 'training' is false"},
    {"missing", 0, TEXT, PLACE(missing), TRAIN | OVERFIT | FIND, 0, 0, "HOW", "fill in what is missing: mean, median, a number"},
    {"standardize", 0, TEXT, PLACE(standardize), TRAIN | OVERFIT | FIND, 0, 0, "GLOB", "inputs to bring to mean 0, deviation 1"},
    {"activations", 0, FLAG, PLACE(activations), GRAD, 0, 0, NULL, "write those, too, and their gradients"},
    {.name = "parameters"},
    {"params", 'p', TEXT, PLACE(params), DATA | EXPORT, 0, 0, "FILE", "to begin with (safetensors), or a folder"},
    {"partial", 0, FLAG, PLACE(partial), DATA | EXPORT, 0, 0, NULL, "take what fits of --params by name, and say what does"},
    {"freeze", 0, TEXT, PLACE(freeze), TRAIN, 0, 0, "GLOB", "parameters that stay as they are, like 'h.*'"},
    {"seed", 0, COUNT, PLACE(seed), DATA | EXPORT, 0, UINT64_MAX, "N", "of parameters, order of examples, all draws"},
    {.name = "saving"},
    {"out", 'o', TEXT, PLACE(out), TRAIN | PREDICT | GRAD | STEP | EXPORT, 0, 0, "PATH", "train: the folder of the run; else the file to write"},
    {"resume", 0, FLAG, PLACE(resume), TRAIN | ONCE, 0, 0, NULL, "go on where the run in --out stopped"},
    {"save-every", 0, DURATION, PLACE(save_every), TRAIN, 0, 0, "T", "seconds from one save to the next; 0: every step"},
    {"keep", 0, COUNT, PLACE(keep), TRAIN, 0, 1000000, "N", "how many epochs stay saved, besides best and last"},
    {.name = "writing"},
    {"output", 0, TEXT, PLACE(output), PREDICT | GENERATE, 0, 0, "NAME", "only this output"},
    {"prompt", 0, TEXT, PLACE(prompt), GENERATE, 0, 0, "TEXT", "what to go on after (an empty line)"},
    {"length", 0, COUNT, PLACE(length), GENERATE, 1, UINT64_MAX, "N", "how much to write"},
    {"temperature", 0, REAL, PLACE(temperature), GENERATE, 0, 0, "X", "0: the likeliest; 1: as likely as the model says"},
    {"top-k", 0, COUNT, PLACE(top), GENERATE, 1, UINT32_MAX, "N", "only from the N likeliest"},
    {"numbers", 0, FLAG, PLACE(numbers), GENERATE, 0, 0, NULL, "the sequence is of numbers, not of bytes"},
    {.name = "other"},
    {"threads", 0, COUNT, PLACE(threads), DATA, 1, 256, "N", "to run on; the results are the same for any N"},
    {"config", 0, TEXT, PLACE(config), ~0u, 0, 0, "FILE", "lines of NAME = VALUE; the command line comes first"},
    {"print-config", 0, FLAG, PLACE(print_config), ~0u, 0, 0, NULL, "print such a file, and do nothing"},
    {"dry-run", 0, FLAG, PLACE(dry_run), TRAIN | ONCE, 0, 0, NULL, "one step, to see that all is well; nothing is saved"},
    {"quiet", 'q', FLAG, PLACE(quiet), TRAIN | OVERFIT, 0, 0, NULL, "no progress"},
    {"help", 'h', FLAG, PLACE(help), ~0u, 0, 0, NULL, "this text"},
    {.name = NULL},
};
/* clang-format on */

/* ---- what is unknown ---- */

static bool unknown(const char *what, const Guess *g, const char *otherwise, gr_error *e)
{
    if (g->best)
        return gr_fail(e, "unknown %s '%.80s'; did you mean '%s'?", what, g->word, g->best);
    return gr_fail(e, "unknown %s '%.80s'; %s", what, g->word, otherwise);
}

static bool unknown_verb(const char *word, gr_error *e)
{
    Guess g = {word, NULL, 99};
    for (const Verb *v = gr_verb; v->name; v++)
        if (v->help)
            gr_consider(&g, v->name);
    return unknown("verb", &g, "'help' lists them", e);
}

static bool unknown_option(const char *word, unsigned verb, gr_error *e)
{
    Guess g = {word, NULL, 99};
    for (const Setting *s = gr_setting; s->name; s++)
        if (s->verbs & verb)
            gr_consider(&g, s->name);
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
            gr_consider(&g, m->tensor[i].name);
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

/* 90, 90s, 1.5m, 8h */
static bool read_duration(const Setting *s, const char *text, double *x, gr_error *e)
{
    static const char unit[] = "smh";
    char *end;
    *x = strtod(text, &end);
    bool number = end != text && *x >= 0 && isfinite(*x);
    const char *u = *end ? strchr(unit, *end) : unit;
    if (!number || !u || (*end && end[1]))
        return gr_fail(e, "--%s takes seconds, or like 90m or 8h, not '%.80s'", s->name, text);
    for (; u > unit; u--)
        *x *= 60;
    return true;
}

static bool read_value(const Setting *s, const char *text, Options *o, gr_error *e)
{
    char *place = (char *)o + s->place;
    switch (s->kind) {
    case FLAG:
        *(bool *)place = !text || !strcmp(text, "yes");
        return !text || !strcmp(text, "yes") || !strcmp(text, "no") ||
               gr_fail(e, "--%s is yes or no, not '%.80s'", s->name, text);
    case COUNT:
        return read_count(s, text, (uint64_t *)place, e);
    case FRACTION:
        return read_fraction(s, text, (double *)place, e);
    case REAL:
        return read_real(s, text, (double *)place, e);
    case DURATION:
        return read_duration(s, text, (double *)place, e);
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
    for (const Setting *s = gr_setting; s->name; s++)
        if (s->verbs && (strcmp(s->name, name) == 0 ||
                         (s->letter && name[0] == s->letter && !name[1])))
            return s;
    return NULL;
}

static bool set_option(const Setting *s, const char *value, Options *o, gr_error *e)
{
    o->given |= 1ull << (s - gr_setting);
    return read_value(s, value, o, e);
}

bool gr_is_given(const Options *o, const char *name)
{
    return o->given >> (setting_named(name) - gr_setting) & 1;
}

/* A word and what follows its first '='; NULL when there is none. */
static Pair split(char *word)
{
    char *equals = strchr(word, '=');
    if (equals)
        *equals = 0;
    return (Pair){word, equals ? equals + 1 : NULL, false};
}

/* The option of a word on the command line; its value is the pair's or the next argument. */
static bool take_option(Pair p, char ***next, Options *o, gr_error *e)
{
    const Setting *s = setting_named(p.name);
    if (!s)
        return unknown_option(p.name, o->verb, e);
    if (!(s->verbs & o->verb))
        return gr_fail(e, "'%s' takes no --%s", o->verb_name, s->name);
    if (s->kind != FLAG && !p.value && !(p.value = *(*next)++))
        return gr_fail(e, "--%s %s: the value is missing", s->name, s->argument);
    return set_option(s, p.value, o, e);
}

static bool is_held_out(const gr_model *m, const char *name)
{
    return strncmp(name, "val.", 4) == 0 && !is_input(m, name);
}

static bool add_file(const gr_model *m, Pair p, Options *o, gr_error *e)
{
    bool held_out = is_held_out(m, p.name);
    p.name += held_out ? 4 : 0;
    if (!is_input(m, p.name))
        return unknown_input(m, p.name, e);
    if (held_out && o->verb != TRAIN)
        return gr_fail(e, "val.%s: only 'train' validates", p.name);
    Pair *pairs = held_out ? o->held_out : o->data;
    int *n = held_out ? &o->nheld_out : &o->ndata, i = 0;
    while (i < *n && strcmp(pairs[i].name, p.name) != 0)
        i++;
    if (i < *n && pairs[i].configured == p.configured)
        return gr_fail(e, "input '%s' is given twice", p.name);
    pairs[i] = p;
    *n += i == *n;
    return true;
}

static bool add_inspected(const char *path, Options *o, gr_error *e)
{
    if (o->nfile == 2)
        return gr_fail(e, "'%.80s' is one file too many: two can be compared", path);
    o->file[o->nfile++] = path;
    return true;
}

static bool read_argument(const gr_model *m, char *word, char ***next, Options *o,
                          gr_error *e)
{
    if (word[0] == '-' && word[1] == '-')
        return take_option(split(word + 2), next, o, e);
    if (word[0] == '-' && word[1]) {
        Pair p = {(char[]){word[1], 0}, word[2] ? word + 2 : NULL, false};
        return take_option(p, next, o, e);
    }
    if (o->verb == INSPECT)
        return add_inspected(word, o, e);
    Pair p = split(word);
    if (!p.value)
        return gr_fail(e, "'%.80s' is no NAME=FILE and no --option", word);
    if (!is_input(m, p.name) && setting_named(p.name) && p.name[1])
        return take_option(p, next, o, e);
    return add_file(m, p, o, e);
}

/* ---- configuration files ---- */

static char *trim(char *text)
{
    text += strspn(text, " \t\r");
    for (size_t n = strlen(text); n > 0 && strchr(" \t\r", text[n - 1]); n--)
        text[n - 1] = 0;
    return text;
}

static void cut_comment(char *line)
{
    for (char *p = line; (p = strchr(p, '#')); p++)
        if (p == line || p[-1] == ' ' || p[-1] == '\t') {
            *p = 0;
            return;
        }
}

/* What other verbs take is passed over, so that one file serves all. */
static bool read_line(const gr_model *m, char *line, Options *o, gr_error *e)
{
    cut_comment(line);
    line = trim(line);
    if (!*line)
        return true;
    Pair p = split(line);
    if (!p.value)
        return gr_fail(e, "'%.80s' is no NAME = VALUE", line);
    p = (Pair){trim((char *)p.name), trim((char *)p.value), true};
    const Setting *s = is_input(m, p.name) ? NULL : setting_named(p.name);
    if (s && (s->verbs & ONCE))
        return gr_fail(e, "'%s' has its place on the command line", s->name);
    if (s)
        return !(s->verbs & o->verb) || set_option(s, p.value, o, e);
    if (!is_input(m, p.name) && !is_held_out(m, p.name))
        return unknown_option(p.name, ~0u, e);
    return (is_held_out(m, p.name) && o->verb != TRAIN) || add_file(m, p, o, e);
}

static bool read_config(const gr_model *m, const char *path, Options *o, gr_error *e)
{
    gr_bytes file;
    if (!gr_read_file(path, &file, e))
        return gr_within(e, "%s: ", path);
    o->config_text = (char *)file.data;
    int number = 1;
    for (char *line = o->config_text, *next; line; line = next, number++) {
        if ((next = strchr(line, '\n')))
            *next++ = 0;
        if (!read_line(m, line, o, e))
            return gr_within(e, "%s:%d: ", path, number);
    }
    return true;
}

/* FILE of --config FILE, --config=FILE or config=FILE. */
static const char *config_of(const gr_model *m, char **words)
{
    const char *path = NULL;
    for (; *words; words++) {
        bool dashes = strncmp(*words, "--", 2) == 0;
        const char *word = *words + (dashes ? 2 : 0);
        if (strncmp(word, "config=", 7) == 0 && (dashes || !is_input(m, "config")))
            path = word + 7;
        else if (dashes && strcmp(word, "config") == 0)
            path = words[1];
    }
    return path;
}

static bool read_verb(const char *word, Options *o, gr_error *e)
{
    if (strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 ||
        strcmp(word, "-h") == 0) {
        o->help = true;
        return true;
    }
    for (const Verb *v = gr_verb; v->name; v++)
        if (strcmp(v->name, word) == 0) {
            o->verb = v->bit;
            o->verb_name = v->name;
            o->run = v->run;
            return true;
        }
    return unknown_verb(word, e);
}

/* What `help` is asked for: a verb, or itself in other forms. */
static bool read_topic(const char *word, Options *o, gr_error *e)
{
    bool form = strcmp(word, "man") == 0 || strcmp(word, "bash") == 0;
    o->topic = form ? word : NULL;
    return form || read_verb(word, o, e);
}

bool gr_read_options(const gr_model *m, int argc, char **argv, Options *o, gr_error *e)
{
    *o = (Options){.epochs = (uint64_t)m->epochs,
                   .seed = m->seed,
                   .validation = m->validation,
                   .save_every = 15,
                   .max_time = INFINITY,
                   .length = 500,
                   .temperature = 1};
    o->data = calloc(2 * (size_t)m->tensors + 1, sizeof *o->data);
    if (!o->data)
        return gr_fail(e, "out of memory");
    o->held_out = o->data + m->tensors;
    if (argc < 2)
        return gr_fail(e, "no verb; 'help' lists them");
    if (!read_verb(argv[1], o, e))
        return false;
    if (o->help && argv[2])
        return read_topic(argv[2], o, e);
    char **next = argv + 2;
    const char *config = o->help ? NULL : config_of(m, next);
    if (config && !read_config(m, config, o, e))
        return false;
    while (!o->help && *next) {
        char *word = *next++;
        if (!read_argument(m, word, &next, o, e))
            return false;
    }
    return true;
}
