/* P: how many single-precision operations the machine makes in a second when nothing but
 * multiply-adds in registers is to be done. Each thread runs independent chains of them, as
 * many as there are registers, so neither latency nor memory counts.
 *
 *   peak THREADS     prints the GFLOP/s: median of bursts, fastest, and by the time that
 * the processors gave, which others on the machine do not take from */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#if defined __AVX512F__
enum { LANES = 16 };
#elif defined __AVX__
enum { LANES = 8 };
#else
enum { LANES = 4 };
#endif
#if defined __AVX512F__ || defined __aarch64__
#define CHAINS(DO) FOURTEEN(DO, a) FOURTEEN(DO, b)
enum { NCHAIN = 28 };
#else
#define CHAINS(DO) FOURTEEN(DO, a)
enum { NCHAIN = 14 };
#endif
/* clang-format off */
#define FOURTEEN(DO, x) \
    DO(x##0) DO(x##1) DO(x##2) DO(x##3) DO(x##4) DO(x##5) DO(x##6) DO(x##7) DO(x##8) \
    DO(x##9) DO(x##10) DO(x##11) DO(x##12) DO(x##13)
/* clang-format on */

#if defined __clang__ && defined __AVX512F__
#define WIDE __attribute__((noinline, min_vector_width(512)))
#else
#define WIDE __attribute__((noinline))
#endif

enum { STEPS = 1 << 19, BURSTS = 20, MOST = 64 };

typedef float Vec __attribute__((vector_size(4 * LANES)));

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* The values are different numbers near 1, and the compiler cannot know. */
static WIDE void burst(Vec *at)
{
    Vec half = at[0] * 0.5f;
#define BEGIN(x) Vec x = *at++;
#define STEP(x)  x = x * half + half;
#define END(x)   *--at += x;
    CHAINS(BEGIN)
    for (int i = 0; i < STEPS; i++) {
        CHAINS(STEP)
    }
    CHAINS(END)
}

static void *run_bursts(void *argument)
{
    Vec x[NCHAIN];
    for (int i = 0; i < NCHAIN; i++)
        x[i] = (Vec){0} + (1 + 1e-3f * (float)i);
    burst(x);
    *(volatile float *)argument = x[0][0];
    return NULL;
}

static double work(int threads) { return 2.0 * STEPS * NCHAIN * LANES * threads * 1e-9; }

static double time_burst(int threads)
{
    pthread_t thread[MOST];
    float result[MOST];
    double start = seconds(CLOCK_MONOTONIC);
    for (int i = 1; i < threads; i++)
        if (pthread_create(&thread[i], NULL, run_bursts, &result[i]))
            exit(2);
    run_bursts(&result[0]);
    for (int i = 1; i < threads; i++)
        pthread_join(thread[i], NULL);
    return seconds(CLOCK_MONOTONIC) - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    int threads = argc == 2 ? atoi(argv[1]) : 0;
    if (threads < 1 || threads > MOST) {
        fprintf(stderr, "usage: peak THREADS, 1 to %d\n", MOST);
        return 2;
    }
    double time[BURSTS];
    time_burst(threads);
    double used = seconds(CLOCK_PROCESS_CPUTIME_ID);
    for (int i = 0; i < BURSTS; i++)
        time[i] = time_burst(threads);
    used = (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) / BURSTS / threads;
    qsort(time, BURSTS, sizeof *time, by_size);
    printf("%.4g %.4g %.4g\n", work(threads) / time[BURSTS / 2], work(threads) / time[0],
           work(threads) / used);
    return 0;
}
