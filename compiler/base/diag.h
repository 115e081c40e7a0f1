/* Sources, places in them, and messages about them.
 *
 *   mlp.nn:12:30: error: index 'j' is 784 in 'x' but 128 in 'w'
 *      12 |     h[i,k] = sum(j) x[i,j] * w[j,k]
 *         |                              ^~~~~~
 *   mlp.nn:4:7: note: 'w' is declared (128, 10) here
 *
 * Whose fault decides the call: the program being compiled, error(); the environment, fatal();
 * gradc itself, bug() or assert(). */
#ifndef DIAG_H
#define DIAG_H

#include <stdbool.h>

typedef struct Source {
    const char *name; /* as the user wrote it, or "<std/layers.nn>" */
    const char *text; /* ends in a newline and a 0 */
    int length;
} Source;

/* The characters [start, end) of a source; source is NULL where there is no place. */
typedef struct Span {
    const Source *source;
    int start, end;
} Span;

Span join(Span a, Span b); /* from the start of a to the end of b */
int line_of(Span s);       /* counted from 1 */

/* "digits.nn:7", "std/layers.nn:6": without folders, the same on every machine; "" where there
 * is no place. */
const char *source_line(Span s);

/* Record a message; compiling goes on. A note belongs to the error before it. */
__attribute__((format(printf, 2, 3))) void error(Span at, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void warning(Span at, const char *fmt, ...);
__attribute__((format(printf, 2, 3))) void note(Span at, const char *fmt, ...);

int error_count(void);

/* Print what was recorded to stderr, in the order of the sources' text, and forget it. The same
 * error at the same place is printed once. */
void print_messages(void);

/* Forget what was recorded, and the count (tests, several inputs in one run). */
void forget_messages(void);

/* The environment fails: prints "gradc: ..." and exits with 2. */
__attribute__((format(printf, 1, 2), noreturn)) void fatal(const char *fmt, ...);

/* gradc fails: names the pass that was running and exits with 70. */
__attribute__((format(printf, 1, 2), noreturn)) void bug(const char *fmt, ...);
void set_pass(const char *name);

#endif
