/* Threads: every part of every region runs once, on its own thread, and has finished when
 * the call returns. It has a main of its own, because the thread sanitizer and Criterion do
 * not go together. */
#include "gr.h"

#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define CHECK(claim)                                                                       \
    do {                                                                                   \
        if (!(claim)) {                                                                    \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #claim);                    \
            exit(1);                                                                       \
        }                                                                                  \
    } while (0)

enum { PARTS = 7 };

typedef struct Block {
    int count[PARTS], parts[PARTS];
    pthread_t thread[PARTS];
    double tiny[PARTS];
} Block;

/* Not atomic: the pool has to order it, and the thread sanitizer watches. */
static void work(void *block, int part, int parts)
{
    Block *b = block;
    volatile double small = 1e-300;
    b->count[part]++;
    b->parts[part] = parts;
    b->thread[part] = pthread_self();
    b->tiny[part] = small * 1e-10;
}

static void every_part_once(int threads, int parts)
{
    Block b = {0};
    gr_pool *p = gr_pool_new(threads, 0);
    for (int round = 1; round <= 2000; round++) {
        gr_pool_run(p, work, &b, parts);
        for (int i = 0; i < PARTS; i++)
            CHECK(b.count[i] == (i < parts ? round : 0));
        if (round % 500 == 0)
            usleep(2000); /* the workers go to sleep */
    }
    for (int i = 0; i < parts; i++) {
        CHECK(b.parts[i] == parts);
        CHECK(pthread_equal(b.thread[i], b.thread[i % threads]));
    }
    CHECK(pthread_equal(b.thread[0], pthread_self()));
    gr_pool_free(p);
}

static void unused_pools_end(void)
{
    for (int i = 0; i < 50; i++)
        gr_pool_free(gr_pool_new(3, 0));
}

static void *another_caller(void *unused)
{
    (void)unused;
    every_part_once(2, 5);
    return NULL;
}

static void pools_are_independent(void)
{
    pthread_t t;
    CHECK(pthread_create(&t, NULL, another_caller, NULL) == 0);
    every_part_once(3, 4);
    pthread_join(t, NULL);
}

static void denormals(void)
{
    Block b = {0};
    gr_pool *p = gr_pool_new(2, 1);
    gr_pool_run(p, work, &b, 2);
    CHECK(b.tiny[0] > 0 && "the caller decides for itself");
#if defined __SSE__ || defined __aarch64__
    CHECK(b.tiny[1] == 0);
    CHECK(gr_flush_denormals(1) == 0);
    gr_pool_run(p, work, &b, 2);
    CHECK(b.tiny[0] == 0);
    CHECK(gr_flush_denormals(0) == 1);
    gr_pool_run(p, work, &b, 2);
    CHECK(b.tiny[0] > 0);
#endif
    gr_pool_free(p);
}

int main(void)
{
    for (int threads = 1; threads <= 4; threads++)
        for (int parts = 1; parts <= PARTS; parts += 3)
            every_part_once(threads, parts);
    unused_pools_end();
    pools_are_independent();
    denormals();
    printf("pool: every part once\n");
    return 0;
}
