/* The command line. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "depfile.h"
#include "elab.h"
#include "vec.h"

typedef enum Verb { BUILD, EMIT, GRAD, CHECK, INFO, FMT, FLAGS, HELP, VERSION, NVERB } Verb;

typedef struct Options {
    Verb verb;
    const char *file;   /* the source; "-" is stdin */
    const char *name;   /* grad: the tensor whose gradient is asked for, or NULL */
    const char *output, *header, *prefix, *model, *cc, *dump; /* NULL: not given */
    const char *target; /* "native" if not given */
    const char *real;   /* "f32" if not given */
    const char *only;   /* CHECK: one of these, or NULL: both */
    int lanes, batch;   /* 0: not given */
    size_t memory;      /* bytes; 0: not given */
    double tol;         /* 0: not given */
    const char *format; /* of grad and info; "text" if not given */
    int depth;          /* 0: not given */
    bool no_simplify;
    bool assembly;
    const char *profile, *run; /* of grad: a file, a folder; or NULL */
    const char *stage;  /* of grad, or NULL */
    bool regions;       /* of info */
    const char *diff;   /* of grad: the program to compare with, or NULL */
    bool standalone, freestanding, check, lines, watch, profiled;
    bool depend, phony; /* -MD, -MP */
    const char *depfile, *target_of_rule; /* -MF, -MT; NULL: not given */
    Sources *read;      /* what the program came from, once it is read */
    VEC(Define) define;
    const char *text;   /* the options that change the C, as given: for the banner */
} Options;

typedef struct VerbRow {
    const char *name, *arguments, *meaning;
} VerbRow;
extern const VerbRow verb_row[NVERB];

typedef enum Kind { TEXT, COUNT, BYTES, NUMBER, DEFINE, FLAG } Kind;

typedef struct OptionRow {
    const char *name, *value, *meaning;
    Kind kind;
    unsigned verbs;
    bool in_banner; /* it changes the C */
    size_t field;
} OptionRow;
extern const OptionRow option_row[];
extern const int option_rows;

/* Whatever is wrong with them ends gradc with 2 and a message. */
Options read_options(int argc, char **argv, Arena *a);

void print_help(Out *o, const char *verb); /* NULL: of all */

/* manual.c */
void print_manual(Out *o);
void print_completion(Out *o);

#endif
