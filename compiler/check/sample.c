/* Data nobody chose: drawn from the seed, the tensor and the element.
 *
 * Parameters start as the program says. Those that start all equal (0, 1) are moved by a
 * little each, or gradients would be special: zeros would hide what they multiply. States
 * move upwards, because an optimizer may take the root of one. */
#include "sample.h"

#include "random.h"

#include <math.h>

enum { SITE_DATA = 0x64617461 };

static Real draw(const Run *r, const Tensor *t, int64_t element)
{
    return uniform_at(r->seed, (uint64_t)t->id, SITE_DATA, element);
}

static Real rounded(Real x) { return (Real)(float)x; }

static void set_input(Run *r, const Tensor *t, Real low)
{
    int64_t n = count_of(t->idx, t->rank);
    for (int64_t i = 0; i < n; i++) {
        Real u = draw(r, t, i);
        int bound = t->elem == ELEM_BYTE ? 256 : t->bound;
        r->value[t->id][i] =
            t->elem == ELEM_REAL ? rounded(low + (1 - low) * u) : gr_floor(u * bound);
    }
}

static bool is_constant(const Real *x, int64_t n)
{
    for (int64_t i = 1; i < n; i++)
        if (x[i] != x[0])
            return false;
    return true;
}

static void set_kept(Run *r, const Tensor *t)
{
    Real *x = r->value[t->id];
    int64_t n = count_of(t->idx, t->rank);
    bool move = is_constant(x, n);
    for (int64_t i = 0; i < n; i++) {
        Real u = draw(r, t, i) / 8;
        x[i] = rounded(!move ? x[i] : x[i] + (t->role == PARAM ? 2 * u - (Real)0.125 : u));
    }
}

static bool set_inputs(Run *r, const Tensor *loss)
{
    static const Real low[] = {-1, 0.1};
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < r->g->tensor.n; i++)
            if (r->g->tensor.at[i]->role == INPUT)
                set_input(r, r->g->tensor.at[i], low[k]);
        interpret(r);
        if (isfinite((double)r->value[loss->id][0]))
            return true;
    }
    return false;
}

bool set_start(Run *r, const Tensor *loss)
{
    run_init(r);
    return set_inputs(r, loss);
}

bool set_point(Run *r, const Tensor *loss, uint64_t seed)
{
    run_init(r);
    r->seed = seed;
    for (int i = 0; i < r->g->tensor.n; i++)
        if (r->g->tensor.at[i]->role == PARAM || r->g->tensor.at[i]->role == STATE)
            set_kept(r, r->g->tensor.at[i]);
    return set_inputs(r, loss);
}

int64_t choose_below(uint64_t seed, int k, int64_t below)
{
    uint32_t counter[4] = {(uint32_t)k, 0, SITE_DATA, 0};
    Philox p = philox(seed, counter);
    return (int64_t)((((uint64_t)p.word[0] << 31) | (p.word[1] >> 1)) % (uint64_t)below);
}
