/* Tables of text: what counts as a table, a name, a number, a column. */
#include <criterion/criterion.h>

#include "grdata.h"

#include <stdlib.h>
#include <string.h>

static gr_array table;
static gr_classes classes;
static gr_error e;

static bool parse(const char *text, const char *columns)
{
    return gr_parse_csv(text, strlen(text), columns, &classes, NULL, &table, &e);
}

/* Parse, and compare with what should come out. */
static void gives(const char *text, const char *columns, size_t rows, size_t width,
                  const double *want)
{
    cr_assert(parse(text, columns), "%s: %s", text, e.text);
    size_t n = width ? rows * width : rows;
    cr_assert_eq(table.rank, width ? 2 : 1, "%s", text);
    cr_assert_eq(table.dim[0], rows, "%s: %zu rows", text, table.dim[0]);
    if (width)
        cr_assert_eq(table.dim[1], width, "%s: %zu columns", text, table.dim[1]);
    for (size_t i = 0; i < n; i++)
        cr_assert_eq(gr_element(&table, i), want[i], "%s: element %zu is %.17g", text, i,
                     gr_element(&table, i));
    gr_drop(&table);
}

static void fails(const char *text, const char *columns, const char *message)
{
    cr_assert(!parse(text, columns), "%s", text);
    cr_assert_str_eq(e.text, message);
}

#define VALUES (const double[])

