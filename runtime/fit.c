/* What is taken from the training examples before training, and kept with the parameters:
 * what stands for missing numbers, mean and deviation of each column, the weight of each
 * class. Whoever uses the parameters later gets the same numbers, whatever the data then.
 *
 * A column is one number of a row: an example is one row, or several where it is a window
 * of a sequence. Missing numbers are NaN until they are filled in, which comes before means
 * and deviations. Sums are in double, in the order of the rows. */
#include "train.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const part_name[] = {"missing", "mean", "deviation", "value"};

static size_t size_in_array(const Input *x, const gr_tensor *t, size_t row)
{
    return (x->start + row * x->stride) / gr_type_size(t->type);
}

static bool is_real(const gr_tensor *t) { return t->type == GR_F32 || t->type == GR_F64; }

/* ---- parts ---- */

/* Room for `width` numbers of input `which`, or NULL. */
static double *new_part(Run *r, int which, FitPart part, size_t width)
{
    Fit *f = &r->fit[which];
    const char *input = r->model->tensor[which].name;
    size_t room = strlen(input) + 32;
    free(f->at[part]);
    free(f->name[part]);
    f->at[part] = calloc(width + 1, sizeof *f->at[part]);
    f->name[part] = malloc(room);
    if (!f->at[part] || !f->name[part])
        return gr_fail(&r->error, "out of memory"), NULL;
    snprintf(f->name[part], room, "data.%s.%s", input, part_name[part]);
    f->width[part] = width;
    return f->at[part];
}

void gr_drop_fits(Run *r)
{
    for (int i = 0; r->fit && i < r->model->tensors; i++)
        for (int part = 0; part < FIT_PARTS; part++) {
            free(r->fit[i].at[part]);
            free(r->fit[i].name[part]);
        }
    free(r->fit);
}

int gr_list_fits(const Run *r, gr_named *out)
{
    int n = 0;
    for (int i = 0; i < r->model->tensors; i++)
        for (int part = 0; part < FIT_PARTS; part++) {
            const Fit *f = &r->fit[i];
            if (f->at[part])
                out[n++] = (gr_named){f->name[part],
                                      {.type = GR_F64,
                                       .rank = 1,
                                       .dim = {f->width[part]},
                                       .data = f->at[part]}};
        }
    return n;
}

/* The input and the part that NAME in a file is of. */
static bool find_part(const gr_model *m, const char *name, int *which, FitPart *part)
{
    for (*which = 0; *which < m->tensors; ++*which) {
        const gr_tensor *t = &m->tensor[*which];
        size_t n = strlen(t->name);
        if (t->role != GR_INPUT || strncmp(name, "data.", 5) != 0 ||
            strncmp(name + 5, t->name, n) != 0 || name[5 + n] != '.')
            continue;
        for (*part = 0; *part < FIT_PARTS; ++*part)
            if (strcmp(name + 6 + n, part_name[*part]) == 0)
                return true;
    }
    return false;
}

bool gr_is_fit(const gr_model *m, const char *name)
{
    int which;
    FitPart part;
    return find_part(m, name, &which, &part);
}

bool gr_restore_fits(Run *r, const gr_safetensors *s)
{
    for (int k = 0; k < s->tensors; k++) {
        int which;
        FitPart part;
        const gr_array *a = &s->tensor[k].array;
        if (!find_part(r->model, s->tensor[k].name, &which, &part))
            continue;
        size_t size = gr_example_size(&r->model->tensor[which]);
        if (a->rank != 1 || a->dim[0] == 0 || size % a->dim[0] != 0)
            return gr_fail(&r->error, "'%.80s' is %s, but '%s' has %zu numbers",
                           s->tensor[k].name, gr_shape(a->rank, a->dim).text,
                           r->model->tensor[which].name, size);
        double *to = new_part(r, which, part, a->dim[0]);
        if (!to)
            return false;
        for (size_t i = 0; i < a->dim[0]; i++)
            to[i] = gr_element(a, i);
    }
    return true;
}

/* ---- columns ---- */

/* The numbers of an input in some rows, which are taken column by column. */
typedef struct Columns {
    const gr_tensor *t;
    const Input *x;
    const Rows *rows;
    size_t width, size; /* columns; numbers in an example */
    double *number;     /* of one column */
    size_t count;
} Columns;

static bool open_columns(Run *r, int which, const Input *x, const Rows *rows, Columns *c)
{
    const gr_tensor *t = &r->model->tensor[which];
    size_t size = gr_example_size(t), width = x->window ? size / x->window : size;
    *c = (Columns){.t = t, .x = x, .rows = rows, .width = width, .size = size};
    c->number = malloc((rows->count * (size / width) + 1) * sizeof *c->number);
    return c->number || gr_fail(&r->error, "out of memory");
}

