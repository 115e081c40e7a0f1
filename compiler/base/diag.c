/* Messages are recorded with their notes and printed together, ordered by place, so that a
 * reader goes through the program from top to bottom whatever order the passes found things
 * in. */
#include "diag.h"

#include "arena.h"
#include "str.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Message Message;
struct Message {
    Span at;
    const char *kind; /* "error", "warning", "note" */
    const char *text;
    Message *notes, *next;
};

static struct {
    Arena *arena;
    Message *first, *last;
    int errors;
    const char *pass;
} diag;

Span join(Span a, Span b)
{
    if (!a.source)
        return b;
    if (a.source != b.source || b.end < a.end)
        return a;
    return (Span){a.source, a.start, b.end};
}

static int line_start(Span s)
{
    int i = s.start;
    while (i > 0 && s.source->text[i - 1] != '\n')
        i--;
    return i;
}

int line_of(Span s)
{
    int line = 1;
    for (int i = 0; s.source && i < s.start; i++)
        line += s.source->text[i] == '\n';
    return line;
}

const char *source_line(Span s)
{
    if (!s.source)
        return "";
    const char *name = s.source->name, *slash = strrchr(name, '/');
    if (name[0] == '<')
        return intern_f("%.*s:%d", (int)strcspn(name + 1, ">"), name + 1, line_of(s));
    return intern_f("%s:%d", slash ? slash + 1 : name, line_of(s));
}

static Message *record(Span at, const char *kind, const char *fmt, va_list args)
{
    if (!diag.arena)
        diag.arena = new_arena();
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    char *text = NEWN(diag.arena, char, n + 1);
    vsnprintf(text, (size_t)n + 1, fmt, again);
    va_end(again);
    Message *m = NEW(diag.arena, Message);
    *m = (Message){.at = at, .kind = kind, .text = text};
    return m;
}

static void append(Message *m)
{
    if (diag.last)
        diag.last->next = m;
    else
        diag.first = m;
    diag.last = m;
}

void error(Span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    append(record(at, "error", fmt, args));
    va_end(args);
    diag.errors++;
}

void warning(Span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    append(record(at, "warning", fmt, args));
    va_end(args);
}

void note(Span at, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    Message *m = record(at, "note", fmt, args);
    va_end(args);
    if (!diag.last) {
        append(m);
        return;
    }
    Message **end = &diag.last->notes;
    while (*end)
        end = &(*end)->next;
    *end = m;
}

int error_count(void) { return diag.errors; }

void forget_messages(void)
{
    if (diag.arena)
        free_arena(diag.arena);
    diag.arena = NULL;
    diag.first = diag.last = NULL;
    diag.errors = 0;
}

/* Bytes that take no column of their own, inside a UTF-8 character. */
static bool is_inner(char c) { return ((unsigned char)c & 0xC0) == 0x80; }

static bool is_control(char c) { return (unsigned char)c < ' ' || c == 0x7F; }

/* The line, or what fits of it around the place. Sources may hold any bytes: those that would
 * steer the terminal are not passed on. */
static void print_place(Span s)
{
    enum { ROOM = 100 };
    const char *text = s.source->text;
    int from = line_start(s), to = s.start;
    if (from < s.start - ROOM)
        from = s.start - ROOM;
    while (from < s.start && is_inner(text[from]))
        from++;
    while (to < s.source->length && text[to] != '\n' && to < s.start + ROOM)
        to++;

    fprintf(stderr, "%5d | ", line_of(s));
    for (int i = from; i < to; i++)
        fputc(is_control(text[i]) && text[i] != '\t' ? '?' : text[i], stderr);
    fputs("\n      | ", stderr);
    for (int i = from; i < s.start; i++)
        if (!is_inner(text[i]))
            fputc(text[i] == '\t' ? '\t' : ' ', stderr);
    fputc('^', stderr);
    for (int i = s.start + 1; i < s.end && i < to; i++)
        if (!is_inner(text[i]))
            fputc('~', stderr);
    fputc('\n', stderr);
}

static void print_message(const Message *m)
{
    if (!m->at.source) {
        fprintf(stderr, "gradc: %s: %s\n", m->kind, m->text);
    } else {
        fprintf(stderr, "%s:%d:%d: %s: %s\n", m->at.source->name, line_of(m->at),
                m->at.start - line_start(m->at) + 1, m->kind, m->text);
        print_place(m->at);
    }
    for (const Message *n = m->notes; n; n = n->next)
        print_message(n);
}

static bool is_before(const Message *a, const Message *b)
{
    return a->at.source == b->at.source && a->at.start < b->at.start;
}

/* Stable insertion sort within each source: messages are few. */
static Message *sorted(Message *list)
{
    Message *out = NULL;
    for (Message *m = list, *next; m; m = next) {
        next = m->next;
        Message **p = &out;
        while (*p && !is_before(m, *p))
            p = &(*p)->next;
        m->next = *p;
        *p = m;
    }
    return out;
}

static bool is_repeated(const Message *first, const Message *m)
{
    for (; first != m; first = first->next)
        if (first->at.source == m->at.source && first->at.start == m->at.start &&
            strcmp(first->text, m->text) == 0)
            return true;
    return false;
}

void print_messages(void)
{
    Message *list = sorted(diag.first);
    for (Message *m = list; m; m = m->next)
        if (!is_repeated(list, m))
            print_message(m);
    diag.first = diag.last = NULL;
}

void fatal(const char *fmt, ...)
{
    print_messages();
    va_list args;
    va_start(args, fmt);
    fputs("gradc: ", stderr);
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(2);
}

void set_pass(const char *name) { diag.pass = name; }

void bug(const char *fmt, ...)
{
    print_messages();
    va_list args;
    va_start(args, fmt);
    fprintf(stderr, "gradc: internal error in '%s': ", diag.pass ? diag.pass : "main");
    vfprintf(stderr, fmt, args);
    fputc('\n', stderr);
    va_end(args);
    exit(70);
}
