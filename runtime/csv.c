/* Tables of text: comma-separated values and their relatives.
 *
 * The text is walked once for its lines, and once for the chosen columns, so that only what
 * is asked for takes memory. The first line holds names when some field of it is a name and
 * the field below is a number, or, when the first two lines hold no number, when no field
 * of the first occurs again in its column. */
#include "grdata.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The bytes between two delimiters, without surrounding spaces and quotes; a quote doubled
 * inside quotes stays doubled. */
typedef struct Field {
    const char *p;
    size_t n;
} Field;

typedef struct Cursor {
    const char *p, *end;
    char delimiter;
    size_t line; /* counted from 1 */
} Cursor;

typedef struct Table {
    Cursor rows; /* at the first row of values */
    size_t nrow, ncol;
    Field *row;  /* the row read last */
    Field *name; /* of each column; NULL without a first line of names */
    size_t *chosen;
    size_t nchosen;
    bool list; /* several columns, or a range: the result keeps its second dimension */
} Table;

static int compare(Field a, Field b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order ? order : (a.n > b.n) - (a.n < b.n);
}

static bool same(Field a, Field b) { return a.n == b.n && memcmp(a.p, b.p, a.n) == 0; }

/* For messages: as much of a field as a line should show. */
static int shown(Field f) { return f.n < 40 ? (int)f.n : 40; }

/* ---- fields ---- */

static bool at_line_end(const Cursor *c)
{
    return c->p == c->end || *c->p == '\n' || *c->p == '\r';
}

static void skip_spaces(Cursor *c)
{
    while (c->p < c->end && *c->p == ' ')
        c->p++;
}

static void skip_blank_lines(Cursor *c)
{
    for (;;) {
        const char *start = c->p;
        skip_spaces(c);
        if (c->p == c->end)
            return;
        if (!at_line_end(c)) {
            c->p = start;
            return;
        }
        c->line += *c->p++ == '\n';
    }
}

static bool quoted_field(Cursor *c, Field *f, gr_error *e)
{
    size_t line = c->line;
    f->p = ++c->p;
    while (c->p < c->end && (*c->p != '"' || (c->p + 1 < c->end && c->p[1] == '"'))) {
        c->p += *c->p == '"' ? 2 : 1;
        c->line += c->p[-1] == '\n';
    }
    if (c->p == c->end)
        return gr_fail(e, "line %zu: a quoted field does not end", line);
    f->n = (size_t)(c->p++ - f->p);
    skip_spaces(c);
    return at_line_end(c) || *c->p == c->delimiter ||
           gr_fail(e, "line %zu: text follows a quoted field", c->line);
}

/* The next field and its delimiter; *last tells that the line ends here. */
static bool next_field(Cursor *c, Field *f, bool *last, gr_error *e)
{
    skip_spaces(c);
    if (c->p < c->end && *c->p == '"') {
        if (!quoted_field(c, f, e))
            return false;
    } else {
        f->p = c->p;
        while (!at_line_end(c) && *c->p != c->delimiter)
            c->p++;
        f->n = (size_t)(c->p - f->p);
        while (f->n > 0 && f->p[f->n - 1] == ' ')
            f->n--;
    }
    *last = at_line_end(c);
    if (*last)
        skip_blank_lines(c);
    else
        c->p++;
    return true;
}

static char find_delimiter(const char *p, const char *end)
{
    static const char kinds[] = ",;\t";
    size_t count[3] = {0};
    bool quoted = false;
    for (; p < end && (quoted || (*p != '\n' && *p != '\r')); p++) {
        quoted ^= *p == '"';
        for (int k = 0; k < 3; k++)
            count[k] += !quoted && *p == kinds[k];
    }
    int best = 0;
    for (int k = 1; k < 3; k++)
        if (count[k] > count[best])
            best = k;
    return kinds[best];
}

/* ---- numbers ---- */

/* Digits, with a point among them if *point; their value is *digits * 10^*exponent as long
 * as there are at most 15. Returns how many there were. */
static int take_digits(const char **p, const char *end, bool point, uint64_t *digits,
                       int *exponent)
{
    int n = 0;
    bool behind = false;
    for (; *p < end; ++*p) {
        if (**p == '.' && point && !behind) {
            behind = true;
        } else if (**p >= '0' && **p <= '9') {
            if (n < 15)
                *digits = *digits * 10 + (uint64_t)(**p - '0');
            if (n < 1000)
                n++;
            *exponent -= behind && *exponent > -1000;
        } else {
            break;
        }
    }
    return n;
}

