/* gradc's manual page and the completion of its command line in a shell, from the tables that
 * help is from. */
#include "options.h"

/* ---- The page, in the language of man ---- */

/* A hyphen of man's would be another character than that of an option. */
static void put_roff(Out *o, const char *text)
{
    if (*text == '.' || *text == '\'')
        put(o, "\\&");
    for (; *text; text++)
        put(o, *text == '-' ? "\\-" : *text == '\\' ? "\\e" : "%c", *text);
}

static void put_term(Out *o, const char *name, const char *argument)
{
    put(o, ".TP\n\\fB");
    put_roff(o, name);
    put(o, "\\fR \\fI%s\\fR\n", argument);
}

static void put_users(Out *o, unsigned verbs)
{
    const char *before = ". For ";
    for (Verb v = 0; v < NVERB; v++)
        if (verbs >> v & 1) {
            put(o, "%s%s", before, verb_row[v].name);
            before = ", ";
        }
    put(o, ".\n");
}

void print_manual(Out *o)
{
    put(o, ".TH gradc 1\n.SH NAME\ngradc \\- compile networks written as equations to C\n"
           ".SH SYNOPSIS\n.B gradc\n\\fIVERB\\fR [\\fIOPTION\\fR...] "
           "[\\fIFILE\\fR]\n.SH VERBS\n");
    for (Verb v = 0; v < NVERB; v++) {
        put_term(o, verb_row[v].name, verb_row[v].arguments);
        put_roff(o, verb_row[v].meaning);
        put(o, "\n");
    }
    put(o, ".SH OPTIONS\n");
    for (int i = 0; i < option_rows; i++) {
        put_term(o, option_row[i].name, option_row[i].value);
        put_roff(o, option_row[i].meaning);
        put_users(o, option_row[i].verbs);
    }
    put(o, ".SH EXIT STATUS\n0 fine, 1 the program is wrong, 2 usage or environment, "
           "70 gradc's own fault.\n");
}

/* ---- Completion in bash; zsh takes it after bashcompinit ---- */

void print_completion(Out *o)
{
    put(o, "_gradc()\n{\n  local cur=${COMP_WORDS[COMP_CWORD]} options=\n"
           "  if [ $COMP_CWORD = 1 ]; then\n    COMPREPLY=($(compgen -W \"");
    for (Verb v = 0; v < NVERB; v++)
        put(o, " %s", verb_row[v].name);
    put(o, "\" -- \"$cur\"))\n    return\n  fi\n  case ${COMP_WORDS[1]} in\n");
    for (Verb v = 0; v < NVERB; v++) {
        put(o, "    %s) options=\"", verb_row[v].name);
        for (int i = 0; i < option_rows; i++)
            if (option_row[i].verbs >> v & 1)
                put(o, " %s", option_row[i].name);
        put(o, "\" ;;\n");
    }
    put(o, "  esac\n  case $cur in\n"
           "    -*) COMPREPLY=($(compgen -W \"$options\" -- \"$cur\")) ;;\n"
           "  esac\n}\ncomplete -o default -F _gradc gradc\n");
}
