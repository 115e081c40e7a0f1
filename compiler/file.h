/* Files: read whole, written whole or not at all. */
#ifndef FILE_H
#define FILE_H

#include "arena.h"

#include <stdbool.h>

/* The text of a file, or of stdin for "-", with a newline and a 0 after its end where they are
 * missing; NULL with errno set where it cannot be read. length may be NULL. */
char *read_file(const char *path, Arena *a, int *length);

bool is_same_file(const char *a, const char *b); /* both exist and are one */

typedef struct FileText {
    const char *path; /* "-": stdout */
    const char *text;
} FileText;

/* Write n files through temporaries and renames, so that each is there as a whole, and none if one
 * fails, which is fatal. A file that says so already is not touched. */
void write_files(const FileText *f, int n);
void write_file(const char *path, const char *text);

/* A name beside path, for a file to be renamed to path; removed at exit if it still exists. */
const char *temporary_beside(const char *path);

/* A new folder, removed with what is in it at exit. */
const char *temporary_folder(void);

#endif
