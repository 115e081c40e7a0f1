/* What a person sees while the trainer works: on a terminal one line that is redrawn, and a
 * line per epoch that stays; elsewhere only the latter. */
#include "train.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { MOST_LINES = 100 }; /* of a run; beyond, epochs share lines */

static int width(void)
{
    struct winsize w;
    return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 20 ? w.ws_col : 80;
}

/* One that can clear the rest of a line. */
static bool is_terminal(void)
{
    const char *kind = getenv("TERM");
    return isatty(STDOUT_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

void gr_start_progress(Progress *p, const Run *r, size_t todo, size_t before)
{
    uint64_t epochs = r->options.epochs;
    *p = (Progress){.terminal = !r->options.quiet && is_terminal(),
                    .quiet = r->options.quiet,
                    .start = gr_seconds(),
                    .todo = todo,
                    .before = before,
                    .every = (epochs + MOST_LINES - 1) / MOST_LINES};
}

void gr_put_figures(FILE *f, const Run *r, const char *prefix, const double *mean)
{
    for (int k = 0; k < r->figures; k++)
        fprintf(f, "  %s%s %.4g", prefix, r->model->tensor[r->figure[k]].name, mean[k]);
}

static void put_duration(FILE *f, double seconds)
{
    unsigned long s = seconds < 0     ? 0
                      : seconds < 1e9 ? (unsigned long)(seconds + 0.5)
                                      : 999999999;
    if (s >= 3600)
        fprintf(f, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        fprintf(f, "%lu:%02lu", s / 60, s % 60);
}

/* Examples in a second. */
static double speed(const Progress *p, const Report *now)
{
    return (double)(now->done - p->before) / (gr_seconds() - p->start + 1e-9);
}

/* 123/s, 12.3k/s, 1.23M/s */
static void put_speed(FILE *f, double x)
{
    static const char *const unit[] = {"", "k", "M", "G"};
    int k = 0;
    for (; x >= 999.5 && k < 3; k++)
        x /= 1000;
    fprintf(f, "  %.3g%s/s", x, unit[k]);
}

static void put_epoch(FILE *f, const Report *now)
{
    char of[32];
    int digits = snprintf(of, sizeof of, "%llu", (unsigned long long)now->epochs);
    fprintf(f, "epoch %*llu/%s", digits, (unsigned long long)now->epoch, of);
}

static void put_rest(FILE *f, const Progress *p, const Run *r, const Report *now)
{
    gr_put_figures(f, r, "", now->mean);
    if (now->check)
        gr_put_figures(f, r, "val.", now->check);
    if (r->rate)
        fprintf(f, "  lr %.3g", gr_rate(r));
    if (now->watch && now->watch->gradient > 0)
        fprintf(f, "  gradient %.3g", now->watch->gradient);
    put_speed(f, speed(p, now));
}

bool gr_is_redraw_due(const Progress *p)
{
    return p->terminal && gr_seconds() - p->drawn >= 0.1;
}

void gr_redraw(Progress *p, const Run *r, const Report *now)
{
    p->drawn = gr_seconds();
    char text[512] = "";
    FILE *f = fmemopen(text, sizeof text - 1, "w");
    if (!f)
        return;
    put_epoch(f, now);
    fprintf(f, "  step %llu  ETA ", (unsigned long long)now->step);
    put_duration(f, ((double)p->todo - (double)now->done) / (speed(p, now) + 1e-9));
    put_rest(f, p, r, now);
    fclose(f);
    printf("\r%.*s\033[K", width() - 1, text);
    fflush(stdout);
}

void gr_clear_line(const Progress *p)
{
    if (p->terminal)
        printf("\r\033[K");
}

bool gr_is_line_due(const Progress *p, uint64_t epoch, uint64_t epochs)
{
    return epoch % p->every == 0 || epoch == epochs;
}

void gr_end_epoch(Progress *p, const Run *r, const Report *now)
{
    if (p->quiet || !gr_is_line_due(p, now->epoch, now->epochs))
        return;
    gr_clear_line(p);
    put_epoch(stdout, now);
    put_rest(stdout, p, r, now);
    printf("  %.1f s\n", gr_seconds() - p->start);
    fflush(stdout);
}
