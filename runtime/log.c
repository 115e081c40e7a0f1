/* The figures of every epoch in files, and of its gradients: for spreadsheets, and line by line for programs. */
#include "train.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void put_names(FILE *f, const Run *r, const char *prefix)
{
    for (int k = 0; k < r->figures; k++)
        fprintf(f, ",%s%s", prefix, r->model->tensor[r->figure[k]].name);
}

static void put_head(FILE *f, const Run *r, bool validated)
{
    fputs("epoch,step", f);
    put_names(f, r, "");
    if (validated)
        put_names(f, r, "val.");
    fputs(r->rate ? ",lr,gradient,update\n" : ",gradient,update\n", f);
}

/* Bytes of the lines about epochs up to the last, each of which holds `mark` and its
 * number. */
static size_t lines_up_to(const gr_bytes *b, const char *mark, uint64_t last)
{
    const char *text = (const char *)b->data, *line = text, *end;
    for (; (end = strchr(line, '\n')); line = end + 1) {
        bool marked = strncmp(line, mark, strlen(mark)) == 0;
        const char *number = line + (marked ? strlen(mark) : 0);
        if (*number >= '0' && *number <= '9' && strtoull(number, NULL, 10) > last)
            break;
    }
    return (size_t)(line - text);
}

/* The file to be continued; anew when there is nothing to keep. Without a mark it is one of
 * events. */
static FILE *go_on(Run *r, const char *name, const char *mark, uint64_t epochs)
{
    gr_bytes b;
    gr_error none;
    char *path = gr_in_run(r, name);
    if (epochs > 0 && gr_read_file(path, &b, &none)) {
        size_t keep = mark ? lines_up_to(&b, mark, epochs)
                           : gr_events_up_to(&b, r->context->step);
        free(b.data);
        if (truncate(path, (off_t)keep) != 0)
            epochs = 0;
    }
    FILE *f = fopen(path, epochs > 0 ? "ae" : "we");
    if (!f)
        gr_fail(&r->error, "%s: cannot write: %s", path, strerror(errno));
    free(path);
    return f;
}

static bool is_empty(FILE *f)
{
    fseek(f, 0, SEEK_END);
    return ftell(f) == 0;
}

bool gr_open_log(Run *r, uint64_t epochs, bool validated, Log *log)
{
    log->csv = go_on(r, "metrics.csv", "", epochs);
    log->jsonl = log->csv ? go_on(r, "metrics.jsonl", "{\"epoch\":", epochs) : NULL;
    log->gradients = log->jsonl ? go_on(r, "gradients.csv", "", epochs) : NULL;
    log->events = log->gradients ? go_on(r, "events.out.tfevents", NULL, epochs) : NULL;
    if (!log->events)
        return false;
    if (is_empty(log->csv))
        put_head(log->csv, r, validated);
    if (is_empty(log->gradients))
        fputs("epoch,step,tensor,gradient,update,dead\n", log->gradients);
    if (is_empty(log->events))
        gr_start_events(log->events);
    fflush(log->events);
    fflush(log->gradients);
    fflush(log->csv);
    return true;
}

static void put_row(FILE *f, const Run *r, const Report *now)
{
    fprintf(f, "%llu,%llu", (unsigned long long)now->epoch, (unsigned long long)now->step);
    for (int k = 0; k < r->figures; k++)
        fprintf(f, ",%.9g", now->mean[k]);
    for (int k = 0; now->check && k < r->figures; k++)
        fprintf(f, ",%.9g", now->check[k]);
    if (r->rate)
        fprintf(f, ",%.9g", gr_rate(r));
    if (now->watch)
        fprintf(f, ",%.9g,%.9g\n", now->watch->gradient, now->watch->update);
    else
        fputs(",,\n", f);
}

/* A name of a tensor may hold anything. */
static void put_quoted(FILE *f, const char *name)
{
    putc('"', f);
    for (; *name; name++)
        fprintf(f, *name == '"' ? "\"\"" : "%c", *name);
    putc('"', f);
}

/* A line for each parameter and each activation. */
static void put_traces(FILE *f, const Run *r, const Report *now)
{
    for (int i = 0; i < r->model->tensors; i++) {
        const Trace *x = &now->watch->trace[i];
        if (!x->gradient)
            continue;
        fprintf(f, "%llu,%llu,", (unsigned long long)now->epoch, (unsigned long long)now->step);
        put_quoted(f, r->model->tensor[i].name);
        if (gr_is_activation(r, now->watch, i))
            fprintf(f, ",%.9g,,%.9g\n", x->norm, x->dead);
        else
            fprintf(f, ",%.9g,%.9g,\n", x->norm, x->update);
    }
}

static void put_member(FILE *f, const char *prefix, const char *name, double x)
{
    if (isfinite(x))
        fprintf(f, ",\"%s%s\":%.9g", prefix, name, x);
    else
        fprintf(f, ",\"%s%s\":null", prefix, name);
}

static void put_object(FILE *f, const Run *r, const Report *now, double seconds)
{
    fprintf(f, "{\"epoch\":%llu,\"step\":%llu", (unsigned long long)now->epoch,
            (unsigned long long)now->step);
    for (int k = 0; k < r->figures; k++)
        put_member(f, "", r->model->tensor[r->figure[k]].name, now->mean[k]);
    for (int k = 0; now->check && k < r->figures; k++)
        put_member(f, "val.", r->model->tensor[r->figure[k]].name, now->check[k]);
    if (r->rate)
        put_member(f, "", "lr", gr_rate(r));
    if (now->watch) {
        put_member(f, "", "gradient", now->watch->gradient);
        put_member(f, "", "update", now->watch->update);
    }
    fprintf(f, ",\"seconds\":%.3f}\n", seconds);
}

static void put_events(FILE *f, const Run *r, const Report *now)
{
    for (int k = 0; k < r->figures; k++) {
        const char *name = r->model->tensor[r->figure[k]].name;
        gr_put_event(f, now->step, "", name, now->mean[k]);
        if (now->check)
            gr_put_event(f, now->step, "val.", name, now->check[k]);
    }
    if (r->rate)
        gr_put_event(f, now->step, "", "lr", gr_rate(r));
    if (!now->watch)
        return;
    gr_put_event(f, now->step, "", "gradient", now->watch->gradient);
    gr_put_event(f, now->step, "", "update", now->watch->update);
    for (int i = 0; i < r->model->tensors; i++) {
        const Trace *x = &now->watch->trace[i];
        const char *name = r->model->tensor[i].name;
        bool activation = gr_is_activation(r, now->watch, i);
        if (!x->gradient)
            continue;
        gr_put_event(f, now->step, "gradient/", name, x->norm);
        gr_put_event(f, now->step, activation ? "dead/" : "update/", name,
                     activation ? x->dead : x->update);
    }
}

void gr_log_epoch(const Log *log, const Run *r, const Report *now, double seconds)
{
    put_row(log->csv, r, now);
    put_object(log->jsonl, r, now, seconds);
    if (now->watch)
        put_traces(log->gradients, r, now);
    put_events(log->events, r, now);
    fflush(log->csv);
    fflush(log->jsonl);
    fflush(log->gradients);
    fflush(log->events);
}

void gr_close_log(Log *log)
{
    if (log->csv)
        fclose(log->csv);
    if (log->jsonl)
        fclose(log->jsonl);
    if (log->gradients)
        fclose(log->gradients);
    if (log->events)
        fclose(log->events);
}
