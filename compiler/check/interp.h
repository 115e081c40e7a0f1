/* The interpreter of equations: what the rest of the compiler is held against. */
#ifndef INTERP_H
#define INTERP_H

#include "ir.h"
#include "scalar.h"

/* A graph being run. The host sets n and training, writes inputs into value[], and calls. A
 * tensor is dense and row-major at its full extents whatever n is, integers are whole
 * numbers. */
typedef struct Run {
    const Graph *g;
    Arena *arena;
    Real **value; /* by tensor id */
    int n;        /* examples given, at most g->batch */
    bool training;
    uint64_t step;  /* number of this update, from 1; 0 while initialising */
    uint64_t steps; /* updates planned */
    uint64_t seed;

    /* stop(x) is a constant to a derivative. Finite differences run once with RECORD and
     * then, parameters moved, with REPLAY, where each stop gives what it gave in the
     * recorded run. */
    enum { STOP_LIVE, STOP_RECORD, STOP_REPLAY } stop;

    bool *init_only;   /* by tensor id: serves nothing but initial values */
    struct Code *code; /* by tensor id */
    uint64_t clock;
} Run;

/* The graph must not change afterwards. Sets n to the batch, training, step 1, and the seed
 * of the graph; all values are 0. */
Run new_run(const Graph *g, Arena *a);

/* Every parameter and state becomes its ROOT_INIT value, drawn as at step 0. */
void run_init(Run *r);

/* Evaluate the equations: all but those for initial values; or those with which[id].
 * Parameters and states stay as they are. */
void interpret(Run *r);
void interpret_some(Run *r, const bool *which);

/* Mark, by id, a tensor and everything that it is computed from. */
void reach(bool *reached, const Tensor *t);

/* ROOT_UPDATE values, which must have been evaluated, are assigned all at once; step goes
 * up. */
void apply_updates(Run *r);

#endif
