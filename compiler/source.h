/* Programs: a file, the files it uses, and the standard library. */
#ifndef SOURCE_H
#define SOURCE_H

#include "ast.h"

/* Parse the file (or stdin, "-") into own, and all that it rests on into all: first the standard
 * library, then what it uses, itself last. A file used twice is read once. The file's text. */
const Source *read_program(Program *all, Program *own, const char *file, Arena *a);

#endif
