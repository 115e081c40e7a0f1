/* What `bench --profile` of a trainer measured, put to the nests that are shown. */
#include "csv.h"
#include "show.h"

#include <stdlib.h>
#include <string.h>

static int row_of(const Csv *c, const Region *r)
{
    int nest = csv_column(c, "nest");
    for (int i = 1; i < c->n; i++)
        if (!strcmp(csv_field(c, i, nest), r->name))
            return i;
    return 0;
}

double *read_profile(const char *text, const char *path, const Entry *e, Arena *a)
{
    Csv c = read_csv(text, a);
    int time = csv_column(&c, "microseconds");
    double *seconds = NEWN(a, double, e->region.n + 1);
    for (int i = 0; i < e->region.n; i++) {
        int row = time < 0 ? 0 : row_of(&c, e->region.at[i]);
        if (!row)
            fatal(
                "'%s' has no time of '%s': it is no profile, or one of another program or "
                "machine; 'bench --profile' of what 'gradc build --profile' made writes it",
                path, e->region.at[i]->name);
        seconds[i] = 1e-6 * strtod(csv_field(&c, row, time), NULL);
    }
    return seconds;
}
