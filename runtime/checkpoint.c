/* Parameters and states in files: by name, of any numeric type, and never of another model.
 */
#include "train.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what is in a file against what the model has ---- */

/* The first few differences as one line. */
typedef struct Differences {
    char text[300];
    int count;
} Differences;

__attribute__((format(printf, 2, 3))) static void differ(Differences *d, const char *fmt,
                                                         ...)
{
    size_t n = strlen(d->text);
    if (d->count++ >= 3)
        return;
    va_list args;
    va_start(args, fmt);
    if (n > 0 && n < sizeof d->text - 2)
        n += (size_t)snprintf(d->text + n, sizeof d->text - n, "; ");
    vsnprintf(d->text + n, sizeof d->text - n, fmt, args);
    va_end(args);
}

/* Parameters must be there; of the states of a role, all or none. */
static void compare_role(const gr_model *m, const gr_safetensors *s, int role,
                         Differences *d)
{
    int found = 0;
    for (int i = 0; i < m->tensors; i++)
        found += m->tensor[i].role == role && gr_tensor_named(s, m->tensor[i].name);
    for (int i = 0; i < m->tensors; i++) {
        const gr_tensor *t = &m->tensor[i];
        if (t->role != role)
            continue;
        gr_array want = gr_view(t, NULL, 1);
        const gr_array *a = gr_tensor_named(s, t->name);
        if (!a && (found || role == GR_PARAM))
            differ(d, "no '%.60s'", t->name);
        else if (a && !gr_same_shape(a, &want))
            differ(d, "'%.60s' is %s, expected %s", t->name, gr_shape(a->rank, a->dim).text,
                   gr_shape(want.rank, want.dim).text);
    }
}

static void compare_unknown(const gr_model *m, const gr_safetensors *s, Differences *d)
{
    for (int k = 0; k < s->tensors; k++) {
        int i = 0;
        while (i < m->tensors && strcmp(m->tensor[i].name, s->tensor[k].name) != 0)
            i++;
        if (i == m->tensors && !gr_is_fit(m, s->tensor[k].name))
            differ(d, "'%.60s' is unknown", s->tensor[k].name);
    }
}

static bool check_model(const Run *r, const gr_safetensors *s, unsigned roles, gr_error *e)
{
    Differences d = {0};
    for (int role = GR_PARAM; role <= GR_OPTIMIZER; role++)
        if (roles >> role & 1)
            compare_role(r->model, s, role, &d);
    compare_unknown(r->model, s, &d);
    if (d.count > 3)
        return gr_fail(e, "not parameters of '%s': %s; and %d more differences",
                       r->model->name, d.text, d.count - 3);
    return d.count == 0 || gr_fail(e, "not parameters of '%s': %s", r->model->name, d.text);
}

/* ---- classes as a note: their names with the separator that ASCII has for it ---- */

enum { SEPARATOR = 0x1f };

static bool restore_classes(const char *joined, gr_classes *c)
{
    int n = 1;
    for (const char *p = joined; *p; p++)
        n += *p == SEPARATOR;
    size_t bytes = strlen(joined) + 1;
    c->name = malloc((size_t)n * sizeof *c->name + bytes);
    if (!c->name)
        return false;
    char *text = memcpy(c->name + n, joined, bytes);
    for (c->count = 0; c->count < n; c->count++) {
        c->name[c->count] = text;
        text += strcspn(text, "\x1f");
        *text++ = 0;
    }
    return true;
}

static char *join_classes(const gr_classes *c)
{
    size_t bytes = 1;
    for (int i = 0; i < c->count; i++)
        bytes += strlen(c->name[i]) + 1;
    char *text = malloc(bytes), *p = text;
    for (int i = 0; text && i < c->count; i++) {
        p = stpcpy(p, c->name[i]);
        *p++ = SEPARATOR;
    }
    if (text)
        p[-1] = 0;
    return text;
}

/* ---- notes ---- */

