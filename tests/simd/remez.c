/* The polynomial coefficients of runtime/simd_f32.h and simd_f64.h.
 *
 * Remez' exchange algorithm: of all polynomials p of a degree, find the one whose largest
 * weighted error |w (f - p)| on [lo, hi] is least. Start from Chebyshev's nodes; solve for
 * the p whose error alternates between +E and -E on degree + 2 points; move each point to
 * where the error is largest near it; repeat until the errors agree. All in __float128; the
 * coefficients are rounded once, at the end, which costs nothing because the leading terms
 * of every function are exact and kept out of its polynomial.
 *
 * Usage: remez            every table, with its largest error before and after rounding
 *        remez NAME...    only these
 * Not part of the build:  gcc -std=gnu17 -O2 remez.c -o remez -lquadmath -lm */
#include <quadmath.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef __float128 Num;
enum { MAX_DEGREE = 24, GRID = 2000 };

typedef struct {
    const char *name, *what;
    int degree;
    int bits; /* of the rounded coefficients: 24 or 53 */
    Num lo, hi;
    Num (*f)(Num x);
    Num (*weight)(Num x); /* error that counts, per error of p */
} Table;

/* The sum of term(k) x^k from k = from on, for small x. */
static Num series(Num x, int from, Num (*term)(int k))
{
    Num sum = 0;
    for (int k = from + 60; k >= from; k--)
        sum = sum * x + term(k);
    return sum;
}

static Num inverse_factorial(int k)
{
    Num y = 1;
    for (int i = 2; i <= k; i++)
        y /= i;
    return y;
}

static Num log_term(int k) { return (k % 2 ? 1 : -1) / (Num)k; }
static Num odd_factorial(int k) { return inverse_factorial(2 * k + 1); }
static Num even_factorial(int k) { return inverse_factorial(2 * k); }
static Num sin_term(int k) { return (k % 2 ? -1 : 1) * inverse_factorial(2 * k + 1); }
static Num cos_term(int k) { return (k % 2 ? -1 : 1) * inverse_factorial(2 * k); }
static Num atan_term(int k) { return (k % 2 ? -1 : 1) / (Num)(2 * k + 1); }
static Num atanh_term(int k)
{
    return 2 / (0.693147180559945309417232121458176568Q * (2 * k + 1));
}
static Num erf_term(int k)
{
    return (k % 2 ? -1 : 1) * inverse_factorial(k) / (2 * k + 1) * 2 / sqrtq(acosq(-1));
}

static Num one(Num x) { return x - x + 1; }

/* (e^r - 1 - r) / r^2 */
static Num exp_f(Num r) { return series(r, 2, inverse_factorial); }
static Num exp_w(Num r) { return fabsq(r); } /* e^r - 1, near r, is wanted too */

/* (log(1 + f) - f + f^2/2) / f^3 */
static Num log_f(Num f)
{
    return fabsq(f) < 0.25Q ? series(f, 3, log_term)
                            : (log1pq(f) - f + f * f / 2) / (f * f * f);
}
static Num log_w(Num f) { return f * f; }

/* Odd and even functions, as polynomials in z = x^2 beside their leading terms. */
static Num sin_f(Num z) { return series(z, 1, sin_term); }
static Num cos_f(Num z) { return series(z, 2, cos_term); }
static Num sinh_f(Num z) { return series(z, 1, odd_factorial); }
static Num erf_f(Num z) { return series(z, 0, erf_term) - 1; }
static Num atan_f(Num z)
{
    return z < 0.5Q ? series(z, 1, atan_term) : (atanq(sqrtq(z)) / sqrtq(z) - 1) / z;
}
/* (sinh(x)/(x cosh(x)) - 1)/z from the series of both; that of tanh does not reach far. */
static Num tanh_f(Num z)
{
    Num sinh = series(z, 1, odd_factorial), cosh = series(z, 1, even_factorial);
    return (sinh - cosh) / (1 + z * cosh);
}
static Num first(Num z) { return z; }
static Num second(Num z) { return z * z; }

/* log(erfc(t)), where 1 - erfc(t) is wanted. */
static Num tail_f(Num t) { return logq(erfcq(t)); }
static Num tail_w(Num t) { return erfcq(t); }

