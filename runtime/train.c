/* The verb train: epochs of steps, validation after each, the best and the last saved.
 *
 * Nothing here depends on time or threads but what is printed and when it is saved: the
 * order of the examples is a permutation keyed by seed and epoch, so that a run that was
 * stopped goes on from (epoch, position) as if nothing had happened. */
#include "train.h"

#include <fnmatch.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef enum Outcome { GOING, FINISHED, INTERRUPTED, DIVERGED, UNSAVED } Outcome;

typedef struct Training {
    Run *run;
    Data data, held_out;
    Rows rows, checks; /* checks.count is 0 without validation */
    Place place;
    double *mean, *check;
    void *best; /* snapshot of the best epoch */
    Place best_place;
    bool best_is_new;
    double saved; /* when */
    uint64_t planned;
    Progress progress;
    Log log;
    Watch watch;
    void *before; /* snapshot from before the step that is watched */
    int n;        /* examples of the last step */
    void *safe;   /* snapshot of the last save or the beginning */
    Place safe_place;
    bool *frozen; /* of each tensor; NULL: none is */
} Training;

/* ---- preparing ---- */

/* Keys of permutations; 0 would mean none. */
static uint64_t key(const Run *r, uint64_t purpose)
{
    return gr_mix(r->context->seed, purpose) | 1;
}

/* Hold a fraction of the rows back, chosen by the seed. */
static bool split_rows(Training *t)
{
    Run *r = t->run;
    size_t n = t->data.rows, held = (size_t)((double)n * r->options.validation + 0.5);
    t->rows = gr_all_rows(&t->data);
    if (r->options.validation == 0)
        return true;
    if (held == 0 || held >= n)
        return gr_fail(&r->error, "--validation %g of %zu rows leaves nothing to %s",
                       r->options.validation, n, held ? "train on" : "validate with");
    t->rows.split = key(r, UINT64_MAX);
    t->checks = t->rows;
    t->rows.count = n - held;
    t->checks.first = n - held;
    t->checks.count = held;
    return true;
}

static bool load(Training *t)
{
    Run *r = t->run;
    const Options *o = &r->options;
    if (!gr_read_data(r, o->data, o->ndata, true, &t->data))
        return false;
    if (o->nheld_out == 0)
        return split_rows(t) && gr_fit_data(r, &t->data, &t->rows);
    t->rows = gr_all_rows(&t->data);
    if (!gr_fit_data(r, &t->data, &t->rows))
        return false;
    if (!gr_load_data(r, o->held_out, o->nheld_out, true, &t->held_out))
        return gr_within(&r->error, "validation: ");
    t->checks = gr_all_rows(&t->held_out);
    return true;
}

static size_t steps_per_epoch(const Training *t)
{
    size_t batch = (size_t)t->run->model->batch;
    return (t->rows.count + batch - 1) / batch;
}

static bool make_room(Training *t)
{
    const Run *r = t->run;
    t->place.sum = calloc((size_t)r->figures * 3, sizeof *t->mean);
    t->mean = t->place.sum + r->figures;
    t->check = t->mean + r->figures;
    t->best = malloc(gr_snapshot_size(r->model) + 1);
    t->before = malloc(gr_snapshot_size(r->model) + 1);
    t->safe = malloc(gr_snapshot_size(r->model) + 1);
    return ((t->place.sum && t->best && t->before && t->safe) ||
            gr_fail(&t->run->error, "out of memory")) &&
           gr_open_watch(t->run, &t->watch);
}

/* What was asked for then holds unless something else is asked for now. */
static bool resume_options(Run *r, const Place *p)
{
    Options *o = &r->options;
    if (p->hash != r->model->hash)
        return gr_fail(&r->error, "was not left by this version of '%s'", r->model->name);
    if (p->examples == 0)
        return gr_fail(&r->error, "holds parameters, but no run to go on with");
    if (gr_is_given(o, "seed") && p->seed != o->seed)
        return gr_fail(&r->error, "has seed %llu, but --seed is %llu",
                       (unsigned long long)p->seed, (unsigned long long)o->seed);
    if (gr_is_given(o, "validation") && p->validation != o->validation)
        return gr_fail(&r->error,
                       "was validated with %g of the examples, but --validation "
                       "is %g",
                       p->validation, o->validation);
    if (!gr_is_given(o, "epochs"))
        o->epochs = p->epochs;
    o->validation = p->validation;
    return true;
}