static uint64_t note_number(const gr_safetensors *s, const char *key, int base)
{
    const char *text = gr_note_named(s, key);
    return text ? strtoull(text, NULL, base) : 0;
}

static double note_real(const gr_safetensors *s, const char *key, double otherwise)
{
    const char *text = gr_note_named(s, key);
    return text ? strtod(text, NULL) : otherwise;
}

static gr_text sum_key(const Run *r, int figure)
{
    gr_text key;
    snprintf(key.text, sizeof key.text, "sum.%.100s",
             r->model->tensor[r->figure[figure]].name);
    return key;
}

static void read_place(const Run *r, const gr_safetensors *s, Place *p)
{
    *p = (Place){.known = gr_note_named(s, "step") != NULL,
                 .hash = note_number(s, "hash", 16),
                 .step = note_number(s, "step", 10),
                 .seed = note_number(s, "seed", 10),
                 .epoch = note_number(s, "epoch", 10),
                 .position = note_number(s, "position", 10),
                 .best_epoch = note_number(s, "best_epoch", 10),
                 .epochs = note_number(s, "epochs", 10),
                 .examples = note_number(s, "examples", 10),
                 .best = note_real(s, "best", INFINITY),
                 .validation = note_real(s, "validation", 0),
                 .sum = p->sum};
    for (int k = 0; p->sum && k < r->figures; k++)
        p->sum[k] = note_real(s, sum_key(r, k).text, 0);
}

/* The notes of a file being written, and their text. */
typedef struct Notes {
    gr_note *note;
    int count;
    char **text;
    int texts;
} Notes;

static void add_note(Notes *n, char *key, char *value)
{
    n->text[n->texts++] = key;
    n->text[n->texts++] = value;
    if (key && value)
        n->note[n->count++] = (gr_note){key, value};
}

__attribute__((format(printf, 3, 4))) static void note(Notes *n, const char *key,
                                                       const char *fmt, ...)
{
    char value[100];
    va_list args;
    va_start(args, fmt);
    vsnprintf(value, sizeof value, fmt, args);
    va_end(args);
    add_note(n, strdup(key), strdup(value));
}

static void note_place(Notes *n, const Run *r, const Place *p)
{
    note(n, "model", "%.90s", r->model->name);
    note(n, "hash", "%016llx", (unsigned long long)r->model->hash);
    note(n, "step", "%llu", (unsigned long long)p->step);
    note(n, "seed", "%llu", (unsigned long long)p->seed);
    note(n, "epoch", "%llu", (unsigned long long)p->epoch);
    note(n, "position", "%llu", (unsigned long long)p->position);
    note(n, "best_epoch", "%llu", (unsigned long long)p->best_epoch);
    note(n, "epochs", "%llu", (unsigned long long)p->epochs);
    note(n, "examples", "%llu", (unsigned long long)p->examples);
    note(n, "best", "%a", p->best);
    note(n, "validation", "%.17g", p->validation);
    for (int k = 0; p->sum && k < r->figures; k++)
        note(n, sum_key(r, k).text, "%a", p->sum[k]);
}

static void note_classes(Notes *n, const Run *r)
{
    for (int i = 0; i < r->model->tensors; i++)
        if (r->classes[i].count > 0) {
            char key[200];
            snprintf(key, sizeof key, "classes.%s", r->model->tensor[i].name);
            add_note(n, strdup(key), join_classes(&r->classes[i]));
        }
}

/* ---- reading ---- */

static bool set_tensor(Run *r, const gr_tensor *t, const gr_array *a, gr_error *e)
{
    gr_array converted;
    if (!gr_convert(a, t->type, 0, &converted, e))
        return gr_within(e, "'%s': ", t->name);
    size_t bytes = gr_example_bytes(t);
    memcpy((char *)r->block + t->offset, converted.data, bytes);
    gr_drop(&converted);
    return true;
}

