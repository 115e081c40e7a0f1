/* Derivatives by name. */
#include "mathematics.h"

#include "str.h"

#include <string.h>

Derivative derivative_of(const Tensor *t)
{
    static const char prefix[] = "dL/d";
    if ((!t->of && !t->from) || strncmp(t->name, prefix, sizeof prefix - 1))
        return (Derivative){0};
    Derivative d = {.of = t->name + sizeof prefix - 1};
    size_t n = strlen(d.of), tail = t->from ? strlen(t->from->name) : 0;
    if (t->of || !tail || n < tail + 2 || d.of[n - tail - 1] != '.' ||
        strcmp(d.of + n - tail, t->from->name))
        return d;
    return (Derivative){intern_n(d.of, n - tail - 1), t->from->name};
}

void put_xml(Out *o, const char *text)
{
    for (; *text; text++) {
        if (*text == '&' || *text == '<' || *text == '>' || *text == '"')
            put(o, "%s",
                *text == '&'   ? "&amp;"
                : *text == '<' ? "&lt;"
                : *text == '>' ? "&gt;"
                               : "&quot;");
        else
            put(o, "%c", *text);
    }
}
