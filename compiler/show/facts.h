/* What the formats have in common: which tensors are shown, and what is known of them. */
#ifndef FACTS_H
#define FACTS_H

#include "ir.h"

bool is_derived(const Tensor *t);

/* By id: what the gradient of the tensor `name` needs; without a name everything that is
 * not an optimizer's. A name that no gradient has ends gradc. */
bool *wanted_tensors(const Graph *g, const char *name, Arena *a);

/* By id: with the tensors marked, all that they read, directly or by way of others. */
void mark_needed(const Graph *g, bool *needed);

/* By id: which tensors one equation reads. */
bool *reads_of(const Graph *g, const Tensor *t, Arena *a);

const Tensor *find_tensor(const Graph *g, const char *name); /* or NULL */
const Tensor *find_loss(const Graph *g);                     /* or NULL */

/* The gradient of the tensor `name`, or the gradient that is called so. */
const Tensor *gradient_of(const Graph *g, const char *name);

/* What becomes of a tensor between the forward and the backward pass. */
typedef enum Fate {
    FATE_NONE,       /* no derived equation reads it */
    FATE_GIVEN,      /* an input, a parameter or a state */
    FATE_SAVED,      /* computed forwards, kept and read backwards */
    FATE_RECOMPUTED, /* read backwards by rule, but not kept: its value is computed again,
                        or simplified away */
} Fate;
extern const char *const fate_name[];

Fate *fates(const Graph *g, const Graph *derived, Arena *a); /* by id */

double bytes_of(const Tensor *t, bool f64); /* that the tensor takes */
double traffic_of(const Tensor *t,
                  bool f64); /* that its equation reads and writes, each once */

/* Where the C has this text: the number of the line it begins at; 0: nowhere. */
int line_in(const char *code, const char *text);

const char *role_name(const Tensor *t); /* input, param, state, forward, derived */

/* "digits.nn:7: 'h' reads h.y[batch, o]": the place, and the rule of what is derived. */
const char *remark(const Tensor *t, Arena *a);

#endif
