/* The verb generate: a sequence goes on, value by value.
 *
 * It serves any model that reads a window of whole numbers and has an output of scores, one
 * for each value at each place, which softmax turns into the probabilities of what comes
 * next. A value is drawn from the scores at the last place taken, and appended. The window
 * is filled from its start; once it is full it moves along. What is drawn depends on the
 * seed and the number of draws before. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct Choice {
    double score;
    int32_t value;
} Choice;

typedef struct Writer {
    Run *run;
    const gr_tensor *text, *scores;
    int32_t *window;
    int length, taken; /* places of the window */
    bool numbers;      /* else values are bytes */
    Choice *choice;    /* room for all values */
} Writer;

/* ---- the model ---- */

static bool is_window(const gr_tensor *t)
{
    return t->type == GR_I32 && t->bound > 0 && t->rank == 2;
}

static bool is_scores(const gr_tensor *t, const gr_tensor *text)
{
    return t->batched && t->rank == 3 && t->dim[1] == text->dim[1] &&
           t->dim[2] == text->bound;
}

/* The one input that outputs depend on. */
static const gr_tensor *find_text(Run *r)
{
    const gr_model *m = r->model;
    const gr_tensor *found = NULL;
    int n = 0;
    for (int i = 0; i < m->tensors; i++)
        if (m->tensor[i].role == GR_INPUT && !m->tensor[i].target) {
            found = &m->tensor[i];
            n++;
        }
    if (n == 1 && is_window(found))
        return found;
    gr_fail(&r->error, "'generate' takes a model with one input to predict from, "
                       "of the form text[T] : index < V");
    return NULL;
}

static const gr_tensor *find_scores(Run *r, const gr_tensor *text)
{
    const gr_model *m = r->model;
    for (int i = 0; i < m->tensors; i++)
        if (gr_is_wanted(r, &m->tensor[i]) && is_scores(&m->tensor[i], text))
            return &m->tensor[i];
    gr_fail(&r->error,
            "'generate' takes an output of shape (%d, %d): a score for each "
            "value at each place of '%s'",
            text->dim[1], text->bound, text->name);
    return NULL;
}

static bool start(Writer *w, Run *r)
{
    *w = (Writer){.run = r, .text = find_text(r)};
    if (!w->text || !(w->scores = find_scores(r, w->text)))
        return false;
    w->window = (int32_t *)(void *)((char *)r->block + w->text->offset);
    w->length = w->text->dim[1];
    w->numbers = r->options.numbers || w->text->bound > 256;
    w->choice = calloc((size_t)w->text->bound, sizeof *w->choice);
    return w->choice || gr_fail(&r->error, "out of memory");
}

/* ---- the text ---- */

/* Append to the window, and to what is printed. */
static void put(Writer *w, int32_t value)
{
    if (w->taken == w->length)
        memmove(w->window, w->window + 1, (size_t)--w->taken * sizeof *w->window);
    w->window[w->taken++] = value;
    if (w->numbers)
        printf("%d ", value);
    else
        putchar(value);
}

static bool put_checked(Writer *w, long value)
{
    if (value < 0 || value >= w->text->bound)
        return gr_fail(&w->run->error, "--prompt: %s %ld is not below %d, as '%s' is",
                       w->numbers ? "number" : "byte", value, w->text->bound,
                       w->text->name);
    put(w, (int32_t)value);
    return true;
}

static bool put_numbers(Writer *w, const char *prompt)
{
    for (char *end; *prompt; prompt = end) {
        long value = strtol(prompt, &end, 10);
        if (end == prompt)
            return gr_fail(&w->run->error, "--prompt: '%.20s' is no number", prompt);
        if (!put_checked(w, value))
            return false;
        end += strspn(end, " ,");
    }
    return true;
}

/* Without a prompt, what follows an empty line; or the number 0. */
static bool put_prompt(Writer *w)
{
    const char *prompt = w->run->options.prompt;
    if (w->numbers)
        return put_numbers(w, prompt ? prompt : "0");
    for (prompt = prompt ? prompt : "\n"; *prompt; prompt++)
        if (!put_checked(w, (unsigned char)*prompt))
            return false;
    return true;
}

/* ---- the draw ---- */

/* The greater score first, the smaller value first among equals. */
static int by_score(const void *a, const void *b)
{
    const Choice *x = a, *y = b;
    if (x->score != y->score)
        return x->score < y->score ? 1 : -1;
    return (x->value > y->value) - (x->value < y->value);
}

static void read_scores(Writer *w)
{
    const gr_tensor *t = w->scores;
    size_t values = (size_t)t->dim[2], place = (size_t)(w->taken - 1);
    gr_array a = gr_view(t, (char *)w->run->block + t->offset, 1);
    for (size_t v = 0; v < values; v++) {
        double score = gr_element(&a, place * values + v);
        w->choice[v] = (Choice){isnan(score) ? -INFINITY : score, (int32_t)v};
    }
    qsort(w->choice, values, sizeof *w->choice, by_score);
}

/* One of the likeliest n, `u` being from 0 to below 1. */
static int32_t choose(const Writer *w, size_t n, double u)
{
    double temperature = w->run->options.temperature, total = 0, best = w->choice[0].score;
    if (temperature == 0)
        return w->choice[0].value;
    for (size_t i = 0; i < n; i++)
        total += exp((w->choice[i].score - best) / temperature);
    for (size_t i = 0; i < n; i++) {
        u -= exp((w->choice[i].score - best) / temperature) / total;
        if (u < 0)
            return w->choice[i].value;
    }
    return w->choice[0].value; /* the weights, rounded, did not reach 1 */
}

static bool go_on(Writer *w, uint64_t draw)
{
    Run *r = w->run;
    size_t values = (size_t)w->text->bound, top = (size_t)r->options.top;
    double u = (double)(gr_mix(r->options.seed, draw) >> 11) * 0x1p-53;
    gr_call(r, r->model->forward, 1);
    read_scores(w);
    if (!isfinite(w->choice[0].score))
        return gr_fail(&r->error, "a score is %g", w->choice[0].score);
    put(w, choose(w, top && top < values ? top : values, u));
    return fflush(stdout) == 0 || gr_fail(&r->error, "cannot write: %s", strerror(errno));
}

int gr_generate(Run *r)
{
    Writer w;
    bool fine = start(&w, r) && gr_begin_with(r, FITTED, true) && put_prompt(&w);
    for (uint64_t i = 0; fine && i < r->options.length; i++)
        fine = go_on(&w, i);
    if (fine)
        putchar('\n');
    free(w.choice);
    return fine ? 0 : 2;
}
