/* The tables that a trainer writes, read field by field. */
#ifndef CSV_H
#define CSV_H

#include "arena.h"
#include "vec.h"

typedef struct CsvRow {
    VEC(const char *) field;
} CsvRow;

typedef VEC(CsvRow) Csv; /* the first row has the titles */

Csv read_csv(const char *text, Arena *a);
int csv_column(const Csv *c, const char *title);          /* -1: there is none */
const char *csv_field(const Csv *c, int row, int column); /* "" where a row is too short */

#endif
