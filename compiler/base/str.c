/* Interned names in an open hash table; edit distance for suggestions. */
#include "str.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifdef GRADC_HOSTILE
enum { FIRST_SLOTS = 2 };
#else
enum { FIRST_SLOTS = 1024 };
#endif

static struct {
    const char **slot;
    size_t nslot, count;
    Arena *arena;
} names;

uint64_t hash_text(uint64_t hash, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3u;
    return hash;
}

static const char **find(const char *s, size_t n)
{
    size_t i = hash_text(HASH_OF_NOTHING, s, n) & (names.nslot - 1);
    while (names.slot[i] && (strncmp(names.slot[i], s, n) != 0 || names.slot[i][n]))
        i = (i + 1) & (names.nslot - 1);
    return &names.slot[i];
}

static void grow(void)
{
    if (!names.arena)
        names.arena = new_arena();
    const char **old = names.slot;
    size_t nold = names.nslot;
    names.nslot = nold ? 2 * nold : FIRST_SLOTS;
    names.slot = NEWN(names.arena, const char *, names.nslot);
    for (size_t i = 0; i < nold; i++)
        if (old[i])
            *find(old[i], strlen(old[i])) = old[i];
}

const char *intern_n(const char *s, size_t n)
{
    if (2 * names.count >= names.nslot)
        grow();
    const char **slot = find(s, n);
    if (!*slot) {
        char *copy = NEWN(names.arena, char, n + 1);
        memcpy(copy, s, n);
        *slot = copy;
        names.count++;
    }
    return *slot;
}

const char *intern(const char *s) { return intern_n(s, strlen(s)); }

static char *vformat(Arena *a, const char *fmt, va_list args)
{
    va_list again;
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    assert(n >= 0);
    char *s = NEWN(a, char, n + 1);
    vsnprintf(s, (size_t)n + 1, fmt, again);
    va_end(again);
    return s;
}

char *format(Arena *a, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = vformat(a, fmt, args);
    va_end(args);
    return s;
}

const char *intern_f(const char *fmt, ...)
{
    if (!names.arena)
        grow();
    va_list args;
    va_start(args, fmt);
    char *s = vformat(names.arena, fmt, args);
    va_end(args);
    return intern(s);
}

enum { LONGEST = 40 };

static int min2(int a, int b) { return a < b ? a : b; }

/* Levenshtein distance with transpositions of neighbours (optimal string alignment). */
static int distance(const char *a, const char *b)
{
    int na = (int)strlen(a), nb = (int)strlen(b);
    if (na > LONGEST || nb > LONGEST)
        return LONGEST;
    int d[LONGEST + 1][LONGEST + 1];
    for (int i = 0; i <= na; i++)
        d[i][0] = i;
    for (int j = 0; j <= nb; j++)
        d[0][j] = j;
    for (int i = 1; i <= na; i++)
        for (int j = 1; j <= nb; j++) {
            int swap = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            d[i][j] = min2(min2(d[i - 1][j], d[i][j - 1]) + 1, swap);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                d[i][j] = min2(d[i][j], d[i - 2][j - 2] + 1);
        }
    return d[na][nb];
}

const char *nearest(const char *name, const char *const *candidate, int n)
{
    int allowed = (int)strlen(name) / 3;
    int best = allowed > 1 ? allowed + 1 : 2;
    const char *found = NULL;
    for (int i = 0; i < n; i++) {
        int d = distance(name, candidate[i]);
        if (d < best) {
            best = d;
            found = candidate[i];
        }
    }
    return found;
}
