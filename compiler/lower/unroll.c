/* Axes of few positions on which conditions turn, such as those that say which of four gates
 * an equation is to compute: each position has steps of its own, in which the conditions are
 * decided, and which share what does not depend on the position. The last axis is left for
 * lanes. */
#include "nest.h"

struct Turning {
    const Nest *n;
    int axis;
    bool turns;
};

/* A comparison that a position of the axis decides. */
static void look_for_turn(Expr *e, void *context)
{
    struct Turning *t = context;
    bool alone = (e->op == OP_eq || e->op == OP_ne || e->op == OP_lt || e->op == OP_le) &&
                 expr_uses(e, t->axis);
    for (int i = 0; i < 2 && alone; i++)
        alone = e->arg[i]->op == OP_number || e->arg[i]->op == OP_const;
    for (int k = 0; k < t->n->naxis + t->n->fixed && alone; k++)
        alone = k == t->axis || !expr_uses(e, k);
    t->turns = t->turns || alone;
}

static bool conditions_turn(const Nest *n, int axis)
{
    struct Turning t = {n, axis, false};
    for (int i = 0; i < n->step.n; i++)
        walk(n->step.at[i].body, look_for_turn, &t);
    return t.turns;
}

static Expr *decide_here(void *context, Expr *e)
{
    Nest *n = context;
    return decide(n->g, e, n->axis);
}

static void remove_axis(Nest *n, int axis)
{
    for (int k = axis; k + 1 < n->naxis + n->fixed; k++) {
        n->axis[k] = n->axis[k + 1];
        n->per[k] = n->per[k + 1];
    }
    n->rank--;
    n->naxis--;
}

/* Every step once for each position of the axis. */
static void unroll_axis(Nest *n, int axis, Arena *a)
{
    Nest old = *n;
    remove_axis(n, axis);
    memset(&n->step, 0, sizeof n->step);
    const Sub *to[MAXIDX];
    for (int k = 0; k < old.naxis + old.fixed; k++)
        to[k] = sub_index(n->g, k > axis ? k - 1 : k);
    for (int at = 0; at < old.axis[axis].extent; at++) {
        to[axis] = sub_const(n->g, at);
        for (int i = 0; i < old.step.n; i++) {
            Step s = old.step.at[i];
            s.body = substitute(n->g, s.body, to, n->axis);
            s.body = rewrite_by(n->g, s.body, n->axis, decide_here, n);
            s.place = substitute(n->g, s.place, to, n->axis);
            PUSH(a, &n->step, s);
        }
    }
}

void unroll_axes(Nest *n, Arena *a)
{
    enum { FEW = 8, MOST = 16 };
    bool reduces = n->naxis > n->rank;
    for (int k = n->rank - 1; k-- > 0 && !reduces;)
        if (!n->axis[k].batch && n->axis[k].extent <= FEW &&
            n->axis[k].extent * n->step.n <= MOST && conditions_turn(n, k))
            unroll_axis(n, k, a);
}
