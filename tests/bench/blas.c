/* A peer for the products of products.nn: the machine's BLAS, as the reference C interface
 * has it.
 *
 *   blas ROWS INPUTS OUTPUTS forward|reading|weights     prints ms: median, fastest,
 * processors' */
#include <cblas.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { TIMES = 60 };

static double seconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static float *noise(int rows, int columns)
{
    size_t n = (size_t)rows * (size_t)columns;
    float *x = malloc(n * sizeof *x);
    if (!x)
        exit(2);
    for (size_t i = 0; i < n; i++)
        x[i] = (float)rand() / (float)RAND_MAX - 0.5f;
    return x;
}

/* x is (n,i), w is (o,i), y is (n,o): one of them from the other two. */
static void multiply(char what, int n, int i, int o, float *x, float *w, float *y)
{
    if (what == 'f')
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, n, o, i, 1, x, i, w, i, 0, y,
                    o);
    else if (what == 'r')
        cblas_sgemm(CblasRowMajor, CblasNoTrans, CblasNoTrans, n, i, o, 1, y, o, w, i, 0, x,
                    i);
    else
        cblas_sgemm(CblasRowMajor, CblasTrans, CblasNoTrans, o, i, n, 1, y, o, x, i, 0, w,
                    i);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

int main(int argc, char **argv)
{
    if (argc != 5 || !strchr("frw", argv[4][0]))
        return 2;
    int n = atoi(argv[1]), i = atoi(argv[2]), o = atoi(argv[3]);
    float *x = noise(n, i), *w = noise(o, i), *y = noise(n, o);
    double time[TIMES], used = 0;
    for (int k = -3; k < TIMES; k++) {
        if (k == 0)
            used = seconds(CLOCK_PROCESS_CPUTIME_ID);
        double start = seconds(CLOCK_MONOTONIC);
        multiply(argv[4][0], n, i, o, x, w, y);
        if (k >= 0)
            time[k] = seconds(CLOCK_MONOTONIC) - start;
    }
    used = (seconds(CLOCK_PROCESS_CPUTIME_ID) - used) / TIMES;
    qsort(time, TIMES, sizeof *time, by_size);
    printf("%.4g %.4g %.4g\n", 1e3 * time[TIMES / 2], 1e3 * time[0], 1e3 * used);
    return 0;
}
