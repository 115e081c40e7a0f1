/* runtime/simd.h and rng.h, against libm in a wider type and against plain C.
 *
 * Compiled once for each GR_DOUBLE, GR_LANES and machine that CMakeLists.txt lists, with
 * SUITE the name of that configuration. The functions are tested on a stratified subset: in
 * float every 4099th bit pattern, which meets all exponents and signs; in double 10^5
 * arguments, half random patterns and half random numbers of moderate size.
 * GRADC_EVERY_FLOAT=1 in the environment tests every float instead: a minute per function.
 */
#include <criterion/criterion.h>
#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "simd.h"

#if GR_DOUBLE
typedef long double Ref;
typedef uint64_t Bits;
#define REF(f) f##l
#else
typedef double Ref;
typedef uint32_t Bits;
#define REF(f) f
#endif

/* Equal as numbers, whatever their types. */
#define IS(got, want) cr_assert_eq((double)(got), (double)(want))

#define CASE_(suite, name) Test(suite, name)
#define CASE(name)         CASE_(SUITE, name)

/* ---- The functions of one argument ------------------------------------------------- */

static Ref ref_rsqrt(Ref x) { return 1 / REF(sqrt)(x); }
static Ref ref_abs(Ref x) { return REF(fabs)(x); }
static Ref ref_sign(Ref x) { return (x > 0) - (x < 0); }
static Ref ref_softplus(Ref x)
{
    return REF(fmax)(x, 0) + REF(log1p)(REF(exp)(-REF(fabs)(x)));
}
static Ref ref_sigmoid(Ref x)
{
    Ref e = REF(exp)(-REF(fabs)(x));
    return (x < 0 ? e : 1) / (1 + e);
}

typedef struct {
    const char *name;
    vec (*vector)(vec x);
    real (*scalar)(real x);
    Ref (*reference)(Ref x);
    double most[2]; /* units of the last place, in float and in double (erfc: libm's) */
} Function;

/* clang-format off */
#define FUNCTIONS(F)                          \
    F(sqrt,     REF(sqrt),   0.5, 0.5)        \
    F(rsqrt,    ref_rsqrt,   2,   2)          \
    F(exp,      REF(exp),    1,   2)          \
    F(expm1,    REF(expm1),  2,   2)          \
    F(log,      REF(log),    1,   2)          \
    F(log1p,    REF(log1p),  2,   2)          \
    F(sin,      REF(sin),    2,   2)          \
    F(cos,      REF(cos),    2,   2)          \
    F(tan,      REF(tan),    2,   2)          \
    F(atan,     REF(atan),   2,   2)          \
    F(sinh,     REF(sinh),   2,   2)          \
    F(cosh,     REF(cosh),   2,   2)          \
    F(tanh,     REF(tanh),   2,   2)          \
    F(sigmoid,  ref_sigmoid, 2,   2)          \
    F(softplus, ref_softplus, 2,  2)          \
    F(erf,      REF(erf),    2,   2)          \
    F(erfc,     REF(erfc),   2,   5)          \
    F(abs,      ref_abs,     0,   0)          \
    F(sign,     ref_sign,    0,   0)          \
    F(floor,    REF(floor),  0,   0)
/* clang-format on */

#define DEFINE(f, reference, in_float, in_double)                                          \
    static vec vector_##f(vec x) { return gr_##f(x); }                                     \
    static real scalar_##f(real x) { return gr_##f(x); }
FUNCTIONS(DEFINE)

static Bits bits_of(real x)
{
    Bits b;
    memcpy(&b, &x, sizeof b);
    return b;
}

static real real_of(Bits b)
{
    real x;
    memcpy(&x, &b, sizeof x);
    return x;
}

/* 1 over the unit of the last place of a real near x. */
static Ref per_unit(Ref x)
{
#if GR_DOUBLE
    int exponent;
    frexpl(x, &exponent);
    return ldexpl(1, DBL_MANT_DIG -
                         (x == 0 || exponent < DBL_MIN_EXP ? DBL_MIN_EXP : exponent));
#else
    uint64_t bits; /* by hand: this is called for every float */
    memcpy(&bits, &x, sizeof bits);
    uint64_t exponent = bits >> 52 & 0x7ff, least = 1023 - 126;
    bits = (2 * 1023 + 23 - (exponent < least ? least : exponent)) << 52;
    memcpy(&x, &bits, sizeof x);
    return x;
#endif
}

