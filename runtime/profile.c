/* bench --profile: where the time goes. A program that was built for it says after each
 * nest of loops what has just been done; the time since it last said something is that
 * nest's. */
#include "train.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAMPLES = 1000
}; /* the last so many, whose median is the time of a nest: others may
      use the machine, too */

/* What the program says of a nest: "ENTRY\tNAME\tEQUATION; EQUATION". */
typedef struct Nest {
    const char *what; /* the same address each time */
    float *sample;
    size_t calls;
    double seconds;
} Nest;

static struct {
    bool on, failed;
    Nest *nest;
    size_t n, room, next; /* next: most likely to be said next */
    double then;
} profile;

void gr_mark(const char *done);

/* Its number; they are said in the same order each time. */
static size_t find_nest(const char *what)
{
    size_t i = profile.next;
    if (i < profile.n && profile.nest[i].what == what)
        return i;
    for (i = 0; i < profile.n; i++)
        if (profile.nest[i].what == what)
            return i;
    if (profile.n == profile.room) {
        size_t room = profile.room ? 2 * profile.room : 64;
        Nest *more = realloc(profile.nest, room * sizeof *more);
        if (!more)
            return profile.failed = true, 0;
        profile.nest = more;
        profile.room = room;
    }
    float *sample = malloc(SAMPLES * sizeof *sample);
    if (!sample)
        return profile.failed = true, 0;
    profile.nest[profile.n] = (Nest){.what = what, .sample = sample};
    return profile.n++;
}

void gr_mark(const char *done)
{
    if (!profile.on || profile.failed)
        return;
    double now = gr_seconds();
    if (done) {
        size_t i = find_nest(done);
        if (profile.failed)
            return;
        Nest *x = &profile.nest[i];
        x->sample[x->calls++ % SAMPLES] = (float)(now - profile.then);
        profile.next = i + 1;
        now = gr_seconds(); /* what finding took is nobody's */
    }
    profile.then = now;
}

static int by_size(const void *a, const void *b)
{
    float x = *(const float *)a, y = *(const float *)b;
    return (x > y) - (x < y);
}

static void find_median(Nest *x)
{
    size_t n = x->calls < SAMPLES ? x->calls : SAMPLES;
    qsort(x->sample, n, sizeof *x->sample, by_size);
    x->seconds = (double)x->sample[n / 2];
    free(x->sample);
}

static size_t entry_length(const Nest *x) { return strcspn(x->what, "\t"); }

/* Of the entry that a nest belongs to. */
static double whole(const Nest *of)
{
    double sum = 0;
    for (size_t i = 0; i < profile.n; i++)
        if (!strncmp(profile.nest[i].what, of->what, entry_length(of) + 1))
            sum += profile.nest[i].seconds;
    return sum;
}

static void put_nest(FILE *f, const Nest *x)
{
    const char *name = x->what + entry_length(x) + 1, *equations = strchr(name, '\t') + 1;
    double all = whole(x);
    fprintf(f, "%.*s,%.*s,%.4g,%.2f,\"%s\"\n", (int)entry_length(x), x->what,
            (int)(equations - name - 1), name, 1e6 * x->seconds,
            all > 0 ? 100 * x->seconds / all : 0, equations);
}

void gr_start_profile(void) { profile.on = true; }

bool gr_write_profile(Run *r, const char *path)
{
    profile.on = false;
    if (profile.failed)
        return gr_fail(&r->error, "out of memory");
    if (profile.n == 0)
        return gr_fail(&r->error,
                       "--profile is for a program made with 'gradc build --profile'");
    FILE *f = fopen(path, "we");
    if (!f)
        return gr_fail(&r->error, "%s: cannot write: %s", path, strerror(errno));
    for (size_t i = 0; i < profile.n; i++)
        find_median(&profile.nest[i]);
    fputs("entry,nest,microseconds,percent,equations\n", f);
    for (size_t i = 0; i < profile.n; i++)
        put_nest(f, &profile.nest[i]);
    if (fclose(f))
        return gr_fail(&r->error, "%s: cannot write: %s", path, strerror(errno));
    return true;
}
