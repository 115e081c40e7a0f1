/* Running other programs. */
#ifndef RUN_H
#define RUN_H

#include "arena.h"
#include "vec.h"

typedef VEC(char *) Words;

void add_word(Words *w, const char *word, Arena *a);
void add_words(Words *w, const char *text, Arena *a); /* each that spaces
    separate, those that have no \ before them */

/* Run the first of the words with the others, and wait for it. 0 or why it cannot be:
 * ENOENT where there is no such program. Then `status` is how it ended, as wait() says it.
 */
int run_program(Words *w, int *status, Arena *a);

#endif