/* |got - want| in units of the last place of want. An infinity counts as the power of two
 * after the largest number; a zero must have the sign of want. */
static double units(real got, Ref want)
{
    if (isnan(got) || isnan(want))
        return isnan(got) && isnan(want) ? 0 : HUGE_VAL;
    if (got == 0 && want == 0)
        return !signbit(got) == !signbit(want) ? 0 : HUGE_VAL;
    const Ref top = GR_DOUBLE ? 2 * (Ref)0x1p1023 : (Ref)0x1p128;
    Ref y = isinf(got) ? REF(copysign)(top, got) : got;
    if (REF(fabs)(want) > top)
        want = REF(copysign)(top, want);
    return (double)(REF(fabs)(y - want) * per_unit(want));
}

/* The worst of `most` and the lanes of x. */
static double error_of(const Function *f, const real *x, real *worst, double most)
{
    vec y = f->vector(gr_load(x));
    for (int i = 0; i < GR_LANES; i++) {
        double e = units(y[i], f->reference(x[i]));
        if (e > most) {
            most = e;
            *worst = x[i];
        }
    }
    return most;
}

static void same(real a, real b, const char *what, real x, real y)
{
    if (bits_of(a) != bits_of(b) && !(isnan(a) && isnan(b)))
        cr_assert_fail("%s(%a, %a): %a and %a", what, (double)x, (double)y, (double)a,
                       (double)b);
}

/* Scalars give the bits of vectors. */
static void check_scalar(const Function *f, const real *x)
{
    vec y = f->vector(gr_load(x));
    for (int i = 0; i < GR_LANES; i++)
        same(f->scalar(x[i]), y[i], f->name, x[i], 0);
}

static uint64_t next_random(uint64_t *state)
{
    *state = *state * 6364136223846793005u + 1442695040888963407u;
    return *state ^ *state >> 29;
}

/* In [-1, 1). */
static double next_signed(uint64_t *state)
{
    return (double)(int64_t)next_random(state) * 0x1p-63;
}

/* clang-format off */
static const real special[] = {
    0, (real)-0.0, 1, -1, (real)0.5, (real)-0.5, 2, -2, INFINITY, -INFINITY, NAN,
    (real)0x1p-149, (real)-0x1p-149, (real)0x1p-126, (real)-0x1p-126, (real)0x1.fffffep+127,
    (real)-0x1.fffffep+127, (real)88.72284, (real)89.4, (real)-87.4, (real)-103.97, (real)-104,
    (real)709.782712893384, (real)-745.13, (real)-746, (real)710.4758600739439, (real)1e300,
    (real)1.5707963267948966, (real)3.141592653589793, (real)26.54, (real)10.06, (real)-8,
    (real)524287.9, (real)524288.1, (real)1e9, (real)8388609, (real)-0.99999994,
};
/* clang-format on */
enum { SPECIALS = sizeof special / sizeof *special };

static void test_function(const Function *f)
{
    real x[GR_LANES], worst = 0;
    double e = 0;
    for (int i = 0; i < SPECIALS; i++) {
        for (int k = 0; k < GR_LANES; k++)
            x[k] = special[(i + k) % SPECIALS];
        e = error_of(f, x, &worst, e);
        check_scalar(f, x);
    }
    int every = !GR_DOUBLE && getenv("GRADC_EVERY_FLOAT");
    uint64_t step = every ? 1 : GR_DOUBLE ? 32771 : 4099, state = 1;
    for (uint64_t b = 0; b < (uint64_t)1 << 32; b += GR_LANES * step) {
        for (int k = 0; k < GR_LANES; k++)
            if (!GR_DOUBLE)
                x[k] = real_of((Bits)(b + k * step));
            else if (next_random(&state) >> 63)
                x[k] = real_of((Bits)next_random(&state));
            else
                x[k] = (real)(next_signed(&state) * (next_random(&state) >> 63 ? 4 : 40));
        e = error_of(f, x, &worst, e);
        if (!every)
            check_scalar(f, x);
    }
    if (getenv("GRADC_PRINT_ERRORS"))
        printf("%-9s %6.3f at %a = %g\n", f->name, e, (double)worst, (double)worst);
    cr_assert(e <= f->most[GR_DOUBLE], "%s: %.3f units at %a", f->name, e, (double)worst);
}

