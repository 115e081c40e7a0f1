/* Vectors for generated C, and the scalar functions of the language over them.
 *
 * Generated C defines GR_LANES (a power of two, 1 to 16; at most 8 in double) and GR_DOUBLE
 * (0 or 1), then includes this header once. It gives
 *
 *   real   float or double              vec    GR_LANES reals
 *   mask   a truth per lane, 0 or -1    ivec   GR_LANES int32, used as subscripts
 *
 * + - * / and the comparisons are those of the compiler's vector extension; a real may
 * stand on either side. Everything else is a gr_ name below. What takes a real or a vec is
 * one name for both, chosen by type, and gives the same bits for both. GR_LANES may exceed
 * the machine's registers: the compiler splits. C11, GNU vector extensions, clang >= 14 or
 * gcc >= 12. Needs libm, or bare.h before it; no -ffast-math, and -ffp-contract may be
 * anything. */
#ifndef GR_SIMD_H
#define GR_SIMD_H

#include <stddef.h>
#include <stdint.h>
#ifndef GR_FREESTANDING /* else bare.h was included */
#include <math.h>
#include <string.h>
#define GR_SQRT(a) GR_LIBM(sqrt)(a)
#endif

#if !defined GR_LANES || !defined GR_DOUBLE
#error "define GR_LANES and GR_DOUBLE before including simd.h"
#endif
_Static_assert((GR_LANES & (GR_LANES - 1)) == 0 && GR_LANES >= 1 &&
                   GR_LANES <= (GR_DOUBLE ? 8 : 16),
               "GR_LANES");

/* Passing wide vectors between functions of one file needs no agreement with other files.
 * Left off for the generated functions that follow. (gcc has a note of that name besides,
 * which only -Wno-psabi silences.) */
#pragma GCC diagnostic ignored "-Wpsabi"

#define GR_INLINE       static inline __attribute__((always_inline, unused))
#define GR_VECTOR(n)    __attribute__((vector_size(n)))
#define GR_BYTES        (GR_LANES * (GR_DOUBLE ? 8 : 4))
#define GR_EACH(i)      for (int i = 0; i < GR_LANES; i++)
#define GR_PASTE_(a, b) a##b
#define GR_PASTE(a, b)  GR_PASTE_(a, b)

#if GR_DOUBLE
typedef double real;
typedef int64_t gr_int;
typedef uint64_t gr_uint;
#define GR_LIBM(name) name
#define GR_ABS(a)     __builtin_fabs(a)
#else
typedef float real;
typedef int32_t gr_int;
typedef uint32_t gr_uint;
#define GR_LIBM(name) name##f
#define GR_ABS(a)     __builtin_fabsf(a)
#endif

typedef real vec GR_VECTOR(sizeof(real) * GR_LANES);
typedef __typeof__((vec){0} < (vec){0}) mask;
typedef int32_t ivec GR_VECTOR(4 * GR_LANES);
typedef uint8_t gr_bytes GR_VECTOR(GR_LANES);

/* The same in memory, where a row may begin at any element. */
typedef vec gr_vec_at __attribute__((aligned(sizeof(real)), may_alias));
typedef ivec gr_ivec_at __attribute__((aligned(4), may_alias));
typedef gr_bytes gr_bytes_at __attribute__((aligned(1), may_alias));

