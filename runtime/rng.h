/* Random numbers for generated C: Philox4x32-10 (Salmon et al., "Parallel random numbers: as
 * easy as 1, 2, 3", SC 2011), a keyed bijection of a 128-bit counter, so that a number depends
 * on where it is drawn and on nothing else:
 *
 *   key     = seed low, seed high
 *   counter = element low, element high, site, step low
 *
 * element is the row-major place in the equation that draws, site says which draw of the model
 * it is, step which update. Of the four words a draw gives, two are used. Included by simd.h. */
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

/* Lanes: element, element + 1, ... */
GR_INLINE vec gr_uniform_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    vec v;
    GR_EACH(i) v[i] = gr_uniform(seed, step, site, element + (uint64_t)i);
    return v;
}

GR_INLINE vec gr_normal_v(uint64_t seed, uint64_t step, uint32_t site, uint64_t element)
{
    vec v;
    GR_EACH(i) v[i] = gr_normal(seed, step, site, element + (uint64_t)i);
    return v;
}

#endif
