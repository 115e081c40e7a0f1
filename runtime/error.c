/* Messages of the runtime: one line, passed to the caller. */
#include "grdata.h"

#include <stdarg.h>
#include <string.h>

bool gr_fail(gr_error *e, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    for (char *p = e->text; *p; p++) /* names come from files: keep the terminal safe */
        if ((unsigned char)*p < ' ' || *p == 127)
            *p = '?';
    return false;
}

bool gr_within(gr_error *e, const char *fmt, ...)
{
    char inner[sizeof e->text];
    memcpy(inner, e->text, sizeof inner);
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(e->text, sizeof e->text, fmt, args);
    va_end(args);
    size_t used = n < (int)sizeof e->text ? (size_t)n : sizeof e->text - 1;
    snprintf(e->text + used, sizeof e->text - used, "%s", inner);
    return false;
}