/* NAME where `average` is NAME.average, or NULL. */
static const gr_tensor *averaged_by(const gr_model *m, const gr_tensor *average)
{
    for (int i = 0; i < m->tensors && gr_ends_in(average->name, ".average"); i++) {
        const gr_tensor *p = &m->tensor[i];
        size_t n = strlen(p->name);
        if (p->role == GR_PARAM && !strncmp(p->name, average->name, n) &&
            !strcmp(average->name + n, ".average"))
            return p;
    }
    return NULL;
}

/* Averages that a file does not have begin as the parameters that it has. */
static void start_averages(Run *r, const gr_safetensors *s)
{
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (t->role != GR_AVERAGE || gr_tensor_named(s, t->name))
            continue;
        const gr_tensor *p = averaged_by(r->model, t);
        if (p)
            memcpy((char *)r->block + t->offset, (char *)r->block + p->offset,
                   gr_example_bytes(p));
    }
}

static bool fits(const gr_tensor *t, const gr_array *a)
{
    gr_array want = gr_view(t, NULL, 1);
    return gr_same_shape(a, &want);
}

/* What fits, by name; and a report of what does not. */
static bool set_some(Run *r, const gr_safetensors *s, unsigned roles, gr_error *e)
{
    Differences d = {0};
    int set = 0, all = 0;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        const gr_array *a = gr_tensor_named(s, t->name);
        if (t->role != GR_PARAM && !(roles >> t->role & 1 && a && fits(t, a)))
            continue;
        all += t->role == GR_PARAM;
        if (!a)
            differ(&d, "no '%.60s'", t->name);
        else if (!fits(t, a))
            differ(&d, "'%.60s' is %s, expected %s", t->name,
                   gr_shape(a->rank, a->dim).text,
                   gr_shape(t->rank, gr_view(t, NULL, 1).dim).text);
        else if (!set_tensor(r, t, a, e))
            return false;
        else
            set += t->role == GR_PARAM;
    }
    compare_unknown(r->model, s, &d);
    if (set == 0)
        return gr_fail(e, "no parameter of '%s' fits: %s", r->model->name, d.text);
    fprintf(stderr, "%s: %d of %d parameters taken%s%s\n", r->model->name, set, all,
            d.count ? "; " : "", d.text);
    return true;
}

static bool set_all(Run *r, const gr_safetensors *s, unsigned roles, gr_error *e)
{
    if (!check_model(r, s, roles, e))
        return false;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        const gr_array *a = roles >> t->role & 1 ? gr_tensor_named(s, t->name) : NULL;
        if (a && !set_tensor(r, t, a, e))
            return false;
        char key[200];
        snprintf(key, sizeof key, "classes.%s", t->name);
        const char *classes = t->role == GR_INPUT ? gr_note_named(s, key) : NULL;
        if (classes && !restore_classes(classes, &r->classes[i]))
            return gr_fail(e, "out of memory");
    }
    start_averages(r, s);
    return true;
}

bool gr_load_checkpoint(Run *r, const char *path, unsigned roles, Place *place)
{
    gr_bytes file;
    gr_safetensors s = {0};
    gr_error *e = &r->error;
    if (!gr_read_file(path, &file, e))
        return gr_within(e, "%s: ", path);
    bool fine = gr_parse_safetensors(file.data, file.size, &s, e) &&
                (r->options.partial && !r->options.resume ? set_some : set_all)(r, &s, roles, e);
    fine = fine && gr_restore_fits(r, &s);
    if (fine)
        read_place(r, &s, place);
    gr_drop_safetensors(&s);
    free(file.data);
    return fine || gr_within(e, "%s: ", path);
}

/* ---- writing ---- */

size_t gr_snapshot_size(const gr_model *m)
{
    size_t bytes = 0;
    for (int i = 0; i < m->tensors; i++)
        if (KEPT >> m->tensor[i].role & 1)
            bytes += gr_example_bytes(&m->tensor[i]);
    return bytes;
}

