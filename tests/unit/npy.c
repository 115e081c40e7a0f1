/* npy files, the good ones as numpy 1.24 wrote them. */
#include <criterion/criterion.h>

#include "grdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gr_array a;
static gr_error e;

/* A file of version 1 with this header, padded as numpy does, and these bytes. */
static bool parse(const char *header, const char *data, size_t size)
{
    unsigned char file[512];
    int n = snprintf((char *)file + 10, sizeof file - 10, "%-117s\n", header);
    memcpy(file, "\x93NUMPY\1\0", 8);
    file[8] = (unsigned char)(n & 255);
    file[9] = (unsigned char)(n >> 8);
    memcpy(file + 10 + n, data, size);
    unsigned char *exact =
        malloc(10 + (size_t)n + size); /* never freed: the array is in it */
    memcpy(exact, file, 10 + (size_t)n + size);
    return gr_parse_npy(exact, 10 + (size_t)n + size, &a, &e);
}

#define PARSE(header, data) parse(header, data, sizeof data - 1)

static void fails(bool parsed, const char *message)
{
    cr_assert(!parsed, "%s", message);
    cr_assert_str_eq(e.text, message);
}

Test(npy, column_major)
{
    cr_assert(PARSE("{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3), }",
                    "\xfe\xff\xb6\x0b\xe6\x03\x9e\x0f\xce\x07\x86\x13"),
              "%s", e.text);
    cr_assert(a.type == GR_I16 && a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
    for (size_t i = 0; i < 6; i++)
        cr_assert_eq(gr_element(&a, i), 1000 * (double)i - 2);
}

Test(npy, floats)
{
    cr_assert(PARSE("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }",
                    "\0\0\xc0?\0\0\0\xc0v\x84\xdfP"));
    cr_assert(gr_element(&a, 0) == 1.5 && gr_element(&a, 1) == -2 &&
              gr_element(&a, 2) == (float)3e10);
}

Test(npy, scalar)
{
    cr_assert(PARSE("{'descr': '<f8', 'fortran_order': False, 'shape': (), }",
                    "\x9a\x99\x99\x99\x99\x99\xb9?"));
    cr_assert(a.rank == 0 && gr_element(&a, 0) == 0.1);
}

Test(npy, halves)
{
    cr_assert(PARSE("{'descr': '<f2', 'fortran_order': False, 'shape': (4,), }",
                    "U5\xff\xfb\1\0\0|"));
    cr_assert(gr_element(&a, 0) == 0.333251953125 && gr_element(&a, 1) == -65504 &&
              gr_element(&a, 2) == 5.960464477539063e-08 && isinf(gr_element(&a, 3)));
}

Test(npy, big_endian)
{
    cr_assert(PARSE("{'descr': '>u4', 'fortran_order': False, 'shape': (2,), }",
                    "\0\0\1\0\x80\0\0\1"));
    cr_assert(gr_element(&a, 0) == 256 && gr_element(&a, 1) == 2147483649);
}

Test(npy, version_2)
{
    unsigned char file[] =
        "\x93NUMPY\2\0\x40\0\0\0"
        "{'descr': '|b1', 'fortran_order': False, 'shape': (2,), }       \1\0";
    cr_assert(gr_parse_npy(file, sizeof file - 1, &a, &e), "%s", e.text);
    cr_assert(a.type == GR_BOOL && gr_element(&a, 0) == 1 && gr_element(&a, 1) == 0);
}

Test(npy, no_rows)
{
    cr_assert(PARSE("{'descr': '<f8', 'fortran_order': False, 'shape': (0, 3), }", ""));
    cr_assert_eq(a.dim[0], 0);
}

Test(npy, wrong)
{
    fails(PARSE("{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", "1234"),
          "npy header says F32 (3), but 4 bytes of data follow");
    fails(PARSE("{'descr': '|O', 'fortran_order': False, 'shape': (3,), }", ""),
          "npy of type '|O'; f2 f4 f8 u1 u2 u4 u8 i1 i2 i4 i8 b1 can be read");
    fails(PARSE("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (), }", ""),
          "npy header: the type is not a plain one");
    fails(PARSE("{'fortran_order': False, 'shape': (3,), }", ""),
          "npy header: descr, fortran_order or shape is missing");
    fails(PARSE("{'descr': '<f4', 'fortran_order': 0, 'shape': (), }", ""),
          "npy header: fortran_order is neither True nor False");
    fails(PARSE("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }", ""),
          "npy header: the shape is not a tuple of numbers");
    fails(PARSE("{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }",
                ""),
          "npy of rank above 8");
    fails(
        PARSE(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }",
            ""),
        "npy header says F64 (4294967296, 4294967296), but 0 bytes of data follow");
    fails(
        PARSE(
            "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999999999999999,), }",
            ""),
        "npy header: the shape is not a tuple of numbers");
}

Test(npy, truncated)
{
    unsigned char file[] = "\x93NUMPY\1\0\x76\0{'descr'";
    fails(gr_parse_npy(file, sizeof file - 1, &a, &e),
          "truncated npy header: 8 bytes of 118");
    fails(gr_parse_npy(file, 9, &a, &e), "npy of an unknown version");
    fails(gr_parse_npy(file, 3, &a, &e), "not an npy file: no magic");
}

Test(npy, written_and_read)
{
    char path[] = "/tmp/gr_npy_XXXXXX";
    close(mkstemp(path));
    float x[] = {1, 2, 3, 4.5f, 5, 6};
    gr_array out = {.type = GR_F32, .rank = 2, .dim = {3, 2}, .data = x};
    cr_assert(gr_write_npy(path, &out, &e), "%s", e.text);
    gr_bytes b;
    cr_assert(gr_read_file(path, &b, &e));
    cr_assert_eq(b.size % 64, sizeof x % 64);
    cr_assert(memcmp(b.data,
                     "\x93NUMPY\1\0\x76\0{'descr': '<f4', 'fortran_order': False, "
                     "'shape': (3,2,), }",
                     68) == 0);
    cr_assert(gr_parse_npy(b.data, b.size, &a, &e), "%s", e.text);
    cr_assert(a.rank == 2 && a.dim[0] == 3 && memcmp(a.data, x, sizeof x) == 0);
    unlink(path);
}
