/* A run that is killed, or whose disk fails, goes on as if nothing had happened.
 *
 * The trainer in here writes through functions of this file, which can be told to fail
 * once: it is started with GR_FAULT=N for the Nth call to fail, and with GR_LIFE=N to be
 * killed after N microseconds. */
static void prelude(void);
#define TRAINER_PRELUDE prelude

#include <criterion/criterion.h>

#include "trainer.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>

/* ---- what fails ---- */

static long calls, fault;

static bool is_due(const char *what)
{
    if (++calls != fault)
        return false;
    fprintf(stderr, "%s fails\n", what);
    errno = ENOSPC;
    return true;
}

static int stream; /* the descriptor under the one stream that is open */

static ssize_t put(void *cookie, const char *text, size_t n)
{
    (void)cookie;
    if (!is_due("write"))
        return write(stream, text, n);
    (void)!write(stream, text, n / 2); /* as much as the disk had room for */
    errno = ENOSPC;
    return 0;
}

static int end(void *cookie)
{
    (void)cookie;
    return close(stream);
}

FILE *fdopen(int fd, const char *mode)
{
    FILE *(*real)(int, const char *) =
        (FILE * (*)(int, const char *)) dlsym(RTLD_NEXT, "fdopen");
    if (!fault)
        return real(fd, mode);
    stream = fd;
    return fopencookie(NULL, mode, (cookie_io_functions_t){.write = put, .close = end});
}

/* What this process wrote outlives it: only a machine that fails needs a true sync. */
int fsync(int fd)
{
    (void)fd;
    return is_due("sync") ? -1 : 0;
}

int rename(const char *from, const char *to)
{
    return is_due("rename") ? -1 : renameat(AT_FDCWD, from, AT_FDCWD, to);
}

static void die_after(long microseconds)
{
    timer_t timer;
    struct sigevent kill = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGKILL};
    struct itimerspec when = {.it_value = {.tv_nsec = 1 + 1000 * microseconds}};
    if (timer_create(CLOCK_MONOTONIC, &kill, &timer) ||
        timer_settime(timer, 0, &when, NULL))
        abort();
}

static void prelude(void)
{
    if (getenv("GR_FAULT"))
        fault = atol(getenv("GR_FAULT"));
    if (getenv("GR_LIFE"))
        die_after(atol(getenv("GR_LIFE")));
}

/* ---- the tests ---- */

#define TRAIN "./t train " DATA "--epochs 4 --threads 1 --quiet "

static void enter(void)
{
    enter_folder();
    write_examples();
    cr_assert_eq(sh(TRAIN "-o whole"), 0, "%s", text_of("err"));
}

TestSuite(resume, .init = enter, .timeout = 300);

static void is_whole(const char *when, long n)
{
    cr_assert_eq(sh("cmp whole/last.safetensors r/last.safetensors &&"
                    "cmp whole/best.safetensors r/best.safetensors &&"
                    "cmp whole/metrics.csv r/metrics.csv"),
                 0, "%s %ld: %s", when, n, text_of("out"));
    cr_assert_eq(sh("ls r | grep tmp"), 1, "%s %ld left %s", when, n, text_of("out"));
}

/* Most of a life is too short or long enough for a whole run: its length is adapted until
 * about one run in six ends by itself. */
Test(resume, killed_at_any_moment)
{
    double longest = 20000;
    int killed = 0, ended = 0;
    srand48(1);
    while (killed < (SANITIZED ? 50 : 200) || ended < 5) {
        long life = (long)(longest * drand48());
        int status = sh("GR_LIFE=%ld " TRAIN "--save-every 0 --resume -o r", life);
        cr_assert(status == 0 || status == 128 + SIGKILL, "%d: %s", status, text_of("err"));
        longest *= status ? 1.02 : 0.9;
        killed += status != 0;
        if (status)
            continue;
        ended++;
        is_whole("after kills:", killed);
        sh("rm -r r");
    }
}

Test(resume, disk_fails_once)
{
    cr_assert_eq(sh(TRAIN "--max-steps 20 --keep 1 -o old"), 0, "%s", text_of("err"));
    int writes = 0, syncs = 0, renames = 0, status = 2;
    for (int n = 1; status; n++) {
        sh("rm -rf r; cp -r old r");
        status = sh("GR_FAULT=%d " TRAIN "--keep 1 --resume -o r", n);
        if (status) {
            const char *err = text_of("err");
            cr_assert_eq(status, 2, "fault %d: %s", n, err);
            cr_assert(strstr(err, ": cannot write: No space left on device\n"), "%s", err);
            writes += !strncmp(err, "write", 5);
            syncs += !strncmp(err, "sync", 4);
            renames += !strncmp(err, "rename", 6);
            cr_assert_eq(sh(TRAIN "--keep 1 --resume -o r"), 0, "%s", text_of("err"));
        }
        is_whole("fault", n);
    }
    cr_assert(writes >= 4 && syncs >= 8 && renames >= 4, "%d, %d, %d", writes, syncs,
              renames);
}

