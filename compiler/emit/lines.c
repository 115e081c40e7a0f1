/* #line directives.
 *
 * Every line of C has one of its own, since the one after it would belong to the next line
 * of the program. What stands in the library belongs to the statement that calls it: the
 * library is no file that a debugger could show. */
#include "lines.h"

#include "str.h"
#include "text.h"

#include <string.h>

static const Tensor *computed_by(const Region *r, const View *v)
{
    for (int i = 0; v->buffer && i < r->equation.n; i++)
        if (!strcmp(r->equation.at[i]->name, v->buffer->name))
            return r->equation.at[i];
    return NULL;
}

const Tensor *next_stored(const Region *r, const LoopBody *body, int from)
{
    const Tensor *t = NULL;
    for (int i = from; !t && i < body->n; i++) {
        const LoopStmt *s = body->at[i];
        if (s->kind == LOOP_STORE)
            t = computed_by(r, s->view);
        else if (s->kind == LOOP_FOR)
            t = next_stored(r, &s->body, 0);
    }
    return t;
}

static bool is_file(Span s) { return s.source && s.source->name[0] != '<'; }

static void put_directive(Out *o, int line, const char *file)
{
    put(o, "#line %d %s\n", line, quoted(file, o->arena));
}

static int lines_of(const Out *o)
{
    int n = 0;
    for (size_t i = 0; i < o->length; i++)
        n += o->text[i] == '\n';
    return n;
}

/* The next line belongs to t; to the C itself where the program has no line for it. */
static void put_line_of(Out *o, const Tensor *t, int *lines, const char *c)
{
    Span place = t && is_file(t->span) ? t->span : t ? t->call : (Span){0};
    ++*lines;
    if (is_file(place))
        put_directive(o, line_of(place), place.source->name);
    else
        put_directive(o, *lines + 1, c);
}

void number_lines(Out *o, size_t begin, const LineMarks *m, const char *c)
{
    const char *text = format(o->arena, "%s", o->text + begin), *at = text;
    o->length = begin;
    o->text[begin] = 0;
    int lines = lines_of(o), mark = -1;
    while (*at) {
        size_t length = strcspn(at, "\n") + 1;
        while (mark + 1 < m->n && m->at[mark + 1].at <= begin + (size_t)(at - text))
            mark++;
        if (!strchr("*\n", at[strspn(at, " ")])) /* not inside a comment */
            put_line_of(o, mark < 0 ? NULL : m->at[mark].t, &lines, c);
        put(o, "%.*s", (int)length, at);
        at += length;
        lines++;
    }
    put_directive(o, lines + 2, c);
}
