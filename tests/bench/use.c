/* What a command uses:  use RUNS COMMAND...  runs it so many times, its output going nowhere, and
 * prints the least processor time of a run in seconds, children included, and the most memory
 * that was resident, in kilobytes. Processor time, because others use the machine, too. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static double seconds(struct timeval t) { return (double)t.tv_sec + (double)t.tv_usec * 1e-6; }

static struct rusage run(char **command)
{
    struct rusage use;
    int status, nowhere = open("/dev/null", O_WRONLY);
    pid_t child = fork();
    if (child == 0) {
        dup2(nowhere, 1);
        execvp(*command, command);
        _exit(127);
    }
    close(nowhere);
    if (child < 0 || wait4(child, &status, 0, &use) < 0 || status != 0) {
        fprintf(stderr, "use: %s failed\n", *command);
        exit(1);
    }
    return use;
}

int main(int argc, char **argv)
{
    double least = 1e9;
    long most = 0;
    int runs = argc > 2 ? atoi(argv[1]) : 0;
    for (int i = 0; i < runs; i++) {
        struct rusage use = run(argv + 2);
        double s = seconds(use.ru_utime) + seconds(use.ru_stime);
        least = s < least ? s : least;
        most = use.ru_maxrss > most ? use.ru_maxrss : most;
    }
    printf("%.4f %ld\n", least, most);
    return runs > 0 ? 0 : 2;
}