#define FUNCTION_CASE(f, reference, in_float, in_double)                                   \
    CASE(f)                                                                                \
    {                                                                                      \
        test_function(                                                                     \
            &(Function){#f, vector_##f, scalar_##f, reference, {in_float, in_double}});    \
    }
FUNCTIONS(FUNCTION_CASE)

/* ---- Functions of two arguments ---------------------------------------------------- */

static double pow_error(real x, real y)
{
    vec v = gr_pow(gr_splat(x), gr_splat(y));
    real s = gr_pow(x, y);
    same(v[GR_LANES - 1], s, "pow", x, y);
    same(gr_pow(gr_splat(x), y)[0], s, "pow", x, y);
    same(gr_pow(x, gr_splat(y))[0], s, "pow", x, y);
    return units(s, REF(pow)(x, y));
}

CASE(pow)
{
    static const real more[] = {
        3, -3, (real)0.1, 1e6, 8388607, (real)16777217, (real)1e30, (real)0.9999};
    enum { MORE = sizeof more / sizeof *more, ALL = SPECIALS + MORE };
    for (int i = 0; i < ALL; i++)
        for (int k = 0; k < ALL; k++) {
            real x = i < SPECIALS ? special[i] : more[i - SPECIALS];
            real y = k < SPECIALS ? special[k] : more[k - SPECIALS];
            double e = pow_error(x, y);
            cr_assert(e <= 1, "pow(%a, %a): %.3f units", (double)x, (double)y, e);
        }
    uint64_t state = 2;
    for (int i = 0; i < 300000; i++) {
        real x = real_of((Bits)next_random(&state) & (Bits)-1 >> 1);
        real y = (real)(next_signed(&state) * (i % 2 ? 3 : 100));
        if (i % 3)
            x = (real)(next_signed(&state) + 1);
        double e = pow_error(x, y);
        cr_assert(e <= 1, "pow(%a, %a): %.3f units", (double)x, (double)y, e);
    }
}

CASE(min_and_max)
{
    for (int i = 0; i < SPECIALS; i++)
        for (int k = 0; k < SPECIALS; k++) {
            real a = special[i], b = special[k];
            real most = a > b || a != a ? a : b, least = a < b || a != a ? a : b;
            same(gr_max(a, b), most, "max", a, b);
            same(gr_min(a, b), least, "min", a, b);
            for (int lane = 0; lane < GR_LANES; lane++) {
                same(gr_max(gr_splat(a), gr_splat(b))[lane], most, "max", a, b);
                same(gr_max(gr_splat(a), b)[lane], most, "max", a, b);
                same(gr_max(a, gr_splat(b))[lane], most, "max", a, b);
                same(gr_min(gr_splat(a), gr_splat(b))[lane], least, "min", a, b);
            }
        }
}

CASE(truth)
{
    vec x = gr_iota(0);
    for (int n = 0; n < GR_LANES; n++)
        for (int flag = 0; flag < 2; flag++) {
            vec and = gr_real(gr_and(x < (real)n, flag)),
                or = gr_real(gr_or(flag, x == (real)n));
            vec not = gr_real(gr_not(gr_and(x >= 1, x != (real)n)));
            vec blend = gr_select(x < (real)n, x, -1),
                choose = gr_select(flag, x, (real)0.25);
            vec turned = gr_select(x < (real)n, (real)0.5, x),
                both = gr_select(x < (real)n, 2, 3);
            for (int i = 0; i < GR_LANES; i++) {
                IS(and[i], (i < n && flag));
                IS(or [i], (i == n || flag));
                IS(not [i], !(i >= 1 && i != n));
                IS(blend[i], i < n ? i : -1);
                IS(choose[i], flag ? (real)i : (real)0.25);
                IS(turned[i], i < n ? (real)0.5 : (real)i);
                IS(both[i], i < n ? 2 : 3);
            }
            IS(gr_select(flag, (real)n, -1), flag ? n : -1);
            IS(gr_real(gr_and(n, gr_not(flag))), n && !flag);
        }
}

/* ---- Memory ------------------------------------------------------------------------ */

/* n bytes that end where the address space may not be touched. */
static void *before_the_end(size_t n)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *p =
        mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(p != MAP_FAILED && mprotect(p + page, page, PROT_NONE) == 0);
    memset(p, 0x55, page);
    return p + page - n;
}

/* The same where the part is a constant, as in generated C, and where it is not. */
static void check_parts(int n)
{
    real *p = before_the_end((size_t)n * sizeof *p);
    for (int i = 0; i < n; i++)
        p[i] = (real)(i + 1);
    vec v = gr_load_part(p, n), back = gr_iota(100);
    for (int i = 0; i < GR_LANES; i++)
        IS(v[i], i < n ? i + 1 : 0);
    gr_store_part(p, back, n);
    for (int i = 0; i < n; i++)
        IS(p[i], 100 + i);
    IS(p[-1], real_of((Bits)0x5555555555555555));

    int32_t *index = before_the_end((size_t)n * sizeof *index);
    uint8_t *byte = before_the_end((size_t)n);
    for (int i = 0; i < n; i++) {
        index[i] = 5 - 1000 * i;
        byte[i] = (uint8_t)(250 - 20 * i);
    }
    vec a = gr_load_i32_part(index, n), b = gr_load_u8_part(byte, n);
    ivec c = gr_iload_part(index, n), d = gr_iload_u8_part(byte, n);
    for (int i = 0; i < GR_LANES; i++) {
        IS(a[i], i < n ? 5 - 1000 * i : 0);
        IS(b[i], i < n ? (uint8_t)(250 - 20 * i) : 0);
        IS(c[i], i < n ? 5 - 1000 * i : 0);
        IS(d[i], i < n ? (uint8_t)(250 - 20 * i) : 0);
    }
    gr_store_i32_part(index, gr_iota(-3), n);
    for (int i = 0; i < n; i++)
        IS(index[i], i - 3);
    IS(index[-1], 0x55555555);
}

CASE(parts)
{
    for (volatile int n = 0; n <= GR_LANES; n++)
        check_parts(n);
#define PART(n)                                                                            \
    if (n <= GR_LANES) {                                                                   \
        real *p = before_the_end(n * sizeof *p);                                           \
        gr_store_part(p, gr_iota(7), n);                                                   \
        vec v = gr_load_part(p, n);                                                        \
        for (int i = 0; i < GR_LANES; i++)                                                 \
            IS(v[i], i < n ? 7 + i : 0);                                                   \
    }
    PART(0) PART(1) PART(2) PART(3) PART(5) PART(7) PART(8) PART(10) PART(15) PART(16)
}

CASE(whole)
{
    real *p = before_the_end(GR_LANES * sizeof *p);
    int32_t *index = before_the_end(GR_LANES * sizeof *index);
    uint8_t *byte = before_the_end(GR_LANES);
    gr_store(p, gr_iota(3));
    for (int i = 0; i < GR_LANES; i++) {
        IS(p[i], 3 + i);
        index[i] = INT32_MIN + i * 4096;
        byte[i] = (uint8_t)(255 - i);
    }
    for (int i = 0; i < GR_LANES; i++) {
        IS(gr_load(p)[i], 3 + i);
        IS(gr_load_i32(index)[i], (real)index[i]);
        IS(gr_load_u8(byte)[i], byte[i]);
        IS(gr_iload(index)[i], index[i]);
        IS(gr_iload_u8(byte)[i], byte[i]);
        IS(gr_isplat(-7)[i], -7);
        for (int n = 0; n <= GR_LANES; n++)
            IS(gr_keep(gr_load(p), n, -INFINITY)[i], i < n ? p[i] : -INFINITY);
    }
}

/* The gap between the last element gathered and the end of the page is none. */
static void check_gather(int stride, int n)
{
    int count = n > 0 ? (n - 1) * abs(stride) + 1 : 0, first = stride < 0 ? count - 1 : 0;
    real *p = before_the_end((size_t)count * sizeof *p);
    int32_t *index = before_the_end((size_t)count * sizeof *index);
    uint8_t *byte = before_the_end((size_t)count);
    for (int i = 0; i < count; i++) {
        p[i] = (real)i / 4;
        index[i] = -i;
        byte[i] = (uint8_t)(i * 7);
    }
    int whole = n == GR_LANES;
    vec v = whole ? gr_gather(p + first, stride) : gr_gather_part(p + first, stride, n);
    vec b = whole ? gr_gather_u8(byte + first, stride)
                  : gr_gather_u8_part(byte + first, stride, n);
    vec k = whole ? gr_gather_i32(index + first, stride)
                  : gr_gather_i32_part(index + first, stride, n);
    for (int i = 0; i < GR_LANES; i++) {
        int at = first + i * stride;
        IS(v[i], i < n ? (real)at / 4 : 0);
        IS(b[i], i < n ? (uint8_t)(at * 7) : 0);
        IS(k[i], i < n ? -at : 0);
    }
    if (stride == 0)
        return;
    if (whole) {
        gr_scatter(p + first, stride, gr_iota(500));
        gr_scatter_i32(index + first, stride, gr_iota(500));
    } else {
        gr_scatter_part(p + first, stride, gr_iota(500), n);
        gr_scatter_i32_part(index + first, stride, gr_iota(500), n);
    }
    for (int i = 0; i < count; i++) {
        IS(p[i], i % stride ? i / 4. : 500 + (i - first) / stride);
        IS(index[i], i % stride ? -i : 500 + (i - first) / stride);
    }
}

CASE(gathers)
{
    for (int stride = -3; stride <= 5; stride++)
        for (volatile int n = 0; n <= GR_LANES; n++)
            check_gather(stride, n);
    check_gather(1, GR_LANES);
    check_gather(2, GR_LANES);
    check_gather(-1, GR_LANES);
}

CASE(gather_at)
{
    real *p = before_the_end(100 * sizeof *p);
    int32_t at[GR_LANES];
    for (int i = 0; i < 100; i++)
        p[i] = (real)(3 * i);
    for (int i = 0; i < GR_LANES; i++)
        at[i] = (i * 37 + 99) % 100;
    vec v = gr_gather_at(p, gr_iload(at));
    for (int n = 0; n <= GR_LANES; n++) {
        for (int i = n; i < GR_LANES; i++)
            at[i] = 1 << 30; /* must not be read */
        vec part = gr_gather_at_part(p, gr_iload(at), n);
        for (int i = 0; i < GR_LANES; i++) {
            IS(v[i], 3 * ((i * 37 + 99) % 100));
            IS(part[i], i < n ? v[i] : 0);
        }
        for (int i = 0; i < GR_LANES; i++)
            at[i] = (i * 37 + 99) % 100;
    }
}

/* ---- All lanes to one -------------------------------------------------------------- */

CASE(reductions)
{
    /* powers of two, so that every order of adding is exact and each lane is counted once
     */
    vec v = gr_splat(1);
    for (int i = 0; i < GR_LANES; i++)
        v[i] = (real)(1 << i);
    IS(gr_sum(v), (1 << GR_LANES) - 1);
    for (int i = 0; i < GR_LANES; i++)
        v[i] = (real)(i % 3 + 1);
    real product = 1;
    for (int i = 0; i < GR_LANES; i++)
        product *= v[i];
    IS(gr_prod(v), product);
    for (int i = 0; i < GR_LANES; i++) {
        v = gr_splat(5);
        v[i] = 9;
        IS(gr_max_of(v), 9);
        v[i] = -9;
        IS(gr_min_of(v), -9);
        v[i] = NAN;
        cr_assert(isnan(gr_max_of(v)) && isnan(gr_min_of(v)) && isnan(gr_sum(v)));
    }
}

/* The order of adding is part of the promise that results do not change. */
CASE(order_of_sum)
{
    real x[GR_LANES];
    for (int i = 0; i < GR_LANES; i++)
        x[i] = (real)1 / (real)(i + 3);
    vec v = gr_load(x);
    for (int half = GR_LANES / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++)
            x[i] += x[i + half];
    IS(gr_sum(v), x[0]);
}

/* ---- Random numbers ---------------------------------------------------------------- */

/* The known answers that Random123 publishes for philox4x32 with 10 rounds (kat_vectors).
 */
CASE(philox)
{
    static const struct {
        uint32_t counter[4], key[2], word[4];
    } known[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        const uint32_t *c = known[i].counter, *key = known[i].key;
        gr_philox got = gr_draw((uint64_t)key[1] << 32 | key[0], c[3], c[2],
                                (uint64_t)c[1] << 32 | c[0]);
        for (int k = 0; k < 4; k++)
            cr_assert_eq(got.word[k], known[i].word[k]);
        real u = gr_uniform((uint64_t)key[1] << 32 | key[0], c[3], c[2],
                            (uint64_t)c[1] << 32 | c[0]);
        cr_assert_eq(u, (real)((known[i].word[0] >> 8) * 0x1p-24));
    }
}

CASE(random_lanes)
{
    static const uint64_t start[] = {0, 1, 1000, 0xfffffff8, 0xffffffff, 0x123456789abcdef};
    for (size_t k = 0; k < sizeof start / sizeof *start; k++) {
        uint64_t e = start[k];
        vec u = gr_uniform_v(7 + (e << 31), e, 3, e), n = gr_normal_v(7, 2 + e, 3, e);
        for (int i = 0; i < GR_LANES; i++) {
            same(u[i], gr_uniform(7 + (e << 31), e, 3, e + (uint64_t)i), "uniform", (real)k,
                 (real)i);
            same(n[i], gr_normal(7, 2 + e, 3, e + (uint64_t)i), "normal", (real)k, (real)i);
        }
    }
}

CASE(distributions)
{
    enum { COUNT = 1 << 16 };
    double u1 = 0, u2 = 0, n1 = 0, n2 = 0, n4 = 0;
    for (uint64_t e = 0; e < COUNT; e += GR_LANES) {
        vec u = gr_uniform_v(42, 1, 5, e), n = gr_normal_v(42, 1, 6, e);
        for (int i = 0; i < GR_LANES; i++) {
            cr_assert(u[i] >= 0 && u[i] < 1);
            u1 += u[i] / (double)COUNT;
            u2 += u[i] * u[i] / (double)COUNT;
            n1 += n[i] / (double)COUNT;
            n2 += n[i] * n[i] / (double)COUNT;
            n4 += pow(n[i], 4) / COUNT;
        }
    }
    /* within four standard deviations of each mean */
    cr_assert_float_eq(u1, 0.5, 4 * sqrt(1. / 12 / COUNT));
    cr_assert_float_eq(u2, 1. / 3, 4 * sqrt(4. / 45 / COUNT));
    cr_assert_float_eq(n1, 0, 4 * sqrt(1. / COUNT));
    cr_assert_float_eq(n2, 1, 4 * sqrt(2. / COUNT));
    cr_assert_float_eq(n4, 3, 4 * sqrt(96. / COUNT));
}

/* The formula of the language, in double. */
CASE(normal_formula)
{
    for (uint64_t e = 0; e < 20000; e++) {
        gr_philox c = gr_draw(9, 4, 2, e);
        double want = sqrt(-2 * log(((c.word[0] >> 8) + 1) * 0x1p-24)) *
                      cos(2 * acos(-1) * ((c.word[1] >> 8) * 0x1p-24));
        double got = (double)gr_normal(9, 4, 2, e);
        cr_assert_float_eq(got, want, GR_DOUBLE ? 1e-14 : 3e-6);
    }
}
