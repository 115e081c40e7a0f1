/* Rules for make: what has to be made again when which file changes. */
#ifndef DEPFILE_H
#define DEPFILE_H

#include "ast.h"
#include "out.h"
#include "vec.h"

typedef VEC(const Source *) Sources;

/* `target: files`; when `phony`, each file but the first is a target of its own, too, so
 * that one that is no more does not stop make. The target is put as it is. */
void put_rule(Out *o, const char *target, const Sources *read, bool phony);

/* A name as make reads it in a rule. */
const char *escape_name(const char *name, Arena *a);

#endif
