/* Running commands, reading files, finding test cases. */
#include "run.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <fts.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *vtext(const char *fmt, va_list args)
{
    char *s;
    cr_assert(vasprintf(&s, fmt, args) >= 0);
    return s;
}

char *text(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *s = vtext(fmt, args);
    va_end(args);
    return s;
}

static char *read_all(FILE *f)
{
    size_t size = 1 << 16, n = 0;
    char *s = malloc(size);
    for (size_t got; (got = fread(s + n, 1, size - n - 1, f)) > 0;) {
        n += got;
        if (n + 1 == size)
            s = realloc(s, size *= 2);
    }
    s[n] = 0;
    return s;
}

char *read_text(const char *path)
{
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    char *s = read_all(f);
    fclose(f);
    return s;
}

void write_text(const char *path, const char *content)
{
    FILE *f = fopen(path, "w");
    cr_assert(f, "cannot write %s", path);
    fputs(content, f);
    fclose(f);
}

bool exists(const char *path)
{
    return access(path, F_OK) == 0;
}

char *scratch(void)
{
    char *dir = text("%s/XXXXXX", SCRATCH);
    cr_assert(mkdtemp(dir), "cannot make a folder in " SCRATCH);
    return dir;
}

static Run vrun(const char *fmt, va_list args)
{
    setenv("GRADC", GRADC, 1);
    setenv("SOURCE", SOURCE, 1);
    char *err = text("%s/stderr", scratch());
    FILE *p = popen(text("{ %s\n} 2>%s </dev/null", vtext(fmt, args), err), "r");
    cr_assert(p);
    Run r = {.out = read_all(p)};
    int status = pclose(p);
    r.status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    r.err = read_text(err);
    return r;
}

Run run(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    Run r = vrun(fmt, args);
    va_end(args);
    return r;
}

Run must(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    char *command = vtext(fmt, args);
    va_end(args);
    Run r = run("%s", command);
    cr_assert(r.status == 0, "exit %d from: %s\n%s%s", r.status, command, r.out, r.err);
    return r;
}

char *build(const char *source, const char *options)
{
    char *dir = scratch();
    must("$GRADC build %s %s -o %s/m", source, options, dir);
    return dir;
}

char *build_text(const char *program, const char *options)
{
    char *file = text("%s/m.nn", scratch());
    write_text(file, program);
    return build(file, options);
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
    return strcmp((*a)->fts_name, (*b)->fts_name);
}

static bool ends_with(const FTSENT *f, const char *ending)
{
    size_t length = f->fts_namelen, tail = strlen(ending);
    return length >= tail && strcmp(f->fts_name + length - tail, ending) == 0;
}

struct criterion_test_params cases(const char *folder, const char *ending)
{
    Case *found = NULL;
    size_t n = 0;
    char *root[] = {text("%s/%s", SOURCE, folder), NULL};
    FTS *tree = fts_open(root, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
    for (FTSENT *f; tree && (f = fts_read(tree));) {
        if (f->fts_info != FTS_F || !ends_with(f, ending))
            continue;
        found = realloc(found, (n + 1) * sizeof *found);
        snprintf(found[n++].path, sizeof found->path, "%s", f->fts_path);
    }
    if (tree)
        fts_close(tree);
    Case *list = cr_malloc((n + 1) * sizeof *list); /* cr_realloc loses the block */
    if (n > 0)
        memcpy(list, found, n * sizeof *list);
    return cr_make_param_array(Case, list, n);
}

const char *options_of(const char *path)
{
    const char *s = strstr(read_text(path), "# options:");
    return s ? text("%.*s", (int)strcspn(s + 10, "\n"), s + 10) : "";
}