/* One name for both types. The suffix says what the operands are: s scalar, v vector. */
/* clang-format off */
#define GR_OF1(f, T, a) _Generic((a), T: f##_v, default: f##_s)
#define GR_OF2(f, T, a, b)                                                                   \
    _Generic((a), T: _Generic((b), T: f##_vv, default: f##_vs),                              \
             default: _Generic((b), T: f##_sv, default: f##_ss))
#define GR_MIXED(f, T, S, splat)                                                             \
    GR_INLINE T f##_vs(T a, S b) { return f##_vv(a, splat(b)); }                             \
    GR_INLINE T f##_sv(S a, T b) { return f##_vv(splat(a), b); }
/* clang-format on */

/* ---- Making vectors ---------------------------------------------------------------- */

/* A scalar beside a vector stands for all of its lanes, and minus 0 changes no number, -0 either. */
GR_INLINE vec gr_splat(real a) { return a - (vec){0}; }
GR_INLINE ivec gr_isplat(int a) { return a - (ivec){0}; }
GR_INLINE mask gr_msplat(int a) { return gr_splat((real)(a != 0)) != (vec){0}; }

/* 0, 1, 2, ... */
GR_INLINE ivec gr_lane(void)
{
    ivec v;
    GR_EACH(i) v[i] = i;
    return v;
}

GR_INLINE vec gr_from_int(ivec v) { return __builtin_convertvector(v, vec); }
GR_INLINE ivec gr_from_bytes(gr_bytes v) { return __builtin_convertvector(v, ivec); }

/* first, first + 1, ... */
GR_INLINE vec gr_iota(real first) { return gr_splat(first) + gr_from_int(gr_lane()); }

/* ---- Truth ------------------------------------------------------------------------- */

GR_INLINE mask gr_and_vv(mask a, mask b) { return a & b; }
GR_INLINE mask gr_or_vv(mask a, mask b) { return a | b; }
GR_INLINE mask gr_not_v(mask a) { return ~a; }
GR_INLINE vec gr_real_v(mask a) { return (vec)(a & (mask)gr_splat(1)); }
GR_INLINE int gr_and_ss(int a, int b) { return a && b; }
GR_INLINE int gr_or_ss(int a, int b) { return a || b; }
GR_INLINE int gr_not_s(int a) { return !a; }
GR_INLINE real gr_real_s(int a) { return a != 0; }
GR_MIXED(gr_and, mask, int, gr_msplat)
GR_MIXED(gr_or, mask, int, gr_msplat)

#define gr_and(a, b) GR_OF2(gr_and, mask, a, b)(a, b)
#define gr_or(a, b)  GR_OF2(gr_or, mask, a, b)(a, b)
#define gr_not(a)    GR_OF1(gr_not, mask, a)(a)
#define gr_real(a)   GR_OF1(gr_real, mask, a)(a)

/* c ? a : b, with a mask in each lane (blend), with one condition as a whole (choose). */
GR_INLINE vec gr_blend_vv(mask c, vec a, vec b)
{
    return (vec)((c & (mask)a) | (~c & (mask)b));
}

/* clang-format off */
GR_INLINE vec gr_blend_vs(mask c, vec a, real b)   { return gr_blend_vv(c, a, gr_splat(b)); }
GR_INLINE vec gr_blend_sv(mask c, real a, vec b)   { return gr_blend_vv(c, gr_splat(a), b); }
GR_INLINE vec gr_blend_ss(mask c, real a, real b)  { return gr_blend_vv(c, gr_splat(a), gr_splat(b)); }
GR_INLINE vec gr_choose_vv(int c, vec a, vec b)    { return c ? a : b; }
GR_INLINE vec gr_choose_vs(int c, vec a, real b)   { return c ? a : gr_splat(b); }
GR_INLINE vec gr_choose_sv(int c, real a, vec b)   { return c ? gr_splat(a) : b; }
GR_INLINE real gr_choose_ss(int c, real a, real b) { return c ? a : b; }

#define gr_select(c, a, b)                                                                   \
    _Generic((c), mask: GR_OF2(gr_blend, vec, a, b),                                         \
             default: GR_OF2(gr_choose, vec, a, b))(c, a, b)
/* clang-format on */

/* The first n lanes. */
GR_INLINE mask gr_first(int n)
{
    mask m;
    GR_EACH(i) m[i] = -(i < n);
    return m;
}

/* v, but `identity` in lanes n and on. */
GR_INLINE vec gr_keep(vec v, int n, real identity)
{
    return gr_blend_vs(gr_first(n), v, identity);
}

/* ---- Memory ------------------------------------------------------------------------ */
/* _part: only the first n lanes, 0 <= n <= GR_LANES; the others are 0 and nothing beyond is
 * touched. A constant n becomes a masked or a few plain moves. */

GR_INLINE vec gr_load(const real *p) { return *(const gr_vec_at *)p; }
GR_INLINE void gr_store(real *p, vec v) { *(gr_vec_at *)p = v; }
GR_INLINE ivec gr_iload(const int32_t *p) { return *(const gr_ivec_at *)p; }

/* Masked moves of one whole register where the machine has them: they do not fault on what
 * is masked off, and n need not be constant. */
#if GR_DOUBLE
#define GR_X86(name, after) __builtin_ia32_##name##pd##after
typedef long long gr_move_mask GR_VECTOR(GR_BYTES);
typedef uint8_t gr_move_bits;
#else
#define GR_X86(name, after) __builtin_ia32_##name##ps##after
typedef int gr_move_mask GR_VECTOR(GR_BYTES);
typedef uint16_t gr_move_bits;
#endif

GR_INLINE vec gr_load_part(const real *p, int n)
{
#if defined __AVX512F__ && GR_BYTES == 64
    return GR_X86(loadu, 512_mask)((const void *)p, (vec){0},
                                   (gr_move_bits)((1u << n) - 1));
#elif defined __AVX__ && GR_BYTES == 32
    return GR_X86(maskload, 256)((const void *)p, (gr_move_mask)gr_first(n));
#else
    vec v = {0};
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
#endif
}

GR_INLINE void gr_store_part(real *p, vec v, int n)
{
#if defined __AVX512F__ && GR_BYTES == 64
    GR_X86(storeu, 512_mask)((void *)p, v, (gr_move_bits)((1u << n) - 1));
#elif defined __AVX__ && GR_BYTES == 32
    GR_X86(maskstore, 256)((void *)p, (gr_move_mask)gr_first(n), v);
#else
    memcpy(p, &v, (size_t)n * sizeof *p);
#endif
}

GR_INLINE ivec gr_iload_part(const int32_t *p, int n)
{
    ivec v = {0};
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}

/* Bytes as subscripts. */
GR_INLINE ivec gr_iload_u8(const uint8_t *p)
{
    return gr_from_bytes(*(const gr_bytes_at *)p);
}

GR_INLINE ivec gr_iload_u8_part(const uint8_t *p, int n)
{
    gr_bytes v = {0};
    memcpy(&v, p, (size_t)n);
    return gr_from_bytes(v);
}

/* Integer tensors as reals. */
/* clang-format off */
GR_INLINE vec gr_load_u8(const uint8_t *p) { return gr_from_int(gr_iload_u8(p)); }
GR_INLINE vec gr_load_i32(const int32_t *p) { return gr_from_int(gr_iload(p)); }
GR_INLINE vec gr_load_u8_part(const uint8_t *p, int n) { return gr_from_int(gr_iload_u8_part(p, n)); }
GR_INLINE vec gr_load_i32_part(const int32_t *p, int n) { return gr_from_int(gr_iload_part(p, n)); }
/* clang-format on */

/* p[0], p[stride], p[2 * stride], ... */
#define GR_GATHER(name, S, V, T)                                                           \
    GR_INLINE V name##_part(const S *p, ptrdiff_t stride, int n)                           \
    {                                                                                      \
        V v = {0};                                                                         \
        GR_EACH(i) if (i < n) v[i] = (T)p[i * stride];                                     \
        return v;                                                                          \
    }                                                                                      \
    GR_INLINE V name(const S *p, ptrdiff_t stride)                                         \
    {                                                                                      \
        return name##_part(p, stride, GR_LANES);                                           \
    }

GR_GATHER(gr_gather_any, real, vec, real)
GR_GATHER(gr_gather_u8, uint8_t, vec, real)
GR_GATHER(gr_gather_i32, int32_t, vec, real)
GR_GATHER(gr_igather_u8, uint8_t, ivec, int32_t)
GR_GATHER(gr_igather, int32_t, ivec, int32_t)

/* Lane i of the result is lane f(i) of a, or of b from GR_LANES on. */
#define GR_LIST1(f, i)      f(i)
#define GR_LIST2(f, i)      GR_LIST1(f, i), GR_LIST1(f, i + 1)
#define GR_LIST4(f, i)      GR_LIST2(f, i), GR_LIST2(f, i + 2)
#define GR_LIST8(f, i)      GR_LIST4(f, i), GR_LIST4(f, i + 4)
#define GR_LIST16(f, i)     GR_LIST8(f, i), GR_LIST8(f, i + 8)
#define GR_SHUFFLE(a, b, f) __builtin_shufflevector(a, b, GR_PASTE(GR_LIST, GR_LANES)(f, 0))

#define GR_BACKWARD(i) (GR_LANES - 1 - (i))
/* p[0], p[2], ... of what begins at p, and of what ends with the last element gathered. */
#define GR_SECOND(i) ((i) < (GR_LANES + 1) / 2 ? 2 * (i) : 2 * (i) + 1)

/* The strides that shuffles serve; a constant stride leaves one of the four. */
GR_INLINE vec gr_gather(const real *p, ptrdiff_t stride)
{
    if (stride == 1)
        return gr_load(p);
    if (stride == -1) {
        vec v = gr_load(p - (GR_LANES - 1));
        return GR_SHUFFLE(v, v, GR_BACKWARD);
    }
    if (stride == 2 && GR_LANES > 1) {
        vec a = gr_load(p), b = gr_load(p + GR_LANES - 1);
        return GR_SHUFFLE(a, b, GR_SECOND);
    }
    return gr_gather_any(p, stride);
}

GR_INLINE vec gr_gather_part(const real *p, ptrdiff_t stride, int n)
{
    return stride == 1 ? gr_load_part(p, n) : gr_gather_any_part(p, stride, n);
}

/* p[at[0]], p[at[1]], ... */
GR_INLINE vec gr_gather_at_part(const real *p, ivec at, int n)
{
    vec v = {0};
    GR_EACH(i) if (i < n) v[i] = p[at[i]];
    return v;
}

GR_INLINE vec gr_gather_at(const real *p, ivec at)
{
    return gr_gather_at_part(p, at, GR_LANES);
}

GR_INLINE void gr_scatter_part(real *p, ptrdiff_t stride, vec v, int n)
{
    if (stride == 1)
        gr_store_part(p, v, n);
    else
        GR_EACH(i) if (i < n) p[i * stride] = v[i];
}

GR_INLINE void gr_scatter(real *p, ptrdiff_t stride, vec v)
{
    gr_scatter_part(p, stride, v, GR_LANES);
}

/* Reals that are integers, into an integer tensor. */
GR_INLINE void gr_scatter_i32_part(int32_t *p, ptrdiff_t stride, vec v, int n)
{
    GR_EACH(i) if (i < n) p[i * stride] = (int32_t)v[i];
}

GR_INLINE void gr_scatter_i32(int32_t *p, ptrdiff_t stride, vec v)
{
    gr_scatter_i32_part(p, stride, v, GR_LANES);
}

GR_INLINE void gr_store_i32_part(int32_t *p, vec v, int n)
{
    gr_scatter_i32_part(p, 1, v, n);
}
GR_INLINE void gr_store_i32(int32_t *p, vec v) { gr_scatter_i32_part(p, 1, v, GR_LANES); }

/* ---- Functions --------------------------------------------------------------------- */

GR_INLINE real gr_abs_s(real a) { return GR_ABS(a); }
GR_INLINE vec gr_sign_v(vec a) { return gr_real_v(a > 0) - gr_real_v(a < 0); }
GR_INLINE real gr_sign_s(real a) { return (real)((a > 0) - (a < 0)); }

/* A NaN on either side is the result. */
GR_INLINE vec gr_max_vv(vec a, vec b)
{
    return gr_blend_vv(a != a, a, gr_blend_vv(a > b, a, b));
}
GR_INLINE vec gr_min_vv(vec a, vec b)
{
    return gr_blend_vv(a != a, a, gr_blend_vv(a < b, a, b));
}
GR_INLINE real gr_max_ss(real a, real b) { return a > b || a != a ? a : b; }
GR_INLINE real gr_min_ss(real a, real b) { return a < b || a != a ? a : b; }
GR_MIXED(gr_max, vec, real, gr_splat)
GR_MIXED(gr_min, vec, real, gr_splat)

/* The bodies, once for vec and once for one lane; with one lane these are the same. */
#if GR_DOUBLE
typedef vec gr_wide;
#else
typedef double gr_wide GR_VECTOR(8 * GR_LANES);
#endif
typedef gr_uint gr_bits GR_VECTOR(GR_BYTES);
typedef __typeof__((gr_wide){0} < (gr_wide){0}) gr_wide_mask;

#define V     vec
#define I     mask
#define U     gr_bits
#define D     gr_wide
#define J     gr_wide_mask
#define FN(f) f##_v
#if defined __AVX512F__ && GR_BYTES == 64
#define SCALE(y, n) GR_X86(scalef, 512_mask)(y, n, (vec){0}, (gr_move_bits)-1, 4)
#endif
#include "simd_math.h"
#undef SCALE
#if GR_LANES == 1
#define GR_ONE(f) f##_v
typedef vec gr_one;
#else
#define GR_ONE(f) f##_1
typedef real gr_one GR_VECTOR(sizeof(real));
typedef gr_uint gr_bits_one GR_VECTOR(sizeof(real));
typedef double gr_wide_one GR_VECTOR(8);
typedef __typeof__((gr_one){0} < (gr_one){0}) gr_mask_one;
typedef __typeof__((gr_wide_one){0} < (gr_wide_one){0}) gr_wide_mask_one;
#undef V
#undef I
#undef U
#undef D
#undef J
#undef FN
#define V     gr_one
#define I     gr_mask_one
#define U     gr_bits_one
#define D     gr_wide_one
#define J     gr_wide_mask_one
#define FN(f) f##_1
#include "simd_math.h"
#endif
#undef V
#undef I
#undef U
#undef D
#undef J
#undef FN

/* clang-format off */
#define GR_SCALAR(f) GR_INLINE real f##_s(real a) { return GR_ONE(f)((gr_one){a})[0]; }
GR_SCALAR(gr_exp)
GR_SCALAR(gr_expm1)
GR_SCALAR(gr_log)
GR_SCALAR(gr_log1p)
GR_SCALAR(gr_sin)
GR_SCALAR(gr_cos)
GR_SCALAR(gr_tan)
GR_SCALAR(gr_atan)
GR_SCALAR(gr_sinh)
GR_SCALAR(gr_cosh)
GR_SCALAR(gr_tanh)
GR_SCALAR(gr_sigmoid)
GR_SCALAR(gr_softplus)
GR_SCALAR(gr_erf)
GR_SCALAR(gr_erfc)
GR_SCALAR(gr_floor)
/* clang-format on */

GR_INLINE vec gr_pow_vv(vec a, vec b) { return gr_pow_v(a, b); }
GR_INLINE real gr_pow_ss(real a, real b)
{
    return GR_ONE(gr_pow)((gr_one){a}, (gr_one){b})[0];
}
GR_MIXED(gr_pow, vec, real, gr_splat)

GR_INLINE real gr_sqrt_s(real a) { return GR_SQRT(a); }

/* The root is one instruction on every machine, but C's sqrt may set errno, and then it is
 * a call for each lane. So x86 is asked for it by name, a register at a time; others have
 * __builtin_elementwise_sqrt, or need -fno-math-errno. */
#if GR_DOUBLE
#define GR_ROOT_OF(bits) __builtin_ia32_sqrtpd##bits
#else
#define GR_ROOT_OF(bits) __builtin_ia32_sqrtps##bits
#endif
#if defined __wasm_simd128__ && GR_BYTES >= 16 && !GR_DOUBLE
typedef real gr_register GR_VECTOR(16);
#define GR_ROOT(a) __builtin_wasm_sqrt_f32x4(a)
#elif !defined GR_FREESTANDING && defined __has_builtin && __has_builtin(__builtin_elementwise_sqrt)
typedef vec gr_register;
#define GR_ROOT(a) __builtin_elementwise_sqrt(a)
#elif defined __AVX512F__ && GR_BYTES >= 64
typedef real gr_register GR_VECTOR(64);
#ifdef __clang__
#define GR_ROOT(a) GR_ROOT_OF(512)(a, 4)
#else
#define GR_ROOT(a) GR_ROOT_OF(512_mask)(a, a, -1, 4)
#endif
#elif defined __AVX__ && GR_BYTES >= 32
typedef real gr_register GR_VECTOR(32);
#define GR_ROOT(a) GR_ROOT_OF(256)(a)
#elif defined __SSE2__ && GR_BYTES >= 16
typedef real gr_register GR_VECTOR(16);
#define GR_ROOT(a) GR_ROOT_OF()(a)
#else
typedef real gr_register;
#define GR_ROOT(a) GR_SQRT(a)
#endif

GR_INLINE vec gr_sqrt_v(vec a)
{
    union {
        vec all;
        gr_register part[sizeof(vec) / sizeof(gr_register)];
    } u = {a};
    for (size_t i = 0; i < sizeof(vec) / sizeof(gr_register); i++)
        u.part[i] = GR_ROOT(u.part[i]);
    return u.all;
}

GR_INLINE real gr_rsqrt_s(real a) { return 1 / gr_sqrt_s(a); }
GR_INLINE vec gr_rsqrt_v(vec a) { return 1 / gr_sqrt_v(a); }

/* clang-format off */
#define gr_abs(a)      GR_OF1(gr_abs, vec, a)(a)
#define gr_sign(a)     GR_OF1(gr_sign, vec, a)(a)
#define gr_floor(a)    GR_OF1(gr_floor, vec, a)(a)
#define gr_sqrt(a)     GR_OF1(gr_sqrt, vec, a)(a)
#define gr_rsqrt(a)    GR_OF1(gr_rsqrt, vec, a)(a)
#define gr_exp(a)      GR_OF1(gr_exp, vec, a)(a)
#define gr_expm1(a)    GR_OF1(gr_expm1, vec, a)(a)
#define gr_log(a)      GR_OF1(gr_log, vec, a)(a)
#define gr_log1p(a)    GR_OF1(gr_log1p, vec, a)(a)
#define gr_sin(a)      GR_OF1(gr_sin, vec, a)(a)
#define gr_cos(a)      GR_OF1(gr_cos, vec, a)(a)
#define gr_tan(a)      GR_OF1(gr_tan, vec, a)(a)
#define gr_atan(a)     GR_OF1(gr_atan, vec, a)(a)
#define gr_sinh(a)     GR_OF1(gr_sinh, vec, a)(a)
#define gr_cosh(a)     GR_OF1(gr_cosh, vec, a)(a)
#define gr_tanh(a)     GR_OF1(gr_tanh, vec, a)(a)
#define gr_sigmoid(a)  GR_OF1(gr_sigmoid, vec, a)(a)
#define gr_softplus(a) GR_OF1(gr_softplus, vec, a)(a)
#define gr_erf(a)      GR_OF1(gr_erf, vec, a)(a)
#define gr_erfc(a)     GR_OF1(gr_erfc, vec, a)(a)
#define gr_pow(a, b)   GR_OF2(gr_pow, vec, a, b)(a, b)
#define gr_max(a, b)   GR_OF2(gr_max, vec, a, b)(a, b)
#define gr_min(a, b)   GR_OF2(gr_min, vec, a, b)(a, b)
/* clang-format on */

/* ---- All lanes to one -------------------------------------------------------------- */
/* A tree, always the same: lane i joins lane i ^ n/2, then i ^ n/4, ..., i ^ 1. */

#define GR_ACROSS8(i) (((i) ^ 8) & (GR_LANES - 1))
#define GR_ACROSS4(i) (((i) ^ 4) & (GR_LANES - 1))
#define GR_ACROSS2(i) (((i) ^ 2) & (GR_LANES - 1))
#define GR_ACROSS1(i) (((i) ^ 1) & (GR_LANES - 1))

#define GR_REDUCE(name, join)                                                              \
    GR_INLINE real name(vec v)                                                             \
    {                                                                                      \
        if (GR_LANES > 8)                                                                  \
            v = join(v, GR_SHUFFLE(v, v, GR_ACROSS8));                                     \
        if (GR_LANES > 4)                                                                  \
            v = join(v, GR_SHUFFLE(v, v, GR_ACROSS4));                                     \
        if (GR_LANES > 2)                                                                  \
            v = join(v, GR_SHUFFLE(v, v, GR_ACROSS2));                                     \
        if (GR_LANES > 1)                                                                  \
            v = join(v, GR_SHUFFLE(v, v, GR_ACROSS1));                                     \
        return v[0];                                                                       \
    }

GR_INLINE vec gr_add_vv(vec a, vec b) { return a + b; }
GR_INLINE vec gr_mul_vv(vec a, vec b) { return a * b; }
GR_REDUCE(gr_sum, gr_add_vv)
GR_REDUCE(gr_prod, gr_mul_vv)
GR_REDUCE(gr_max_of, gr_max_vv)
GR_REDUCE(gr_min_of, gr_min_vv)

#include "rng.h"

#endif
