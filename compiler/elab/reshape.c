/* flatten and reshape: the same elements in row-major order, read by quotients and
 * remainders. */
#include "eq.h"

#include "str.h"

/* Dimension k of a tensor at row-major position `at`. */
static const Sub *digit(Graph *g, Tensor *t, int k, const Sub *at, const Index *idx)
{
    int64_t stride = 1;
    for (int i = k + 1; i < dims_of(t); i++)
        stride *= dim_of(t, i)->extent;
    return sub_mod(g, sub_div(g, at, stride, idx), dim_of(t, k)->extent, idx);
}

static Expr *read_reshaped(Eq *q, Tensor *t)
{
    const Sub *at = sub_const(q->g, 0), *sub[MAXRANK];
    int n = 0;
    for (int k = 0; k < q->rank; k++)
        at = sub_add(q->g, sub_scale(q->g, at, q->idx[DIM + k].extent),
                     sub_index(q->g, DIM + k));
    if (is_batched(t))
        sub[n++] = sub_index(q->g, BATCH);
    for (int k = 0; k < dims_of(t); k++)
        sub[n++] = digit(q->g, t, k, at, q->idx);
    return read_at(q->g, t, sub, NULL);
}

static bool new_extents(Eq *q, const Syn *call)
{
    static const char *const letter[] = {"i", "j", "k", "l", "m", "n", "o", "p"};
    q->rank = call->args.n - 1;
    for (int k = 0; k < q->rank; k++) {
        Index *dim = &q->idx[DIM + k];
        dim->name = intern(letter[k]);
        if (!extent_of(q->env, call->args.at[k + 1].value, call->name, &dim->extent))
            return false;
    }
    return true;
}

static Value reshape_tensor(Env *env, const Syn *call, Tensor *t, const char *name)
{
    int64_t count = count_of(t->idx + is_batched(t), dims_of(t));
    Eq *q = new_eq(env, name, call->span, false);
    if (call->args.n > 1) {
        if (!new_extents(q, call))
            return nothing();
    } else {
        q->rank = 1;
        q->idx[DIM] = (Index){intern("k"), (int)count, false};
    }
    double wanted = 1;
    for (int k = 0; k < q->rank; k++)
        wanted *= q->idx[DIM + k].extent;
    if (wanted != (double)count) {
        fault(env, call->span, "a tensor %s has %lld elements, not %.0f", shape_text(t),
              (long long)count, wanted);
        return nothing();
    }
    return tensor_value(close_eq(q, read_reshaped(q, t)), call->span);
}

Value reshape(Env *env, const Syn *call, const char *result_name)
{
    const Syn *arg = call->args.at[0].value;
    const char *name =
        result_name ? result_name : intern_f("%s.%s", env->naming.path, call->name);
    Value v = whole_value(env, arg, intern_f("%s.x", name));
    if (v.what == A_TENSOR)
        return reshape_tensor(env, call, v.tensor, name);
    if (v.what == A_NUMBER)
        fault(env, arg->span, "'%s' takes a tensor, and this is a number", call->name);
    return nothing();
}
