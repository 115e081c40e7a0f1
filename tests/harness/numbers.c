/* Numbers in safetensors files: reading and comparing them. */
#include "numbers.h"

#include <criterion/criterion.h>
#include <math.h>

gr_safetensors load(const char *path)
{
    gr_bytes bytes;
    gr_safetensors s;
    gr_error e = {""};
    cr_assert(gr_read_file(path, &bytes, &e) &&
                  gr_parse_safetensors(bytes.data, bytes.size, &s, &e),
              "%s: %s", path, e.text);
    return s;
}

static const double *reals(const gr_array *a, gr_array *copy)
{
    gr_error e;
    cr_assert(gr_convert(a, GR_F64, 0, copy, &e), "%s", e.text);
    return copy->data;
}

void compare(const char *what, const gr_array *a, const gr_array *b, double tolerance)
{
    gr_array copy[2];
    const double *x = reals(a, &copy[0]), *y = reals(b, &copy[1]);
    size_t n, m;
    gr_count(a->rank, a->dim, &n);
    gr_count(b->rank, b->dim, &m);
    cr_assert(n == m && n > 0, "%s: %zu numbers, expected %zu", what, n, m);

    double most = 0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs(y[i]));
    for (size_t i = 0; i < n; i++)
        cr_assert(fabs(x[i] - y[i]) <= tolerance * fabs(y[i]) + 1e-14 * most,
                  "%s[%zu] is %.17g, expected %.17g", what, i, x[i], y[i]);
}
