/* Running other programs. */
#include "run.h"

#include "diag.h"
#include "out.h"

#include <errno.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>

extern char **environ;

void add_word(Words *w, const char *word, Arena *a) { PUSH(a, w, (char *)word); }

void add_words(Words *w, const char *text, Arena *a)
{
    while (*(text += strspn(text, " "))) {
        Out word = new_out(a);
        for (; *text && *text != ' '; text++) {
            text += text[0] == '\\' && text[1];
            put(&word, "%c", *text);
        }
        add_word(w, word.text, a);
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
