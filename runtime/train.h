/* What the files of the trainer share; private to the runtime.
 *
 * A verb is a function of a Run: main.c reads the options, sets up the model's block and
 * calls it. Functions that may fail say false and leave the message in run->error. */
#ifndef TRAIN_H
#define TRAIN_H

#include "gr.h"
#include "grdata.h"

/* Verbs, as bits: an option lists whom it serves. ONCE marks those that are about one start of
 * the program, and stand in no configuration. */
/* clang-format off */
enum {
    TRAIN = 1, EVAL = 2, PREDICT = 4, INFO = 8, GRAD = 16, STEP = 32, BENCH = 64, EXPORT = 128,
    GENERATE = 256, PROBE = 512, OVERFIT = 1024, INSPECT = 2048, FIND = 4096,
    ONCE = 1 << 30,
    DATA = TRAIN | EVAL | PREDICT | GRAD | STEP | BENCH | GENERATE | OVERFIT | FIND
};
/* clang-format on */

typedef struct Run Run;

typedef struct Pair {
    const char *name, *value;
    bool configured; /* from a file, which the command line overrides */
} Pair;

typedef struct Options {
    unsigned verb;
    const char *verb_name;
    int (*run)(Run *); /* what the verb does; returns the exit status */
    uint64_t epochs, seed, threads, max_steps, steps, every, rows, length, top, keep,
        patience;
    double validation, temperature, save_every, max_time;
    const char *params, *out, *inputs, *output, *prompt, *config, *freeze, *missing, *standardize;
    uint64_t given; /* which are not the defaults: see gr_is_given */
    bool activations, resume, quiet, eval, partial, numbers, help, print_config, dry_run;
    char *config_text;
    Pair *data, *held_out; /* one per input given; names without "val." */
    int ndata, nheld_out;
    const char *profile; /* of bench */
    const char *topic;   /* of help, or NULL */
    const char *file[2]; /* of inspect */
    int nfile;
} Options;

/* What is taken from the training examples for an input, a number for each column: what stands
 * for a missing one, mean, deviation; or the value that all examples have. */
typedef enum FitPart { FIT_MISSING, FIT_MEAN, FIT_DEVIATION, FIT_VALUE, FIT_PARTS } FitPart;

typedef struct Fit {
    double *at[FIT_PARTS];
    char *name[FIT_PARTS]; /* in files: data.INPUT.mean */
    size_t width[FIT_PARTS];
} Fit;

struct Run {
    const gr_model *model;
    const gr_onnx *onnx;
    Options options;
    void *block;
    gr_context *context;
    gr_pool *pool;
    gr_classes *classes; /* of each tensor; count 0 unless its column holds strings */
    Fit *fit;            /* of each tensor */
    bool resumed;        /* what is fit is so by the run that goes on */
    int *figure;         /* the tensors of losses, then metrics */
    int figures;
    const gr_tensor *rate; /* the optimizer's learning rate, or NULL */
    gr_error error;
};

/* ---- options.c ---- */

typedef struct Verb {
    const char *name;
    unsigned bit;
    int (*run)(Run *);
    const char *help; /* NULL: not for people */
} Verb;

typedef enum Kind { FLAG, COUNT, FRACTION, REAL, DURATION, TEXT } Kind;

/* An option; without verbs, the heading of those that follow. */
typedef struct Setting {
    const char *name;
    char letter;
    Kind kind;
    size_t place; /* in Options */
    unsigned verbs;
    uint64_t low, high;
    const char *argument, *help;
} Setting;

/* Both end with a row without a name. */
extern const Verb gr_verb[];
extern const Setting gr_setting[];

bool gr_read_options(const gr_model *m, int argc, char **argv, Options *o, gr_error *e);
bool gr_is_given(const Options *o, const char *name);

/* ---- guess.c ---- */

typedef struct Guess {
    const char *word, *best; /* best: the nearest so far, or NULL */
    int distance;
} Guess;

void gr_consider(Guess *g, const char *candidate);

/* ---- help.c ---- */