/* Column k; what is missing counts as `missing`, or not at all if that is NULL. */
static void take_column(Columns *c, size_t k, const double *missing)
{
    c->count = 0;
    for (size_t i = 0; i < c->rows->count; i++) {
        size_t at = size_in_array(c->x, c->t, gr_row_at(c->rows, i));
        for (size_t e = k; e < c->size; e += c->width) {
            double x = gr_element(&c->x->array, at + e);
            if (!isnan(x) || missing)
                c->number[c->count++] = isnan(x) ? missing[k] : x;
        }
    }
}

static double mean_of(const Columns *c)
{
    double sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += c->number[i];
    return sum / (double)c->count;
}

/* Of a population: the root of the mean square. A column that never changes has none, and
 * is only shifted. */
static double deviation_of(const Columns *c, double mean)
{
    double sum = 0;
    for (size_t i = 0; i < c->count; i++)
        sum += (c->number[i] - mean) * (c->number[i] - mean);
    double deviation = sqrt(sum / (double)c->count);
    return deviation > 1e-15 * fabs(mean) ? deviation : 1;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median_of(const Columns *c)
{
    qsort(c->number, c->count, sizeof *c->number, by_value);
    size_t middle = c->count / 2;
    return c->count % 2 ? c->number[middle]
                        : (c->number[middle - 1] + c->number[middle]) / 2;
}

/* ---- what stands for missing numbers ---- */

bool gr_is_filled(const Run *r, int which)
{
    const gr_tensor *t = &r->model->tensor[which];
    return r->fit[which].at[FIT_MISSING] ||
           (r->options.missing && is_real(t) && !t->target);
}

static bool fit_missing(Run *r, int which, Columns *c)
{
    const char *how = r->options.missing;
    char *end;
    double given = strtod(how, &end), *to;
    bool number = end != how && !*end;
    if (!(to = new_part(r, which, FIT_MISSING, c->width)))
        return false;
    for (size_t k = 0; k < c->width; k++) {
        if (!number)
            take_column(c, k, NULL);
        if (!number && c->count == 0)
            return gr_fail(&r->error,
                           "input '%s': column %zu has no number to take the %s of",
                           c->t->name, k, how);
        to[k] = number ? given : strcmp(how, "mean") == 0 ? mean_of(c) : median_of(c);
    }
    return true;
}

static bool fit_columns(Run *r, int which, Columns *c)
{
    double *mean = new_part(r, which, FIT_MEAN, c->width),
           *deviation = new_part(r, which, FIT_DEVIATION, c->width);
    for (size_t k = 0; mean && deviation && k < c->width; k++) {
        take_column(c, k, r->fit[which].at[FIT_MISSING]);
        mean[k] = mean_of(c);
        deviation[k] = deviation_of(c, mean[k]);
    }
    return mean && deviation;
}

static bool is_standardized(const Run *r, const gr_tensor *t)
{
    return r->options.standardize && t->role == GR_INPUT && is_real(t) &&
           fnmatch(r->options.standardize, t->name, 0) == 0;
}

/* What came with the parameters stays: they were made for it. */
static bool fit_input(Run *r, int which, const Input *x, const Rows *rows)
{
    const Fit *f = &r->fit[which];
    const gr_tensor *t = &r->model->tensor[which];
    bool missing = gr_is_filled(r, which) && !f->at[FIT_MISSING],
         scale = is_standardized(r, t) && !f->at[FIT_MEAN];
    Columns c;
    if (!missing && !scale)
        return true;
    if (r->resumed)
        return gr_fail(&r->error, "the run to go on with was without --%s for input '%s'",
                       missing ? "missing" : "standardize", t->name);
    if (!open_columns(r, which, x, rows, &c))
        return false;
    bool fine =
        (!missing || fit_missing(r, which, &c)) && (!scale || fit_columns(r, which, &c));
    free(c.number);
    return fine;
}

/* ---- the same values for every example: @1,2,0.5 or @balanced:INPUT ---- */

static const char balanced[] = "@balanced:";

bool gr_is_constant(const char *source) { return source[0] == '@'; }

static bool read_values(Run *r, int which, const char *source)
{
    const gr_tensor *t = &r->model->tensor[which];
    size_t n = gr_example_size(t), found = 0;
    double *to = new_part(r, which, FIT_VALUE, n);
    const char *p = source + 1;
    char *end;
    for (bool more = to != NULL; more; p = end + more) {
        double x = strtod(p, &end);
        more = *end == ',';
        if (end == p || (*end && !more))
            return gr_fail(&r->error,
                           "%.80s: input '%s': neither numbers nor @balanced:INPUT", source,
                           t->name);
        if (found < n)
            to[found] = x;
        found++;
    }
    return to &&
           (found == n || gr_fail(&r->error, "%.80s: input '%s': %zu numbers, expected %zu",
                                  source, t->name, found, n));
}

/* Each class weighs what makes all of them weigh the same: examples / (classes * examples
 * of the class), over the classes that occur; others weigh 1. */
static bool balance(Run *r, int which, const char *of, const Data *d, const Rows *rows)
{
    const gr_model *m = r->model;
    const gr_tensor *t = &m->tensor[which];
    int k = 0;
    while (k < m->tensors &&
           (m->tensor[k].role != GR_INPUT || strcmp(m->tensor[k].name, of)))
        k++;
    size_t n = gr_example_size(t), total = 0, classes = 0;
    if (k == m->tensors || m->tensor[k].bound == 0 || !d->input[k].array.data)
        return gr_fail(&r->error, "input '%s': '%.80s' is no input of classes", t->name,
                       of);
    if (n != (size_t)m->tensor[k].bound)
        return gr_fail(&r->error, "input '%s' has %zu numbers, but '%s' has %d classes",
                       t->name, n, of, m->tensor[k].bound);
    double *to = new_part(r, which, FIT_VALUE, n);
    size_t size = gr_example_size(&m->tensor[k]);
    for (size_t i = 0; to && i < rows->count; i++) {
        size_t at = size_in_array(&d->input[k], &m->tensor[k], gr_row_at(rows, i));
        for (size_t e = 0; e < size; e++, total++)
            to[(size_t)gr_element(&d->input[k].array, at + e)]++;
    }
    for (size_t c = 0; to && c < n; c++)
        classes += to[c] > 0;
    for (size_t c = 0; to && c < n; c++)
        to[c] = to[c] > 0 ? (double)total / ((double)classes * to[c]) : 1;
    return to != NULL;
}

/* The values that `source` gives input `which`; kept ones where it does not say them
 * itself. */
static bool fit_values(Run *r, int which, const Data *d, const Rows *rows)
{
    const char *source = d->input[which].constant;
    bool computed = source && strncmp(source, balanced, sizeof balanced - 1) == 0;
    if (!source || (r->fit[which].at[FIT_VALUE] && (computed || !source[1])))
        return true;
    return computed ? balance(r, which, source + sizeof balanced - 1, d, rows)
                    : read_values(r, which, source);
}

static bool apply_values(Run *r, int which, Input *x)
{
    gr_array values = {.type = GR_F64,
                       .rank = 1,
                       .dim = {r->fit[which].width[FIT_VALUE]},
                       .data = r->fit[which].at[FIT_VALUE]};
    const gr_tensor *t = &r->model->tensor[which];
    x->start = x->stride = 0;
    return gr_convert(&values, t->type, t->bound, &x->array, &r->error) ||
           gr_within(&r->error, "%s: input '%s': ", x->constant, t->name);
}

/* ---- all of it ---- */

static bool apply_columns(Run *r, int which, Input *x)
{
    const Fit *f = &r->fit[which];
    gr_array found = x->array;
    size_t n = 0, width = f->width[f->at[FIT_MEAN] ? FIT_MEAN : FIT_MISSING];
    gr_count(found.rank, found.dim, &n);
    double *number = malloc((n + 1) * sizeof *number);
    if (!number)
        return gr_fail(&r->error, "out of memory");
    for (size_t i = 0; i < n; i++) {
        size_t k = i % width;
        double value = gr_element(&found, i);
        if (isnan(value) && f->at[FIT_MISSING])
            value = f->at[FIT_MISSING][k];
        number[i] = f->at[FIT_MEAN] ? (value - f->at[FIT_MEAN][k]) / f->at[FIT_DEVIATION][k]
                                    : value;
    }
    gr_drop(&x->array);
    found.type = GR_F64;
    found.data = found.memory = number;
    x->array = found;
    return true;
}

static bool apply(Run *r, int which, Input *x)
{
    const gr_tensor *t = &r->model->tensor[which];
    const Fit *f = &r->fit[which];
    if (x->constant)
        return apply_values(r, which, x);
    if (!x->array.data || !is_real(t))
        return true;
    if ((f->at[FIT_MEAN] || f->at[FIT_MISSING]) && !apply_columns(r, which, x))
        return false;
    if (x->array.type == t->type)
        return true;
    gr_array found = x->array;
    bool fine = gr_convert(&found, t->type, 0, &x->array, &r->error);
    gr_drop(&found);
    return fine;
}

static bool check_options(Run *r)
{
    const Options *o = &r->options;
    bool any = !o->standardize;
    char *end;
    for (int i = 0; i < r->model->tensors; i++)
        any |= is_standardized(r, &r->model->tensor[i]);
    if (!any)
        return gr_fail(&r->error, "--standardize: no input of real numbers is like '%.80s'",
                       o->standardize);
    if (!o->missing || !strcmp(o->missing, "mean") || !strcmp(o->missing, "median"))
        return true;
    strtod(o->missing, &end);
    return (end != o->missing && !*end) ||
           gr_fail(&r->error, "--missing takes mean, median or a number, not '%.80s'",
                   o->missing);
}

bool gr_fit_data(Run *r, Data *d, const Rows *rows)
{
    bool fine = check_options(r);
    for (int i = 0; fine && i < r->model->tensors; i++)
        fine = d->input[i].constant     ? fit_values(r, i, d, rows)
               : d->input[i].array.data ? fit_input(r, i, &d->input[i], rows)
                                        : true;
    for (int i = 0; fine && i < r->model->tensors; i++)
        fine = apply(r, i, &d->input[i]);
    return fine;
}
