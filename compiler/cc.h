/* Programs from generated C: running the C compiler. */
#ifndef CC_H
#define CC_H

#include "loop.h"

/* What the C compiler needs to be told for generated C, as words between spaces. */
const char *compiler_flags(const Target *t, const char *cc, Arena *a);

/* What it makes of a C file, with the lines that each instruction is from; the file is called so.
 * NULL: there is no C compiler. */
const char *assembly_of(const char *code, const char *file, const Target *t, const char *cc,
                        Arena *a);

const char *include_folder(void); /* of gradc's headers */

typedef enum ProgramKind {
    TRAINER,     /* libgr's gr_main */
    DEBUGGED,    /* likewise, with the program's lines for a debugger */
    PROFILED, /* likewise, and `bench --profile` can measure each nest of loops */
    PROBE,       /* libgr's gr_probe, which `gradc check` talks to */
    QUICK_PROBE, /* likewise: soon compiled, slow to run */
} ProgramKind;

/* Compile the C of one model, for one machine or more, link it with libgr, and put the
 * program at output. cc is the C compiler, or NULL: clang, else gcc. */
void build_program(const Modules *m, ProgramKind kind, const char *cc, const char *output,
                   Arena *a);

#endif
