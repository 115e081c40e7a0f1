/* The saved sources of fuzz/parse, again, and every beginning of them. */
#include "../fuzz/parse.c"

#include <criterion/criterion.h>
#include <dirent.h>

static void replay_file(const char *path)
{
    static uint8_t data[1 << 14];
    FILE *f = fopen(path, "rb");
    cr_assert(f, "%s", path);
    size_t size = fread(data, 1, sizeof data, f);
    fclose(f);
    size_t step = size / 50 + 1;
    for (size_t n = 0; n < size; n += step)
        fuzz_parse(data, n);
    fuzz_parse(data, size);
}

Test(front_fuzz, parse, .timeout = 100)
{
    static const char folder[] = SOURCE "/tests/fuzz/parse";
    int n = 0;
    DIR *d = opendir(folder);
    cr_assert(d, "%s", folder);
    for (struct dirent *e; (e = readdir(d));) {
        char path[600];
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] == '.')
            continue;
        replay_file(path);
        n++;
    }
    closedir(d);
    cr_expect_gt(n, 0, "%s", folder);
}
