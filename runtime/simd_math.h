/* The functions of the language over one vector type V, without branches. simd.h includes
 * this twice, for vec and for one lane, so that scalars and vectors agree to the bit:
 *
 *   V      a vector of real, or one lane of it
 *   I      the integers of its size: bits, exponents, and the masks that comparisons give
 *   U      the same, unsigned
 *   D, J   as many doubles and their integers: what is hard or rare in float is done there
 *   FN(f)  the name f has for this type
 *   SCALE(y, n)  y 2^n where the machine has that, else not defined
 *
 * Every function has the special values of libm: NaN, infinities, the sign of zero,
 * denormal arguments and results. The coefficients are those of tests/simd/remez.c. The
 * largest errors found, in units of the last place of the exact result, over every float
 * and a million doubles (GRADC_EVERY_FLOAT in tests/simd/test.c; libm: lane by lane through
 * it; pow: 2*10^7 pairs):
 *
 *             float double               float double               float double
 *   sqrt       0.50  0.50      log        0.87  0.80      sinh       1.62  1.60
 *   rsqrt      1.49  1.48      log1p      1.44  1.32      cosh       1.45  1.45
 *   exp        0.99  1.01      softplus   1.68  1.63      tanh       1.33  1.30
 *   expm1      1.44  1.77      sin        0.56  0.78      erf        1.19  1.30
 *   sigmoid    1.97  1.88      cos        0.56  0.78      erfc       0.75  libm
 *   atan       1.82  1.55      tan        1.48  libm      pow        0.53  libm */

/* clang-format off */
#ifndef GR_SIMD_MATH_H
#define GR_SIMD_MATH_H

/* The polynomial a + b x + ... by Horner's rule; the digit is its degree. */
#define GR_P1(x, a, b)   ((b) * (x) + (a))
#define GR_P2(x, a, ...) (GR_P1(x, __VA_ARGS__) * (x) + (a))
#define GR_P3(x, a, ...) (GR_P2(x, __VA_ARGS__) * (x) + (a))
#define GR_P4(x, a, ...) (GR_P3(x, __VA_ARGS__) * (x) + (a))
#define GR_P5(x, a, ...) (GR_P4(x, __VA_ARGS__) * (x) + (a))
#define GR_P6(x, a, ...) (GR_P5(x, __VA_ARGS__) * (x) + (a))
#define GR_P7(x, a, ...) (GR_P6(x, __VA_ARGS__) * (x) + (a))
#define GR_P8(x, a, ...) (GR_P7(x, __VA_ARGS__) * (x) + (a))
#define GR_P9(x, a, ...) (GR_P8(x, __VA_ARGS__) * (x) + (a))
#define GR_P10(x, a, ...) (GR_P9(x, __VA_ARGS__) * (x) + (a))
#define GR_P12(x, a, b, ...) ((GR_P10(x, __VA_ARGS__) * (x) + (b)) * (x) + (a))
#define GR_P14(x, a, b, ...) ((GR_P12(x, __VA_ARGS__) * (x) + (b)) * (x) + (a))
#define GR_P16(x, a, b, ...) ((GR_P14(x, __VA_ARGS__) * (x) + (b)) * (x) + (a))
#define GR_P18(x, a, b, ...) ((GR_P16(x, __VA_ARGS__) * (x) + (b)) * (x) + (a))
#define GR_P19(x, a, ...) (GR_P18(x, __VA_ARGS__) * (x) + (a))

/* LN2_HI has so few bits that its product with any exponent is exact. EXP_MAX overflows,
 * EXP_MIN gives 0, EXPM1_MIN gives -1, TANH_MAX and ERF_MAX give 1. */