static bool freeze(Training *t)
{
    Run *r = t->run;
    bool any = false;
    if (!r->options.freeze)
        return true;
    if (!(t->frozen = calloc((size_t)r->model->tensors + 1, sizeof *t->frozen)))
        return gr_fail(&r->error, "out of memory");
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *p = &r->model->tensor[i];
        t->frozen[i] = p->role == GR_PARAM && fnmatch(r->options.freeze, p->name, 0) == 0;
        any |= t->frozen[i];
        t->watch.trace[i].silent = t->frozen[i];
    }
    return any ||
           gr_fail(&r->error, "--freeze: no parameter is like '%.80s'", r->options.freeze);
}

/* Where an earlier run stopped; from the beginning if there is none. */
static bool resume(Training *t)
{
    Run *r = t->run;
    char *path = gr_in_folder(r, r->options.out, "last");
    bool fine = true, there = access(path, F_OK) == 0;
    if (!there)
        fprintf(stderr, "%s: no %s: from the beginning\n", r->model->name, path);
    else
        fine = gr_load_checkpoint(r, path, KEPT, &t->place) &&
               (resume_options(r, &t->place) || gr_within(&r->error, "%s: ", path));
    free(path);
    if (there && fine) {
        r->context->seed = t->place.seed;
        r->context->step = t->place.step;
        r->resumed = true;
    }
    return fine && (there || gr_begin_with(r, FITTED, false));
}

static void keep_safe(Training *t)
{
    gr_take_snapshot(t->run, t->safe);
    t->safe_place = t->place;
}

static bool prepare(Training *t)
{
    Run *r = t->run;
    if (r->figures == 0 || r->model->tensor[r->figure[0]].role != GR_LOSS)
        return gr_fail(&r->error, "'%s' has no loss to train with", r->model->name);
    t->place.best = INFINITY;
    if (!make_room(t) || !freeze(t) ||
        !(r->options.resume ? resume(t) : gr_begin_with(r, FITTED, false)) || !load(t))
        return false;
    if (t->place.known && t->place.examples != t->rows.count)
        return gr_fail(&r->error, "cannot resume: that was with %llu examples, not %zu",
                       (unsigned long long)t->place.examples, t->rows.count);
    t->place.seed = r->context->seed;
    t->place.epochs = r->options.epochs;
    t->place.validation = r->options.validation;
    t->place.examples = t->rows.count;
    t->planned = r->options.epochs * steps_per_epoch(t);
    if (r->options.max_steps && r->options.max_steps < t->planned)
        t->planned = r->options.max_steps;
    r->context->steps = t->planned;
    keep_safe(t);
    return true;
}

static bool write_config(Run *r)
{
    gr_save s;
    char *path = gr_in_run(r, "config");
    bool fine = gr_save_open(&s, path, &r->error);
    if (fine) {
        gr_put_config(s.file, r->model, &r->options);
        fine = gr_save_close(&s, &r->error);
    }
    if (!fine)
        gr_within(&r->error, "%s: ", path);
    free(path);
    return fine;
}

static bool open_folder(Training *t)
{
    Run *r = t->run;
    return gr_make_run_folder(r) && write_config(r) &&
           gr_open_log(r, t->place.epoch, t->checks.count > 0, &t->log);
}

/* ---- saving ---- */

static bool save_as(const Training *t, const char *name, void *snapshot, const Place *place)
{
    char *path = gr_in_folder(t->run, t->run->options.out, name);
    bool fine = gr_save_checkpoint(t->run, path, KEPT, snapshot, place);
    free(path);
    return fine;
}

static bool save_best(Training *t)
{
    if (t->best_is_new && !save_as(t, "best", t->best, &t->best_place))
        return false;
    t->best_is_new = false;
    return true;
}