/* e^(a^2) erfc(a) for all a >= 0, over q = (a - 4)/(a + 4). */
static Num erfcx_f(Num q)
{
    Num a = 4 * (1 + q) / (1 - q);
    return expq(a * a) * erfcq(a);
}
static Num erfcx_w(Num q) { return 1 / erfcx_f(q); }

/* 2^x, and log2((1 + s)/(1 - s)) / s over z = s^2. */
static Num exp2_f(Num x) { return exp2q(x); }
static Num log2_f(Num z) { return series(z, 0, atanh_term); }

#define LN2 0.693147180559945309417232121458176568Q
#define PI  3.14159265358979323846264338327950288Q

/* clang-format off */
static const Table table[] = {
    {"exp f32",   "(e^r - 1 - r)/r^2",           5, 24, -LN2/2, LN2/2, exp_f, exp_w},
    {"log f32",   "(log(1+f) - f + f^2/2)/f^3",  7, 24, -0.2929Q, 0.4143Q, log_f, log_w},
    {"sinh f32",  "(sinh(x)/x - 1)/z",           3, 24, 0, 1, sinh_f, first},
    {"tanh f32",  "(tanh(x)/x - 1)/z",           4, 24, 0, 0.390625Q, tanh_f, first},
    {"atan f32",  "(atan(x)/x - 1)/z",           8, 24, 0, 1, atan_f, first},
    {"erf f32",   "erf(x)/x - 1",                6, 24, 0, 1, erf_f, one},
    {"tail f32",  "log(erfc(t))",                6, 24, 1, 4, tail_f, tail_w},
    {"exp f64",   "(e^r - 1 - r)/r^2",          10, 53, -LN2/2, LN2/2, exp_f, exp_w},
    {"log f64",   "(log(1+f) - f + f^2/2)/f^3", 18, 53, -0.2929Q, 0.4143Q, log_f, log_w},
    {"sinh f64",  "(sinh(x)/x - 1)/z",           6, 53, 0, 1, sinh_f, first},
    {"tanh f64",  "(tanh(x)/x - 1)/z",          10, 53, 0, 0.390625Q, tanh_f, first},
    {"atan f64",  "(atan(x)/x - 1)/z",          19, 53, 0, 1, atan_f, first},
    {"erf f64",   "erf(x)/x - 1",               12, 53, 0, 1, erf_f, one},
    {"tail f64",  "log(erfc(t))",               16, 53, 1, 6, tail_f, tail_w},
    {"sin f64",   "(sin(x)/x - 1)/z",            5, 53, 0, PI*PI/16, sin_f, first},
    {"cos f64",   "(cos(x) - 1 + z/2)/z^2",      5, 53, 0, PI*PI/16, cos_f, second},
    {"sin f32",   "(sin(x)/x - 1)/z",            3, 53, 0, PI*PI/16, sin_f, first},
    {"cos f32",   "(cos(x) - 1 + z/2)/z^2",      3, 53, 0, PI*PI/16, cos_f, second},
    {"exp2 f32",  "2^x",                         6, 53, -0.5Q, 0.5Q, exp2_f, one},
    {"log2 f32",  "log2((1+s)/(1-s))/s",         6, 53, 0, 0.02944Q, log2_f, one},
    {"erfcx f32", "e^(a^2) erfc(a)",            10, 53, -1, 0.45Q, erfcx_f, erfcx_w},
};
/* clang-format on */

static Num eval(const Num *c, int degree, Num x)
{
    Num y = c[degree];
    for (int k = degree; k-- > 0;)
        y = y * x + c[k];
    return y;
}

static Num error_at(const Table *t, const Num *c, Num x)
{
    return t->weight(x) * (t->f(x) - eval(c, t->degree, x));
}

