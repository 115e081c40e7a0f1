/* Files: read whole, written whole or not at all.
 *
 * Temporaries are removed when gradc exits, however it does: fatal() and bug() run atexit
 * handlers, and a signal that ends gradc is turned into an exit. */
#include "file.h"

#include "diag.h"
#include "str.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST = 32 };
static struct {
    const char *path[MOST];
    int n;
} temporary;

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s, (void)type, (void)f;
    remove(path);
    return 0;
}

static void remove_temporaries(void)
{
    for (int i = 0; i < temporary.n; i++)
        nftw(temporary.path[i], remove_entry, 8, FTW_DEPTH | FTW_PHYS);
}

static void on_signal(int number)
{
    remove_temporaries();
    signal(number, SIG_DFL);
    raise(number);
}

static const char *remember(const char *path)
{
    if (!temporary.n) {
        atexit(remove_temporaries);
        signal(SIGINT, on_signal);
        signal(SIGTERM, on_signal);
        signal(SIGHUP, on_signal);
    }
    if (temporary.n == MOST)
        bug("more than %d temporary files", MOST);
    return temporary.path[temporary.n++] = path;
}

const char *temporary_beside(const char *path)
{
    return remember(intern_f("%s.%ld.tmp", path, (long)getpid()));
}

const char *temporary_folder(void)
{
    const char *parent = getenv("TMPDIR");
    const char *name = intern_f("%s/gradc-XXXXXX", parent && *parent ? parent : "/tmp");
    char *folder = mkdtemp(strdup(name));
    if (!folder)
        fatal("cannot make a folder in '%s': %s", parent && *parent ? parent : "/tmp",
              strerror(errno));
    return remember(folder);
}

static char *read_stream(FILE *f, Arena *a, int *length)
{
    size_t size = 1 << 14, n = 0;
    char *text = NEWN(a, char, size);
    for (size_t got; (got = fread(text + n, 1, size - n - 2, f)) > 0;) {
        n += got;
        if (n + 2 < size)
            continue;
        char *larger = NEWN(a, char, 2 * size);
        memcpy(larger, text, n);
        text = larger;
        size *= 2;
    }
    if (ferror(f))
        return NULL;
    if (!n || text[n - 1] != '\n')
        text[n++] = '\n';
    text[n] = 0;
    if (length)
        *length = (int)n;
    return text;
}

char *read_file(const char *path, Arena *a, int *length)
{
    if (!strcmp(path, "-"))
        return read_stream(stdin, a, length);
    FILE *f = fopen(path, "r");
    if (!f)
        return NULL;
    char *text = read_stream(f, a, length);
    int why = errno;
    fclose(f);
    errno = why;
    return text;
}

bool is_same_file(const char *a, const char *b)
{
    struct stat s, t;
    return !stat(a, &s) && !stat(b, &t) && s.st_dev == t.st_dev && s.st_ino == t.st_ino;
}

static bool says_already(const char *path, const char *text)
{
    struct stat s;
    if (stat(path, &s) || !S_ISREG(s.st_mode) || (size_t)s.st_size != strlen(text))
        return false;
    Arena *a = new_arena();
    char *old = read_file(path, a, NULL);
    bool same = old && !strcmp(old, text);
    free_arena(a);
    return same;
}

/* Devices and pipes cannot be replaced by a rename. */
static bool is_special(const char *path)
{
    struct stat s;
    return !stat(path, &s) && !S_ISREG(s.st_mode);
}

static void write_stream(FILE *f, const char *text, const char *path)
{
    bool good = f && fputs(text, f) >= 0 && !fflush(f);
    int why = errno;
    if (f && f != stdout && fclose(f))
        good = false;
    if (!good)
        fatal("cannot write '%s': %s", path, strerror(why));
}

/* The text under a name for it to be renamed; NULL where there is nothing to rename. */
static const char *write_draft(const FileText *f)
{
    if (!strcmp(f->path, "-")) {
        write_stream(stdout, f->text, "stdout");
        return NULL;
    }
    if (is_special(f->path)) {
        write_stream(fopen(f->path, "w"), f->text, f->path);
        return NULL;
    }
    if (says_already(f->path, f->text))
        return NULL;
    const char *draft = temporary_beside(f->path);
    write_stream(fopen(draft, "w"), f->text, f->path);
    return draft;
}

void write_files(const FileText *f, int n)
{
    const char *draft[MOST];
    assert(n <= MOST);
    for (int i = 0; i < n; i++)
        draft[i] = write_draft(&f[i]);
    for (int i = 0; i < n; i++)
        if (draft[i] && rename(draft[i], f[i].path))
            fatal("cannot write '%s': %s", f[i].path, strerror(errno));
}

void write_file(const char *path, const char *text)
{
    write_files(&(FileText){path, text}, 1);
}
