/* The part of the generated file that a host program sees. */
#ifndef ABI_H
#define ABI_H

#include "emit.h"

/* The name of the function that computes a region: its own, or that of the one it is like, but
 * nothing that the header declares. */
const char *function_of(const Region *r, const Module *m, const EmitOptions *e);

/* void PREFIX_init(void *block, uint64_t seed), and an end. */
void put_head(Out *o, const EmitOptions *e, EntryKind k, const char *end);

/* The function PREFIX_init, PREFIX_forward, ... that runs the entry's regions in order. */
void put_entry(Out *o, const Module *m, const EmitOptions *e, EntryKind k);

/* What gr.h has to know before it is included. */
void put_world(Out *o, const EmitOptions *e);

/* The comment a file begins with, and which headers it needs. */
void put_banner(Out *o, const EmitOptions *e, const char *headers);

/* The tensors' table and the model, with everything a generic program asks. */
void put_table(Out *o, const Module *m, const EmitOptions *e);

#endif
