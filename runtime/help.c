/* What a trainer says about itself: help from the tables of verbs and options, and the
 * configuration as a file that --config reads. */
#include "train.h"

#include <math.h>
#include <string.h>

enum { COLUMNS = 80, INDENT = 12 };

static void put_inputs(const gr_model *m)
{
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role != GR_INPUT)
            continue;
        printf("  %-22s %s%s\n", t->name, gr_example_shape(t).text,
               t->target ? ", not needed to predict" : "");
    }
}

/* ---- of one verb ---- */

static void put_setting(const Setting *s)
{
    char left[40];
    int n = s->letter ? snprintf(left, sizeof left, "-%c, ", s->letter)
                      : snprintf(left, sizeof left, "    ");
    snprintf(left + n, sizeof left - (size_t)n, "--%s%s%s", s->name, s->argument ? " " : "",
             s->argument ? s->argument : "");
    printf("  %-22s %s\n", left, s->help);
}

/* Each option below the heading of its group. */
static void put_settings(unsigned verb)
{
    const char *heading = NULL;
    for (const Setting *s = gr_setting; s->name; s++) {
        if (!s->verbs)
            heading = s->name;
        if (!(s->verbs & verb))
            continue;
        if (heading)
            printf("%s:\n", heading);
        heading = NULL;
        put_setting(s);
    }
}

void gr_print_verb_help(const gr_model *m, const Options *o)
{
    const Verb *v = gr_verb;
    while (v->bit != o->verb)
        v++;
    printf("usage: %s %s %s [OPTION...]\n%s\n\n", m->name, v->name,
           v->bit == INSPECT ? "FILE [FILE]" : "[NAME=FILE...]", v->help ? v->help : "");
    if (v->bit != INSPECT) {
        printf("inputs:\n");
        put_inputs(m);
    }
    put_settings(v->bit);
}

/* ---- of all ---- */

/* The names of the options that some verbs take, and others do not, in lines. */
static void put_names(const char *title, unsigned only, unsigned none)
{
    int column = printf("  %-*s", INDENT - 2, title);
    for (const Setting *s = gr_setting; s->name; s++) {
        if (!(s->verbs & only) || (s->verbs & none))
            continue;
        char text[60];
        int n = snprintf(text, sizeof text, " --%s%s%s", s->name,
                         s->argument ? " " : "", s->argument ? s->argument : "");
        if (column + n > COLUMNS)
            column = printf("\n%*s", INDENT, "") - 1;
        column += printf("%s", text);
    }
    printf("\n");
}

void gr_print_help(const gr_model *m)
{
    printf("usage: %s VERB [NAME=FILE...] [OPTION...]\n\nverbs:\n", m->name);
    for (const Verb *v = gr_verb; v->name; v++)
        if (v->help)
            printf("  %-9s %s\n", v->name, v->help);
    printf("\ninputs:\n");
    put_inputs(m);
    printf(
        "  FILE is IDX (also .gz), npy, safetensors or a table of text; FILE:0-3,7 and\n"
        "  FILE:name,name choose columns, FILE:name a tensor, FILE:bytes the bytes, as\n"
        "  does FILE.txt for whole numbers. Where a row is not an example but a step of\n"
        "  one, examples are windows of a sequence: from step K on for FILE+K.\n"
        "\noptions, also NAME=VALUE; '%s help VERB' explains them, 'help man' is a page\n"
        "for man, and after eval \"$(./%s help bash)\" the shell completes them:\n",
        m->name, m->name);
    put_names("train", TRAIN, 0);
    put_names("others", ~ONCE, TRAIN);
}

/* ---- the configuration ---- */

static void put_value(FILE *f, const Setting *s, const Options *o)
{
    const char *place = (const char *)o + s->place;
    switch (s->kind) {
    case FLAG:
        fprintf(f, "%s = %s\n", s->name, *(const bool *)place ? "yes" : "no");
        break;
    case COUNT:
        fprintf(f, "%s = %llu\n", s->name, (unsigned long long)*(const uint64_t *)place);
        break;
    case FRACTION:
    case REAL:
    case DURATION:
        fprintf(f, "%s = %.17g\n", s->name, *(const double *)(const void *)place);
        break;
    case TEXT:
        fprintf(f, "%s = %s\n", s->name, *(const char *const *)(const void *)place);
        break;
    }
}

/* It has a value, its own or from the model. */
static bool is_set(const Setting *s, const Options *o)
{
    const char *place = (const char *)o + s->place;
    switch (s->kind) {
    case FLAG:
    case FRACTION:
    case REAL:
        return true;
    case COUNT:
        return s->low == 0 || *(const uint64_t *)(const void *)place != 0;
    case DURATION:
        return isfinite(*(const double *)(const void *)place);
    case TEXT:
        return *(const char *const *)(const void *)place != NULL;
    }
    return false;
}

void gr_put_config(FILE *f, const gr_model *m, const Options *o)
{
    fprintf(f, "# %s %s\n", m->name, o->verb_name);
    for (int i = 0; i < o->ndata; i++)
        fprintf(f, "%s = %s\n", o->data[i].name, o->data[i].value);
    for (int i = 0; i < o->nheld_out; i++)
        fprintf(f, "val.%s = %s\n", o->held_out[i].name, o->held_out[i].value);
    for (const Setting *s = gr_setting; s->name; s++) {
        if (!(s->verbs & o->verb) || (s->verbs & ONCE))
            continue;
        if (is_set(s, o))
            put_value(f, s, o);
        else
            fprintf(f, "# %s = %s   %s\n", s->name, s->argument, s->help);
    }
}
