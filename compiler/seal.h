/* The last line of a generated file: a hash of all above it, by which an edit shows. */
#ifndef SEAL_H
#define SEAL_H

#include "file.h"
#include "out.h"

void seal(Out *o);

/* The file holds the text. Otherwise false, and why goes to stderr: it is missing, edited
 * by hand, or from another program or other options. */
bool is_up_to_date(const FileText *f, Arena *a);

#endif