void gr_print_help(const gr_model *m);
void gr_print_verb_help(const gr_model *m, const Options *o);
void gr_put_config(FILE *f, const gr_model *m, const Options *o);

/* ---- manual.c ---- */

void gr_print_manual(const gr_model *m);
void gr_print_completion(const gr_model *m);

/* ---- data.c ---- */

/* The examples of one input, converted to its type. */
typedef struct Input {
    gr_array array;       /* its rows are examples, or the steps of a sequence */
    size_t window, first; /* steps in an example, or 0; steps before the first example */
    size_t start, stride; /* bytes to the first example; from one to the next, 0: all are one */
    const char *constant; /* what was given in place of a file: @1,2,3; or NULL */
} Input;

typedef struct Data {
    size_t rows;
    Input *input; /* of each tensor; empty where it is no input or was not asked for */
} Data;

/* Some of the rows of a Data in some order. */
typedef struct Rows {
    size_t count, first, total;
    uint64_t split;   /* key of the permutation of all rows, or 0 */
    uint64_t shuffle; /* key of the permutation of these, or 0 */
} Rows;

/* Load every input, or all but the targets, from NAME=FILE pairs and the --inputs file. What is
 * read is not ready before gr_fit_data has been told which rows are to be trained with. */
bool gr_load_data(Run *r, const Pair *given, int n, bool targets, Data *out);
bool gr_read_data(Run *r, const Pair *given, int n, bool targets, Data *out);
void gr_drop_data(const gr_model *m, Data *d);

Rows gr_all_rows(const Data *d);
size_t gr_row_at(const Rows *rows, size_t i); /* the i-th of them, in their order */

/* Copy `n` examples, from position `at` of `rows` on, into the inputs of the block. */
void gr_fill_batch(Run *r, const Data *d, const Rows *rows, size_t at, int n);

/* ---- fit.c ---- */

/* Take from some rows what the options ask for and the parameters did not bring, and make all
 * reals those of the model. */
bool gr_fit_data(Run *r, Data *d, const Rows *rows);

bool gr_is_filled(const Run *r, int which);     /* missing numbers of that input get a value */
bool gr_is_constant(const char *source);        /* @...: no file */
bool gr_is_fit(const gr_model *m, const char *name); /* what a file calls so belongs here */
bool gr_restore_fits(Run *r, const gr_safetensors *s);
int gr_list_fits(const Run *r, gr_named *out); /* at most FIT_PARTS for each tensor */
void gr_drop_fits(Run *r);

/* ---- sequence.c ---- */

/* Where the examples lie in the arrays just read, and how many there are. */
bool gr_lay_out_rows(Run *r, Data *d);

/* ---- run.c ---- */

/* Elements of one example, or of the whole when the tensor is not batched. */
size_t gr_example_size(const gr_tensor *t);
size_t gr_example_bytes(const gr_tensor *t);
gr_text gr_example_shape(const gr_tensor *t); /* "(28, 28)" */
size_t gr_size(const gr_tensor *t, int n); /* of n examples if it is batched */

/* The tensor as an array in `base`, with n rows if it is batched. */
gr_array gr_view(const gr_tensor *t, void *base, int n);

double gr_figure(const Run *r, int which);
double gr_rate(const Run *r); /* of the last step, if r->rate is known */

/* An entry of the model, on all threads, denormals flushed. */
typedef void gr_entry(void *block, int n);
void gr_call(Run *r, gr_entry *entry, int n);

bool gr_ends_in(const char *path, const char *ending);

double gr_seconds(void); /* of a clock that never goes back */

/* Averages of all figures over the rows, by forward passes. */
void gr_evaluate(Run *r, const Data *d, const Rows *rows, double *mean);

/* ---- image.c ---- */

/* The name of a file says that it is an image. Its pixels are the last two dimensions of an
 * array, from 0, black, to 1, white; all others are pictures in a grid. */
bool gr_is_image(const char *path);
bool gr_write_images(const char *path, const gr_array *a, gr_error *e);
void gr_put_picture(FILE *f, const gr_array *a); /* as an element of HTML */

/* ---- onnx.c ---- */

bool gr_write_onnx(Run *r, const char *path);

