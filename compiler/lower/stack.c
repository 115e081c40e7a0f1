/* An upper bound on the stack that the C of a module takes, where no region is run by
 * threads.
 *
 * An entry point calls its regions, one after the other, and a region at most a function
 * that is for rare arguments: no pointers to functions, no recursion. An optimizing C
 * compiler, gcc or clang from -O1 or -Os on, keeps in memory no more than
 *
 *   - the arrays of a region, and room to align them;
 *   - a place for each variable, two for a vector;
 *   - what it keeps aside between the steps of a function like exp or pow, in doubles;
 *   - the registers it saves;
 *   - in the entry point, the offsets that it hands on, all of them at once, and what the
 * regions need that become a part of it. One with arrays does not, if it is emitted
 * freestanding.
 *
 * The tests hold it against what gcc and clang say of theirs. */
#include "nest.h"

enum {
    SAVED = 192,
    WORD = 8,
    WIDE = 16
}; /* bytes of registers, of an integer; vectors aside */

static size_t bytes_of_variables(const LoopBody *body, size_t vector)
{
    size_t n = 0;
    for (int i = 0; i < body->n; i++) {
        const LoopStmt *s = body->at[i];
        if (s->kind == LOOP_LET || s->kind == LOOP_VAR)
            n += s->reg->vector ? 2 * vector : WORD;
        if (s->kind == LOOP_INT || s->kind == LOOP_FOR)
            n += 2 * WORD;
        n += bytes_of_variables(&s->body, vector);
    }
    return n;
}

static size_t bytes_of_arrays(const Region *r)
{
    size_t n = 0;
    for (int i = 0; i < r->view.n; i++) {
        const View *v = r->view.at[i];
        size_t size = sizeof(float);
        for (int k = 0; k < v->rank; k++)
            size *= (size_t)v->dim[k];
        n += v->buffer ? 0 : aligned(size) + 64;
    }
    return n;
}

static size_t bytes_of_region(const Region *r, size_t vector)
{
    return SAVED + WIDE * vector + WORD * (size_t)r->view.n +
           bytes_of_variables(&r->body, vector);
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

size_t bound_stack(const Module *m)
{
    size_t most = 0, vector = (size_t)m->lanes * (m->f64 ? 8 : 4);
    for (EntryKind k = 0; k < NENTRY; k++) {
        const Entry *e = &m->entry[k];
        size_t handed = 0, within = 0, called = 0;
        for (int i = 0; i < e->region.n; i++) {
            const Region *r = e->region.at[i], *own = r->like ? r->like : r;
            size_t n = bytes_of_region(own, vector), arrays = bytes_of_arrays(own);
            within = larger(within, arrays ? 0 : n);
            called = larger(called, n + arrays);
            handed += WORD * (size_t)(r->view.n + r->site.n);
        }
        most = larger(most, handed + within + called);
    }
    return most;
}
