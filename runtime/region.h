/* Regions of work for generated C, included after gr.h and simd.h.
 *
 * A region is a function that computes one equation or a few. One that is worth threads has the
 * type gr_work: the range of its outermost loop is cut into parts, and the host's context->run
 * says who does them. */
#ifndef GR_REGION_H
#define GR_REGION_H

/* Before a region whose vectors fill 64-byte registers: without it clang halves them. */
#if defined __clang__ && defined __AVX512F__
#define GR_WIDE __attribute__((min_vector_width(512)))
#else
#define GR_WIDE
#endif

static inline void *gr_at(void *block, size_t offset) { return (char *)block + offset; }

/* A subscript of something that is not used where it would leave [0, size). */
static inline int gr_clamp(int i, int size) { return i < 0 ? 0 : i < size ? i : size - 1; }
static inline int gr_least(int a, int b) { return a < b ? a : b; }

/* Where part `part` of `parts` begins in [0, range): at a multiple of grain, all parts equal to
 * within one grain. Part `parts` begins at the end. */
static inline int gr_from(int range, int grain, int part, int parts)
{
    int64_t grains = (range + (int64_t)grain - 1) / grain;
    int64_t first = grains * part / parts * grain;
    return first < range ? (int)first : range;
}

/* The whole of a region, in parts where the host runs them. */
static inline void gr_run(void *block, gr_work *work)
{
    const gr_context *context = (const gr_context *)block;
    if (context->run && context->parts > 1)
        context->run(context->pool, work, block, context->parts);
    else
        work(block, 0, 1);
}

#endif