#if GR_DOUBLE
#define GR_MANT      52
#define GR_BIAS      1023
#define GR_HALF_ROOT 0x3fe6a09e667f3bcd /* the bits of sqrt(1/2) */
#define GR_LOG2E     0x1.71547652b82fep+0
#define GR_LN2_HI    0x1.62e42feep-1
#define GR_LN2_LO    0x1.a39ef35793c76p-33
#define GR_TINY      0x1p-54 /* below, 1 + x is 1 */
#define GR_EXP_MAX   710.0
#define GR_EXP_MIN   -746.0
#define GR_EXPM1_MIN -40.0
#define GR_SINH_MAX  711.0
#define GR_TANH_MAX  20.0
#define GR_ERF_MAX   6.0
#define GR_SIN_MAX   0x1p19
#define GR_EXP(r) GR_P10(r, 0x1p-1, 0x1.5555555555559p-3, 0x1.555555555555ap-5,            \
    0x1.111111110f6b4p-7, 0x1.6c16c16c14462p-10, 0x1.a01a01afe2d13p-13,                      \
    0x1.a01a01b0b195p-16, 0x1.71ddf85a28f8ap-19, 0x1.27e4c5acacc9ep-22,                      \
    0x1.af5eb2901e899p-26, 0x1.1f9550e594d3ap-29)
#define GR_LOG(f) GR_P18(f, 0x1.5555555555546p-2, -0x1.fffffffffee81p-3,                     \
    0x1.999999999c009p-3, -0x1.5555555671abfp-3, 0x1.249249244e2cbp-3,                       \
    -0x1.ffffff29fa294p-4, 0x1.c71c711c8a4cdp-4, -0x1.9999c2281e18fp-4,                      \
    0x1.745d57b6fd314p-4, -0x1.555109abf48acp-4, 0x1.3b09c1d28e6fdp-4,                       \
    -0x1.24d4229dcd6ecp-4, 0x1.11df6451b1999p-4, -0x1.fbfd9e77ffbc2p-5,                      \
    0x1.cfa63037e4a81p-5, -0x1.ce8b4a7c8f73ap-5, 0x1.0a96feee1392p-4,                        \
    -0x1.f1687042d46dp-5, 0x1.b8c23dd02d798p-6)
#define GR_SINH(z) GR_P6(z, 0x1.5555555555556p-3, 0x1.11111111110a1p-7,                      \
    0x1.a01a01a0291fcp-13, 0x1.71de3a45f71e1p-19, 0x1.ae6467668daaep-26,                     \
    0x1.611a3a1f338e1p-33, 0x1.b4cf78f6e39b6p-41)
#define GR_TANH(z) GR_P10(z, -0x1.5555555555503p-2, 0x1.111111110b0c7p-3,                    \
    -0x1.ba1ba1b53107ap-5, 0x1.664f4781f74dp-6, -0x1.226e16da0aec2p-7,                       \
    0x1.d6cf3ca5c8f15p-9, -0x1.7d696a73665fp-10, 0x1.336ae602b1da8p-11,                      \
    -0x1.df7a8a222891fp-13, 0x1.43e17867d4de8p-14, -0x1.0e3d669bf320dp-16)
#define GR_ATAN(z) GR_P19(z, -0x1.555555555552ap-2, 0x1.9999999995ae3p-3,                    \
    -0x1.2492492392277p-3, 0x1.c71c718423ec9p-4, -0x1.745d11faf63dap-4,                      \
    0x1.3b136a1522e3ap-4, -0x1.110e6d82fa8ep-4, 0x1.e1bcf7060711ap-5,                        \
    -0x1.ae644a5b15071p-5, 0x1.82eea5dbe1cbdp-5, -0x1.59d7dadbbb4c5p-5,                      \
    0x1.2c97edc613a13p-5, -0x1.eb48a72d1497fp-6, 0x1.69d7e107fe72ap-6,                       \
    -0x1.ca9683d98bc28p-7, 0x1.dc03000fd1ae1p-8, -0x1.7ea4f7f1ae424p-9,                      \
    0x1.ba3acd63883a2p-11, -0x1.44a24941c7872p-13, 0x1.c4a08b3b65593p-17)
#define GR_ERF(z) GR_P12(z, 0x1.06eba8214db69p-3, -0x1.812746b0379e6p-2,                     \
    0x1.ce2f21a042b34p-4, -0x1.b82ce31284f37p-6, 0x1.565bcd0dbd8f2p-8,                       \
    -0x1.c02db3db49097p-11, 0x1.f9a321e4ae8a7p-14, -0x1.f4d1e4342c38dp-17,                   \
    0x1.b9df305766881p-20, -0x1.5f1f40dc9870bp-23, 0x1.f7b99cbee1ce8p-27,                    \
    -0x1.38ac21bc69f5cp-30, 0x1.06275b07788eap-34)
