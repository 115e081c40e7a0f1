/* Did you mean: the nearest of some words. */
#include "train.h"

#include <string.h>

/* Insertions, deletions, changes and swaps of neighbours between two short words. */
static int distance(const char *a, const char *b)
{
    enum { MOST = 32 };
    int m = (int)strlen(a), n = (int)strlen(b), d[MOST + 1][MOST + 1];
    if (m > MOST || n > MOST)
        return MOST;
    for (int i = 0; i <= m; i++)
        for (int j = 0; j <= n; j++) {
            if (i == 0 || j == 0) {
                d[i][j] = i + j;
                continue;
            }
            int best = d[i - 1][j - 1] + (a[i - 1] != b[j - 1]);
            if (d[i - 1][j] + 1 < best)
                best = d[i - 1][j] + 1;
            if (d[i][j - 1] + 1 < best)
                best = d[i][j - 1] + 1;
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] &&
                d[i - 2][j - 2] + 1 < best)
                best = d[i - 2][j - 2] + 1;
            d[i][j] = best;
        }
    return d[m][n];
}

void gr_consider(Guess *g, const char *candidate)
{
    int d = distance(g->word, candidate);
    if (d < g->distance && d <= (int)(strlen(g->word) + 2) / 3) {
        g->best = candidate;
        g->distance = d;
    }
}
