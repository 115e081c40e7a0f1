/* Loops become C: text that a person could have written, the same bytes every time. */
#ifndef EMIT_H
#define EMIT_H

#include "lines.h"

typedef struct EmitOptions {
    const char *prefix; /* of every external name: digits_init */
    const char *header; /* the name to #include, or NULL: everything is in one file */
    const char *banner; /* the first lines' text: what made the file, from what, how */
    const char *lines;  /* with #line directives: the name of the C's file; else NULL */
    bool profile;       /* entry points tell gr_mark() when each region is done */
    bool standalone;    /* it is going to hold the headers that it includes */
    bool freestanding;  /* it has neither libc nor libm, nor pointers to functions */
} EmitOptions;

/* The model as C: its regions, its entry points and its table. */
void emit_c(Out *o, const Module *m, const EmitOptions *e);

/* The model for several machines: what chooses among the variants, which are emitted apart, each
 * with the prefix of its own. Blocks have the same layout and size for all of them. */
void emit_choice(Out *o, const Modules *m, const EmitOptions *e);
const char *variant_prefix(const Module *m, const EmitOptions *e, Arena *a);

/* The function of one region, which has loops of its own; and, if asked for, what each place of
 * its text computes. */
void emit_function(Out *o, const Module *m, const Region *r, const EmitOptions *e,
                   LineMarks *marks);

/* What a program that includes the model may call and touch. */
void emit_header(Out *o, const Module *m, const EmitOptions *e);

#endif