/* The best before the last: who resumes from the last may rely on the best. */
static bool save(Training *t)
{
    t->saved = gr_seconds();
    keep_safe(t);
    return save_best(t) && save_as(t, "last", NULL, &t->place);
}

static bool is_save_due(const Training *t)
{
    return gr_seconds() - t->saved >= t->run->options.save_every || gr_is_save_wanted();
}

/* The epoch that just ended as epoch-N; the one that is no longer kept goes. */
static bool keep_epoch(const Training *t)
{
    uint64_t keep = t->run->options.keep, epoch = t->place.epoch;
    char name[40];
    snprintf(name, sizeof name, "epoch-%llu", (unsigned long long)epoch);
    if (keep == 0)
        return true;
    if (!save_as(t, name, NULL, &t->place))
        return false;
    if (epoch > keep) {
        snprintf(name, sizeof name, "epoch-%llu", (unsigned long long)(epoch - keep));
        char *path = gr_in_folder(t->run, t->run->options.out, name);
        unlink(path);
        free(path);
    }
    return true;
}

/* ---- training ---- */

static Report report(const Training *t)
{
    const Place *p = &t->place;
    return (Report){.epoch = p->epoch + 1,
                    .epochs = t->run->options.epochs,
                    .step = p->step,
                    .done = p->epoch * t->rows.count + p->position,
                    .mean = t->mean,
                    .check = t->checks.count ? t->check : NULL};
}

static void average(Training *t)
{
    for (int k = 0; k < t->run->figures; k++)
        t->mean[k] = t->place.sum[k] / (double)t->place.position;
}

static bool is_enough(const Training *t)
{
    const Options *o = &t->run->options;
    const Place *p = &t->place;
    return (o->max_steps && p->step >= o->max_steps) ||
           (o->patience && p->epoch - p->best_epoch >= o->patience) ||
           gr_seconds() - t->progress.start >= o->max_time;
}

/* The last step of an epoch that has a line of its own. */
static bool is_watched(const Training *t)
{
    const Place *p = &t->place;
    return t->rows.count - p->position <= (size_t)t->run->model->batch &&
           gr_is_line_due(&t->progress, p->epoch + 1, t->run->options.epochs);
}

static void next_batch(Training *t)
{
    const Place *p = &t->place;
    size_t left = t->rows.count - p->position, batch = (size_t)t->run->model->batch;
    t->n = (int)(left < batch ? left : batch);
    t->rows.shuffle = key(t->run, p->epoch);
    gr_fill_batch(t->run, &t->data, &t->rows, p->position, t->n);
}

/* What is frozen is in every snapshot. */
static void make_step(Training *t)
{
    gr_call(t->run, t->run->model->step, t->n);
    if (t->frozen)
        gr_go_back_to(t->run, t->safe, t->frozen);
}

static Outcome one_step(Training *t)
{
    Run *r = t->run;
    Place *p = &t->place;
    next_batch(t);
    int n = t->n;
    if (is_watched(t))
        gr_take_snapshot(r, t->before);
    make_step(t);
    p->step = r->context->step;
    p->position += (size_t)n;
    for (int k = 0; k < r->figures; k++)
        p->sum[k] += gr_figure(r, k) * n;
    average(t);
    if (!isfinite(gr_figure(r, 0)))
        return DIVERGED;
    if (gr_stop_signal())
        return INTERRUPTED;
    if (is_enough(t))
        return FINISHED;
    bool within =
        p->position < t->rows.count; /* the end of an epoch is saved with its figures */
    return within && is_save_due(t) && !save(t) ? UNSAVED : GOING;
}

static void compare_with_best(Training *t)
{
    double loss = t->checks.count ? t->check[0] : t->mean[0];
    if (!(loss < t->place.best))
        return;
    t->place.best = loss;
    t->place.best_epoch = t->place.epoch + 1;
    t->best_is_new = true;
    t->best_place = t->place;
    t->best_place.sum = NULL;
    gr_take_snapshot(t->run, t->best);
}

