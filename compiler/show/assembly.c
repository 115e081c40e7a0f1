/* Assembly text as clang and gcc write it, with the directives that say of which lines it
 * is:
 *
 *       .file   1 "/tmp" "digits.c"         number 1 means this file
 *       .loc    1 35 12                     what follows is of its line 35
 *
 * Compilers say line 0 of what they cannot attribute, and gcc names the header that an
 * inlined function stands in: both belong to the line before. */
#include "assembly.h"

#include "str.h"

#include <stdlib.h>
#include <string.h>

typedef struct Reading {
    Arena *a;
    const char *file;
    VEC(int) number; /* of that file */
    int line;
    Assembly found;
} Reading;

static bool starts_with(const char *s, const char *start)
{
    return !strncmp(s, start, strlen(start));
}

/* .file 1 "folder" "name" */
static void read_file_directive(Reading *r, const char *s, size_t length)
{
    char *end;
    long number = strtol(s, &end, 10);
    const char *text = intern_n(s, length);
    const char *name = strstr(text, intern_f("%s\"", r->file));
    if (end != s && name && name > text && strchr("\"/", name[-1]))
        PUSH(r->a, &r->number, (int)number);
}

static void read_line_directive(Reading *r, const char *s)
{
    char *end;
    long number = strtol(s, &end, 10), line = strtol(end, NULL, 10);
    for (int i = 0; i < r->number.n; i++)
        if (r->number.at[i] == number && line > 0)
            r->line = (int)line;
}

/* Where jumps lead: .LBB0_1 of clang, .L17 of gcc; not what only debuggers read. */
static bool is_target(const char *label)
{
    return starts_with(label, ".LBB") ||
           (starts_with(label, ".L") && label[2] >= '0' && label[2] <= '9');
}

static size_t without_comment(const char *s, size_t length)
{
    for (size_t i = 1; i < length; i++)
        if (s[i] == '#' && (s[i - 1] == ' ' || s[i - 1] == '\t') &&
            (i < 2 || s[i - 2] == ' ' || s[i - 1] == '\t'))
            length = i;
    while (length > 0 && (s[length - 1] == ' ' || s[length - 1] == '\t'))
        length--;
    return length;
}

static void add(Reading *r, const char *s, size_t length)
{
    if (r->found.n == 0 || length == 0)
        return;
    AssemblyFunction *f = &r->found.at[r->found.n - 1];
    PUSH(r->a, &f->code, (Instruction){intern_n(s, length), r->line});
}

static void read_label(Reading *r, const char *s, size_t length)
{
    if (s[0] != '.') {
        r->line = 0;
        PUSH(r->a, &r->found, (AssemblyFunction){.name = intern_n(s, length - 1)});
    } else if (is_target(s)) {
        add(r, s, length);
    }
}

static void read_line(Reading *r, const char *s, size_t length)
{
    size_t text = s[0] == '#' ? 0 : without_comment(s, length), blank = strspn(s, " \t");
    if (starts_with(s + blank, ".file"))
        read_file_directive(r, s + blank + 5, length - blank - 5);
    else if (starts_with(s + blank, ".loc\t") || starts_with(s + blank, ".loc "))
        read_line_directive(r, s + blank + 5);
    else if (text > 0 && s[text - 1] == ':' && blank == 0)
        read_label(r, s, text);
    else if (text > blank && blank > 0 && s[blank] != '.' && s[blank] != '#')
        add(r, s + blank, text - blank);
}

Assembly read_assembly(const char *text, const char *file, Arena *a)
{
    Reading r = {.a = a, .file = file};
    while (*text) {
        size_t length = strcspn(text, "\n");
        read_line(&r, text, length);
        text += length + (text[length] == '\n');
    }
    return r.found;
}
