/* The forward and the derived equations of a model, in the forms that gradc grad can write.
 */
#ifndef SHOW_H
#define SHOW_H

#include "check.h"
#include "csv.h"
#include "emit.h"

#define CODE_FILE "gradc.c" /* that the assembly calls the C */

typedef struct Shown {
    const Graph *graph;   /* what is shown */
    const Graph *derived; /* the same before simplification */
    const char *name; /* only what the gradient of this tensor needs; NULL: everything */
    int depth;        /* with a name: how many steps back from it; 0: all */
    bool f64;
    const Module *module;       /* for the page: the loops of the same equations */
    const EmitOptions *emitted; /* and how their C is written */
    const char *code;           /* all of it */
    const CheckedList *checked; /* gradients against differences; or NULL */
    const Csv *metrics, *gradients; /* of a run: its loss and norms by epoch; or NULL */
    const double *seconds;      /* measured, of each region of the gradients; or NULL */
    const char *assembly;       /* what the C compiler makes of that, if asked for; "": there
                                   is no compiler */
} Shown;

typedef struct Format {
    const char *name;
    void (*show)(Out *o, const Shown *s);
    bool open;  /* whether training is on is not decided: the equations say both */
    bool loops; /* it is of the graph that became loops, and needs the module */
    bool lines; /* it has the lines of the C if there is any */
    bool drawn; /* what it writes is for Graphviz to draw */
    bool raw;   /* the equations are not simplified */
} Format;

/* NULL: there is none of this name. A stage is text of what the program has become by then. */
const Format *find_format(const char *name);
const Format *find_stage(const char *name);
const char *format_names(Arena *a); /* "text, nn or json" */
const char *stage_names(Arena *a);

void show_text(Out *o, const Shown *s);    /* with the place and the rule of each */
void show_forward(Out *o, const Shown *s); /* only what is not derived */
void show_loops(Out *o, const Shown *s);
void show_code(Out *o, const Shown *s);
void show_program(Out *o, const Shown *s); /* a program of the language */
void show_latex(Out *o, const Shown *s);
void show_mathml(Out *o, const Shown *s);
void show_markdown(Out *o, const Shown *s);
void show_dot(Out *o, const Shown *s);
void show_json(Out *o, const Shown *s);
void show_html(Out *o, const Shown *s);

/* Of each region of an entry the seconds that a profile has; one that has none of them is fatal. */
double *read_profile(const char *text, const char *path, const Entry *e, Arena *a);

/* For gradc info: the memory of a training step, what an entry's regions cost by estimate, and
 * both of every entry as JSON. */
void show_memory(Out *o, const Module *m);
void show_regions(Out *o, const Module *m);
void show_module(Out *o, const Module *m);

/* The equations that `now` has other than `before`, and what that means for each gradient, or
 * for that of the tensor `name`. */
void show_difference(Out *o, const Graph *before, const Graph *now, const char *name);

#endif
