/* What can be said about a program before any shape is known: names. */
#ifndef SEMA_H
#define SEMA_H

#include "ast.h"

/* Check every definition: duplicates, unknown names, calls with wrong arguments, statements
 * where they do not belong, settings of the train block. Errors are recorded. */
void resolve(Program *p);

#endif
