/* A growing buffer in an arena. */
#include "out.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

Out new_out(Arena *a)
{
    Out o = {.arena = a, .size = 256};
    o.text = NEWN(a, char, o.size);
    return o;
}

static void reserve(Out *o, size_t more)
{
    if (o->length + more < o->size)
        return;
    while (o->size <= o->length + more)
        o->size *= 2;
    char *text = NEWN(o->arena, char, o->size);
    memcpy(text, o->text, o->length);
    o->text = text;
}

static void vput(Out *o, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    reserve(o, (size_t)n + 1);
    vsnprintf(o->text + o->length, (size_t)n + 1, fmt, again);
    va_end(again);
    o->length += (size_t)n;
}

void put(Out *o, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vput(o, fmt, args);
    va_end(args);
}

void line(Out *o, const char *fmt, ...)
{
    if (fmt[0] == '}')
        o->level--;
    if (fmt[0] && fmt[0] != '#')
        put(o, "%*s", 4 * o->level, "");
    va_list args;
    va_start(args, fmt);
    vput(o, fmt, args);
    va_end(args);
    if (o->length && o->text[o->length - 1] == '{')
        o->level++;
    put(o, "\n");
}

void put_number(Out *o, double value)
{
    char text[40];
    if (isnan(value))
        snprintf(text, sizeof text, "nan");
    else if (isinf(value))
        snprintf(text, sizeof text, value < 0 ? "-inf" : "inf");
    else if (value == floor(value) && fabs(value) < 1e15)
        snprintf(text, sizeof text, "%.0f", value);
    else
        for (int digits = 1; digits <= 17; digits++) {
            snprintf(text, sizeof text, "%.*g", digits, value);
            if (strtod(text, NULL) == value)
                break;
        }
    put(o, "%s", text);
}
