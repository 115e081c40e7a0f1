/* The program reads its whole request before it writes, so one pipe after the other is
 * enough.
 *
 *   record := int32 length of the name, the name, int64 count, count doubles
 *
 * An empty name ends a part. */
#include "probe.h"

#include "out.h"
#include "str.h"

#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- Bytes ---- */

typedef VEC(char) Bytes;

static void put_bytes(Arena *a, Bytes *b, const void *data, size_t n)
{
    const char *c = data;
    for (size_t i = 0; i < n; i++)
        PUSH(a, b, c[i]);
}

static void put_record(Arena *a, Bytes *b, Record r)
{
    int32_t length = (int32_t)strlen(r.name);
    put_bytes(a, b, &length, sizeof length);
    put_bytes(a, b, r.name, (size_t)length);
    put_bytes(a, b, &r.count, sizeof r.count);
    put_bytes(a, b, r.at, (size_t)r.count * sizeof(double));
}

typedef struct Reader {
    const char *at;
    size_t left;
    bool short_of; /* it ended too early */
} Reader;

static void take(Reader *r, void *to, size_t n)
{
    if (n > r->left) {
        r->short_of = true;
        memset(to, 0, n);
        return;
    }
    memcpy(to, r->at, n);
    r->at += n;
    r->left -= n;
}

/* Records up to the one with an empty name. */
static Records take_records(Reader *r, Arena *a)
{
    Records all = {0};
    while (!r->short_of) {
        int32_t length;
        int64_t count;
        take(r, &length, sizeof length);
        r->short_of |= length < 0 || (size_t)length > r->left;
        if (r->short_of)
            break;
        const char *name = intern_n(r->at, (size_t)length);
        r->at += length;
        r->left -= (size_t)length;
        take(r, &count, sizeof count);
        if (length == 0)
            break;
        r->short_of |= count < 0 || (size_t)count > r->left / sizeof(double);
        if (r->short_of)
            break;
        Record x = {name, count, NEWN(a, double, count)};
        take(r, x.at, (size_t)count * sizeof(double));
        PUSH(a, &all, x);
    }
    return all;
}

/* ---- The process ---- */

typedef struct Process {
    pid_t id;
    int to, from;
} Process;

extern char **environ;

static int start(Process *p, const char *program)
{
    int in[2], out[2];
    if (pipe(in) || pipe(out))
        return errno;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    for (int i = 0; i < 2; i++) {
        posix_spawn_file_actions_addclose(&actions, in[i]);
        posix_spawn_file_actions_addclose(&actions, out[i]);
    }
    char *argv[] = {(char *)program, NULL};
    int failed = posix_spawn(&p->id, program, &actions, NULL, argv, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    p->to = in[1];
    p->from = out[0];
    return failed;
}

static void send_all(int fd, const Bytes *b)
{
    void (*old)(int) =
        signal(SIGPIPE, SIG_IGN); /* should the program die, its status says so */
    for (size_t done = 0; done < (size_t)b->n;) {
        ssize_t n = write(fd, b->at + done, (size_t)b->n - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            break;
        done += (size_t)n;
    }
    close(fd);
    signal(SIGPIPE, old);
}

static Bytes receive_all(int fd, Arena *a)
{
    Bytes all = {0};
    char buffer[4096];
    for (;;) {
        ssize_t n = read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        put_bytes(a, &all, buffer, (size_t)n);
    }
    close(fd);
    return all;
}

static const char *how_it_ended(pid_t id)
{
    int status;
    while (waitpid(id, &status, 0) < 0 && errno == EINTR)
        ;
    if (WIFSIGNALED(status))
        return intern_f("ended by signal %d (%s)", WTERMSIG(status),
                        strsignal(WTERMSIG(status)));
    if (WEXITSTATUS(status))
        return intern_f("ended with status %d", WEXITSTATUS(status));
    return NULL;
}

Answer ask(const char *program, const Records *request, const double how[HOW], Arena *a)
{
    Bytes text = {0};
    for (int i = 0; i < request->n; i++)
        put_record(a, &text, request->at[i]);
    put_record(a, &text, (Record){"", HOW, (double *)how});

    Process p;
    int failed = start(&p, program);
    if (failed)
        return (Answer){.wrong = intern_f("cannot be run: %s", strerror(failed))};
    send_all(p.to, &text);
    Bytes reply = receive_all(p.from, a);
    Answer answer = {.wrong = how_it_ended(p.id)};
    if (answer.wrong)
        return answer;
    Reader r = {reply.at, (size_t)reply.n, false};
    answer.gradients = take_records(&r, a);
    answer.step = take_records(&r, a);
    if (r.short_of)
        answer.wrong = "gave a reply that breaks off";
    return answer;
}

const Record *record_named(const Records *r, const char *name)
{
    for (int i = 0; i < r->n; i++)
        if (!strcmp(r->at[i].name, name))
            return &r->at[i];
    return NULL;
}
