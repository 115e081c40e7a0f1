/* Rules for make, in the form that C compilers write with -MD. */
#include "depfile.h"

#include <string.h>

const char *escape_name(const char *name, Arena *a)
{
    Out text = new_out(a);
    for (; *name; name++) {
        if (strchr(" #", *name))
            put(&text, "\\");
        put(&text, "%s%c", *name == '$' ? "$" : "", *name);
    }
    return text.text;
}

void put_rule(Out *o, const char *target, const Sources *read, bool phony)
{
    put(o, "%s:", target);
    for (int i = 0; i < read->n; i++)
        put(o, " %s", escape_name(read->at[i]->name, o->arena));
    put(o, "\n");
    for (int i = 1; phony && i < read->n; i++)
        put(o, "\n%s:\n", escape_name(read->at[i]->name, o->arena));
}
