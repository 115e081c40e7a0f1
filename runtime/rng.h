/* Random numbers for generated C: Philox4x32-10 (Salmon et al., "Parallel random numbers:
 * as easy as 1, 2, 3", SC 2011), a keyed bijection of a 128-bit counter, so that a number
 * depends on where it is drawn and on nothing else:
 *
 *   key     = seed low, seed high
 *   counter = element low, element high, site, step low
 *
 * element is the row-major place in the equation that draws, site says which draw of the
 * model it is, step which update. Of the four words a draw gives, two are used. Included by
 * simd.h. */
#ifndef GR_RNG_H
#define GR_RNG_H

typedef struct gr_philox {
    uint32_t word[4];
} gr_philox;

/* One value of the bijection. */
GR_INLINE gr_philox gr_philox_10(gr_philox c, uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)c.word[0] * 0xD2511F53u;
        uint64_t b = (uint64_t)c.word[2] * 0xCD9E8D57u;
        c = (gr_philox){{(uint32_t)(b >> 32) ^ c.word[1] ^ key0, (uint32_t)b,
                         (uint32_t)(a >> 32) ^ c.word[3] ^ key1, (uint32_t)a}};
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c;
}

GR_INLINE gr_philox gr_draw(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    gr_philox c = {{(uint32_t)element, (uint32_t)(element >> 32), site, (uint32_t)step}};
    return gr_philox_10(c, (uint32_t)seed, (uint32_t)(seed >> 32));
}

/* In [0, 1): a multiple of 2^-24. */
GR_INLINE real gr_uniform(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    return (real)(gr_draw(seed, step, site, element).word[0] >> 8) * (real)0x1p-24;
}

/* Mean 0, deviation 1: Box and Muller's transform, its cosine half. */
GR_INLINE real gr_normal(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    gr_philox c = gr_draw(seed, step, site, element);
    real u = (real)((c.word[0] >> 8) + 1) * (real)0x1p-24;
    real angle = (real)6.283185307179586 * ((real)(c.word[1] >> 8) * (real)0x1p-24);
    return gr_sqrt_s(-2 * gr_log_s(u)) * gr_cos_s(angle);
}

/* ---- All lanes at once: element, element + 1, ... ---------------------------------- */

typedef uint32_t gr_words GR_VECTOR(4 * GR_LANES);

#if GR_LANES == 1
GR_INLINE gr_words gr_draw_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element,
                             gr_words *second)
{
    gr_philox c = gr_draw(seed, step, site, element);
    *second = (gr_words){c.word[1]};
    return (gr_words){c.word[0]};
}
#else
/* Products of 32 bits by 32 come in lanes of 64, so every second word is drawn at a time:
 * in the low half of a lane, with anything above. */
typedef uint64_t gr_half GR_VECTOR(4 * GR_LANES);

GR_INLINE gr_half gr_draw_half(gr_half c[4], uint32_t key0, uint32_t key1, gr_half *second)
{
    const uint64_t low = 0xffffffff;
    for (int round = 0; round < 10; round++) {
        gr_half a = (c[0] & low) * 0xD2511F53u, b = (c[2] & low) * 0xCD9E8D57u;
        c[0] = (b >> 32) ^ c[1] ^ key0;
        c[1] = b;
        c[2] = (a >> 32) ^ c[3] ^ key1;
        c[3] = a;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    *second = c[1];
    return c[0];
}

GR_INLINE gr_words gr_join(gr_half even, gr_half odd)
{
    return (gr_words)((even & 0xffffffff) | (odd << 32));
}

/* The first two words of each lane's draw. */
GR_INLINE gr_words gr_draw_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element,
                             gr_words *second)
{
    gr_words at = (uint32_t)element + (gr_words)gr_lane();
    gr_words carry = (gr_words)(at < (uint32_t)element);
    gr_half e0 = (gr_half)at, e1 = (gr_half)((uint32_t)(element >> 32) - carry), zero = {0};
    gr_half even[4] = {e0, e1, zero + site, zero + (uint32_t)step};
    gr_half odd[4] = {e0 >> 32, e1 >> 32, zero + site, zero + (uint32_t)step};
    uint32_t key0 = (uint32_t)seed, key1 = (uint32_t)(seed >> 32);
    gr_half even1, even0 = gr_draw_half(even, key0, key1, &even1);
    gr_half odd1, odd0 = gr_draw_half(odd, key0, key1, &odd1);
    *second = gr_join(even1, odd1);
    return gr_join(even0, odd0);
}
#endif

GR_INLINE vec gr_uniform_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    gr_words second, first = gr_draw_v(seed, step, site, element, &second);
    return gr_from_int((ivec)(first >> 8)) * (real)0x1p-24;
}

GR_INLINE vec gr_normal_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    gr_words second, first = gr_draw_v(seed, step, site, element, &second);
    vec u = gr_from_int((ivec)(first >> 8) + 1) * (real)0x1p-24;
    vec angle =
        (real)6.283185307179586 * (gr_from_int((ivec)(second >> 8)) * (real)0x1p-24);
    return gr_sqrt_v(-2 * gr_log_v(u)) * gr_cos_v(angle);
}

#endif
