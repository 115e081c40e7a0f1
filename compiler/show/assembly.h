/* Assembly text: its functions, and from which lines of the C each instruction is. */
#ifndef ASSEMBLY_H
#define ASSEMBLY_H

#include "arena.h"
#include "vec.h"

typedef struct Instruction {
    const char *text; /* or a label, with its colon */
    int line;         /* of the C; 0: of none */
} Instruction;

typedef struct AssemblyFunction {
    const char *name; /* "digits_step", "forward_h.isra.0" */
    VEC(Instruction) code;
} AssemblyFunction;

typedef VEC(AssemblyFunction) Assembly;

/* The lines are those of `file`, as the compiler was told its name. */
Assembly read_assembly(const char *text, const char *file, Arena *a);

#endif
