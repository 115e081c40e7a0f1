/* From a file to equations and loops, as the options say. Whoever calls gets what is right: a
 * wrong program's messages are printed, and gradc exits. */
#ifndef PASSES_H
#define PASSES_H

#include "loop.h"
#include "options.h"

/* The model's equations and those of its gradients. */
Graph *equations(const Options *o, Arena *a);

/* What gradc grad shows, where that is not what is compiled: the entry point's equations,
 * simplified unless the options say no. */
Graph *gradients(const Options *o, const Graph *g, Training training, Arena *a);

/* Loops for the equations, for one machine. */
Module *loops(const Options *o, const Graph *g, const LowerOptions *l, Arena *a);

/* All the way, for the machine of --target, which target_of() looks up, or for each of several. */
const Target *target_of(const Options *o);
Module *compile(const Options *o, Arena *a);
Modules compile_variants(const Options *o, Arena *a);

/* Exit with 1 if a pass found errors. */
void stop_if_wrong(void);

/* Put the text where -o says, print the warnings, and exit. */
void finish(const Options *o, const Out *text);

#endif