#define GR_TAIL(t) GR_P16(t, -0x1.2261a480694f4p-20, -0x1.20dcc2e0dc7dp+0,                   \
    -0x1.45f961a7f4ee3p-1, -0x1.a46592b1624e3p-4, 0x1.350a8e353d54ep-6,                      \
    0x1.34389cff55497p-11, -0x1.1392042bfd7ep-9, 0x1.e3ba2ab9a7112p-11,                      \
    -0x1.e6ee0a62095f5p-13, 0x1.e13473813931ap-16, 0x1.c502f729cc482p-19,                    \
    -0x1.5e66a05231e8fp-19, 0x1.6a9721469addep-21, -0x1.c9213e8379eb2p-24,                   \
    0x1.708e2cca290a7p-27, -0x1.606f87ab9b282p-31, 0x1.322a3363be7c2p-36)
#define GR_SIN(z) GR_P5(z, -0x1.5555555555549p-3, 0x1.111111110f881p-7,                      \
    -0x1.a01a019c126c4p-13, 0x1.71de3578756a1p-19, -0x1.ae5e66d5b01f8p-26,                   \
    0x1.5d932f83265abp-33)
#define GR_COS(z) GR_P5(z, 0x1.555555555554cp-5, -0x1.6c16c16c15184p-10,                     \
    0x1.a01a019cb2708p-16, -0x1.27e4f80a775a7p-22, 0x1.1ee9ec4853822p-29,                    \
    -0x1.8faecf7c9f264p-37)
#else
#define GR_MANT      23
#define GR_BIAS      127
#define GR_HALF_ROOT 0x3f3504f3
#define GR_LOG2E     0x1.715476p+0f
#define GR_LN2_HI    0x1.63p-1f
#define GR_LN2_LO    -0x1.bd0106p-13f
#define GR_TINY      0x1p-25f
#define GR_EXP_MAX   89.f
#define GR_EXP_MIN   -104.f
#define GR_EXPM1_MIN -20.f
#define GR_SINH_MAX  90.f
#define GR_TANH_MAX  10.f
#define GR_ERF_MAX   4.f
#define GR_SIN_MAX   0x1p19f
#define GR_EXP(r) GR_P5(r, 0x1p-1f, 0x1.555556p-3f, 0x1.5554aep-5f, 0x1.11109p-7f,         \
    0x1.6d7474p-10f, 0x1.a1a14ep-13f)
#define GR_LOG(f) GR_P7(f, 0x1.55554ap-2f, -0x1.00022p-2f, 0x1.99a58ep-3f, -0x1.54786p-3f,   \
    0x1.226eep-3f, -0x1.0ce2fp-3f, 0x1.07cd7ep-3f, -0x1.41d6a8p-4f)
#define GR_SINH(z) GR_P3(z, 0x1.555556p-3f, 0x1.111136p-7f, 0x1.9ffe12p-13f, 0x1.7a267cp-19f)
#define GR_TANH(z) GR_P4(z, -0x1.555534p-2f, 0x1.110768p-3f, -0x1.b84448p-5f,                \
    0x1.5256d8p-6f, -0x1.76ac1ap-8f)
#define GR_ATAN(z) GR_P8(z, -0x1.55554p-2f, 0x1.999276p-3f, -0x1.2426f8p-3f, 0x1.c0d284p-4f, \
    -0x1.58dc7p-4f, 0x1.dd0ebap-5f, -0x1.01af68p-5f, 0x1.6a8f4cp-7f, -0x1.defe4p-10f)
#define GR_ERF(z) GR_P6(z, 0x1.06eba8p-3f, -0x1.81273ep-2f, 0x1.ce2d2p-4f, -0x1.b7fbb4p-6f,  \
    0x1.5419f4p-8f, -0x1.a485ecp-11f, 0x1.4ae4cep-14f)
#define GR_TAIL(t) GR_P6(t, -0x1.72e6ccp-12f, -0x1.2085b2p+0f, -0x1.46c584p-1f,              \
    -0x1.a60a84p-4f, 0x1.654222p-6f, -0x1.814cdap-9f, 0x1.852d48p-13f)
