/* The formats by name. */
#include "show.h"
#include "str.h"

#include <string.h>

static const Format format_row[] = {
    {"text", show_text},   {"nn", show_program},    {"md", show_markdown},
    {"latex", show_latex}, {"mathml", show_mathml}, {"dot", show_dot},
    {"json", show_json},
};

enum { NFORMAT = sizeof format_row / sizeof *format_row };

const Format *find_format(const char *name)
{
    for (int i = 0; i < NFORMAT; i++)
        if (!strcmp(format_row[i].name, name))
            return &format_row[i];
    return NULL;
}

const char *format_names(Arena *a)
{
    const char *list = "";
    for (int i = 0; i < NFORMAT; i++)
        list = format(a, "%s%s%s", list,
                      !i                ? ""
                      : i + 1 < NFORMAT ? ", "
                                        : " or ",
                      format_row[i].name);
    return list;
}
