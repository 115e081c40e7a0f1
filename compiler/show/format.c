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
    {.name = "svg", .show = show_dot, .drawn = true},
    {.name = "json", .show = show_json, .lines = true},
    {.name = "html", .show = show_html, .loops = true},
};

static const Format stage_row[] = {
    {.name = "forward", .show = show_forward},
    {.name = "derived", .show = show_text, .raw = true},
    {.name = "simplified", .show = show_text},
    {.name = "loops", .show = show_loops, .loops = true},
    {.name = "c", .show = show_code, .loops = true},
};

enum {
    NFORMAT = sizeof format_row / sizeof *format_row,
    NSTAGE = sizeof stage_row / sizeof *stage_row
};

static const Format *find(const Format *row, int n, const char *name)
{
    for (int i = 0; i < n; i++)
        if (!strcmp(row[i].name, name))
            return &row[i];
    return NULL;
}

static const char *names(const Format *row, int n, Arena *a)
{
    const char *list = "";
    for (int i = 0; i < n; i++)
        list = format(a, "%s%s%s", list, !i ? "" : i + 1 < n ? ", " : " or ", row[i].name);
    return list;
}

const Format *find_format(const char *name) { return find(format_row, NFORMAT, name); }
const Format *find_stage(const char *name) { return find(stage_row, NSTAGE, name); }
const char *format_names(Arena *a) { return names(format_row, NFORMAT, a); }
const char *stage_names(Arena *a) { return names(stage_row, NSTAGE, a); }