/* In double, for results in float. */
#define GR_SIN(z) GR_P3(z, -0x1.5555554cbac86p-3, 0x1.11110896f0e9bp-7,                      \
    -0x1.a00f9e2e72e2ap-13, 0x1.6cd879596e3e7p-19)
#define GR_COS(z) GR_P3(z, 0x1.5555554f4ee7bp-5, -0x1.6c16b8997d419p-10,                     \
    0x1.a011209e6b33cp-16, -0x1.242aeef20cf77p-22)
#define GR_EXP2(f) GR_P6(f, 0x1.ffffffff4e1c2p-1, 0x1.62e430d0439bbp-1,                      \
    0x1.ebfbe10e2a15fp-3, 0x1.c6aecc574e79bp-5, 0x1.3b2995f452056p-7,                        \
    0x1.5f48c673800b6p-10, 0x1.4498ff24a8934p-13)
#define GR_LOG2(z) GR_P6(z, 0x1.71547652b82ffp+1, 0x1.ec709dc39c9a7p-1,                      \
    0x1.2776c516af77ap-1, 0x1.a617566ff886bp-2, 0x1.484fadfdf0718p-2,                        \
    0x1.0bb78482be49bp-2, 0x1.f189f10a9ef5ep-3)
#define GR_ERFCX(q) GR_P10(q, 0x1.18932bfa2dda8p-3, -0x1.094924708c58fp-2,                   \
    0x1.bff01ad1ebb73p-3, -0x1.5065a6b2439f7p-3, 0x1.be500cd1e4fcdp-4,                       \
    -0x1.029151a59a18cp-4, 0x1.0057051a9befcp-5, -0x1.a1aba0bd98684p-7,                      \
    0x1.1022da36a9b76p-8, -0x1.f66dfcd7f095dp-11, -0x1.27c81a7a8e588p-12)
#endif

/* Adding this leaves a number of moderate size rounded to an integer, in its low bits. */
#define GR_ROUND ((real)1.5 * ((gr_int)1 << GR_MANT))
#define GR_DROUND 0x1.8p52

/* ---- Sine and cosine of what is far from 0 ----------------------------------------- */
#if GR_DOUBLE
#define GR_FAR_OF(name) name
#else
#define GR_FAR_OF(name) gr_far_##name

/* 32 bits of 2/pi from bit `at` on, which has the weight 2^(31 - at). */
GR_INLINE uint32_t gr_two_over_pi(int at)
{
    static const uint32_t word[] = {0,          0xa2f9836e, 0x4e441529, 0xfc2757d1,
                                    0xf534ddc0, 0xdb629599, 0x3c439041, 0xfe5163ab};
    uint64_t two = (uint64_t)word[at / 32] << 32 | word[at / 32 + 1];
    return (uint32_t)(two >> (32 - at % 32));
}

/* sin(x + quarters pi/2) for |x| >= 2^19. With x = m 2^e in integers, what counts of x 2/pi modulo
 * 4 is m times the bits of 2/pi from weight 2^(1-e) on (Payne and Hanek): 62 bits behind the point,
 * more than the 30 that any float needs until its remainder has bits. */
__attribute__((unused)) static double gr_far_quarter(float x, int quarters)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    int exponent = (int)(bits >> 23 & 0xff), at = exponent - 150 + 30;
    if (exponent == 0xff)
        return NAN;
    uint64_t m = (bits & 0x7fffff) | 0x800000;
    uint64_t turn = (m * gr_two_over_pi(at) << 32) + m * gr_two_over_pi(at + 32) +
                    (m * gr_two_over_pi(at + 64) >> 32);
    turn = bits >> 31 ? 0 - turn : turn;
    uint64_t nearest = (turn + ((uint64_t)1 << 61)) >> 62;
    double r = (double)(int64_t)(turn - (nearest << 62)) * (0x1.921fb54442d18p+0 * 0x1p-62);
    double z = r * r;
    int quarter = (int)(nearest + (unsigned)quarters) & 3;
    double s = r + r * z * GR_SIN(z), c = 1 - 0.5 * z + z * z * GR_COS(z);
    double y = quarter & 1 ? c : s;
    return quarter > 1 ? -y : y;
}

