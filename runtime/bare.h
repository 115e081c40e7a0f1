/* What generated C takes from the world where there is neither libc nor libm, included
 * before simd.h in its freestanding form. It computes in float. The two functions below are
 * the program's to bring; a C compiler may ask for them by itself, too. */
#ifndef GR_BARE_H
#define GR_BARE_H

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *to, const void *from, size_t n);
void *memset(void *to, int byte, size_t n);

#ifndef INFINITY
#define INFINITY __builtin_inff()
#define NAN      __builtin_nanf("")
#endif

/* The root by the machine's own instruction. sqrtf may be more than that, because it sets
 * errno. */
#define GR_SQRT(a) gr_root(a)

__attribute__((unused)) static inline float gr_root(float x)
{
#if defined __aarch64__
    __asm__("fsqrt %s0, %s1" : "=w"(x) : "w"(x));
#elif defined __ARM_FP && (__ARM_FP & 4)
    __asm__("vsqrt.f32 %0, %1" : "=t"(x) : "t"(x));
#elif defined __SSE__
    __asm__("sqrtss %1, %0" : "=x"(x) : "x"(x));
#elif defined __wasm__
    float root;
    __asm__("local.get %1\n\tf32.sqrt\n\tlocal.set %0" : "=r"(root) : "r"(x));
    x = root;
#else
    /* x = m 2^e, e odd, m of 24 or 25 bits. The root of m 2^25 then has 25, one to round
     * by; none lies in the middle between two floats. */
    uint32_t bits, root = 0;
    memcpy(&bits, &x, sizeof bits);
    if (bits << 1 == 0 || bits == 0x7f800000)
        return x;
    if (bits > 0x7f800000)
        return NAN;
    int e = bits >> 23 ? (int)(bits >> 23) - 150 : -149;
    uint64_t m = bits >> 23 ? (bits & 0x7fffff) | 0x800000 : bits;
    for (; m < 0x800000 || e % 2 == 0; e--)
        m <<= 1;
    for (uint32_t bit = 1 << 24; bit; bit >>= 1)
        if ((uint64_t)(root + bit) * (root + bit) <= m << 25)
            root += bit;
    bits = (uint32_t)((e - 25) / 2 + 1 + 127) << 23;
    memcpy(&x, &bits, sizeof x);
    x = x * (float)((root + 1) >> 1);
#endif
    return x;
}

#endif
