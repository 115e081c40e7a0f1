/* Where scratch buffers live: one area that all entries share.
 *
 * A buffer occupies its place from the region that first writes it to the last that reads
 * it. Greedy: one buffer after another goes to the lowest place where nothing that lives at
 * the same time is in its way; the best of several orders counts. The bound no plan can
 * beat is the most that is live at once. */
#include "nest.h"

#include <stdlib.h>
#include <string.h>

size_t aligned(size_t bytes) { return (bytes + 63) / 64 * 64; }

static void note_use(Buffers *list, Buffer *b, int region, Arena *a)
{
    for (int i = 0; i < list->n; i++)
        if (list->at[i] == b) {
            b->last = region;
            return;
        }
    b->first = b->last = region;
    PUSH(a, list, b);
}

static Buffers scratch_of(const Entry *e, Arena *a)
{
    Buffers list = {0};
    for (int i = 0; i < e->region.n; i++) {
        const Region *r = e->region.at[i];
        for (int k = 0; k < r->view.n; k++) {
            Buffer *b = r->view.at[k]->buffer;
            if (b && !b->fixed)
                note_use(&list, b, i, a);
        }
    }
    return list;
}

/* The same from nests whose regions are not built. */
static Buffers scratch_of_nests(const Schedule *s, Arena *a)
{
    Buffers list = {0};
    for (int i = 0, region = 0; i < s->nest.n; i += length_of_group(s, i), region++)
        for (int k = i; k < i + length_of_group(s, i); k++) {
            const Buffers used = buffers_of(s, s->nest.at[k], a);
            for (int j = 0; j < used.n; j++)
                note_use(&list, used.at[j], region, a);
        }
    return list;
}

static void find_bound(Entry *e, const Buffers *list)
{
    e->bound = 0;
    for (int i = 0; i < list->n; i++) { /* most are live where one of them begins */
        size_t live = 0;
        int now = list->at[i]->first;
        for (int k = 0; k < list->n; k++)
            if (list->at[k]->first <= now && now <= list->at[k]->last)
                live += aligned(list->at[k]->bytes);
        if (live > e->bound) {
            e->bound = live;
            e->fullest = now;
        }
    }
}

/* The lowest end above `at` of a placed buffer that [at, at + size) of b runs into; 0:
 * none. */
static size_t obstacle(const Buffers *list, int placed, const Buffer *b, size_t at)
{
    for (int i = 0; i < placed; i++) {
        const Buffer *c = list->at[i];
        bool together = b->first <= c->last && c->first <= b->last;
        if (together && at < c->offset + aligned(c->bytes) &&
            c->offset < at + aligned(b->bytes))
            return c->offset + aligned(c->bytes);
    }
    return 0;
}

static size_t place_all(Buffers *list, size_t base)
{
    size_t end = base;
    for (int i = 0; i < list->n; i++) {
        Buffer *b = list->at[i];
        size_t at = base;
        for (size_t next; (next = obstacle(list, i, b, at)) != 0;)
            at = next;
        b->offset = at;
        end = at + aligned(b->bytes) > end ? at + aligned(b->bytes) : end;
    }
    return end - base;
}

/* Ties end at the name: the same plan on every host. */
static int by_first(const Buffer *a, const Buffer *b)
{
    if (a->first != b->first)
        return a->first - b->first;
    return a->last != b->last ? a->last - b->last : strcmp(a->c_name, b->c_name);
}

static int by_size(const void *x, const void *y)
{
    const Buffer *a = *(Buffer *const *)x, *b = *(Buffer *const *)y;
    return a->bytes != b->bytes ? (a->bytes < b->bytes ? 1 : -1) : by_first(a, b);
}

static int by_life(const void *x, const void *y)
{
    const Buffer *a = *(Buffer *const *)x, *b = *(Buffer *const *)y;
    int life = (b->last - b->first) - (a->last - a->first);
    return life ? life : by_size(x, y);
}

static int by_birth(const void *x, const void *y)
{
    const Buffer *a = *(Buffer *const *)x, *b = *(Buffer *const *)y;
    return a->first != b->first ? a->first - b->first : by_size(x, y);
}

static void place_scratch(Entry *e, Buffers list, size_t base, Arena *a)
{
    int (*const order[])(const void *, const void *) = {by_size, by_life, by_birth};
    enum { ORDERS = sizeof order / sizeof *order };
    if (!list.n)
        return;
    size_t size[ORDERS];
    int best = 0;
    for (int k = 0; k < ORDERS; k++) {
        qsort(list.at, (size_t)list.n, sizeof *list.at, order[k]);
        size[k] = place_all(&list, base);
        best = size[k] < size[best] ? k : best;
    }
    qsort(list.at, (size_t)list.n, sizeof *list.at, order[best]);
    e->scratch = place_all(&list, base);
    qsort(list.at, (size_t)list.n, sizeof *list.at, by_birth);
    find_bound(e, &list);
    for (int i = 0; i < list.n; i++)
        PUSH(a, &e->scratch_buffer, list.at[i]);
}

void plan_scratch(Entry *e, size_t base, Arena *a)
{
    place_scratch(e, scratch_of(e, a), base, a);
}

void plan_nests(Entry *e, const Schedule *s, Arena *a)
{
    place_scratch(e, scratch_of_nests(s, a), 0, a);
}