GR_INLINE float gr_far_sin(float x) { return (float)gr_far_quarter(x, 0); }
GR_INLINE float gr_far_cos(float x) { return (float)gr_far_quarter(x, 1); }
GR_INLINE float gr_far_tan(float x)
{
    return (float)(gr_far_quarter(x, 0) / gr_far_quarter(x, 1));
}
#endif
#endif
/* clang-format on */

GR_INLINE V FN(gr_pick)(I c, V a, V b) { return (V)((c & (I)a) | (~c & (I)b)); }
GR_INLINE V FN(gr_all)(real a) { return a - (V){0}; } /* in every lane; minus keeps a -0 */
GR_INLINE V FN(gr_abs)(V x) { return (V)((I)x & ~(I)FN(gr_all)((real)-0.0)); }
GR_INLINE V FN(gr_signed)(V size, V sign)
{
    I bit = (I)FN(gr_all)((real)-0.0);
    return (V)(((I)size & ~bit) | ((I)sign & bit));
}
GR_INLINE V FN(gr_at_most)(V x, real a) { return FN(gr_pick)(x > a, FN(gr_all)(a), x); }
GR_INLINE V FN(gr_at_least)(V x, real a) { return FN(gr_pick)(x < a, FN(gr_all)(a), x); }

/* 2^n, -GR_BIAS < n <= GR_BIAS. */
GR_INLINE V FN(gr_power)(I n) { return (V)((n + GR_BIAS) << GR_MANT); }

/* y 2^n for n of twice that range, rounded once where the result is denormal. n comes as
 * n + GR_ROUND. */
GR_INLINE V FN(gr_scale)(V y, V rounded)
{
#ifdef SCALE
    return SCALE(y, rounded - GR_ROUND);
#else
    I n = (I)rounded - (I)FN(gr_all)(GR_ROUND), half = n >> 1;
    return y * FN(gr_power)(half) * FN(gr_power)(n - half);
#endif
}

/* Add 2^MANT to round, take it away again; what is larger has no fraction. */
GR_INLINE V FN(gr_floor)(V x)
{
    real big = (real)((gr_int)1 << GR_MANT);
    V a = FN(gr_abs)(x), r = FN(gr_signed)((a + big) - big, x);
    V down = r - FN(gr_pick)(r > x, FN(gr_all)(1), (V){0});
    return FN(gr_pick)(a < big, FN(gr_signed)(down, x), x);
}

/* ---- Exponentials ------------------------------------------------------------------ */
/* x = n ln 2 + r with |r| <= ln 2 / 2, so e^x = 2^n e^r. Sets n + GR_ROUND, returns r. */
GR_INLINE V FN(gr_exp_reduce)(V x, V *rounded)
{
    *rounded = x * GR_LOG2E + GR_ROUND;
    V n = *rounded - GR_ROUND;
    return (x - n * GR_LN2_HI) - n * GR_LN2_LO;
}

/* 2^m e^x, m small: the result may leave the range, e^x alone need not fit. */
GR_INLINE V FN(gr_exp_times)(V x, real m)
{
    V rounded, r = FN(gr_exp_reduce)(x, &rounded);
    V s = r + r * r * GR_EXP(r);
    return FN(gr_scale)(1 + s, rounded + m);
}

GR_INLINE V FN(gr_exp)(V x)
{
    return FN(gr_exp_times)(FN(gr_at_least)(FN(gr_at_most)(x, GR_EXP_MAX), GR_EXP_MIN), 0);
}

/* Half of 2^n keeps n = 128 in range. */
GR_INLINE V FN(gr_expm1)(V x)
{
    V at = FN(gr_at_least)(FN(gr_at_most)(x, GR_EXP_MAX), GR_EXPM1_MIN);
    V rounded, r = FN(gr_exp_reduce)(at, &rounded), p = r + r * r * GR_EXP(r);
    V half = FN(gr_power)((I)rounded - (I)FN(gr_all)(GR_ROUND) - 1);
    V y = 2 * (half * p + (half - (real)0.5));
    return FN(gr_pick)(FN(gr_abs)(x) < GR_TINY, x, y);
}

