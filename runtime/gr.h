/* gradc's runtime interface: what a generated model offers and what it asks of its host.
 *
 * A model is one block of memory, owned by the caller, of model->size bytes and aligned to 64:
 * a gr_context, then everything the model keeps. Inside it every tensor has a constant place,
 * listed in model->tensor, dense and row-major. The generated C has no globals that change,
 * allocates nothing, prints nothing and never exits. One block is used by one thread at a time;
 * different blocks are independent. */
#ifndef GR_H
#define GR_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of this interface. A model's files do not compile with a gr.h of another version; and
 * what libgr offers has the version in its name there, so that no program links with a libgr of
 * another version. */
#ifdef GR_FREESTANDING /* a model that is its own world: no pointers to functions, no libgr */
#define GR_ABI (-3)
#else
#define GR_ABI                3
#define GR_NAME_(name, abi)   name##_abi##abi
#define GR_NAME(name, abi)    GR_NAME_(name, abi)
#define gr_main               GR_NAME(gr_main, GR_ABI)
#define gr_main_with          GR_NAME(gr_main_with, GR_ABI)
#define gr_pool_new           GR_NAME(gr_pool_new, GR_ABI)
#define gr_pool_run           GR_NAME(gr_pool_run, GR_ABI)
#define gr_pool_free          GR_NAME(gr_pool_free, GR_ABI)
#define gr_flush_denormals    GR_NAME(gr_flush_denormals, GR_ABI)
#endif

typedef enum gr_type { GR_F32, GR_F64, GR_U8, GR_I32 } gr_type;

typedef enum gr_role {
    GR_INPUT,    /* written by the host before a call */
    GR_PARAM,    /* changed by step */
    GR_STATE,    /* likewise; not trained */
    GR_AVERAGE,  /* likewise; forward reads it in place of NAME where it is "NAME.average" */
    GR_OPTIMIZER,/* likewise; the optimizer's own, e.g. momentum */
    GR_OUTPUT,   /* written by forward, gradients and step */
    GR_LOSS,     /* likewise; rank 0, the mean over the examples given */
    GR_METRIC,   /* likewise */
    GR_GRADIENT, /* written by gradients only; named "grad." and the name of its tensor */
    GR_INNER,    /* likewise: other equations, with `gradc build --watch` */
    GR_RATE      /* written by step: the optimizer's learning rate, rank 0 */
} gr_role;

typedef struct gr_tensor {
    const char *name;
    unsigned char role, type, rank;
    unsigned char batched; /* dim[0] is the batch; only the first n rows are read or written */
    int32_t bound;         /* GR_I32 inputs: every value must be in [0, bound); else 0 */
    int32_t dim[8];
    size_t offset;         /* bytes from the start of the block */
    unsigned char target;  /* inputs: no output depends on it (a label); predicting goes without */
    unsigned char drawn;   /* outputs: it depends on no input (a sample, say) */
    const char *source;    /* the line of the program, "digits.nn:8" */
} gr_tensor;

#ifndef GR_FREESTANDING
/* Part `part` of `parts` of a task, one region of work. */
typedef void gr_work(void *task, int part, int parts);
#endif

/* The start of every block; init sets it up, the host may change what is marked. */
typedef struct gr_context {
    uint64_t seed;
    uint64_t step;   /* calls of step() so far, counted by it; host: when resuming */
    uint64_t steps;  /* host: calls planned for the whole run; schedules read it */
    int32_t n;       /* examples in this batch */
    int32_t training;
#ifndef GR_FREESTANDING
    /* host: how to run a region in parallel, by a pool of the host's own, say. NULL: one after
     * the other. It must call work(task, part, parts) once for each part in any order, on any
     * threads, and return when all are done: what the caller wrote before is to be seen by the
     * parts, and what they wrote by the caller, as locks, joins and atomics see to. Parts wait
     * for nothing, and run nothing in parallel themselves. The result does not depend on `parts`,
     * nor on which thread has which. */
    void (*run)(void *pool, gr_work *work, void *task, int parts);
    void *pool;
    int32_t parts;   /* host: parts to split a region into, at least 1 */
#endif
} gr_context;

typedef struct gr_model {
    int abi; /* GR_ABI */
    const char *name;
    uint64_t hash;     /* of the equations: equal for the same model */
    size_t size;       /* bytes of a block */
    gr_type real;      /* GR_F32 or GR_F64 */
    int batch;         /* examples a call takes at most */
    int accumulate;    /* calls of step that make one update: 1, or more if the model says so */
    int tensors;
    const gr_tensor *tensor;
    double flops;      /* floating-point operations of one step with a full batch */
    /* defaults of the train block */
    int epochs;
    uint64_t seed;
    double validation; /* part of the examples held back, 0..1 */
#ifndef GR_FREESTANDING
    /* Clear the block and set every parameter and state from the seed. */
    void (*init)(void *block, uint64_t seed);
    /* Outputs, loss and metrics of the first n examples, 1 <= n <= batch, training false. */
    void (*forward)(void *block, int n);
    /* The same, and every gradient; context->training as the host left it. */
    void (*gradients)(void *block, int n);
    /* Forward with training true, backward, and the update of parameters and states. With
     * `accumulate` parameters are updated by each call that is a multiple of it. */
    void (*step)(void *block, int n);
#endif
} gr_model;

#ifndef GR_FREESTANDING

/* In libgr: threads for gr_context.run, which is then gr_pool_run, with the pool as its pool. With
 * `flush`, they take denormal numbers for 0, as the caller may ask of its own thread; that
 * returns what was set before. A pool serves one caller at a time. */
typedef struct gr_pool gr_pool;
gr_pool *gr_pool_new(int threads, int flush);
void gr_pool_run(void *pool, gr_work *work, void *task, int parts);
void gr_pool_free(gr_pool *pool);
int gr_flush_denormals(int on);

/* In libgr: the trainer, a program that drives any model through its table. Returns the status
 * for main to return: 0 fine, 1 the loss is no number, 2 usage or environment, 130 interrupted. */
int gr_main(const gr_model *model, int argc, char **argv);
#endif

/* The equations of a model's outputs as ONNX, from which the trainer makes a whole file. */
typedef struct gr_onnx {
    const char *fault; /* why there are none; or NULL */
    const char *const *given; /* inputs, parameters and states that they read; NULL ends them */
    size_t size;
    const unsigned char *graph; /* fields of a GraphProto */
} gr_onnx;
int gr_main_with(const gr_model *model, const gr_onnx *onnx, int argc, char **argv);

#ifdef __cplusplus
}
#endif
#endif
