/* Running other programs. */
#include "run.h"

#include "diag.h"
#include "str.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

void add_word(Words *w, const char *word, Arena *a) { PUSH(a, w, (char *)word); }

void add_words(Words *w, const char *text, Arena *a)
{
    while (*(text += strspn(text, " "))) {
        size_t n = strcspn(text, " ");
        add_word(w, intern_n(text, n), a);
        text += n;
    }
}

int run_program(Words *w, int *status, Arena *a)
{
    pid_t child;
    add_word(w, NULL, a);
    int why = posix_spawnp(&child, w->at[0], NULL, NULL, w->at, environ);
    if (why)
        return why;
    while (waitpid(child, status, 0) < 0)
        if (errno != EINTR)
            fatal("cannot wait for '%s': %s", w->at[0], strerror(errno));
    return 0;
}