/* ---- eval.c ---- */

/* An output, and the one asked for if one is. */
bool gr_is_wanted(const Run *r, const gr_tensor *t);

/* ---- checkpoint.c ---- */

/* Sets of roles. */
enum {
    FITTED = 1 << GR_PARAM | 1 << GR_STATE | 1 << GR_AVERAGE,
    KEPT = FITTED | 1 << GR_OPTIMIZER,
    RESULTS = 1 << GR_OUTPUT | 1 << GR_LOSS | 1 << GR_METRIC | 1 << GR_GRADIENT
};

/* What a checkpoint says about the run it is from. */
typedef struct Place {
    bool known; /* the file says so */
    uint64_t hash, step, seed;
    uint64_t epoch, position; /* examples of that epoch seen; epochs count from 0 */
    uint64_t best_epoch;
    uint64_t epochs, examples; /* asked for; in an epoch */
    double best, validation;
    double *sum; /* of each figure over that epoch; NULL: do not care */
} Place;

/* Everything that is kept, apart from the block: a copy of the tensors one after another.
 */
size_t gr_snapshot_size(const gr_model *m);
void gr_take_snapshot(const Run *r, void *snapshot);
/* What was kept, or of it the tensors that are marked; NULL: all. */
void gr_go_back_to(Run *r, const void *snapshot, const bool *marked);

/* Set the parameters, and states of `roles` if the file holds them. The place is what the
 * file says, zero where it is silent; its sums go where place->sum points. */
bool gr_load_checkpoint(Run *r, const char *path, unsigned roles, Place *place);

/* Write what is kept and in `roles`, from a snapshot or, when it is NULL, from the block.
 */
bool gr_save_checkpoint(Run *r, const char *path, unsigned roles, void *snapshot,
                        const Place *place);

/* Write the results of a call on n examples. */
bool gr_save_results(Run *r, const char *path, int n);

/* Load `roles` from --params. Without it, from what training left in its folder if there is
 * a `need`, else not at all. */
bool gr_begin_with(Run *r, unsigned roles, bool need);

/* ---- signals.c ---- */

/* The number of the signal that asks for an end, or 0. The first one lets the step finish and
 * save; the second one ends the program at once. */
int gr_stop_signal(void);
bool gr_is_save_wanted(void); /* SIGUSR1 came since the last call */
void gr_catch_save_signal(void);
void gr_catch_stop_signals(void);

/* ---- folder.c ---- */

/* NAME in the run folder. */
char *gr_in_run(const Run *r, const char *name);

/* NAME.safetensors in the folder, or in the run folder of the model when that is NULL. */
char *gr_in_folder(const Run *r, const char *folder, const char *name);

/* Make the run folder, and remove what a killed run left half written. */
bool gr_make_run_folder(Run *r);

/* ---- log.c ---- */

struct Report;

/* metrics.csv and gradients.csv, the same bytes for the same run, and with times metrics.jsonl and
 * events.out.tfevents, in the folder. */
typedef struct Log {
    FILE *csv, *jsonl, *gradients, *events;
} Log;

/* Go on after so many epochs: later ones of a run that was killed are cut. */
bool gr_open_log(Run *r, uint64_t epochs, bool validated, Log *log);
void gr_log_epoch(const Log *log, const Run *r, const struct Report *now, double seconds);
void gr_close_log(Log *log);

/* ---- events.c ---- */

void gr_start_events(FILE *f);
void gr_put_event(FILE *f, uint64_t step, const char *group, const char *name, double x);

/* Bytes of the whole events of steps up to the last. */
size_t gr_events_up_to(const gr_bytes *b, uint64_t last);

/* ---- watch.c, units.c ---- */

enum { WARN_NOTHING = 1, WARN_UPDATE = 2, WARN_GROWTH = 4, WARN_DEAD = 8 };

/* Of a tensor. */
typedef struct Trace {
    const gr_tensor *gradient; /* of a parameter or an activation; NULL: it is none */
    double norm, first;        /* of the gradient; the first that was not 0 */
    double size, update;       /* parameter: norms: of it; of an update by that */
    double dead;               /* activation: the share of its units that are */
    bool silent;               /* no warnings */
    unsigned warned;
} Trace;

