/* Writing images: the numbers of an array as a grid of grey pictures, PGM or PNG. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

/* n pictures, `across` beside each other: as near to a square as whole rows allow. */
typedef struct Grid {
    size_t n, high, wide, across, down;
} Grid;

static Grid grid_of(const gr_array *a)
{
    Grid g = {.high = a->dim[a->rank - 2], .wide = a->dim[a->rank - 1], .across = 1};
    gr_count(a->rank - 2, a->dim, &g.n);
    while (g.across * g.across < g.n)
        g.across++;
    g.down = (g.n + g.across - 1) / g.across;
    return g;
}

/* 0 is black and 1 is white; so is what lies beyond. */
static unsigned char grey(double x)
{
    return (unsigned char)(x >= 1 ? 255 : x > 0 ? x * 255 + 0.5 : 0);
}

/* Row y of the grid, black where there is no picture left. */
static void fill_row(const gr_array *a, const Grid *g, size_t y, unsigned char *row)
{
    for (size_t x = 0; x < g->across * g->wide; x++) {
        size_t picture = y / g->high * g->across + x / g->wide;
        size_t pixel = (picture * g->high + y % g->high) * g->wide + x % g->wide;
        row[x] = picture < g->n ? grey(gr_element(a, pixel)) : 0;
    }
}

/* The rows one after another, each after `gap` zeros. */
static unsigned char *rows_of(const gr_array *a, const Grid *g, size_t gap)
{
    size_t row = gap + g->across * g->wide, rows = g->down * g->high;
    unsigned char *data = calloc(rows * row + 1, 1);
    for (size_t y = 0; data && y < rows; y++)
        fill_row(a, g, y, data + y * row + gap);
    return data;
}

static void write_pgm(FILE *f, const Grid *g, const unsigned char *rows)
{
    size_t wide = g->across * g->wide, high = g->down * g->high;
    fprintf(f, "P5\n%zu %zu\n255\n", wide, high);
    fwrite(rows, 1, wide * high, f);
}

/* ---- PNG: a signature, then chunks, each with its length and a checksum ---- */

static void put_big_endian(unsigned char *to, size_t x)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(x >> (24 - 8 * i));
}

static void write_chunk(FILE *f, const char *type, const unsigned char *data, size_t n)
{
    unsigned char length[4], check[4];
    uLong sum = crc32(crc32(0, (const Bytef *)type, 4), data, (uInt)n);
    put_big_endian(length, n);
    put_big_endian(check, sum);
    fwrite(length, 1, 4, f);
    fwrite(type, 1, 4, f);
    fwrite(data, 1, n, f);
    fwrite(check, 1, 4, f);
}

/* `rows` begin each with the number of their filter, 0: none. */
static bool write_png(FILE *f, const Grid *g, const unsigned char *rows, gr_error *e)
{
    size_t wide = g->across * g->wide, high = g->down * g->high;
    uLong size = (wide + 1) * high;
    uLongf packed = compressBound(size);
    unsigned char head[13] = {[8] = 8}; /* bits; then the type, grey, and defaults */
    unsigned char *data = malloc(packed);
    bool fine = data && compress(data, &packed, rows, size) == Z_OK;
    put_big_endian(head, wide);
    put_big_endian(head + 4, high);
    if (fine) {
        fwrite("\x89PNG\r\n\x1a\n", 1, 8, f);
        write_chunk(f, "IHDR", head, sizeof head);
        write_chunk(f, "IDAT", data, packed);
        write_chunk(f, "IEND", head, 0);
    }
    free(data);
    return fine || gr_fail(e, "out of memory");
}

bool gr_is_image(const char *path)
{
    return gr_ends_in(path, ".pgm") || gr_ends_in(path, ".png");
}

/* Groups of three bytes as four letters; what is missing of the last is =. */
static void put_base64(FILE *f, const unsigned char *data, size_t n)
{
    static const char letter[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        unsigned bits = (unsigned)data[i] << 16 |
                        (i + 1 < n ? (unsigned)data[i + 1] << 8 : 0) |
                        (i + 2 < n ? data[i + 2] : 0);
        for (size_t k = 0; k < 4; k++)
            putc(i + k > n ? '=' : letter[bits >> (18 - 6 * k) & 63], f);
    }
}

void gr_put_picture(FILE *f, const gr_array *a)
{
    gr_error none;
    Grid g = grid_of(a);
    char *png = NULL;
    size_t size = 0;
    unsigned char *rows = rows_of(a, &g, 1);
    FILE *memory = rows ? open_memstream(&png, &size) : NULL;
    bool fine = memory && write_png(memory, &g, rows, &none);
    if (memory && fclose(memory) == 0 && fine) {
        fprintf(f, "<img alt=\"\" width=\"%zu\" src=\"data:image/png;base64,",
                g.across * g.wide < 64 ? 64 : g.across * g.wide);
        put_base64(f, (const unsigned char *)png, size);
        fputs("\"/>", f);
    }
    free(png);
    free(rows);
}

bool gr_write_images(const char *path, const gr_array *a, gr_error *e)
{
    gr_save s;
    Grid g = grid_of(a);
    bool png = gr_ends_in(path, ".png");
    unsigned char *rows = rows_of(a, &g, png);
    bool fine = rows ? gr_save_open(&s, path, e) : gr_fail(e, "out of memory");
    if (fine) {
        if (png)
            fine = write_png(s.file, &g, rows, e);
        else
            write_pgm(s.file, &g, rows);
        fine = gr_save_close(&s, e) && fine;
    }
    free(rows);
    return fine;
}
