/* Text under construction: dumps, messages, generated C. */
#ifndef OUT_H
#define OUT_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>

typedef struct Out {
    Arena *arena;
    char *text; /* always ends in a 0 */
    size_t length, size;
    int level;     /* of indentation, used by line() */
    bool unbroken; /* code that is too long stays in one line */
} Out;

Out new_out(Arena *a);

__attribute__((format(printf, 2, 3))) void put(Out *o, const char *fmt, ...);

/* Print one line of C.  A leading } closes a level, a trailing { opens one. */
__attribute__((format(printf, 2, 3))) void line(Out *o, const char *fmt, ...);

/* Print a double so that reading it back gives the same value, and as short as that allows. */
void put_number(Out *o, double value);

#endif