/* The smaller side, q = e/(1 + e) with e = e^-|x|, keeps its small values. As if 1 + e were
 * exact: its rounding error costs a relative error/(1 + e), and 1/(1 + e) is 1 - q. */
GR_INLINE V FN(gr_sigmoid)(V x)
{
    V e = FN(gr_exp)(-FN(gr_abs)(x)), d = 1 + e, error = e - (d - 1), q = e / d;
    q = q - q * (error * (1 - q));
    return FN(gr_pick)(x < 0, q, 1 - q);
}

/* 1 - 2/(e^2x + 1); a polynomial where that cancels. */
GR_INLINE V FN(gr_tanh)(V x)
{
    V a = FN(gr_abs)(x), z = a * a;
    V far = 1 - 2 / (FN(gr_exp_times)(2 * FN(gr_at_most)(a, GR_TANH_MAX), 0) + 1);
    return FN(gr_signed)(FN(gr_pick)(a < (real)0.625, a + a * z * GR_TANH(z), far), x);
}

/* With h = e^x/2: h - 1/(4h) and h + 1/(4h); a polynomial where the difference cancels. */
GR_INLINE V FN(gr_sinh)(V x)
{
    V a = FN(gr_abs)(x), z = a * a;
    V h = FN(gr_exp_times)(FN(gr_at_most)(a, GR_SINH_MAX), -1);
    V y = FN(gr_pick)(a < 1, a + a * z * GR_SINH(z), h - (real)0.25 / h);
    return FN(gr_signed)(y, x);
}

GR_INLINE V FN(gr_cosh)(V x)
{
    V h = FN(gr_exp_times)(FN(gr_at_most)(FN(gr_abs)(x), GR_SINH_MAX), -1);
    return h + (real)0.25 / h;
}

/* ---- Logarithms -------------------------------------------------------------------- */
/* x = 2^k m with m in [sqrt(1/2), sqrt 2). Unsigned: any bits come here and may wrap. */
GR_INLINE V FN(gr_log_reduce)(V x, I *k)
{
    I above = (I)((U)x - GR_HALF_ROOT);
    *k = above >> GR_MANT;
    return (V)((above & (((gr_int)1 << GR_MANT) - 1)) + GR_HALF_ROOT);
}

/* log(2^k (1 + f)), smallest terms first. */
GR_INLINE V FN(gr_log_sum)(V f, I k)
{
    V n = __builtin_convertvector(k, V), z = f * f;
    V y = f * z * GR_LOG(f);
    y = y + n * GR_LN2_LO;
    y = y - (real)0.5 * z;
    return (f + y) + n * GR_LN2_HI;
}

/* x is what should be a positive number, y its logarithm if it is. */
GR_INLINE V FN(gr_log_special)(V x, V y)
{
    y = FN(gr_pick)(x < (real)INFINITY, y, x);
    y = FN(gr_pick)(x == 0, FN(gr_all)((real)-INFINITY), y);
    return FN(gr_pick)(x < 0, FN(gr_all)((real)NAN), y);
}

GR_INLINE V FN(gr_log)(V x)
{
    real least = GR_DOUBLE ? (real)0x1p-1022 : (real)0x1p-126; /* below: denormal */
    I small = x < least, k;
    V m = FN(gr_log_reduce)(FN(gr_pick)(small, x * (real)((gr_int)1 << GR_MANT), x), &k);
    return FN(gr_log_special)(x, FN(gr_log_sum)(m - 1, k - (small & GR_MANT)));
}

/* What 1 + x loses by rounding is added to f: at k = 0 this makes f = x. */
GR_INLINE V FN(gr_log1p)(V x)
{
    I k;
    V u = 1 + x, m = FN(gr_log_reduce)(u, &k);
    V part = u - x, lost = (1 - part) + (x - (u - part));
    V scale = (V)((I)(x < (real)((gr_int)1 << (GR_MANT + 1))) & (I)FN(gr_power)(-k));
    V y = FN(gr_log_sum)((m - 1) + lost * scale, k);
    return FN(gr_pick)(FN(gr_abs)(x) < GR_TINY, x, FN(gr_log_special)(u, y));
}

