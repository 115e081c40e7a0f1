/* Programs: a file, the files it uses, and the standard library. */
#ifndef SOURCE_H
#define SOURCE_H

#include "ast.h"
#include "depfile.h"

/* Parse the file (or stdin, "-") into own, and all that it rests on into all: first the standard
 * library, then what it uses, itself last. A file used twice is read once. All that was read,
 * but the library, is added to `read`, the file itself first; its text is returned. */
const Source *read_program(Program *all, Program *own, const char *file, Sources *read,
                           Arena *a);

#endif
