/* Ten rounds of Philox, and the two distributions, as the manual states them. */
#include "random.h"

enum { ROUNDS = 10 };

static const Real TWO_PI = (Real)6.283185307179586476925286766559L;

Philox philox(uint64_t key, const uint32_t counter[4])
{
    uint32_t k0 = (uint32_t)key, k1 = (uint32_t)(key >> 32);
    Philox x = {{counter[0], counter[1], counter[2], counter[3]}};
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t a = (uint64_t)x.word[0] * 0xD2511F53u;
        uint64_t b = (uint64_t)x.word[2] * 0xCD9E8D57u;
        x = (Philox){{(uint32_t)(b >> 32) ^ x.word[1] ^ k0, (uint32_t)b,
                      (uint32_t)(a >> 32) ^ x.word[3] ^ k1, (uint32_t)a}};
        k0 += 0x9E3779B9u; /* the golden ratio */
        k1 += 0xBB67AE85u; /* sqrt(3) - 1 */
    }
    return x;
}

static Philox draw(uint64_t seed, uint64_t step, int site, int64_t element)
{
    uint32_t counter[4] = {(uint32_t)element, (uint32_t)((uint64_t)element >> 32),
                           (uint32_t)site, (uint32_t)step};
    return philox(seed, counter);
}

static Real fraction(uint32_t above) { return (Real)above / 16777216; }

Real uniform_at(uint64_t seed, uint64_t step, int site, int64_t element)
{
    return fraction(draw(seed, step, site, element).word[0] >> 8);
}

/* Box and Muller; the radius takes (0, 1], where the logarithm is finite. */
Real normal_at(uint64_t seed, uint64_t step, int site, int64_t element)
{
    Philox x = draw(seed, step, site, element);
    Real radius = gr_sqrt(-2 * gr_log(fraction((x.word[0] >> 8) + 1)));
    return radius * gr_cos(TWO_PI * fraction(x.word[1] >> 8));
}
