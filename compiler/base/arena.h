/* Memory that is freed all at once.
 *
 * Three lifetimes exist in gradc: the compilation, one function, one pass (scratch). Each is an
 * arena, passed explicitly. Memory comes back zeroed and is never NULL: running out ends the
 * program in one place. */
#ifndef ARENA_H
#define ARENA_H

#include <stddef.h>

typedef struct Arena Arena;

Arena *new_arena(void);
void free_arena(Arena *a);

/* Zeroed memory, aligned for any type. */
void *allocate(Arena *a, size_t size);

#define NEW(arena, type) ((type *)allocate((arena), sizeof(type)))
#define NEWN(arena, type, n) ((type *)allocate((arena), sizeof(type) * (size_t)(n)))

#endif