Test(csv, whole_table) { gives("1,2\n3,4\n5,6\n", NULL, 3, 2, VALUES{1, 2, 3, 4, 5, 6}); }
Test(csv, no_newline_at_the_end) { gives("1,2\n3,4", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, windows_lines) { gives("1,2\r\n3,4\r\n", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, old_mac_lines) { gives("1,2\r3,4\r", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, blank_lines) { gives("\n1,2\n\n   \n3,4\n\n", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, byte_order_mark)
{
    gives("\xef\xbb\xbf"
          "1,2\n",
          NULL, 1, 2, VALUES{1, 2});
}
Test(csv, semicolons) { gives("1;2\n3;4\n", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, tabs_and_spaces) { gives(" 1 \t2\n3\t 4\n", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, quotes) { gives("\"1\",\"2\"\n\"3\" ,4\n", NULL, 2, 2, VALUES{1, 2, 3, 4}); }
Test(csv, one_column) { gives("7\n8\n", "0", 2, 0, VALUES{7, 8}); }
Test(csv, whole_table_of_one_column) { gives("7\n8\n", NULL, 2, 1, VALUES{7, 8}); }

/* ---- names ---- */

Test(csv, names) { gives("a,b\n1,2\n", NULL, 1, 2, VALUES{1, 2}); }
Test(csv, names_in_quotes_with_delimiters)
{
    gives("\"a,a\",b\n1,2\n", "a,a", 1, 0, VALUES{1});
}
Test(csv, names_above_strings)
{
    gives("x,kind\n1,cat\n2,dog\n", "kind", 2, 0, VALUES{0, 1});
}
Test(csv, unnamed_first_column) { gives(",a\n0,5\n1,6\n", "a", 2, 0, VALUES{5, 6}); }

/* A string that is a class below is no name, and neither is a missing number. */
Test(csv, strings_that_come_again) { gives("cat\ndog\ncat\n", "0", 3, 0, VALUES{0, 1, 0}); }
Test(csv, first_row_with_a_string) { gives("1,cat\n2,dog\n", "0", 2, 0, VALUES{1, 2}); }
Test(csv, missing_is_no_name)
{
    fails("NA,1\n2,3\n", NULL, "line 1: column 0 is 'NA', not a number");
}

/* ---- columns ---- */

static const char abc[] = "a,b,c\n1,2,3\n4,5,6\n";

Test(csv, by_number) { gives(abc, "1", 2, 0, VALUES{2, 5}); }
Test(csv, by_range) { gives(abc, "1-2", 2, 2, VALUES{2, 3, 5, 6}); }
Test(csv, range_of_one_keeps_its_dimension) { gives(abc, "2-2", 2, 1, VALUES{3, 6}); }
Test(csv, by_names_in_any_order) { gives(abc, "c,a", 2, 2, VALUES{3, 1, 6, 4}); }
Test(csv, a_name_may_look_like_a_range)
{
    gives("0-1,b\n7,8\n9,9\n", "0-1", 2, 0, VALUES{7, 9});
}
Test(csv, no_such_name) { fails(abc, "d", "no column 'd'; there are 3, 0-2: a, b, c"); }
Test(csv, no_such_number) { fails("1,2\n", "2", "no column '2'; there are 2, 0-1"); }
Test(csv, no_such_range) { fails("1,2\n", "1-0", "no column '1-0'; there are 2, 0-1"); }
Test(csv, empty_item) { fails("1,2\n", "0,", "no column ''; there are 2, 0-1"); }

/* ---- numbers: the short way must agree with the C library in every bit ---- */

Test(csv, numbers_are_correctly_rounded)
{
    static const char *const text[] = {"0.1",
                                       "-0.3",
                                       "+7",
                                       ".5",
                                       "5.",
                                       "1e22",
                                       "1e23",
                                       "123456789012345e-22",
                                       "1e-5",
                                       "8.5070591730234616e37",
                                       "0.000000000000000000000000000001",
                                       "4.9e-324",
                                       "1.7976931348623157e308",
                                       "9007199254740993",
                                       "3.14159265358979323846",
                                       "123456.789e3",
                                       "1E+2",
                                       "00012",
                                       "0.30000000000000004"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++)
        gives(text[i], NULL, 1, 1, VALUES{strtod(text[i], NULL)});
}

Test(csv, minus_zero)
{
    cr_assert(parse("-0\n", "0"));
    cr_assert_eq(1 / gr_element(&table, 0), -1 / 0.0);
}

Test(csv, no_numbers)
{
    static const char *const text[] = {"1e",  ".",   "+",     "1e999", "0x10", "inf",
                                       "nan", "1 2", "1e1.5", "--1",   "1e+",  "1.2.3"};
    for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
        char row[64];
        snprintf(row, sizeof row, "1,%s\n1,2\n", text[i]);
        classes = (gr_classes){0};
        bool read = gr_parse_csv(row, strlen(row), "1-1", NULL, NULL, &table, &e);
        cr_assert(!read || table.dim[0] == 1, "'%s' passes for a number", text[i]);
    }
}

/* ---- classes ---- */

Test(csv, classes_are_sorted)
{
    gives("z\nz\na\nm\na\n", "0", 5, 0, VALUES{2, 2, 0, 1, 0});
    cr_assert_eq(classes.count, 3);
    cr_assert_str_eq(classes.name[0], "a");
    cr_assert_str_eq(classes.name[2], "z");
}

Test(csv, classes_known_before)
{
    gives("m\na\nz\nm\n", "0", 4, 0, VALUES{1, 0, 2, 1});
    gives("1,z\n2,m\n", "1", 2, 0, VALUES{2, 1});
    fails("1,z\n2,q\n", "1", "line 2: 'q' is none of the 3 classes known, 'a' to 'z'");
}

Test(csv, a_class_is_missing)
{
    fails("x,a\ny,b\nx,\n", "1", "line 3: the class is missing");
}

Test(csv, strings_where_numbers_are_wanted)
{
    fails("a,b\n1,2\n3,x\n", "a,b", "line 3: column 1 b is 'x', not a number");
    fails("1,2\n3,\n", "0-1", "line 2: column 1 is empty, not a number");
}

/* ---- what is no table ---- */

Test(csv, ragged) { fails("1,2\n3\n", NULL, "line 2 has 1 fields, the first line has 2"); }
Test(csv, empty) { fails("", NULL, "no rows"); }
Test(csv, only_blank_lines) { fails("\n \n\r\n", NULL, "no rows"); }
Test(csv, open_quote)
{
    fails("1,\"2\n3,4\n", NULL, "line 1: a quoted field does not end");
}
Test(csv, after_quote) { fails("\"1\"x,2\n", NULL, "line 1: text follows a quoted field"); }
Test(csv, terminal_codes_in_messages)
{
    fails("1,2\n3,\x1b[31m\n", "0-1", "line 2: column 1 is '?[31m', not a number");
}
Test(csv, zero_bytes) { cr_assert(!gr_parse_csv("1,\0\n", 4, NULL, NULL, NULL, &table, &e)); }