static bool take_exponent(const char **p, const char *end, int *exponent)
{
    if (*p == end || (**p != 'e' && **p != 'E'))
        return true;
    bool down = ++*p < end && **p == '-';
    *p += *p < end && (**p == '-' || **p == '+');
    uint64_t digits = 0;
    int unused = 0, n = take_digits(p, end, false, &digits, &unused);
    int power = digits > 1000 ? 1000 : (int)digits;
    *exponent += down ? -power : power;
    return n > 0;
}

static bool slow_number(Field f, double *x)
{
    char text[64], *end;
    if (f.n >= sizeof text)
        return false;
    memcpy(text, f.p, f.n);
    text[f.n] = 0;
    *x = strtod(text, &end);
    return !*end && isfinite(*x);
}

/* A finite decimal number. Few digits and a small power of ten are both exact in a double,
 * so that one operation rounds correctly; the rest is for the C library, which is ten times
 * slower. */
static bool number(Field f, double *x)
{
    static const double ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                 1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *p = f.p, *end = f.p + f.n;
    bool negative = p < end && *p == '-';
    p += p < end && (*p == '-' || *p == '+');
    uint64_t digits = 0;
    int exponent = 0, n = take_digits(&p, end, true, &digits, &exponent);
    if (n == 0 || !take_exponent(&p, end, &exponent) || p < end)
        return false;
    if (n > 15 || exponent < -22 || exponent > 22)
        return slow_number(f, x);
    *x = exponent < 0 ? (double)digits / ten[-exponent] : (double)digits * ten[exponent];
    *x = negative ? -*x : *x;
    return true;
}

static bool is_number(Field f)
{
    double x;
    return number(f, &x);
}

