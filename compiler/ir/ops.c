/* The tables of names and values, from ops.def and ir.h. */
#include "ir.h"

#include "scalar.h"

const OpInfo opinfo[NOP] = {
    [OP_const] = {"const", 0, NULL, REAL, 0, 0, 0},
    [OP_read] = {"read", 0, NULL, REAL, 0, 0, 0},
    [OP_number] = {"number", 0, NULL, REAL, 0, 0, 0},
    [OP_scalar] = {"scalar", 0, NULL, REAL, 0, 0, 0},
    [OP_uniform] = {"uniform", 0, NULL, REAL, COSTLY, 0, 0},
    [OP_normal] = {"normal", 0, NULL, REAL, COSTLY, 0, 0},
#define OP(name, arity, value, result, properties, lo, hi)                                 \
    [OP_##name] = {#name, arity, #value, result, properties, lo, hi},
#include "ops.def"
};

const char *const scalar_name[NSCALAR] = {
#define X(name, meaning) #name,
    SCALARS(X)
#undef X
};

const char *const reduce_name[NREDUCE] = {
    [REDUCE_NONE] = "",         [REDUCE_SUM] = "sum", [REDUCE_PROD] = "prod",
    [REDUCE_MAX] = "max",       [REDUCE_MIN] = "min", [REDUCE_ARGMAX] = "argmax",
    [REDUCE_ARGMIN] = "argmin",
};

double value_of_op(Op op, double a, double b, double c)
{
    (void)b, (void)c;
    switch (op) {
#define OP(name, arity, value, ...)                                                          \
    case OP_##name: return (double)(value);
#include "ops.def"
    default: bug("'%s' is no primitive", opinfo[op].name);
    }
}
