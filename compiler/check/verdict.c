/* One derivative found in three ways, and which of them disagrees.
 *
 * A wrong rule shows in two of the three, since the program is made from the derived
 * equations: when both agree, it is the difference that has no part in their fault, and it
 * is believed as long as its estimates settle. */
#include "verdict.h"

#include <math.h>

const char *const verdict_name[NVERDICT] = {
    [AGREE] = "agree",
    [DERIVED_WRONG] = "derived is wrong",
    [DIFFERENCE_UNSURE] = "difference does not settle",
    [EMITTED_WRONG] = "emitted is wrong",
    [EMITTED_APART] = "derived and emitted differ",
    [ALL_APART] = "all three differ",
};

double relative_error(double a, double b, double least)
{
    if (a == b || (isnan(a) && isnan(b)))
        return 0;
    double error = fabs(a - b) / fmax(fmax(fabs(a), fabs(b)), least);
    return isnan(error) ? INFINITY : error;
}

static bool are_close(double a, double b, double least, double tol)
{
    return relative_error(a, b, least) <= tol;
}

Verdict judge(const Ways *w, double least, double tol, double tol64)
{
    bool difference = !w->differed || are_close(w->derived, w->difference, least, tol);
    bool emitted = !w->ran || are_close(w->derived, w->emitted, least, tol64);
    if (difference && emitted)
        return AGREE;
    if (difference)
        return w->differed ? EMITTED_WRONG : EMITTED_APART;
    if (emitted)
        return w->unsure > tol * fmax(fabs(w->difference), least) ? DIFFERENCE_UNSURE
                                                                  : DERIVED_WRONG;
    return are_close(w->difference, w->emitted, least, tol) ? DERIVED_WRONG : ALL_APART;
}
