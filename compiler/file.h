/* Files: read whole, written whole or not at all. */
#ifndef FILE_H
#define FILE_H

#include "arena.h"

#include <stddef.h>

/* The text of a file, or of stdin for "-", with a newline and a 0 after its end where they are
 * missing; NULL with errno set where it cannot be read. length may be NULL. */
char *read_file(const char *path, Arena *a, int *length);

/* Write text to a file through a temporary and a rename, or to stdout for "-". A file that
 * says so already is not touched. What fails is fatal, and leaves the old file as it was. */
void write_file(const char *path, const char *text);

/* A name beside path, for a file to be renamed to path; removed at exit if it still exists. */
const char *temporary_beside(const char *path);

/* A new folder, removed with what is in it at exit. */
const char *temporary_folder(void);

#endif