static bool is_missing(Field f)
{
    static const char *const words[] = {"",    "?",   "NA",  "N/A",  "n/a",  "#N/A",
                                        "nan", "NaN", "NAN", "null", "NULL", "None"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        if (same(f, (Field){words[i], strlen(words[i])}))
            return true;
    return false;
}

/* ---- rows ---- */

static bool count_columns(Table *t, gr_error *e)
{
    Cursor c = t->rows;
    Field f;
    for (bool last = false; !last; t->ncol++)
        if (!next_field(&c, &f, &last, e))
            return false;
    t->row = calloc(t->ncol, sizeof *t->row);
    return t->row || gr_fail(e, "out of memory");
}

static bool read_row(Table *t, Cursor *c, gr_error *e)
{
    size_t line = c->line, n = 0;
    Field f;
    for (bool last = false; !last; n++) {
        if (!next_field(c, &f, &last, e))
            return false;
        if (n < t->ncol)
            t->row[n] = f;
    }
    return n == t->ncol ||
           gr_fail(e, "line %zu has %zu fields, the first line has %zu", line, n, t->ncol);
}

static bool count_rows(Table *t, gr_error *e)
{
    for (Cursor c = t->rows; c.p < c.end; t->nrow++)
        if (!read_row(t, &c, e))
            return false;
    return true;
}

/* Whether no field of `first` occurs in its column from `below` on. */
static bool stands_alone(Table *t, const Field *first, Cursor below)
{
    gr_error unused;
    while (below.p < below.end && read_row(t, &below, &unused))
        for (size_t i = 0; i < t->ncol; i++)
            if (same(first[i], t->row[i]))
                return false;
    return true;
}

static bool is_header(Table *t, const Field *first, Cursor below)
{
    gr_error unused;
    Cursor c = below;
    if (c.p == c.end || !read_row(t, &c, &unused))
        return false;
    bool numbers = false;
    for (size_t i = 0; i < t->ncol; i++) {
        bool above = is_number(first[i]), under = is_number(t->row[i]);
        if (!above && !is_missing(first[i]) && under)
            return true;
        numbers |= above || under;
    }
    return !numbers && stands_alone(t, first, below);
}

static bool take_header(Table *t, gr_error *e)
{
    Cursor below = t->rows;
    if (!read_row(t, &below, e))
        return false;
    Field *first = calloc(t->ncol, sizeof *first);
    if (!first)
        return gr_fail(e, "out of memory");
    memcpy(first, t->row, t->ncol * sizeof *first);
    if (is_header(t, first, below)) {
        t->name = first;
        t->rows = below;
    } else {
        free(first);
    }
    return true;
}

/* ---- which columns ---- */

static bool column_named(const Table *t, Field name, size_t *column)
{
    for (*column = 0; t->name && *column < t->ncol; ++*column)
        if (same(t->name[*column], name))
            return true;
    return false;
}

/* A number below the number of columns, at the start of *f, which loses it. */
static bool take_column(const Table *t, Field *f, size_t *column)
{
    size_t n = 0;
    for (*column = 0; n < f->n && n < 9 && f->p[n] >= '0' && f->p[n] <= '9'; n++)
        *column = *column * 10 + (size_t)(f->p[n] - '0');
    *f = (Field){f->p + n, f->n - n};
    return n > 0 && *column < t->ncol;
}

static bool no_column(const Table *t, Field item, gr_error *e)
{
    char names[200] = "";
    for (size_t i = 0, n = 0; t->name && i < t->ncol && n < sizeof names - 60; i++)
        n += (size_t)snprintf(names + n, sizeof names - n, "%s%.*s", i ? ", " : ": ",
                              shown(t->name[i]), t->name[i].p);
    return gr_fail(e, "no column '%.*s'; there are %zu, 0-%zu%s", shown(item), item.p,
                   t->ncol, t->ncol - 1, names);
}

/* One item of the list: a name, a number, or a range of numbers. */
static bool choose(Table *t, Field item, gr_error *e)
{
    size_t from, to;
    Field rest = item;
    if (column_named(t, item, &from)) {
        to = from;
    } else if (!take_column(t, &rest, &from)) {
        return no_column(t, item, e);
    } else if (rest.n == 0) {
        to = from;
    } else {
        bool range = *rest.p == '-';
        rest = (Field){rest.p + 1, rest.n - 1};
        if (!range || !take_column(t, &rest, &to) || rest.n > 0 || to < from)
            return no_column(t, item, e);
        t->list = true;
    }
    size_t n = t->nchosen + (to - from + 1);
    size_t *grown = realloc(t->chosen, n * sizeof *grown);
    if (!grown)
        return gr_fail(e, "out of memory");
    t->chosen = grown;
    while (t->nchosen < n)
        t->chosen[t->nchosen++] = from++;
    return true;
}

static bool choose_columns(Table *t, const char *columns, gr_error *e)
{
    if (!columns) {
        char all[48];
        int n = snprintf(all, sizeof all, "0-%zu", t->ncol - 1);
        return choose(t, (Field){all, (size_t)n}, e);
    }
    size_t whole;
    if (column_named(t, (Field){columns, strlen(columns)}, &whole))
        return choose(t, (Field){columns, strlen(columns)}, e);
    for (const char *p = columns;; p++) {
        size_t n = strcspn(p, ",");
        if (!choose(t, (Field){p, n}, e))
            return false;
        p += n;
        if (!*p)
            return true;
        t->list = true;
    }
}

/* ---- values ---- */

/* "line 3: column 1 age is '?'" */
static gr_text place_of(const Table *t, size_t line, size_t column)
{
    gr_text place;
    Field f = t->row[column], name = t->name ? t->name[column] : (Field){"", 0};
    snprintf(place.text, sizeof place.text, "line %zu: column %zu%s%.*s is %s%.*s%s", line,
             column, name.n ? " " : "", shown(name), name.p, f.n ? "'" : "empty", shown(f),
             f.p, f.n ? "'" : "");
    return place;
}

static bool read_number(const Table *t, size_t line, size_t column, gr_gaps *gaps,
                        double *out, gr_error *e)
{
    if (number(t->row[column], out))
        return true;
    if (!gaps || !is_missing(t->row[column]))
        return gr_fail(e, "%s, not a number", place_of(t, line, column).text);
    if (gaps->count++ == 0)
        gaps->first = place_of(t, line, column);
    *out = NAN;
    return true;
}

static bool read_numbers(Table *t, gr_gaps *gaps, double *out, gr_error *e)
{
    for (Cursor c = t->rows; c.p < c.end;) {
        size_t line = c.line;
        if (!read_row(t, &c, e))
            return false;
        for (size_t k = 0; k < t->nchosen; k++)
            if (!read_number(t, line, t->chosen[k], gaps, out++, e))
                return false;
    }
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return compare(*(const Field *)a, *(const Field *)b);
}

/* The sorted set of the strings in `field`, which is sorted on the way. */
static bool make_classes(Field *field, size_t n, gr_classes *classes, gr_error *e)
{
    size_t distinct = 0, bytes = 0;
    qsort(field, n, sizeof *field, by_bytes);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || !same(field[i], field[distinct - 1])) {
            bytes += field[i].n + 1;
            field[distinct++] = field[i];
        }
    if (distinct > INT32_MAX)
        return gr_fail(e, "too many different strings: %zu", distinct);
    char **name = malloc(distinct * sizeof *name + bytes);
    if (!name)
        return gr_fail(e, "out of memory");
    char *text = (char *)(name + distinct);
    for (size_t i = 0; i < distinct; i++) {
        name[i] = memcpy(text, field[i].p, field[i].n);
        text[field[i].n] = 0;
        text += field[i].n + 1;
    }
    *classes = (gr_classes){(int)distinct, name};
    return true;
}

