/* Central differences with steps h, h/2, h/4 ... and Richardson's extrapolation of the last
 * three, which takes the terms in h^2 and h^4 away. Large steps lose least to rounding but
 * may reach over a kink (of relu, max, abs ...); then the estimates do not settle, and
 * smaller steps follow until they do. The best is the one whose own error estimate is
 * least.
 *
 * Is the point itself at a kink, or so close that no step fits in between, the one-sided
 * slopes keep their distance as the step shrinks; where the function is smooth it shrinks
 * with it. Such a point has no derivative to compare with, and the caller says how many
 * there were. */
#include "differences.h"

enum { LEVELS = 16 };
static const Real FIRST_STEP = 1.0 / 16; /* of the tensor's size */
static const Real GOOD = 1e-10;          /* relative error to stop at */
static const Real ONE_SIDED = 1e-5;      /* of the first step: where kinks are looked for */
static const Real ROUNDING = 1e-15;      /* of the loss */

struct Reading {
    bool *from, found;
};

static void look_at_read(Expr *e, void *context)
{
    struct Reading *r = context;
    r->found = r->found || (e->op == OP_read && r->from[e->tensor->id]);
}

/* Mark what depends on a marked tensor. Members of a recurrence read ahead: then once over
 * the equations is not enough. */
static void spread(const Graph *g, bool *from)
{
    struct Reading r = {.from = from};
    for (bool more = true; more;) {
        more = false;
        for (int i = 0; i < g->tensor.n; i++) {
            const Tensor *t = g->tensor.at[i];
            r.found = false;
            if (t->body && !from[i])
                walk(t->body, look_at_read, &r);
            from[i] = from[i] || r.found;
            more = more || (r.found && t->group);
        }
    }
}

/* Equations that depend on `by` and that the loss depends on. */
static bool *find_between(const Graph *g, const Tensor *by, const Tensor *loss, Arena *a)
{
    bool *after = NEWN(a, bool, g->tensor.n), *before = NEWN(a, bool, g->tensor.n);
    after[by->id] = true;
    spread(g, after);
    reach(before, loss);
    for (int i = 0; i < g->tensor.n; i++)
        after[i] = after[i] && before[i];
    return after;
}

/* The typical magnitude of the tensor's elements, as a scale for steps. */
static Real size_of(const Real *x, int64_t n)
{
    Real sum = 0;
    for (int64_t i = 0; i < n; i++)
        sum += x[i] * x[i];
    return sum > 0 ? gr_sqrt(sum / (Real)n) : 1;
}

Differences begin_differences(Run *r, const Tensor *loss, const Tensor *by, Arena *a)
{
    Differences d = {.r = r, .by = by, .loss = loss};
    d.which = find_between(r->g, by, loss, a);
    d.step = FIRST_STEP * size_of(r->value[by->id], count_of(by->idx, by->rank));
    r->stop = STOP_RECORD;
    interpret_some(r, d.which);
    r->stop = STOP_REPLAY;
    d.base = r->value[loss->id][0];
    return d;
}

void end_differences(const Differences *d)
{
    d->r->stop = STOP_LIVE;
    interpret_some(d->r, d->which);
}

static Real loss_at(const Differences *d, int64_t element, Real x)
{
    Real *place = &d->r->value[d->by->id][element], was = *place;
    *place = x;
    interpret_some(d->r, d->which);
    *place = was;
    return d->r->value[d->loss->id][0];
}

/* The slope between x - h and x + h, and how far the two halves of it differ. */
static Real central(const Differences *d, int64_t element, Real h, Real *bend)
{
    Real x = d->r->value[d->by->id][element];
    volatile Real right = x + h, left = x - h; /* as rounded: the true distance */
    Real up = loss_at(d, element, right), down = loss_at(d, element, left);
    *bend = gr_abs((up - d->base) / (right - x) - (d->base - down) / (x - left));
    return (up - down) / (right - left);
}

static Real noise(const Differences *d, Real h) { return ROUNDING * gr_abs(d->base) / h; }

static bool is_kink(const Differences *d, int64_t element)
{
    Real far, near, h = d->step * ONE_SIDED;
    central(d, element, 8 * h, &far);
    central(d, element, h, &near);
    return near > far / 2 && near > 16 * noise(d, h);
}

void confirm(const Differences *d, int64_t element, Slope *s)
{
    Real central_at[3], unused;
    for (int i = 0; i < 3; i++)
        central_at[i] = central(d, element, s->step * (Real)(0.73 * (4 >> i)), &unused);
    Real wide = (4 * central_at[1] - central_at[0]) / 3;
    Real near = (4 * central_at[2] - central_at[1]) / 3;
    s->error = gr_max(s->error, gr_abs((16 * near - wide) / 15 - s->value));
}

Slope slope(const Differences *d, int64_t element)
{
    Slope best = {.error = (Real)INFINITY};
    Real last[3] = {0}, h = d->step, unused;
    for (int level = 0; level < LEVELS; level++, h /= 2) {
        Real t0 = central(d, element, h, &unused);
        Real t1 = (4 * t0 - last[0]) / 3;
        Real t2 = (16 * t1 - last[1]) / 15;
        Real settling = gr_abs(t2 - last[2]), error = settling + noise(d, h);
        if (level >= 3 && error < best.error)
            best = (Slope){t2, error, h, false};
        if (level >= 3 && (error <= GOOD * gr_abs(t2) || settling <= noise(d, h)))
            break; /* good, or as good as rounding lets it be */
        last[0] = t0, last[1] = t1, last[2] = t2;
    }
    best.kink = is_kink(d, element);
    return best;
}