/* What training does to the parameters. */
typedef struct Watch {
    Trace *trace;            /* of each tensor */
    bool inside;             /* there are activations */
    double gradient, update; /* norms: of all gradients; of an update by that of the parameters */
    double when, cost;       /* of the last glance, in seconds */
    bool *alive;             /* units of all activations, dimension by dimension */
    size_t units, seen;      /* how many; examples looked at */
} Watch;

bool gr_open_watch(Run *r, Watch *w);
void gr_close_watch(Watch *w);
bool gr_is_activation(const Run *r, const Watch *w, int tensor);

/* After a step on n examples, with a snapshot from before it: norms. Leaves results of
 * `gradients` in the block. */
void gr_watch(Run *r, Watch *w, const void *before, int n);

/* Only those of gradients, and only if that has taken a small part of the time since. */
void gr_glance(Run *r, Watch *w, int n);

/* Once of each parameter whose gradient or update is not as it should be, and of activations
 * where there are some. */
void gr_warn(const Run *r, Watch *w);

bool gr_open_units(Run *r, Watch *w);
void gr_close_units(Watch *w);
void gr_forget_units(Watch *w);
void gr_see_units(const Run *r, Watch *w, int n); /* after a call of `gradients` */

/* ---- blame.c ---- */

/* Say on stderr which tensor is the first with a number that is none, with a step that went wrong
 * on n examples: the inputs are in the block, what is kept is in the snapshot from before. */
void gr_blame(Run *r, const void *before, int n);
bool gr_has_inner(const gr_model *m); /* built with --watch */
bool gr_is_damaged(const Run *r); /* a loss or a parameter holds a number that is none */

/* ---- progress.c ---- */

typedef struct Progress {
    bool terminal, quiet;
    double start, drawn;
    size_t todo, before; /* examples of the whole run; those done when it started */
    uint64_t every;      /* epochs that share a line */
} Progress;

/* One line: the epoch, figures of training and, when not NULL, of validation. */
typedef struct Report {
    uint64_t epoch, epochs, step;
    size_t done; /* examples so far */
    const double *mean, *check;
    const Watch *watch; /* or NULL */
} Report;

bool gr_is_redraw_due(const Progress *p); /* at most ten times a second */
bool gr_is_line_due(const Progress *p, uint64_t epoch, uint64_t epochs);
void gr_start_progress(Progress *p, const Run *r, size_t todo, size_t before);
void gr_redraw(Progress *p, const Run *r, const Report *now);
void gr_end_epoch(Progress *p, const Run *r, const Report *now);
void gr_clear_line(const Progress *p);
void gr_put_figures(FILE *f, const Run *r, const char *prefix, const double *mean);

/* ---- profile.c ---- */

/* From here on the program's nests of loops are timed, if it was made for that. */
void gr_start_profile(void);
bool gr_write_profile(Run *r, const char *path);

/* ---- report.c ---- */

/* How a run ended: what was trained with, what is to be judged by, and with which parameters. */
typedef struct End {
    const Data *data;
    const Rows *rows;
    const char *which;      /* "held back", "to train with" */
    const char *parameters; /* "best", "last" */
    double seconds;         /* that judging may take */
} End;

/* Write report.html from what the run's folder holds and by judging single examples. */
bool gr_write_report(Run *r, const End *end);

/* ---- info.c ---- */

/* Parameters, work and memory, of many parameters the first ones. */
void gr_put_summary(const gr_model *m);

/* ---- verbs; each returns the exit status ---- */

int gr_train(Run *r);
int gr_overfit(Run *r);
int gr_find_rate(Run *r);
int gr_eval(Run *r);
int gr_predict(Run *r);
int gr_generate(Run *r);
int gr_info(Run *r);
int gr_inspect(Run *r);
int gr_grad(Run *r);
int gr_step(Run *r);
int gr_bench(Run *r);
int gr_export(Run *r);
int gr_probe(const gr_model *m);

#endif