Test(resume, keeps_epochs)
{
    cr_assert_eq(sh(TRAIN "--keep 2 -o r && ls r"), 0);
    cr_assert_str_eq(text_of("out"), "best.safetensors\nconfig\nepoch-3.safetensors\n"
                                     "epoch-4.safetensors\nevents.out.tfevents\n"
                                     "gradients.csv\nlast.safetensors\n"
                                     "metrics.csv\nmetrics.jsonl\nreport.html\n");
    cr_assert_eq(sh("./t train " DATA "--epochs 3 -o three && "
                    "./t eval " DATA "-p three/last.safetensors >a && "
                    "./t eval " DATA "-p r/epoch-3.safetensors | cmp - a"),
                 0, "%s", text_of("err"));
}

/* What the first part was asked for holds for the second. */
Test(resume, asks_for_the_same)
{
    cr_assert_eq(
        sh("./t train " DATA "--epochs 3 --validation 0.2 --seed 9 -o a &&"
           "./t train " DATA "--epochs 3 --validation 0.2 --seed 9 -o b --max-steps 7 &&"
           "./t train " DATA "-o b --resume && cmp a/last.safetensors b/last.safetensors"),
        0, "%s%s", text_of("err"), text_of("out"));
    cr_assert_eq(sh("./t train " DATA "-o b --resume --validation 0.1"), 2);
    cr_assert_str_eq(
        text_of("err"),
        "line: error: b/last.safetensors: was validated with 0.2 of the examples, "
        "but --validation is 0.1\n");
    cr_assert_eq(sh("head -n 60 d.csv >e.csv;"
                    "./t train x=e.csv:0-2 k=e.csv:kind y=e.csv:y -o b --resume"),
                 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: cannot resume: that was with 80 examples, not 47\n");
    cr_assert_eq(sh(TRAIN "-o c --resume"), 0);
    cr_assert_str_eq(text_of("err"), "line: no c/last.safetensors: from the beginning\n");
    is_whole("nothing to resume", sh("mv c r"));
}

Test(resume, another_model)
{
    sh("mkdir r; ./t export -p whole -o r/last.safetensors");
    cr_assert_eq(sh(TRAIN "-o r --resume"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: r/last.safetensors: holds parameters, but "
                     "no run to go on with\n");
    sh("sed 's/0000000000000001/0000000000000002/' whole/last.safetensors "
       ">r/last.safetensors");
    cr_assert_eq(sh(TRAIN "-o r --resume"), 2);
    cr_assert_str_eq(text_of("err"),
                     "line: error: r/last.safetensors: was not left by this "
                     "version of 'line'\n");
}

/* ---- signals ---- */

/* Start a run without end, and wait until it has begun. */
#define BEGIN                                                                              \
    "rm -rf r; ./t train " DATA                                                            \
    "--epochs 50000 -o r --threads 1 --save-every 100 >log & p=$!\n"                       \
    "for i in $(seq 300); do grep -q epoch log && break; sleep 0.1; done\n"

Test(resume, saves_when_told)
{
    cr_assert_eq(sh(BEGIN "ls r | grep last && exit 1\n"
                          "kill -USR1 $p\n"
                          "for i in $(seq 300); do test -e r/last.safetensors && break; "
                          "sleep 0.1; done\n"
                          "test -e r/last.safetensors && kill -TERM $p; wait $p"),
                 143, "%s%s", text_of("out"), text_of("err"));
}

/* Stopped by SIGSTOP, the run finds both signals at once when it goes on. */
Test(resume, two_signals_end_it_at_once)
{
    cr_assert_eq(
        sh(BEGIN
           "kill -STOP $p; until grep -q 'State:.T' /proc/$p/status; do sleep 0.01; done;"
           "kill -INT $p; kill -TERM $p; kill -CONT $p; wait $p"),
        143, "%s", text_of("err"));
    cr_assert_eq(sh("ls r | grep safetensors"), 1, "nothing is saved");
}
