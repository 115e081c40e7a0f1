/* Regions of work for generated C, included after gr.h and simd.h.
 *
 * A region is a function that computes one equation or a few. Its tensors are in the block at the
 * offsets it is given, so one function serves all layers of a kind. One that is worth threads is a
 * gr_region: the range of its outermost loop is cut into parts, and the host's context->run says
 * who does them. */
#ifndef GR_REGION_H
#define GR_REGION_H

/* Before a region whose vectors fill 64-byte registers: without it clang halves them. */
#if defined __clang__ && defined __AVX512F__
#define GR_WIDE __attribute__((min_vector_width(512)))
#else
#define GR_WIDE
#endif

/* A region that no other function takes in. */
#define GR_APART __attribute__((noinline))

/* No vector stays in a register across this. */
GR_INLINE void gr_free_registers(void)
{
#if defined __AVX512F__
    __asm__ volatile("" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                         "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15",
                         "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23",
                         "xmm24", "xmm25", "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31");
#elif defined __x86_64__
    __asm__ volatile("" ::: "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7",
                         "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15");
#elif defined __aarch64__
    __asm__ volatile("" ::: "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
                         "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15",
                         "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23",
                         "v24", "v25", "v26", "v27", "v28", "v29", "v30", "v31");
#endif
}

/* A region's second argument: the offsets of its tensors, then its random sites. */
#define GR_AT(...) ((const size_t[]){__VA_ARGS__})

GR_INLINE void *gr_at(void *block, size_t offset) { return (char *)block + offset; }

/* A subscript of something that is not used where it would leave [0, size). */
GR_INLINE int gr_clamp(int i, int size) { return i < 0 ? 0 : i < size ? i : size - 1; }
GR_INLINE int gr_least(int a, int b) { return a < b ? a : b; }
GR_INLINE int gr_most(int a, int b) { return a > b ? a : b; }

#ifndef GR_FREESTANDING
/* Where part `part` of `parts` begins in [0, range): at a multiple of grain, all parts equal to
 * within one grain. Part `parts` begins at the end. */
GR_INLINE int gr_from(int range, int grain, int part, int parts)
{
    int64_t grains = (range + (int64_t)grain - 1) / grain;
    int64_t first = grains * part / parts * grain;
    return first < range ? (int)first : range;
}

typedef void gr_region(void *block, const size_t *at, int part, int parts);

typedef struct gr_task {
    gr_region *region;
    void *block;
    const size_t *at;
} gr_task;

/* A gr_work. */
GR_INLINE void gr_part(void *task, int part, int parts)
{
    const gr_task *t = (const gr_task *)task;
    t->region(t->block, t->at, part, parts);
}

/* The whole of a region, in parts where the host runs them. */
GR_INLINE void gr_run(void *block, gr_region *region, const size_t *at)
{
    const gr_context *context = (const gr_context *)block;
    gr_task task = {region, block, at};
    int parts = context->run ? context->parts : 1;
    if (parts > 1)
        context->run(context->pool, gr_part, &task, parts);
    else
        region(block, at, 0, 1);
}
#endif

#endif
