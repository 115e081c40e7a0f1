/* Curves as SVG, for a page without scripts: colours are the page's, by the classes c0, c1,
 * ...
 *
 * The vertical axis goes from and to multiples of 1, 2 or 5 times a power of ten, about
 * four of them; a logarithmic one by powers of ten. What is no number, or cannot be drawn
 * on a logarithmic axis, is left out. */
#include "report.h"

#include <math.h>

enum { LEFT = 64, BELOW = 20, ABOVE = 8 };

/* From lo to hi in steps; of logarithms where the axis is such. */
typedef struct Axis {
    double lo, hi, step;
} Axis;

static double height_of(const Chart *c, double y) { return c->logarithmic ? log10(y) : y; }

static Axis range_of(const Chart *c, bool across)
{
    Axis a = {INFINITY, -INFINITY, 1};
    for (int k = 0; k < c->curves; k++)
        for (size_t i = 0; i < c->curve[k].n; i++) {
            const Curve *v = &c->curve[k];
            double x = across ? v->x[i * v->stride] : height_of(c, v->y[i * v->stride]);
            if (isfinite(x)) {
                a.lo = fmin(a.lo, x);
                a.hi = fmax(a.hi, x);
            }
        }
    return a;
}

/* About four steps of a round size, from below the least to above the greatest. */
static Axis round_axis(Axis a, bool logarithmic)
{
    double size = a.hi > a.lo ? a.hi - a.lo : fabs(a.hi) > 0 ? fabs(a.hi) : 1;
    double ten = pow(10, floor(log10(size / 4))), part = size / 4 / ten;
    a.step = ten * (part > 5 ? 10 : part > 2 ? 5 : part > 1 ? 2 : 1);
    if (logarithmic)
        a.step = ceil(a.step);
    a.lo = a.step * floor(a.lo / a.step);
    a.hi = a.step * ceil(a.hi / a.step);
    if (!(a.hi > a.lo))
        a.hi = a.lo + a.step;
    return a;
}

static double place(const Axis *a, double x, double from, double to)
{
    return from + (to - from) * (x - a->lo) / (a->hi - a->lo);
}

static void put_grid(FILE *f, const Chart *c, const Axis *y)
{
    for (int i = 0; i <= (int)((y->hi - y->lo) / y->step + 0.5); i++) {
        double value = y->lo + i * y->step, at = place(y, value, c->high - BELOW, ABOVE);
        value = fabs(value) < y->step / 1000 ? 0 : value;
        fprintf(f, "<line x1=\"%d\" x2=\"%d\" y1=\"%.1f\" y2=\"%.1f\"/>", LEFT, c->wide, at,
                at);
        fprintf(f, "<text x=\"%d\" y=\"%.1f\" class=\"y\">%.6g</text>\n", LEFT - 6, at + 4,
                c->logarithmic ? pow(10, value) : value);
    }
}

/* A curve of one point is a dot: a line to itself with round ends. */
static void put_curve(FILE *f, const Chart *c, int k, const Axis *x, const Axis *y,
                      bool bare)
{
    const Curve *v = &c->curve[k];
    double left = bare ? 2 : LEFT, low = c->high - (bare ? 2 : BELOW),
           top = bare ? 2 : ABOVE;
    double at = 0, height = 0;
    int points = 0;
    fprintf(f, "<polyline class=\"c%d\" points=\"", k % 6);
    for (size_t i = 0; i < v->n; i++) {
        double value = height_of(c, v->y[i * v->stride]);
        if (!isfinite(value))
            continue;
        at = place(x, v->x[i * v->stride], left, c->wide - 4);
        height = place(y, value, low, top);
        fprintf(f, "%s%.1f,%.1f", points++ ? " " : "", at, height);
    }
    if (points == 1)
        fprintf(f, " %.1f,%.1f", at, height);
    fputs("\"/>", f);
}

static void put_legend(FILE *f, const Chart *c)
{
    for (int k = 0; k < c->curves; k++) {
        fprintf(f, "<tspan class=\"c%d\"%s>", k % 6, k ? " dx=\"12\"" : "");
        gr_put_html(f, c->curve[k].name);
        fputs("</tspan>", f);
    }
}

void gr_put_chart(FILE *f, const Chart *c)
{
    Axis x = range_of(c, true), y = round_axis(range_of(c, false), c->logarithmic);
    if (!(y.hi > y.lo))
        return;
    double last = x.hi;
    if (!(x.hi > x.lo))
        x.hi = x.lo + 1;
    fprintf(f, "<svg viewBox=\"0 0 %d %d\" role=\"img\">\n", c->wide, c->high);
    put_grid(f, c, &y);
    fprintf(f, "<text x=\"%d\" y=\"%d\">epoch %.6g</text>", LEFT, c->high - 4, x.lo);
    fprintf(f, "<text x=\"%d\" y=\"%d\" class=\"y\">%.6g</text>\n", c->wide - 4,
            c->high - 4, last);
    for (int k = 0; k < c->curves; k++)
        put_curve(f, c, k, &x, &y, false);
    fprintf(f, "<text x=\"%d\" y=\"%d\" class=\"legend\">", (LEFT + c->wide) / 2,
            c->high - 4);
    put_legend(f, c);
    fputs("</text></svg>\n", f);
}

void gr_put_spark(FILE *f, const Chart *c, double lo, double hi)
{
    Axis x = range_of(c, true), y = {log10(lo), log10(hi), 1};
    if (!(x.hi > x.lo))
        x.hi = x.lo + 1;
    if (!(y.hi > y.lo))
        y.hi = y.lo + 1;
    fprintf(f, "<svg class=\"spark\" viewBox=\"0 0 %d %d\">", c->wide, c->high);
    put_curve(f, c, 0, &x, &y, true);
    fputs("</svg>", f);
}
