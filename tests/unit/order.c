/* Orders without memory: each is a permutation, different keys give different ones, and no
 * place is favoured. And conversion, which data go through next. */
#include <criterion/criterion.h>

#include "grdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(permute, is_a_permutation)
{
    static const uint64_t sizes[] = {1, 2, 3, 4, 5, 16, 17, 150, 1797, 65536, 65537};
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        bool *seen = calloc(sizes[s], 1);
        for (uint64_t i = 0; i < sizes[s]; i++) {
            uint64_t p = gr_permute(i, sizes[s], 42);
            cr_assert(p < sizes[s] && !seen[p], "%llu of %llu", (unsigned long long)i,
                      (unsigned long long)sizes[s]);
            seen[p] = true;
        }
        free(seen);
    }
}

Test(permute, large)
{
    uint64_t n = (uint64_t)1 << 40;
    for (uint64_t i = 0; i < 1000; i++)
        cr_assert(gr_permute(i, n - 1, i) < n - 1);
}

/* Of 10 elements under 10000 keys, each is in each place 1000 times, give or take 30:
 * chi-square over the 81 free cells has standard deviation 12.7, and 5 of them are never
 * seen by chance. */
Test(permute, no_place_is_favoured)
{
    enum { N = 10, KEYS = 10000 };
    int count[N][N] = {0};
    for (uint64_t k = 0; k < KEYS; k++)
        for (uint64_t i = 0; i < N; i++)
            count[i][gr_permute(i, N, gr_mix(7, k))]++;
    double chi = 0, want = (double)KEYS / N;
    for (int i = 0; i < N * N; i++)
        chi += ((&count[0][0])[i] - want) * ((&count[0][0])[i] - want) / want;
    cr_assert(chi < 81 + 5 * 12.7 && chi > 81 - 5 * 12.7, "%g", chi);
}

/* Neighbours do not stay neighbours: 0 and 1 are adjacent in 2/n of all orders. */
Test(permute, neighbours_part)
{
    enum { N = 100, KEYS = 10000 };
    int adjacent = 0;
    for (uint64_t k = 0; k < KEYS; k++) {
        uint64_t a = gr_permute(0, N, gr_mix(k, 3)), b = gr_permute(1, N, gr_mix(k, 3));
        adjacent += a + 1 == b || b + 1 == a;
    }
    cr_assert(abs(adjacent - 200) < 70, "%d", adjacent);
}

/* ---- conversion ---- */

static gr_array out;
static gr_error e;

#define ARRAY(TYPE, x)                                                                     \
    ((gr_array){.type = TYPE, .rank = 1, .dim = {sizeof(x) / sizeof *(x)}, .data = x})

Test(convert, keeps_values)
{
    double x[] = {0, 1, 255};
    gr_array a = ARRAY(GR_F64, x);
    for (int type = GR_F32; type <= GR_I32; type++) {
        cr_assert(gr_convert(&a, (gr_type)type, 0, &out, &e));
        cr_assert((uintptr_t)out.data % 64 == 0);
        for (size_t i = 0; i < 3; i++)
            cr_assert_eq(gr_element(&out, i), x[i]);
        gr_drop(&out);
    }
}

Test(convert, says_which_row)
{
    double labels[] = {1, 2, 10, 3}, pairs[] = {1, 1, 1, 0.5}, no[] = {0, NAN};
    gr_array a = ARRAY(GR_F64, labels), b = ARRAY(GR_F64, pairs), c = ARRAY(GR_F64, no);
    cr_assert(!gr_convert(&a, GR_I32, 10, &out, &e));
    cr_assert_str_eq(e.text, "row 2 (from 0): 10 is not an index from 0 to 9");
    b.rank = 2;
    b.dim[0] = b.dim[1] = 2;
    cr_assert(!gr_convert(&b, GR_U8, 0, &out, &e));
    cr_assert_str_eq(e.text, "row 1 (from 0): 0.5 is not an integer from 0 to 255");
    cr_assert(!gr_convert(&c, GR_I32, 0, &out, &e));
}

Test(convert, bounds_hold_for_the_same_type)
{
    int32_t x[] = {0, -1};
    gr_array a = ARRAY(GR_I32, x);
    cr_assert(!gr_convert(&a, GR_I32, 5, &out, &e));
    cr_assert(gr_convert(&a, GR_I32, 0, &out, &e));
}
