/* A test binary that is also the trainer of the model in line.h: started with GR_TRAINER in
 * the environment it runs gr_main and nothing else. Tests drive it through the shell as
 * users do, in a folder of their own. */
#ifndef TRAINER_H
#define TRAINER_H

#include "line.h"

#include "grdata.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((constructor)) static void be_the_trainer(int argc, char **argv)
{
    if (!getenv("GR_TRAINER"))
        return;
#ifdef TRAINER_PRELUDE
    TRAINER_PRELUDE();
#endif
    exit(gr_main(&line, argc, argv));
}

/* A file d.csv of 100 examples of y = 2a - b + c/2 + (1, 2, -1)[kind], without noise: 4 whole
 * batches of 8 and one of 4, thrice. */
#define DATA "x=d.csv:0-2 k=d.csv:kind y=d.csv:y "

static inline void write_examples(void)
{
    static const char *const kind[] = {"blue", "green", "red"};
    static const double shift[] = {1, 2, -1};
    FILE *f = fopen("d.csv", "w");
    fprintf(f, "a,b,c,kind,y\n");
    for (int i = 0; i < 100; i++) {
        double x[3];
        for (int k = 0; k < 3; k++)
            x[k] = (i * (17 + 14 * k) + 5 * k) % 101 / 50.0 - 1;
        int which = i * i % 7 % 3;
        fprintf(f, "%g,%g,%g,%s,%.17g\n", x[0], x[1], x[2], kind[which],
                2 * x[0] - x[1] + x[2] / 2 + shift[which]);
    }
    fclose(f);
}

/* The new folder that the test is in. */
static inline void enter_folder(void)
{
    char binary[4000], path[4100];
    ssize_t n = readlink("/proc/self/exe", binary, sizeof binary - 1);
    binary[n] = 0;
    snprintf(path, sizeof path, "%s/line-XXXXXX", SCRATCH);
    if (!mkdtemp(path) || chdir(path) != 0)
        abort();
    FILE *f = fopen("t", "w");
    fprintf(f, "#!/bin/sh\nGR_TRAINER=1 exec '%s' \"$@\"\n", binary);
    fclose(f);
    if (system("chmod +x t") != 0)
        abort();
}

/* Run a line of shell; ./t is the trainer. Its output is in the files out and err. */
__attribute__((format(printf, 1, 2))) static inline int sh(const char *fmt, ...)
{
    char command[4000];
    va_list args;
    va_start(args, fmt);
    int n = snprintf(command, sizeof command, "{ ");
    n += vsnprintf(command + n, sizeof command - (size_t)n, fmt, args);
    snprintf(command + n, sizeof command - (size_t)n, "\n} >out 2>err");
    va_end(args);
    int status = system(command);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static inline char *text_of(const char *path)
{
    gr_bytes b;
    gr_error e;
    return gr_read_file(path, &b, &e) ? (char *)b.data : "(no such file)";
}

static inline const gr_array *tensor(const char *path, const char *name)
{
    static gr_safetensors s;
    gr_bytes b;
    gr_error e = {""};
    bool fine = gr_read_file(path, &b, &e) && gr_parse_safetensors(b.data, b.size, &s, &e);
    const gr_array *a = fine ? gr_tensor_named(&s, name) : NULL;
    if (!a) {
        fprintf(stderr, "%s: %s: %s\n", path, name, e.text);
        abort();
    }
    return a;
}

#endif
