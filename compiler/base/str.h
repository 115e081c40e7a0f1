/* Names and text.
 *
 * Names are interned for the whole run: equal names are the same pointer. */
#ifndef STR_H
#define STR_H

#include "arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The one copy of a name; interned names are never freed. */
const char *intern(const char *s);
const char *intern_n(const char *s, size_t n);
__attribute__((format(printf, 1, 2))) const char *intern_f(const char *fmt, ...);

__attribute__((format(printf, 2, 3))) char *format(Arena *a, const char *fmt, ...);

/* FNV-1a: the hash of what `hash` is of, and of n bytes more. */
#define HASH_OF_NOTHING 0xcbf29ce484222325u
uint64_t hash_text(uint64_t hash, const char *text, size_t n);

/* Did you mean: among n candidates the one within an edit distance that a slip of the hand
 * explains (a third of the length, at least 1), or NULL. */
const char *nearest(const char *name, const char *const *candidate, int n);

#endif
