/* IDX, and gzip around it. */
#include <criterion/criterion.h>

#include "grdata.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

static gr_array a;
static gr_error e;

static bool parse(const char *bytes, size_t size)
{
    unsigned char *exact = malloc(size + 1);
    memcpy(exact, bytes, size);
    return gr_parse_idx(exact, size, &a, &e);
}

#define PARSE(bytes) parse(bytes, sizeof bytes - 1)

static void fails(bool parsed, const char *message)
{
    cr_assert(!parsed, "%s", message);
    cr_assert_str_eq(e.text, message);
}

Test(idx, bytes)
{
    cr_assert(PARSE("\0\0\x08\2\0\0\0\2\0\0\0\3abcdef"));
    cr_assert(a.type == GR_U8 && a.rank == 2 && a.dim[0] == 2 && a.dim[1] == 3);
    cr_assert_eq(gr_element(&a, 5), 'f');
}

Test(idx, wide_elements_are_big_endian)
{
    cr_assert(PARSE("\0\0\x0d\1\0\0\0\2\x3f\xc0\0\0\xc0\0\0\0"));
    cr_assert(gr_element(&a, 0) == 1.5 && gr_element(&a, 1) == -2);
    cr_assert(PARSE("\0\0\x0b\1\0\0\0\1\xff\xfe"));
    cr_assert_eq(gr_element(&a, 0), -2);
}

Test(idx, wrong)
{
    fails(PARSE("\0\0\x08\2\0\0\0\2\0\0\0\3abcde"),
          "IDX header says U8 (2, 3), but 5 bytes of data follow");
    fails(PARSE("\0\0\x08\2\0\0\0\2\0\0\0\3abcdefg"),
          "IDX header says U8 (2, 3), but 7 bytes of data follow");
    fails(PARSE("\0\0\x08\3\0\0\0\2"), "truncated IDX header: 8 bytes of 16");
    fails(PARSE("\0\0\x07\1\0\0\0\0"), "not an IDX file: unknown type 0x07");
    fails(PARSE("\0\1\x08\1"), "not an IDX file: it does not begin with two zero bytes");
    fails(PARSE("\0\0\x08\x09"), "IDX of rank 9; 1 to 8 can be read");
    fails(PARSE("\0\0\x0e\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"),
          "IDX header says F64 (4294967295, 4294967295, 4294967295), but 0 bytes of data "
          "follow");
}

/* ---- gzip ---- */

static char path[] = "/tmp/gr_idx_XXXXXX";

static void write_gzip(const char *text, int times)
{
    close(mkstemp(path));
    gzFile f = gzopen(path, "wb");
    for (int i = 0; i < times; i++)
        gzputs(f, text);
    gzclose(f);
}

Test(gzip, whole)
{
    gr_bytes b;
    write_gzip("0123456789", 100000);
    cr_assert(gr_read_file(path, &b, &e), "%s", e.text);
    cr_assert_eq(b.size, 1000000);
    cr_assert(memcmp(b.data + 999990, "0123456789", 11) == 0, "a zero ends the bytes");
    unlink(path);
}

Test(gzip, cut_anywhere)
{
    gr_bytes b;
    write_gzip("abc", 10);
    cr_assert(gr_read_file(path, &b, &e));
    FILE *f = fopen(path, "rb");
    fseek(f, 0, SEEK_END);
    for (long n = ftell(f) - 1; n > 2; n--) {
        cr_assert_eq(truncate(path, n), 0);
        cr_assert(!gr_read_file(path, &b, &e), "%ld bytes", n);
        cr_assert_str_eq(e.text, "truncated gzip data");
    }
    unlink(path);
}

Test(gzip, damaged)
{
    gr_bytes b;
    write_gzip("abcdefgh", 1000);
    FILE *f = fopen(path, "r+b");
    fseek(f, 30, SEEK_SET);
    fputs("xxxxx", f);
    fclose(f);
    cr_assert(!gr_read_file(path, &b, &e));
    cr_assert_str_eq(e.text, "damaged gzip data");
    unlink(path);
}

Test(files, missing_and_folders)
{
    gr_bytes b;
    fails(gr_read_file("/tmp/there/is/no/such", &b, &e), "No such file or directory");
    fails(gr_read_file("/tmp", &b, &e), "is a folder");
}
