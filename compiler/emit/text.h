/* Lines of the generated file that need care: comments, and code too long for one line. */
#ifndef TEXT_H
#define TEXT_H

#include "out.h"

/* A comment of one or several lines at the current level. */
void put_comment(Out *o, const char *text);

/* The text as a string of C. */
const char *quoted(const char *text, Arena *a);

/* A line of code, broken at spaces where it is too long. */
void put_code(Out *o, const char *text);

#endif