static bool collect_classes(Table *t, gr_classes *classes, gr_error *e)
{
    Field *field = malloc(t->nrow * sizeof *field);
    if (!field)
        return gr_fail(e, "out of memory");
    size_t n = 0;
    bool fine = true;
    for (Cursor c = t->rows; fine && c.p < c.end; n++) {
        size_t line = c.line;
        fine = read_row(t, &c, e);
        field[n] = t->row[t->chosen[0]];
        if (fine && is_missing(field[n]))
            fine = gr_fail(e, "line %zu: the class is missing", line);
    }
    fine = fine && make_classes(field, n, classes, e);
    free(field);
    return fine;
}

static bool class_of(const gr_classes *classes, Field f, double *x)
{
    int low = 0, high = classes->count;
    while (low < high) {
        int middle = low + (high - low) / 2;
        const char *name = classes->name[middle];
        int order = compare(f, (Field){name, strlen(name)});
        if (order == 0) {
            *x = middle;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

static bool read_classes(Table *t, const gr_classes *classes, double *out, gr_error *e)
{
    for (Cursor c = t->rows; c.p < c.end;) {
        size_t line = c.line;
        if (!read_row(t, &c, e))
            return false;
        Field f = t->row[t->chosen[0]];
        if (!class_of(classes, f, out++))
            return gr_fail(e,
                           "line %zu: '%.*s' is none of the %d classes known, '%s' to '%s'",
                           line, shown(f), f.p, classes->count, classes->name[0],
                           classes->name[classes->count - 1]);
    }
    return true;
}

static bool holds_strings(Table *t)
{
    gr_error unused;
    Cursor c = t->rows;
    while (c.p < c.end && read_row(t, &c, &unused)) {
        Field f = t->row[t->chosen[0]];
        if (!is_number(f) && !is_missing(f))
            return true;
    }
    return false;
}

static bool read_values(Table *t, gr_classes *classes, gr_gaps *gaps, double *out,
                        gr_error *e)
{
    bool column = classes && t->nchosen == 1 && !t->list;
    if (!column || (classes->count == 0 && !holds_strings(t)))
        return read_numbers(t, gaps, out, e);
    if (classes->count == 0 && !collect_classes(t, classes, e))
        return false;
    return read_classes(t, classes, out, e);
}

static bool parse(Table *t, const char *columns, gr_classes *classes, gr_gaps *gaps,
                  gr_array *out, gr_error *e)
{
    if (!count_columns(t, e) || !take_header(t, e) || !count_rows(t, e) ||
        !choose_columns(t, columns, e))
        return false;
    gr_array a = {.type = GR_F64, .rank = t->list ? 2 : 1, .dim = {t->nrow, t->nchosen}};
    size_t bytes;
    if (!gr_bytes_of(GR_F64, 2, a.dim, &bytes) || !(a.memory = malloc(bytes + 1)))
        return gr_fail(e, "too large: %zu rows of %zu columns", t->nrow, t->nchosen);
    a.data = a.memory;
    if (!read_values(t, classes, gaps, a.memory, e)) {
        gr_drop(&a);
        return false;
    }
    *out = a;
    return true;
}

bool gr_parse_csv(const char *text, size_t size, const char *columns, gr_classes *classes,
                  gr_gaps *gaps, gr_array *out, gr_error *e)
{
    Table t = {.rows = {text, text + size, ',', 1}};
    if (size >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0)
        t.rows.p += 3; /* a byte-order mark */
    skip_blank_lines(&t.rows);
    if (t.rows.p == t.rows.end)
        return gr_fail(e, "no rows");
    if (memchr(text, 0, size))
        return gr_fail(e,
                       "neither npy, IDX nor safetensors, and not text: it has zero bytes");
    t.rows.delimiter = find_delimiter(t.rows.p, t.rows.end);
    bool fine = parse(&t, columns, classes, gaps, out, e);
    free(t.row);
    free(t.name);
    free(t.chosen);
    return fine;
}