/* The first batches of the epoch, once more. */
static void look_inside(Training *t)
{
    enum { BATCHES = 8 };
    size_t batch = (size_t)t->run->model->batch;
    gr_forget_units(&t->watch);
    for (size_t at = 0; at < t->rows.count && at < BATCHES * batch; at += batch) {
        size_t left = t->rows.count - at;
        int n = (int)(left < batch ? left : batch);
        gr_fill_batch(t->run, &t->data, &t->rows, at, n);
        gr_call(t->run, t->run->model->gradients, n);
        gr_see_units(t->run, &t->watch, n);
    }
}

static void watch(Training *t)
{
    gr_watch(t->run, &t->watch, t->before, t->n);
    if (t->watch.inside)
        look_inside(t);
    gr_warn(t->run, &t->watch);
}

static void end_epoch(Training *t)
{
    Report now = report(t);
    if (gr_is_line_due(&t->progress, now.epoch, now.epochs)) {
        watch(t);
        now.watch = &t->watch;
    }
    if (t->checks.count) {
        const Data *d = t->held_out.rows ? &t->held_out : &t->data;
        gr_evaluate(t->run, d, &t->checks, t->check);
    }
    compare_with_best(t);
    gr_end_epoch(&t->progress, t->run, &now);
    gr_log_epoch(&t->log, t->run, &now, gr_seconds() - t->progress.start);
    t->place.epoch++;
    t->place.position = 0;
    memset(t->place.sum, 0, (size_t)t->run->figures * sizeof *t->place.sum);
}

static void redraw(Training *t, Outcome outcome)
{
    Report now = report(t);
    now.check = NULL;
    now.watch = &t->watch;
    if (outcome == GOING)
        gr_glance(t->run, &t->watch, t->n);
    gr_redraw(&t->progress, t->run, &now);
}

static Outcome one_epoch(Training *t)
{
    Outcome outcome = GOING;
    while (outcome == GOING && t->place.position < t->rows.count) {
        outcome = one_step(t);
        if (gr_is_redraw_due(&t->progress))
            redraw(t, outcome);
    }
    bool whole = t->place.position == t->rows.count;
    if (outcome == GOING || (whole && outcome != DIVERGED))
        end_epoch(t);
    bool ended = t->place.position == 0;
    if (ended && (!keep_epoch(t) || (is_save_due(t) && !save(t))))
        return UNSAVED;
    return outcome == GOING && is_enough(t) ? FINISHED : outcome;
}

static Outcome all_epochs(Training *t)
{
    size_t before = t->place.epoch * t->rows.count + t->place.position;
    size_t todo = t->planned * (size_t)t->run->model->batch;
    size_t most = t->run->options.epochs * t->rows.count;
    gr_start_progress(&t->progress, t->run, todo < most ? todo : most, before);
    t->saved = t->progress.start;
    gr_catch_stop_signals();
    Outcome outcome = is_enough(t) ? FINISHED : GOING;
    while (outcome == GOING && t->place.epoch < t->run->options.epochs)
        outcome = one_epoch(t);
    gr_clear_line(&t->progress);
    return outcome;
}

/* ---- the end ---- */

static void summarise(const Training *t)
{
    const Run *r = t->run;
    const Place *p = &t->place;
    printf("%llu steps in %.1f s", (unsigned long long)p->step,
           gr_seconds() - t->progress.start);
    if (p->best_epoch)
        printf("; best epoch %llu, %s %.4g", (unsigned long long)p->best_epoch,
               t->checks.count ? "validation loss" : "loss", p->best);
    if (p->position)
        printf("; loss %.4g so far in epoch %llu", t->mean[0],
               (unsigned long long)p->epoch + 1);
    if (r->options.patience && p->epoch - p->best_epoch >= r->options.patience)
        printf("; stopped after %llu that were no better",
               (unsigned long long)(p->epoch - p->best_epoch));
    char *best = gr_in_folder(r, r->options.out, p->best_epoch ? "best" : "last");
    printf("; saved %s\n", best);
    free(best);
}

/* The steps since the last save, once more, up to the one that does damage. */
static void find_cause(Training *t)
{
    Run *r = t->run;
    Place *p = &t->place;
    uint64_t last = p->step;
    gr_go_back_to(r, t->safe, NULL);
    *p = t->safe_place;
    r->context->step = p->step;
    while (p->step < last) {
        gr_take_snapshot(r, t->before);
        next_batch(t);
        make_step(t);
        if (gr_is_damaged(r)) {
            r->context->step = p->step;
            gr_blame(r, t->before, t->n);
            return;
        }
        p->step++;
        p->position += (size_t)t->n;
        if (p->position == t->rows.count) {
            p->position = 0;
            p->epoch++;
        }
    }
}

