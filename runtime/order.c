/* Orders that need no memory: permutations computed one element at a time.
 *
 * A four-round Feistel network permutes the numbers of 2k bits, the least even number that
 * holds n; walking it until the result is below n gives a permutation of 0..n-1 (cycle
 * walking, Black and Rogaway 2002). It takes fewer than four walks on average. */
#include "grdata.h"

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014) over both words. */
uint64_t gr_mix(uint64_t a, uint64_t b)
{
    uint64_t x = a + 0x9e3779b97f4a7c15u * (b + 1);
    for (int round = 0; round < 2; round++) {
        x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
        x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
        x ^= x >> 31;
        x += b;
    }
    return x;
}

static uint64_t feistel(uint64_t x, int half, uint64_t key)
{
    uint64_t mask = ((uint64_t)1 << half) - 1;
    uint64_t left = x >> half, right = x & mask;
    for (uint64_t round = 0; round < 4; round++) {
        uint64_t mixed = left ^ (gr_mix(key + round, right) & mask);
        left = right;
        right = mixed;
    }
    return left << half | right;
}

uint64_t gr_permute(uint64_t i, uint64_t n, uint64_t key)
{
    int half = 1;
    while (half < 31 && ((n - 1) >> (2 * half)) != 0)
        half++;
    do
        i = feistel(i, half, key);
    while (i >= n);
    return i;
}
