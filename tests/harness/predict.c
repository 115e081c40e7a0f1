/* The verb predict where it is more than a table: images, and outputs that need no data. */
#include "grdata.h"
#include "run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

TestSuite(predict, .timeout = 300);

static const char pictures[] = "model pictures {\n"
                               "  input x[2, 3]\n"
                               "  input t\n"
                               "  param w = 0.2\n"
                               "  y = w * x\n"
                               "  p[k < 2, i < 1, j < 2] = 0.2 * (k + 2*i + 3*j)\n"
                               "  u[k < 3] = w * uniform(0, 1)\n"
                               "  s = sum(y)\n"
                               "  loss (s - t)^2\n"
                               "  output y\n"
                               "  output p\n"
                               "  output u\n"
                               "  output s\n"
                               "  train { batch = 2  optimizer = sgd(lr = 0) }\n"
                               "}\n";

/* Trained, without learning, so that there are parameters; three examples in x.csv. */
static char *make_pictures(void)
{
    char *dir = build_text(pictures, "");
    write_text(text("%s/x.csv", dir), "0,1,2,3,4,5\n-1,6,0,0,0,0\n5,5,5,5,5,5\n");
    write_text(text("%s/t.csv", dir), "0\n0\n0\n");
    must("cd %s && ./m train x=x.csv t=t.csv --epochs 1", dir);
    return dir;
}

/* The numbers in the file after the header, in octal, as od prints them. */
static const char *pixels(const char *dir, const char *options, const char *header)
{
    return must("cd %s && ./m predict %s -o o.pgm && printf '%s\\n255\\n' >h && "
                "head -c $(wc -c <h) o.pgm | cmp - h && tail -c +$(($(wc -c <h) + 1)) "
                "o.pgm | "
                "od -An -v -tu1 | tr -s ' \\n' ' '",
                dir, options, header)
        .out;
}

/* 0.2 of white is 51; below black is black; the fourth place of a grid of three is black.
 */
Test(predict, images)
{
    char *dir = make_pictures();
    cr_assert_str_eq(pixels(dir, "x=x.csv --output y", "P5\\n6 4"),
                     " 0 51 102 0 255 0 153 204 255 0 0 0"
                     " 255 255 255 0 0 0 255 255 255 0 0 0 ");
    cr_assert_str_eq(pixels(dir, "x=x.csv --output y --rows 1", "P5\\n3 2"),
                     " 0 51 102 153 204 255 ");
    Run r = run("cd %s && ./m predict x=x.csv -o n.pgm", dir);
    cr_assert(r.status == 2 &&
                  strstr(r.err, "an image holds one array, but there are 4 outputs"),
              "%s", r.err);
    r = run("cd %s && ./m predict x=x.csv --output s -o n.pgm", dir);
    cr_assert(r.status == 2 && strstr(r.err, "'s' is no image: it has 1 dimensions"), "%s",
              r.err);
    cr_assert(!exists(text("%s/n.pgm", dir)));
}

/* The signature; then chunks: length, type, data, checksum of type and data. The rows in
 * the data begin with a 0 each. */
Test(predict, png)
{
    static const unsigned char want[] = {0, 0, 51, 102, 0, 153, 204, 255},
                               signature[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'},
                               head[] = {0, 0, 0, 13, 'I', 'H', 'D', 'R', 0, 0, 0,
                                         3, 0, 0, 0,  2,   8,   0,   0,   0, 0};
    char *dir = make_pictures();
    gr_bytes f;
    gr_error e;
    must("cd %s && ./m predict x=x.csv --output y --rows 1 -o o.png", dir);
    cr_assert(gr_read_file(text("%s/o.png", dir), &f, &e));
    cr_assert(memcmp(f.data, signature, 8) == 0 && memcmp(f.data + 8, head, 21) == 0);
    unsigned char *chunk = f.data + 8, row[sizeof want];
    for (size_t length = 13; chunk < f.data + f.size; chunk += length + 12) {
        length = chunk[2] * 256u + chunk[3];
        const unsigned char *sum = chunk + 8 + length;
        cr_assert_eq(crc32(0, chunk + 4, (uInt)length + 4),
                     (uLong)sum[0] << 24 | (uLong)sum[1] << 16 | (uLong)sum[2] << 8 |
                         sum[3]);
        uLongf size = sizeof row;
        if (memcmp(chunk + 4, "IDAT", 4) == 0)
            cr_assert(uncompress(row, &size, chunk + 8, length) == Z_OK &&
                      size == sizeof want && memcmp(row, want, size) == 0);
    }
    cr_assert_eq(memcmp(chunk - 8, "IEND", 4), 0);
}

/* p and u depend on no input: they are asked for without. */
Test(predict, from_nothing)
{
    char *dir = make_pictures();
    cr_assert_str_eq(pixels(dir, "--output p", "P5\\n4 1"), " 0 153 51 204 ");
    const char *u = must("cd %s && ./m predict --output u --seed 3", dir).out;
    double a, b, c;
    cr_assert_eq(sscanf(u, "u[0],u[1],u[2]\n%lf,%lf,%lf\n", &a, &b, &c), 3, "%s", u);
    cr_assert(0 <= a && a < 0.2 && a != b && b != c && a != c, "%s", u);
    cr_assert_str_eq(u, must("cd %s && ./m predict --output u --seed 3", dir).out);
    cr_assert(strcmp(u, must("cd %s && ./m predict --output u --seed 4", dir).out) != 0);
    Run r = run("cd %s && ./m predict --output y", dir);
    cr_assert(r.status == 2 && strstr(r.err, "input 'x' is missing"), "%s", r.err);
}

/* h is behind z, which stands below it: x is needed to predict h all the same. */
static const char circle[] = "model circle {\n"
                             "  input x[3]\n"
                             "  input y\n"
                             "  param w = 1\n"
                             "  h[t < 3] = tanh(w * z[t - 1 | 0])\n"
                             "  z[t] = h[t] + x[t]\n"
                             "  loss (sum(t) h[t]) - y\n"
                             "  output h\n"
                             "}\n";

Test(predict, needs_what_a_recurrence_reads_later)
{
    char *dir = build_text(circle, "");
    const char *info = must("%s/m info", dir).out;
    cr_assert(strstr(info, "y ") && strstr(strstr(info, "y "), "target"), "%s", info);
    cr_assert_null(strstr(strstr(info, "target") + 1, "target"), "x is none: %s", info);
}
