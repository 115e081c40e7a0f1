/* The formats by name. */
#include "show.h"
#include "str.h"

#include <string.h>

static const Format format_row[] = {
    {.name = "text", .show = show_text},
    {.name = "nn", .show = show_program, .open = true},
    {.name = "md", .show = show_markdown},
    {.name = "latex", .show = show_latex},
    {.name = "mathml", .show = show_mathml},
    {.name = "dot", .show = show_dot},
    {.name = "json", .show = show_json},
    {.name = "html", .show = show_html, .loops = true},
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