static int diverged(Training *t)
{
    const Run *r = t->run;
    fflush(stdout);
    fprintf(stderr, "%s: the loss is %g at step %llu of epoch %llu; %s\n", r->model->name,
            isnan(gr_figure(r, 0)) ? NAN : gr_figure(r, 0),
            (unsigned long long)t->place.step, (unsigned long long)t->place.epoch + 1,
            t->place.best_epoch ? "best.safetensors is from before" : "nothing is saved");
    find_cause(t);
    return 1;
}

/* Judged by the examples held back if there are any, for as long as is decent. */
static bool write_report(Training *t)
{
    Run *r = t->run;
    enum { LONGEST = 10 };
    double passed = gr_seconds() - t->progress.start, seconds = 1 + passed / 20;
    bool best = t->best_place.examples > 0;
    End end = {.data = t->held_out.rows ? &t->held_out : &t->data,
               .rows = t->checks.count ? &t->checks : &t->rows,
               .which = t->checks.count ? "held back" : "to train with",
               .parameters = best ? "best" : "last",
               .seconds = gr_stop_signal() ? 1 : seconds < LONGEST ? seconds : LONGEST};
    if (best)
        gr_go_back_to(r, t->best, NULL);
    t->rows.shuffle = 0;
    return gr_write_report(r, &end);
}

static int finish(Training *t, Outcome outcome)
{
    if (outcome == DIVERGED)
        return save_best(t) ? diverged(t) : 2;
    if (outcome == UNSAVED || !save(t) || !write_report(t))
        return 2;
    if (!t->run->options.quiet)
        summarise(t);
    return outcome == INTERRUPTED ? 128 + gr_stop_signal() : 0;
}

/* What is going to be trained, and with what. */
static void introduce(const Training *t)
{
    gr_put_summary(t->run->model);
    printf("%zu examples, %zu to validate with; %zu steps of up to %d in an epoch, %llu in all\n",
           t->rows.count, t->checks.count, steps_per_epoch(t), t->run->model->batch,
           (unsigned long long)t->planned);
    fflush(stdout);
}

/* One step and one evaluation, and how long all of them would take. */
static int dry_run(Training *t)
{
    size_t batch = (size_t)t->run->model->batch;
    t->saved = t->progress.start = gr_seconds();
    t->run->options.save_every = INFINITY;
    one_step(t);
    printf("the first step:");
    gr_put_figures(stdout, t->run, "", t->mean);
    t->checks.count = t->checks.count < batch ? t->checks.count : batch;
    if (t->checks.count) {
        gr_evaluate(t->run, t->held_out.rows ? &t->held_out : &t->data, &t->checks,
                    t->check);
        gr_put_figures(stdout, t->run, "val.", t->check);
    }
    double start = gr_seconds();
    t->place.position = 0;
    one_step(t);
    double step = gr_seconds() - start;
    printf("\na step takes %.3g s, %llu of them about %.3g s; nothing is saved\n", step,
           (unsigned long long)t->planned, step * (double)t->planned);
    return isfinite(t->mean[0]) ? 0 : diverged(t);
}

static int train(Training *t)
{
    if (!prepare(t))
        return 2;
    if (!t->run->options.quiet)
        introduce(t);
    if (t->run->options.dry_run)
        return dry_run(t);
    return open_folder(t) ? finish(t, all_epochs(t)) : 2;
}

int gr_train(Run *r)
{
    Training t = {.run = r};
    gr_catch_save_signal();
    int status = train(&t);
    gr_close_log(&t.log);
    gr_drop_data(r->model, &t.data);
    gr_drop_data(r->model, &t.held_out);
    free(t.place.sum);
    free(t.best);
    free(t.before);
    free(t.safe);
    free(t.frozen);
    gr_close_watch(&t.watch);
    return status;
}