/* Gauss with pivoting; a has n rows of n + 1, the last column the right side. */
static void solve(int n, Num a[][MAX_DEGREE + 3], Num *x)
{
    for (int k = 0; k < n; k++) {
        int pivot = k;
        for (int i = k + 1; i < n; i++)
            if (fabsq(a[i][k]) > fabsq(a[pivot][k]))
                pivot = i;
        for (int j = k; j <= n; j++) {
            Num swap = a[k][j];
            a[k][j] = a[pivot][j];
            a[pivot][j] = swap;
        }
        for (int i = k + 1; i < n; i++) {
            Num by = a[i][k] / a[k][k];
            for (int j = k; j <= n; j++)
                a[i][j] -= by * a[k][j];
        }
    }
    for (int i = n; i-- > 0;) {
        x[i] = a[i][n];
        for (int j = i + 1; j < n; j++)
            x[i] -= a[i][j] * x[j];
        x[i] /= a[i][i];
    }
}

/* The polynomial whose error alternates on the points; returns the size of that error. */
static Num level(const Table *t, const Num *point, Num *c)
{
    int n = t->degree + 2;
    Num a[MAX_DEGREE + 2][MAX_DEGREE + 3], x[MAX_DEGREE + 2];
    for (int i = 0; i < n; i++) {
        Num w = t->weight(point[i]), power = w;
        for (int k = 0; k <= t->degree; k++, power *= point[i])
            a[i][k] = power;
        a[i][n - 1] = i % 2 ? -1 : 1;
        a[i][n] = w * t->f(point[i]);
    }
    solve(n, a, x);
    memcpy(c, x, (size_t)(n - 1) * sizeof *c);
    return fabsq(x[n - 1]);
}

static Num node(const Table *t, int i, int n)
{
    return (t->lo + t->hi) / 2 - (t->hi - t->lo) / 2 * cosq(PI * i / n);
}

/* New points: the largest error of each run of one sign over a fine grid. If there are more
 * runs than points, the smaller end goes. Returns the largest error. */
static Num exchange(const Table *t, const Num *c, Num *point)
{
    static Num peak[GRID], size[GRID];
    int n = t->degree + 2, runs = 0;
    Num most = 0, before = 0;
    for (int i = 0; i <= GRID; i++) {
        Num x = node(t, i, GRID), e = error_at(t, c, x);
        if (e == 0)
            continue;
        if (runs == 0 || (e > 0) != (before > 0))
            size[runs++] = 0;
        if (fabsq(e) > size[runs - 1]) {
            size[runs - 1] = fabsq(e);
            peak[runs - 1] = x;
        }
        most = fmaxq(most, fabsq(e));
        before = e;
    }
    int skip = 0;
    while (runs - skip > n)
        if (size[skip] < size[runs - 1])
            skip++;
        else
            runs--;
    if (runs - skip == n)
        memcpy(point, peak + skip, (size_t)n * sizeof *point);
    return most;
}

static Num largest(const Table *t, const Num *c)
{
    Num most = 0;
    for (int i = 0; i <= GRID; i++)
        most = fmaxq(most, fabsq(error_at(t, c, node(t, i, GRID))));
    return most;
}

static void print_table(const Table *t)
{
    Num point[MAX_DEGREE + 2], c[MAX_DEGREE + 1], most = 0;
    for (int i = 0; i < t->degree + 2;
         i++) /* inside: the weight may be 0 at an end or middle */
        point[i] = node(t, 2 * i + 1, 2 * t->degree + 4);
    for (int turn = 0; turn < 60; turn++) {
        Num e = level(t, point, c);
        most = exchange(t, c, point);
        if (most <= e * 1.0001Q)
            break;
    }
    for (int k = 0; k <= t->degree; k++)
        c[k] = t->bits == 24 ? (Num)(float)c[k] : (Num)(double)c[k];
    printf("%s: %s on [%.6g, %.6g]: 2^%.2f, rounded 2^%.2f\n   ", t->name, t->what,
           (double)t->lo, (double)t->hi, (double)log2q(most), (double)log2q(largest(t, c)));
    for (int k = 0; k <= t->degree; k++)
        if (t->bits == 24)
            printf(" %a%s", (double)c[k], k < t->degree ? "f," : "f\n");
        else
            printf(" %a%s", (double)c[k], k < t->degree ? "," : "\n");
}

int main(int argc, char **argv)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int wanted = argc == 1;
        for (int k = 1; k < argc; k++)
            wanted |= strcmp(argv[k], table[i].name) == 0;
        if (wanted)
            print_table(&table[i]);
    }
    return 0;
}
