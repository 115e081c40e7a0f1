/* Threads that run the parts of a region.
 *
 * Part p goes to thread p mod threads, always, so that a thread finds in its cache what it
 * wrote the time before. Regions follow each other within microseconds: whoever waits spins
 * for a while, and sleeps when nothing comes. Thread 0 is the caller. */
#include "gr.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>
#if defined __SSE__
#include <xmmintrin.h>
#endif

enum { SPINS = 4000 }; /* some 50 microseconds */

typedef struct Worker {
    struct gr_pool *pool;
    pthread_t thread;
    int index;
} Worker;

struct gr_pool {
    int threads, spins;
    bool flush;
    /* the region, written before `round` goes up and read after */
    gr_work *work;
    void *task;
    int parts;
    _Alignas(64) atomic_uint round; /* of regions so far; the last one is for going home */
    _Alignas(64) atomic_uint done;  /* workers that finished this round */
    _Alignas(64) atomic_int sleepers;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    Worker worker[];
};

/* Denormal numbers cost a hundred cycles each and mean nothing to training. */
int gr_flush_denormals(int on)
{
#if defined __SSE__
    unsigned old = _mm_getcsr();
    _mm_setcsr(on ? old | 0x8040 : old & ~0x8040u);
    return (old & 0x8040) == 0x8040;
#elif defined __aarch64__
    uint64_t old;
    __asm__ volatile("mrs %0, fpcr" : "=r"(old));
    __asm__ volatile("msr fpcr, %0"
                     :
                     : "r"(on ? old | 1u << 24 : old & ~((uint64_t)1 << 24)));
    return (int)(old >> 24 & 1);
#else
    (void)on;
    return 0;
#endif
}

static void pause_a_little(void)
{
#if defined __SSE__
    _mm_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* Until *counter is (equal) or is no longer (!equal) `value`. */
static void wait_until(gr_pool *p, atomic_uint *counter, unsigned value, bool equal)
{
    for (int i = 0; i < p->spins; i++) {
        if ((atomic_load_explicit(counter, memory_order_acquire) == value) == equal)
            return;
        pause_a_little();
    }
    pthread_mutex_lock(&p->lock);
    atomic_fetch_add(&p->sleepers, 1);
    while ((atomic_load(counter) == value) != equal)
        pthread_cond_wait(&p->changed, &p->lock);
    atomic_fetch_sub(&p->sleepers, 1);
    pthread_mutex_unlock(&p->lock);
}

/* Who sleeps has counted itself before it looked at the counter, and both are sequentially
 * consistent: either we see the sleeper or it sees the new value. */
static void go_up(gr_pool *p, atomic_uint *counter)
{
    atomic_fetch_add(counter, 1);
    if (atomic_load(&p->sleepers) > 0) {
        pthread_mutex_lock(&p->lock);
        pthread_cond_broadcast(&p->changed);
        pthread_mutex_unlock(&p->lock);
    }
}

static void run_parts(gr_pool *p, int thread)
{
    for (int part = thread; part < p->parts; part += p->threads)
        p->work(p->task, part, p->parts);
}

static void *serve(void *argument)
{
    Worker *w = argument;
    gr_pool *p = w->pool;
    if (p->flush)
        gr_flush_denormals(1);
    for (unsigned round = 0;; round++) {
        wait_until(p, &p->round, round, false);
        if (!p->work)
            return NULL;
        run_parts(p, w->index);
        go_up(p, &p->done);
    }
}

void gr_pool_run(void *pool, gr_work *work, void *task, int parts)
{
    gr_pool *p = pool;
    p->work = work;
    p->task = task;
    p->parts = parts;
    atomic_store_explicit(&p->done, 0, memory_order_relaxed);
    go_up(p, &p->round);
    run_parts(p, 0);
    wait_until(p, &p->done, (unsigned)(p->threads - 1), true);
}

gr_pool *gr_pool_new(int threads, int flush)
{
    size_t bytes = sizeof(gr_pool) + (size_t)threads * sizeof(Worker);
    gr_pool *p = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
    if (!p)
        return NULL;
    *p = (gr_pool){.threads = 1, .flush = flush};
    p->spins = threads <= sysconf(_SC_NPROCESSORS_ONLN) ? SPINS : 0;
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    for (int i = 1; i < threads; i++) {
        p->worker[i] = (Worker){.pool = p, .index = i};
        if (pthread_create(&p->worker[i].thread, NULL, serve, &p->worker[i]) != 0)
            break; /* fewer threads are as good */
        p->threads = i + 1;
    }
    return p;
}

void gr_pool_free(gr_pool *p)
{
    p->work = NULL;
    go_up(p, &p->round);
    for (int i = 1; i < p->threads; i++)
        pthread_join(p->worker[i].thread, NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
