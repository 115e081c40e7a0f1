/* The part of the generated file that a host program sees. */
#ifndef ABI_H
#define ABI_H

#include "emit.h"

/* The function PREFIX_init, PREFIX_forward, ... that runs the entry's regions in order; name[i]
 * is that of the function for region i. */
void put_entry(Out *o, const Module *m, const EmitOptions *e, EntryKind k,
               const char *const *name);

/* The tensors' table and the model, with everything a generic program asks. */
void put_table(Out *o, const Module *m, const EmitOptions *e);

#endif