GR_INLINE V FN(gr_softplus)(V x)
{
    V above = FN(gr_pick)(x > 0, x, (V){0});
    return above + FN(gr_log1p)(FN(gr_exp)(-FN(gr_abs)(x)));
}

/* ---- Circular functions ------------------------------------------------------------ */
/* atan x = pi/2 - atan(1/x) beyond 1. */
GR_INLINE V FN(gr_atan)(V x)
{
    V a = FN(gr_abs)(x);
    I far = a > 1;
    V t = FN(gr_pick)(far, -1 / a, a), z = t * t;
    V y = t + t * z * GR_ATAN(z);
    y = y + (V)(far & (I)FN(gr_all)((real)0x1.921fb54442d18p+0));
    return FN(gr_signed)(y, x);
}

/* Sine and cosine of x in the quadrant n, for |x| < GR_SIN_MAX. Always in double: r is x
 * less n pi/2, with pi/2 in pieces (those of Sun's fdlibm) whose products with n are exact.
 * In float two pieces leave r good to 2^-60; in double the error of the second difference
 * and the third piece make a tail that is carried along. */
GR_INLINE D FN(gr_quadrant)(V x, J *n, D *cosine)
{
    D y = __builtin_convertvector(x, D);
    D t = y * 0x1.45f306dc9c883p-1 + GR_DROUND, k = t - GR_DROUND;
    D r = y - k * 0x1.921fb544p+0;
    *n = (J)t;
#if GR_DOUBLE
    D w = k * 0x1.0b4611a6p-34, s = r - w, back = s - r;
    D tail = ((r - (s - back)) - (w + back)) - k * 0x1.3198a2e037073p-69;
    r = s + tail;
    tail = (s - r) + tail;
    D z = r * r, h = 0.5 * z, c = 1 - h;
    *cosine = c + (((1 - c) - h) + (z * z * GR_COS(z) - r * tail));
    return r + (r * z * GR_SIN(z) + (tail - h * tail));
#else
    r = r - k * 0x1.0b4611a626331p-34;
    D z = r * r;
    *cosine = 1 - 0.5 * z + z * z * GR_COS(z);
    return r + r * z * GR_SIN(z);
#endif
}

GR_INLINE D FN(gr_dpick)(J c, D a, D b) { return (D)((c & (J)a) | (~c & (J)b)); }

/* Arguments beyond GR_SIN_MAX are rare, and reduced lane by lane. */
#define GR_FAR(name)                                                                       \
    __attribute__((unused, noinline, cold)) static V FN(gr_##name##_far)(V x, V y)         \
    {                                                                                      \
        for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)                                \
            if (!(GR_ABS(x[i]) < GR_SIN_MAX))                                              \
                y[i] = GR_FAR_OF(name)(x[i]);                                              \
        return y;                                                                          \
    }
GR_FAR(sin)
GR_FAR(cos)
GR_FAR(tan)
#undef GR_FAR

GR_INLINE int FN(gr_any_far)(V x)
{
    I near = FN(gr_abs)(x) < GR_SIN_MAX;
    gr_int all = -1;
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        all &= near[i];
    return !all;
}

GR_INLINE V FN(gr_sin)(V x)
{
    J n;
    D c, s = FN(gr_quadrant)(x, &n, &c);
    J y = (J)FN(gr_dpick)(-(n & 1), c, s) ^ ((n & 2) << 62);
    V near = FN(gr_pick)(FN(gr_abs)(x) < GR_TINY, x, __builtin_convertvector((D)y, V));
    return FN(gr_any_far)(x) ? FN(gr_sin_far)(x, near) : near;
}

GR_INLINE V FN(gr_cos)(V x)
{
    J n;
    D c, s = FN(gr_quadrant)(x, &n, &c);
    J y = (J)FN(gr_dpick)(-(n & 1), s, c) ^ (((n + 1) & 2) << 62);
    V near = __builtin_convertvector((D)y, V);
    return FN(gr_any_far)(x) ? FN(gr_cos_far)(x, near) : near;
}

/* ---- The error function ------------------------------------------------------------ */
/* x p(x^2) up to 1; beyond, 1 - erfc by its logarithm, which is nearly a parabola. */
GR_INLINE V FN(gr_erf)(V x)
{
    V a = FN(gr_abs)(x), t = FN(gr_at_most)(a, GR_ERF_MAX);
    V y = FN(gr_pick)(a < 1, a + a * GR_ERF(a * a), 1 - FN(gr_exp_times)(GR_TAIL(t), 0));
    return FN(gr_signed)(y, x);
}

