/* A model as gradc would write it, by hand and small enough to check on paper:
 *
 *   z = w . x + c[k] + b,  loss = mean (z - y)^2,  metric near = |z - y| < 0.5
 *
 * trained by descent with momentum. Sums over examples go through the host's threads in as
 * many pieces as there are examples, so that `run` matters and the result must not depend
 * on it. */
#ifndef LINE_H
#define LINE_H

#include "gr.h"

#include <math.h>
#include <string.h>

enum { BATCH = 8, I = 3, K = 3, P = I + K + 1 }; /* parameters: w, c, b */

typedef struct Block {
    gr_context context;
    double x[BATCH][I], y[BATCH];
    int32_t k[BATCH];
    double param[P], momentum[P], seen;
    double z[BATCH], loss, near;
    double grad[P], grad_x[BATCH][I], lr;
    double piece[BATCH][P];
} Block;

#define AT(member) offsetof(Block, member)
static const gr_tensor tensors[] = {
    {"x", GR_INPUT, GR_F64, 2, 1, 0, {BATCH, I}, AT(x), 0, 0, "line.nn:2"},
    {"k", GR_INPUT, GR_I32, 1, 1, K, {BATCH}, AT(k), 0, 0, "line.nn:2"},
    {"y", GR_INPUT, GR_F64, 1, 1, 0, {BATCH}, AT(y), 1, 0, "line.nn:2"},
    {"w", GR_PARAM, GR_F64, 1, 0, 0, {I}, AT(param), 0, 0, "line.nn:2"},
    {"c", GR_PARAM, GR_F64, 1, 0, 0, {K}, AT(param[I]), 0, 0, "line.nn:2"},
    {"b", GR_PARAM, GR_F64, 0, 0, 0, {0}, AT(param[I + K]), 0, 0, "line.nn:2"},
    {"seen", GR_STATE, GR_F64, 0, 0, 0, {0}, AT(seen), 0, 0, "line.nn:2"},
    {"w.m", GR_OPTIMIZER, GR_F64, 1, 0, 0, {I}, AT(momentum), 0, 0, "line.nn:2"},
    {"c.m", GR_OPTIMIZER, GR_F64, 1, 0, 0, {K}, AT(momentum[I]), 0, 0, "line.nn:2"},
    {"b.m", GR_OPTIMIZER, GR_F64, 0, 0, 0, {0}, AT(momentum[I + K]), 0, 0, "line.nn:2"},
    {"z", GR_OUTPUT, GR_F64, 1, 1, 0, {BATCH}, AT(z), 0, 0, "line.nn:2"},
    {"loss", GR_LOSS, GR_F64, 0, 0, 0, {0}, AT(loss), 0, 0, "line.nn:2"},
    {"near", GR_METRIC, GR_F64, 0, 0, 0, {0}, AT(near), 0, 0, "line.nn:2"},
    {"grad.w", GR_GRADIENT, GR_F64, 1, 0, 0, {I}, AT(grad), 0, 0, "line.nn:2"},
    {"grad.c", GR_GRADIENT, GR_F64, 1, 0, 0, {K}, AT(grad[I]), 0, 0, "line.nn:2"},
    {"grad.b", GR_GRADIENT, GR_F64, 0, 0, 0, {0}, AT(grad[I + K]), 0, 0, "line.nn:2"},
    {"grad.x", GR_GRADIENT, GR_F64, 2, 1, 0, {BATCH, I}, AT(grad_x), 0, 0, "line.nn:2"},
    {"sgd.lr", GR_RATE, GR_F64, 0, 0, 0, {0}, AT(lr), 0, 0, "line.nn:9"},
};

static void init(void *block, uint64_t seed)
{
    Block *b = block;
    *b = (Block){.context = {.seed = seed, .parts = 1}};
    for (int i = 0; i < P; i++)
        b->param[i] = (double)((seed + 1) * (uint64_t)(i + 3) * 7919 % 1000) / 1000 - 0.5;
}

static void forward(void *block, int n)
{
    Block *b = block;
    b->loss = b->near = 0;
    for (int e = 0; e < n; e++) {
        b->z[e] = b->param[I + K] + b->param[I + b->k[e]];
        for (int i = 0; i < I; i++)
            b->z[e] += b->param[i] * b->x[e][i];
        b->loss += (b->z[e] - b->y[e]) * (b->z[e] - b->y[e]) / n;
        b->near += (fabs(b->z[e] - b->y[e]) < 0.5) / (double)n;
    }
}

static void one_part(void *block, int part, int parts)
{
    Block *b = block;
    int n = b->context.n;
    for (int e = n * part / parts; e < n * (part + 1) / parts; e++) {
        double dz = 2 * (b->z[e] - b->y[e]) / n, *piece = b->piece[e];
        memset(piece, 0, sizeof b->piece[e]);
        for (int i = 0; i < I; i++) {
            piece[i] = dz * b->x[e][i];
            b->grad_x[e][i] = dz * b->param[i];
        }
        piece[I + b->k[e]] = piece[I + K] = dz;
    }
}

static void gradients(void *block, int n)
{
    Block *b = block;
    b->context.n = n;
    forward(b, n);
    if (b->context.run)
        b->context.run(b->context.pool, one_part, b, b->context.parts);
    else
        one_part(b, 0, 1);
    for (int i = 0; i < P; i++) {
        b->grad[i] = 0;
        for (int e = 0; e < n; e++)
            b->grad[i] += b->piece[e][i];
    }
}

static void step(void *block, int n)
{
    Block *b = block;
    gradients(b, n);
    b->lr = 0.05;
    for (int i = 0; i < P; i++) {
        b->momentum[i] = 0.5 * b->momentum[i] + b->grad[i];
        b->param[i] -= b->lr * b->momentum[i];
    }
    b->seen += n;
    b->context.step++;
}

static const gr_model line = {.abi = GR_ABI,
                              .name = "line",
                              .hash = 1,
                              .size = sizeof(Block),
                              .real = GR_F64,
                              .batch = BATCH,
                              .tensors = sizeof tensors / sizeof *tensors,
                              .tensor = tensors,
                              .flops = 200,
                              .epochs = 3,
                              .seed = 7,
                              .init = init,
                              .forward = forward,
                              .gradients = gradients,
                              .step = step};

#endif
