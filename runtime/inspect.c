/* The verb inspect: a file's tensors, a line each, or those of two files side by side. */
#include "train.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { BARS = 16 };

/* Of the numbers that are none, only how many there are. */
typedef struct Summary {
    size_t count, zeros, nans;
    double norm, mean, least, greatest;
} Summary;

static size_t size_of(const gr_array *a)
{
    size_t n = 0;
    gr_count(a->rank, a->dim, &n);
    return n;
}

static Summary summarize(const gr_array *a)
{
    Summary s = {.count = size_of(a), .least = INFINITY, .greatest = -INFINITY};
    double squares = 0, sum = 0;
    for (size_t i = 0; i < s.count; i++) {
        double x = gr_element(a, i);
        s.zeros += x == 0;
        s.nans += isnan(x);
        if (isnan(x))
            continue;
        squares += x * x;
        sum += x;
        s.least = fmin(s.least, x);
        s.greatest = fmax(s.greatest, x);
    }
    s.norm = sqrt(squares);
    s.mean = sum / (double)(s.count - s.nans);
    return s;
}

/* How many lie in each of so many equal parts from the least number to the greatest. */
static void put_histogram(const gr_array *a, const Summary *s)
{
    static const char *const bar[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    size_t part[BARS] = {0}, most = 0;
    double width = s->greatest - s->least;
    if (!(width > 0 && isfinite(width)))
        return;
    for (size_t i = 0; i < s->count; i++) {
        double x = gr_element(a, i);
        int k = isnan(x) ? -1 : (int)fmin(BARS * ((x - s->least) / width), BARS - 1);
        if (k >= 0 && ++part[k] > most)
            most = part[k];
    }
    printf("  ");
    for (int k = 0; k < BARS; k++)
        fputs(bar[(part[k] * 8 + most - 1) / most], stdout);
}

/* ---- Files ---- */

typedef struct File {
    const char *path;
    gr_bytes bytes;
    gr_safetensors s;
} File;

/* An array without a name has its file's. */
static bool name_array(File *f, bool fine)
{
    f->s.tensors = fine;
    f->s.tensor[0].name = f->path;
    return fine;
}

static bool parse(File *f, gr_error *e)
{
    unsigned char *data = f->bytes.data;
    size_t size = f->bytes.size;
    bool npy = gr_is_npy(data, size);
    if (!npy && !gr_is_idx(data, size))
        return gr_parse_safetensors(data, size, &f->s, e);
    f->s.tensor = calloc(1, sizeof *f->s.tensor);
    if (!f->s.tensor)
        return gr_fail(e, "out of memory");
    gr_array *a = &f->s.tensor[0].array;
    return name_array(f, npy ? gr_parse_npy(data, size, a, e)
                             : gr_parse_idx(data, size, a, e));
}

static bool open_file(File *f, const char *path, gr_error *e)
{
    *f = (File){.path = path};
    return (gr_read_file(path, &f->bytes, e) && parse(f, e)) || gr_within(e, "%s: ", path);
}

static void close_file(File *f)
{
    gr_drop_safetensors(&f->s);
    free(f->bytes.data);
}

static int widest_name(const gr_safetensors *s)
{
    size_t width = strlen("tensor");
    for (int i = 0; i < s->tensors; i++) {
        size_t n = strlen(s->tensor[i].name);
        width = n > width ? n : width;
    }
    return (int)width;
}

/* ---- One file ---- */

static void put_table(const gr_safetensors *s)
{
    int width = widest_name(s);
    printf("%-*s  %-16s %10s %11s %11s %11s %8s %6s\n", width, "tensor", "shape", "norm",
           "mean", "least", "greatest", "zeros", "NaN");
    for (int i = 0; i < s->tensors; i++) {
        const gr_array *a = &s->tensor[i].array;
        Summary m = summarize(a);
        printf("%-*s  %-16s %10.4g %11.4g %11.4g %11.4g %8zu %6zu", width,
               s->tensor[i].name, gr_shape(a->rank, a->dim).text, m.norm, m.mean, m.least,
               m.greatest, m.zeros, m.nans);
        put_histogram(a, &m);
        printf("\n");
    }
}

/* ---- Two files ---- */

typedef struct Difference {
    double norm, greatest;
    size_t at; /* the element with the greatest */
} Difference;

static double between(double x, double y)
{
    if (x == y || (isnan(x) && isnan(y)))
        return 0;
    return isnan(x) || isnan(y) ? INFINITY : fabs(x - y);
}

static Difference difference(const gr_array *a, const gr_array *b)
{
    Difference d = {0};
    size_t n = size_of(a);
    for (size_t i = 0; i < n; i++) {
        double x = between(gr_element(a, i), gr_element(b, i));
        d.norm += x * x;
        if (x > d.greatest) {
            d.greatest = x;
            d.at = i;
        }
    }
    d.norm = sqrt(d.norm);
    return d;
}

/* " at [3, 1]" */
static void put_place(const gr_array *a, size_t i)
{
    size_t below = size_of(a);
    for (int k = 0; k < a->rank; k++) {
        below /= a->dim[k];
        printf("%s%zu", k ? ", " : " at [", i / below);
        i %= below;
    }
    printf("%s", a->rank ? "]" : "");
}

static void compare(const char *name, int width, const gr_array *a, const gr_array *b)
{
    Summary x = summarize(a), y = summarize(b);
    printf("%-*s  %-16s %10.4g %10.4g", width, name, gr_shape(a->rank, a->dim).text, x.norm,
           y.norm);
    if (gr_same_shape(a, b)) {
        Difference d = difference(a, b);
        printf(" %10.4g %10.2g %10.4g", d.norm, d.norm > 0 ? d.norm / x.norm : 0,
               d.greatest);
        if (d.greatest > 0)
            put_place(a, d.at);
    } else {
        printf("  the other is %s", gr_shape(b->rank, b->dim).text);
    }
    printf("\n");
}

static void put_rest(const File *f, const File *other)
{
    for (int i = 0; i < f->s.tensors; i++)
        if (!gr_tensor_named(&other->s, f->s.tensor[i].name))
            printf("%s: only in %s\n", f->s.tensor[i].name, f->path);
}

static void put_comparison(const File *a, const File *b)
{
    int width = widest_name(&a->s);
    printf("%-*s  %-16s %10s %10s %10s %10s %10s\n", width, "tensor", "shape", "norm",
           "other norm", "difference", "relative", "greatest");
    for (int i = 0; i < a->s.tensors; i++) {
        const char *name = a->s.tensor[i].name;
        const gr_array *there = gr_tensor_named(&b->s, name);
        if (there)
            compare(name, width, &a->s.tensor[i].array, there);
    }
    put_rest(a, b);
    put_rest(b, a);
}

int gr_inspect(Run *r)
{
    const Options *o = &r->options;
    File f[2] = {0};
    bool fine = o->nfile > 0 || gr_fail(&r->error, "no file: inspect FILE, or FILE FILE");
    for (int i = 0; fine && i < o->nfile; i++)
        fine = open_file(&f[i], o->file[i], &r->error);
    if (fine && o->nfile == 1)
        put_table(&f[0].s);
    else if (fine)
        put_comparison(&f[0], &f[1]);
    for (int i = 0; i < o->nfile; i++)
        close_file(&f[i]);
    return fine ? 0 : 2;
}
