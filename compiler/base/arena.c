/* A list of blocks, each filled from the front. */
#include "arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef GRADC_HOSTILE
enum {
    BLOCK = 64
}; /* every allocation in a block of its own, so that sanitizers see its end */
#else
enum { BLOCK = 64 * 1024 };
#endif
enum { ALIGN = 16 };

typedef struct Block Block;
struct Block {
    Block *next;
    size_t used, size;
    _Alignas(ALIGN) char data[];
};

struct Arena {
    Block *block;
};

static void *must(void *p)
{
    if (!p) {
        fputs("gradc: out of memory\n", stderr);
        exit(2);
    }
    return p;
}

Arena *new_arena(void) { return must(calloc(1, sizeof(Arena))); }

void free_arena(Arena *a)
{
    for (Block *b = a->block, *next; b; b = next) {
        next = b->next;
#ifdef GRADC_HOSTILE
        memset(b->data, 0xA5, b->size);
#endif
        free(b);
    }
    free(a);
}

void *allocate(Arena *a, size_t size)
{
    size = (size + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    Block *b = a->block;
    if (!b || b->size - b->used < size) {
        size_t room = size > BLOCK ? size : BLOCK;
        b = must(malloc(sizeof(Block) + room));
        *b = (Block){.next = a->block, .size = room};
        a->block = b;
    }
    void *p = b->data + b->used;
    b->used += size;
    return memset(p, 0, size);
}
