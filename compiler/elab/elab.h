/* Typed syntax becomes equations: the model is instantiated with concrete extents. */
#ifndef ELAB_H
#define ELAB_H

#include "ast.h"
#include "ir.h"

typedef struct Define { /* -D name=value */
    const char *name, *value;
} Define;

typedef struct ElabOptions {
    const char *model; /* NULL: the only one in the user's file, the last source parsed */
    const Define *define;
    int defines;
    int batch; /* 0: as the train block says, or 32 */
} ElabOptions;

/* The model's graph, its roots included; the adjoints that roots and updates ask for have
 * no body yet. NULL when errors were recorded. Expects a program that resolve() accepted.
 */
Graph *elaborate(const Program *p, const ElabOptions *o, Arena *a);

#endif
