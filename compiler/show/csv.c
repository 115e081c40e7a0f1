/* The tables that a trainer writes, read field by field. */
#include "csv.h"

#include "str.h"

#include <string.h>

/* Quotes enclose what may have commas in it; the trainer writes none inside of them. */
static const char *take_field(CsvRow *row, const char *s, Arena *a)
{
    bool quoted = *s == '"';
    size_t n = quoted ? strcspn(++s, "\"") : strcspn(s, ",\n");
    PUSH(a, &row->field, intern_n(s, n));
    s += n;
    s += quoted && *s == '"';
    return s + strcspn(s, ",\n");
}

Csv read_csv(const char *text, Arena *a)
{
    Csv c = {0};
    while (*text) {
        CsvRow row = {0};
        text = take_field(&row, text, a);
        while (*text == ',')
            text = take_field(&row, text + 1, a);
        text += *text == '\n';
        PUSH(a, &c, row);
    }
    return c;
}

int csv_column(const Csv *c, const char *title)
{
    for (int i = 0; c->n && i < c->at[0].field.n; i++)
        if (!strcmp(c->at[0].field.at[i], title))
            return i;
    return -1;
}

const char *csv_field(const Csv *c, int row, int column)
{
    const CsvRow *r = &c->at[row];
    return column >= 0 && column < r->field.n ? r->field.at[column] : "";
}