void gr_take_snapshot(const Run *r, void *snapshot)
{
    char *to = snapshot;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!(KEPT >> t->role & 1))
            continue;
        size_t bytes = gr_example_bytes(t);
        memcpy(to, (const char *)r->block + t->offset, bytes);
        to += bytes;
    }
}

void gr_go_back_to(Run *r, const void *snapshot, const bool *marked)
{
    const char *from = snapshot;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        if (!(KEPT >> t->role & 1))
            continue;
        size_t bytes = gr_example_bytes(t);
        if (!marked || marked[i])
            memcpy((char *)r->block + t->offset, from, bytes);
        from += bytes;
    }
}

/* The tensors of some roles, in the block or in a snapshot. */
static int list_tensors(const Run *r, unsigned roles, char *snapshot, int n, gr_named *out)
{
    int count = 0;
    for (int i = 0; i < r->model->tensors; i++) {
        const gr_tensor *t = &r->model->tensor[i];
        char *at = snapshot ? snapshot : (char *)r->block + t->offset;
        if (snapshot && (KEPT >> t->role & 1))
            snapshot += gr_example_bytes(t);
        if (roles >> t->role & 1)
            out[count++] = (gr_named){t->name, gr_view(t, at, n)};
    }
    return count;
}

static bool save(Run *r, const char *path, unsigned roles, void *snapshot, int n,
                 const Place *place)
{
    size_t tensors = (size_t)r->model->tensors, most = 2 * tensors + 16;
    gr_named *named = calloc((1 + FIT_PARTS) * tensors, sizeof *named);
    Notes notes = {calloc(most, sizeof *notes.note), 0,
                   calloc(2 * most, sizeof *notes.text), 0};
    bool fine = named && notes.note && notes.text;
    if (!fine)
        gr_fail(&r->error, "out of memory");
    if (fine && place) {
        note_place(&notes, r, place);
        note_classes(&notes, r);
    }
    gr_safetensors s = {.notes = notes.count, .tensor = named, .note = notes.note};
    if (fine)
        s.tensors = list_tensors(r, roles, snapshot, n, named);
    if (fine && place)
        s.tensors += gr_list_fits(r, named + s.tensors);
    fine = fine && gr_write_safetensors(path, &s, &r->error);
    for (int i = 0; i < notes.texts; i++)
        free(notes.text[i]);
    free(notes.text);
    free(notes.note);
    free(named);
    return fine || gr_within(&r->error, "%s: ", path);
}

bool gr_save_checkpoint(Run *r, const char *path, unsigned roles, void *snapshot,
                        const Place *place)
{
    return save(r, path, roles & KEPT, snapshot, 1, place);
}

bool gr_save_results(Run *r, const char *path, int n)
{
    return save(r, path, RESULTS | (r->options.activations ? 1 << GR_INNER : 0), NULL, n, NULL);
}

/* ---- where they are ---- */

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* What training left behind, the best if there is one. */
static char *left_behind(const Run *r, const char *folder)
{
    struct stat st;
    char *best = gr_in_folder(r, folder, "best"), *last = gr_in_folder(r, folder, "last");
    bool only_last = stat(best, &st) != 0 && stat(last, &st) == 0;
    free(only_last ? best : last);
    return only_last ? last : best;
}

bool gr_begin_with(Run *r, unsigned roles, bool need)
{
    const char *given = r->options.params;
    Place place = {0};
    struct stat st;
    if (!given && !need)
        return true;
    char *path = !given || is_folder(given) ? left_behind(r, given) : strdup(given);
    bool fine;
    if (!given && stat(path, &st) != 0)
        fine =
            gr_fail(&r->error,
                    "no parameters: neither --params nor %s, which 'train' writes", path);
    else
        fine = gr_load_checkpoint(r, path, roles, &place);
    free(path);
    if (fine && place.known && (roles & 1 << GR_OPTIMIZER)) {
        r->context->step = place.step;
        if (!gr_is_given(&r->options, "seed"))
            r->context->seed = place.seed;
    }
    return fine;
}
