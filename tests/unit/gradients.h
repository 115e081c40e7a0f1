/* Derived adjoints of a graph against finite differences. */
#ifndef GRADIENTS_H
#define GRADIENTS_H

#include "diff.h"
#include "differences.h"
#include "graphs.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>

static inline double noise(int i)
{
    double x = sin(12.9898 * (i + 1)) * 43758.5453;
    return 2 * (x - floor(x)) - 1;
}

static inline void fill(Run *r, const Tensor *t, double lo, double hi)
{
    for (int i = 0; i < count_of(t->idx, t->rank); i++)
        r->value[t->id][i] = t->elem == ELEM_REAL
                                 ? lo + (hi - lo) * (noise(i + 1000 * t->id) + 1) / 2
                                 : (i * 5 + 2) % t->bound;
}

static inline void fill_given(Run *r, double lo, double hi)
{
    for (int i = 0; i < r->g->tensor.n; i++)
        if (r->g->tensor.at[i]->role != EQUATION)
            fill(r, r->g->tensor.at[i], lo, hi);
}

static inline double relative(double a, double b, double scale)
{
    double m = fmax(fmax(fabs(a), fabs(b)), scale);
    return a == b ? 0 : fabs(a - b) / m;
}

static inline double magnitude(const Run *r, const Tensor *t)
{
    double most = 0;
    for (int i = 0; i < count_of(t->idx, t->rank); i++)
        most = fmax(most, fabs((double)r->value[t->id][i]));
    return most;
}

/* The greatest error over all elements of all gradients; `kinks` counts the points without
 * a slope. Prints what is wrong. */
static inline double worst_gradient(Run *r, int *kinks)
{
    const Graph *g = r->g;
    const Tensor *loss = NULL;
    double worst = 0;
    Arena *scratch = new_arena();
    for (int i = 0; i < g->root.n; i++)
        if (g->root.at[i].kind == ROOT_LOSS)
            loss = g->root.at[i].value;
    for (int i = 0; i < g->root.n; i++) {
        if (g->root.at[i].kind != ROOT_GRADIENT)
            continue;
        const Tensor *by = g->root.at[i].target, *adjoint = g->root.at[i].value;
        Differences d = begin_differences(r, loss, by, scratch);
        double scale = 1e-2 * magnitude(r, adjoint);
        for (int k = 0; k < count_of(by->idx, by->rank); k++) {
            Slope s = slope(&d, k);
            double derived = (double)r->value[adjoint->id][k];
            double error = relative(derived, (double)s.value, scale);
            *kinks += s.kink;
            if (s.kink)
                continue;
            if (!(error < 1e-7))
                fprintf(stderr, "%s[%d]: derived %.12g, differences %.12g (+- %.1g)\n",
                        by->name, k, derived, (double)s.value, (double)s.error);
            worst = error > worst || isnan(error) ? error : worst;
        }
        end_differences(&d);
    }
    free_arena(scratch);
    return worst;
}

static inline void print_to_stderr(const Graph *g)
{
    Out o = new_out(g->arena);
    print_graph(&o, g);
    fputs(o.text, stderr);
}

/* Derive, fill what is given with numbers in lo..hi, and compare. */
static inline Run derive_and_run(Graph *g, double lo, double hi)
{
    sort_graph(g);
    verify_graph(g);
    derive(g);
    verify_graph(g);
    Run r = new_run(g, g->arena);
    fill_given(&r, lo, hi);
    interpret(&r);
    return r;
}

static inline void expect_gradients(Graph *g, double lo, double hi)
{
    Run r = derive_and_run(g, lo, hi);
    int kinks = 0;
    double worst = worst_gradient(&r, &kinks);
    if (!(worst < 1e-7))
        print_to_stderr(g);
    cr_assert(worst < 1e-7, "error %g", worst);
    cr_assert_eq(kinks, 0);
}

#endif
