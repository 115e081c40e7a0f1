/* The manual page of a trainer and the completion of its command line in a shell, from the
 * same tables as its help. */
#include "train.h"

#include <string.h>

/* ---- the page, in the language of man ---- */

/* A hyphen of man's would be another character than that of an option. */
static void put_roff(const char *text)
{
    if (*text == '.' || *text == '\'')
        fputs("\\&", stdout);
    for (; *text; text++)
        if (*text == '-')
            fputs("\\-", stdout);
        else if (*text == '\\')
            fputs("\\e", stdout);
        else
            putchar(*text);
}

static void put_term(const char *prefix, const char *name, const char *argument)
{
    printf(".TP\n\\fB");
    put_roff(prefix);
    put_roff(name);
    printf("\\fR");
    if (argument)
        printf(" \\fI%s\\fR", argument);
    printf("\n");
}

static void put_verbs(void)
{
    printf(".SH VERBS\n");
    for (const Verb *v = gr_verb; v->name; v++)
        if (v->help) {
            put_term("", v->name, NULL);
            put_roff(v->help);
            printf("\n");
        }
}

static void put_inputs(const gr_model *m)
{
    printf(".SH INPUTS\n");
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role != GR_INPUT)
            continue;
        put_term("", t->name, "FILE");
        printf("Shape %s%s.\n", gr_example_shape(t).text,
               t->target ? "; not needed to predict" : "");
    }
}

/* Whom an option serves, unless that is everyone. */
static void put_users(const Setting *s)
{
    const char *before = " For ";
    for (const Verb *v = gr_verb; s->verbs != ~0u && v->name; v++)
        if (v->help && (s->verbs & v->bit)) {
            fputs(before, stdout);
            put_roff(v->name);
            before = ", ";
        }
    printf(*before == ',' ? ".\n" : "\n");
}

static void put_options(void)
{
    printf(".SH OPTIONS\nAlso \\fINAME\\fR=\\fIVALUE\\fR, and in a file for "
           "\\fB\\-\\-config\\fR.\n");
    for (const Setting *s = gr_setting; s->name; s++) {
        if (!s->verbs) {
            printf(".SS %s\n", s->name);
            continue;
        }
        char letter[] = {'-', s->letter, ',', ' ', '-', '-', 0};
        put_term(s->letter ? letter : "--", s->name, s->argument);
        put_roff(s->help);
        printf(".");
        put_users(s);
    }
}

void gr_print_manual(const gr_model *m)
{
    printf(".TH %s 1\n.SH NAME\n%s \\- train and use the model %s\n", m->name, m->name,
           m->name);
    printf(".SH SYNOPSIS\n.B %s\n\\fIVERB\\fR [\\fINAME\\fR=\\fIFILE\\fR...] "
           "[\\fIOPTION\\fR...]\n",
           m->name);
    put_verbs();
    put_inputs(m);
    put_options();
    printf(
        ".SH FILES\n\\fB%s.run\\fR is the folder of a run, unless \\fB\\-\\-out\\fR names "
        "another.\n",
        m->name);
    printf(".SH EXIT STATUS\n0 fine, 1 the loss is no number, 2 usage or environment, "
           "130 or 143 interrupted.\n");
}

/* ---- completion in bash; zsh takes it after bashcompinit ---- */

static void put_names(unsigned verb)
{
    for (const Setting *s = gr_setting; s->name; s++)
        if (s->verbs & verb)
            printf(" --%s", s->name);
}

/* An option that takes no value: what follows it is not one. */
static void put_flags(void)
{
    const char *between = "    ";
    for (const Setting *s = gr_setting; s->name; s++)
        if (s->verbs && s->kind == FLAG) {
            printf("%s--%s", between, s->name);
            between = "|";
        }
    printf(") ;;\n");
}

void gr_print_completion(const gr_model *m)
{
    printf("_%s()\n{\n", m->name);
    printf("  local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} "
           "options=\n");
    printf("  if [ $COMP_CWORD = 1 ]; then\n    COMPREPLY=($(compgen -W \"help");
    for (const Verb *v = gr_verb; v->name; v++)
        if (v->help)
            printf(" %s", v->name);
    printf("\" -- \"$cur\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n");
    for (const Verb *v = gr_verb; v->name; v++)
        if (v->help) {
            printf("    %s) options=\"", v->name);
            put_names(v->bit);
            printf("\" ;;\n");
        }
    printf("  esac\n  case $prev in\n");
    put_flags();
    printf("    -*|=) return ;;\n  esac\n  case $cur in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
           "    =*) ;;\n    *) compopt -o nospace 2>/dev/null\n"
           "       COMPREPLY=($(compgen -W \"");
    for (int i = 0; i < m->tensors; i++)
        if (m->tensor[i].role == GR_INPUT)
            printf(" %s=", m->tensor[i].name);
    printf("\" -- \"$cur\")) ;;\n  esac\n}\ncomplete -o default -F _%s %s\n", m->name,
           m->name);
}
