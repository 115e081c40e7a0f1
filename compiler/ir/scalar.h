/* The scalar functions that ops.def names, in the arithmetic of the oracle: double, or
 * __float128 when GRADC_QUAD is defined (link with quadmath). runtime/simd.h has the same
 * functions for the generated code, written apart on purpose. Truth is any number but 0. */
#ifndef SCALAR_H
#define SCALAR_H

#include <math.h>

#ifdef GRADC_QUAD
#include <quadmath.h>
typedef __float128 Real;
#define REAL_FN(name) name##q
#else
typedef double Real;
#define REAL_FN(name) name
#endif

/* clang-format off */
static inline Real gr_sqrt(Real a)  { return REAL_FN(sqrt)(a); }
static inline Real gr_rsqrt(Real a) { return 1 / REAL_FN(sqrt)(a); }
static inline Real gr_exp(Real a)   { return REAL_FN(exp)(a); }
static inline Real gr_expm1(Real a) { return REAL_FN(expm1)(a); }
static inline Real gr_log(Real a)   { return REAL_FN(log)(a); }
static inline Real gr_log1p(Real a) { return REAL_FN(log1p)(a); }
static inline Real gr_sin(Real a)   { return REAL_FN(sin)(a); }
static inline Real gr_cos(Real a)   { return REAL_FN(cos)(a); }
static inline Real gr_tan(Real a)   { return REAL_FN(tan)(a); }
static inline Real gr_atan(Real a)  { return REAL_FN(atan)(a); }
static inline Real gr_sinh(Real a)  { return REAL_FN(sinh)(a); }
static inline Real gr_cosh(Real a)  { return REAL_FN(cosh)(a); }
static inline Real gr_tanh(Real a)  { return REAL_FN(tanh)(a); }
static inline Real gr_erf(Real a)   { return REAL_FN(erf)(a); }
static inline Real gr_erfc(Real a)  { return REAL_FN(erfc)(a); }
static inline Real gr_floor(Real a) { return REAL_FN(floor)(a); }
static inline Real gr_abs(Real a)   { return REAL_FN(fabs)(a); }
static inline Real gr_pow(Real a, Real b) { return REAL_FN(pow)(a, b); }
/* clang-format on */

/* Both halves avoid exp of a large positive number. */
static inline Real gr_sigmoid(Real a)
{
    Real e = gr_exp(-gr_abs(a));
    return (a < 0 ? e : 1) / (1 + e);
}

static inline Real gr_softplus(Real a)
{
    return (a > 0 ? a : 0) + gr_log1p(gr_exp(-gr_abs(a)));
}

static inline Real gr_sign(Real a) { return (Real)((a > 0) - (a < 0)); }

/* A NaN on either side is the result. */
static inline Real gr_max(Real a, Real b) { return a > b || a != a ? a : b; }
static inline Real gr_min(Real a, Real b) { return a < b || a != a ? a : b; }

static inline Real gr_and(Real a, Real b) { return a != 0 && b != 0; }
static inline Real gr_or(Real a, Real b) { return a != 0 || b != 0; }
static inline Real gr_not(Real a) { return a == 0; }
static inline Real gr_real(Real a) { return a != 0; }
static inline Real gr_select(Real a, Real b, Real c) { return a != 0 ? b : c; }

#endif
