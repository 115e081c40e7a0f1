/* The verb inspect: its figures are of numbers small enough to do by hand. */
#include <criterion/criterion.h>

#include "trainer.h"

TestSuite(inspect, .init = enter_folder);

static void write_to(const char *path, gr_named *t, int n)
{
    gr_error e;
    cr_assert(gr_write_safetensors(path, &(gr_safetensors){.tensors = n, .tensor = t}, &e));
}

/* a is (3, -4; 0, NaN), then (3, -4; 2, NaN); b is there in the one, c in the other. */
static void write_files(void)
{
    static float a[] = {3, -4, 0, NAN}, other[] = {3, -4, 2, NAN}, b[] = {7};
    gr_named first[] = {{"a", {.type = GR_F32, .rank = 2, .dim = {2, 2}, .data = a}},
                        {"b", {.type = GR_F32, .rank = 1, .dim = {1}, .data = b}}};
    gr_named second[] = {{"a", {.type = GR_F32, .rank = 2, .dim = {2, 2}, .data = other}},
                         {"c", {.type = GR_F32, .rank = 1, .dim = {1}, .data = b}}};
    write_to("first", first, 2);
    write_to("second", second, 2);
}

/* What it prints, each run of spaces being one. */
static const char *inspected(const char *files)
{
    cr_assert_eq(sh("./t inspect %s >raw && tr -s ' ' <raw", files), 0, "%s",
                 text_of("err"));
    return text_of("out");
}

Test(inspect, one_file)
{
    write_files();
    cr_expect_str_eq(inspected("first"), "tensor shape norm mean least greatest zeros NaN\n"
                                         "a (2, 2) 5 -0.3333 -4 3 1 1 █ █ █\n"
                                         "b (1) 7 7 7 7 0 0\n");
}

/* The norms are 5 and sqrt(29); the difference is 2, of 5, in the second row. */
Test(inspect, two_files)
{
    write_files();
    cr_expect_str_eq(inspected("first second"),
                     "tensor shape norm other norm difference relative greatest\n"
                     "a (2, 2) 5 5.385 2 0.4 2 at [1, 0]\n"
                     "b: only in first\n"
                     "c: only in second\n");
}

Test(inspect, an_array)
{
    static unsigned char x[] = {0, 1, 1, 2};
    gr_error e;
    gr_array a = {.type = GR_U8, .rank = 1, .dim = {4}, .data = x};
    cr_assert(gr_write_npy("x.npy", &a, &e));
    cr_expect(strstr(inspected("x.npy"), "x.npy (4) 2.449 1 0 2 1 0 ▄ █ ▄\n"), "%s",
              text_of("out"));
}

Test(inspect, mistakes)
{
    cr_expect_eq(sh("./t inspect"), 2);
    cr_expect_str_eq(text_of("err"), "line: error: no file: inspect FILE, or FILE FILE\n");
    cr_expect_eq(sh("./t inspect t"), 2);
    cr_expect_str_eq(text_of("err"), "line: error: t: not a safetensors file\n");
    cr_expect_eq(sh("./t inspect a b c"), 2);
}
