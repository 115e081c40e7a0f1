/* Orders that need no memory: permutations computed one element at a time.
 *
 * A Feistel network permutes the numbers of 2k bits, the least even number that holds n;
 * walking it until the result is below n gives a permutation of 0..n-1 (cycle walking,
 * Black and Rogaway 2002), after fewer than four walks on average. Six rounds: with four,
 * the orders of ten elements are visibly uneven. */
#include "grdata.h"

enum { ROUNDS = 6 };

/* The finalizer of splitmix64 (Steele, Lea, Flood 2014). */
static uint64_t scramble(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t gr_mix(uint64_t a, uint64_t b)
{
    return scramble(scramble(a + 0x9e3779b97f4a7c15u) ^ (b + 0xd1b54a32d192ed03u));
}

static uint64_t feistel(uint64_t x, int half, uint64_t key)
{
    uint64_t mask = ((uint64_t)1 << half) - 1;
    uint64_t left = x >> half, right = x & mask;
    for (int round = 0; round < ROUNDS; round++) {
        key += 0x9e3779b97f4a7c15u;
        uint64_t mixed = left ^ (scramble(right ^ key) & mask);
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
