/* The folder of a run, --out or NAME.run: made when training begins, and tidied after runs
 * that were killed while they wrote. */
#include "train.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char *path_of(const Run *r, const char *folder, const char *name, const char *ending)
{
    char *path;
    int n = folder ? asprintf(&path, "%s/%s%s", folder, name, ending)
                   : asprintf(&path, "%s.run/%s%s", r->model->name, name, ending);
    return n < 0 ? NULL : path;
}

char *gr_in_run(const Run *r, const char *name)
{
    return path_of(r, r->options.out, name, "");
}

char *gr_in_folder(const Run *r, const char *folder, const char *name)
{
    return path_of(r, folder, name, ".safetensors");
}

/* FILE.tmp-PID of a process that is no more. */
static bool is_left_over(const char *name)
{
    const char *mark = strstr(name, ".tmp-");
    long pid = mark ? strtol(mark + 5, NULL, 10) : 0;
    return pid > 0 && kill((pid_t)pid, 0) != 0 && errno == ESRCH;
}

static void tidy(const char *folder)
{
    DIR *d = opendir(folder);
    for (struct dirent *entry; d && (entry = readdir(d));)
        if (is_left_over(entry->d_name))
            unlinkat(dirfd(d), entry->d_name, 0);
    if (d)
        closedir(d);
}

bool gr_make_run_folder(Run *r)
{
    char *folder = gr_in_run(r, "");
    if (!folder)
        return gr_fail(&r->error, "out of memory");
    folder[strlen(folder) - 1] = 0;
    struct stat st;
    bool fine = mkdir(folder, 0777) == 0 ||
                (errno == EEXIST && stat(folder, &st) == 0 && S_ISDIR(st.st_mode));
    if (!fine)
        gr_fail(&r->error, "%s: cannot make this folder: %s", folder, strerror(errno));
    else
        tidy(folder);
    free(folder);
    return fine;
}