#if GR_DOUBLE

/* Lane by lane through libm: what is rare in networks and long in double. */
GR_INLINE V FN(gr_tan)(V x)
{
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = tan(x[i]);
    return x;
}

GR_INLINE V FN(gr_erfc)(V x)
{
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = erfc(x[i]);
    return x;
}

GR_INLINE V FN(gr_pow)(V x, V y)
{
    for (size_t i = 0; i < sizeof x / sizeof x[0]; i++)
        x[i] = pow(x[i], y[i]);
    return x;
}

#else

GR_INLINE V FN(gr_tan)(V x)
{
    J n;
    D c, s = FN(gr_quadrant)(x, &n, &c);
    J odd = -(n & 1);
    D y = FN(gr_dpick)(odd, c, s) / FN(gr_dpick)(odd, -s, c);
    V near = FN(gr_pick)(FN(gr_abs)(x) < GR_TINY, x, __builtin_convertvector(y, V));
    return FN(gr_any_far)(x) ? FN(gr_tan_far)(x, near) : near;
}

/* 2^t in double, |t| < 1000. */
GR_INLINE D FN(gr_exp2_wide)(D t)
{
    D round = t + GR_DROUND, f = t - (round - GR_DROUND);
    return (D)((J)GR_EXP2(f) + ((J)round << 52));
}

/* e^(-a^2) times a smooth function of q = (a - 4)/(a + 4) = 1 - 8/(a + 4). In double, where
 * the square of a float is exact; the reciprocal from float by one of Newton's steps. */
GR_INLINE V FN(gr_erfc)(V x)
{
    V size = FN(gr_at_most)(FN(gr_abs)(x), 10.5f);
    D a = __builtin_convertvector(size, D), d = a + 4;
    D r = __builtin_convertvector(1 / (size + 4), D);
    r = r * (2 - d * r);
    D q = 1 - 8 * r;
    D tail = FN(gr_exp2_wide)(a * a * -0x1.71547652b82fep+0) * GR_ERFCX(q);
    J negative = __builtin_convertvector(x, D) < 0;
    return __builtin_convertvector(FN(gr_dpick)(negative, 2 - tail, tail), V);
}

/* log2 of a positive double, or of 0. */
GR_INLINE D FN(gr_log2_wide)(D x)
{
    const int64_t half_root = 0x3fe6a09e667f3bcd;
    J above = (J)x - half_root, k = above >> 52;
    D m = (D)((above & 0xfffffffffffff) + half_root), s = (m - 1) / (m + 1);
    D y = __builtin_convertvector(k, D) + s * GR_LOG2(s * s);
    y = FN(gr_dpick)(x == 0, (D){0} - INFINITY, y);
    return FN(gr_dpick)(x < INFINITY, y, x);
}

/* 2^(y log2 |x|) in double, then what C says of signs and of 1. */
GR_INLINE V FN(gr_pow)(V x, V y)
{
    D a = __builtin_convertvector(FN(gr_abs)(x), D), b = __builtin_convertvector(y, D);
    D t = b * FN(gr_log2_wide)(a);
    t = FN(gr_dpick)(t > 200, (D){0} + 200, t);
    t = FN(gr_dpick)(t < -200, (D){0} - 200, t);
    V p = __builtin_convertvector(FN(gr_exp2_wide)(t), V), half = y * 0.5f;
    p = FN(gr_pick)(FN(gr_abs)(x) == 1, FN(gr_pick)(y == y, FN(gr_all)(1), y), p);

    I whole = FN(gr_floor)(y) == y, odd = whole & (FN(gr_floor)(half) != half);
    p = (V)((I)p ^ (odd & (I)x & (I)FN(gr_all)(-0.0f)));
    p = FN(gr_pick)((x < 0) & (x > -INFINITY) & ~whole, FN(gr_all)(NAN), p);
    return FN(gr_pick)((y == 0) | (x == 1), FN(gr_all)(1), p);
}

#endif
