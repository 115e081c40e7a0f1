/* Every saved input of the readers' fuzz entries, again: the corpus, and each with one byte
 * flipped or its end missing. */
#include <criterion/criterion.h>

#include "../fuzz/csv.c"
#include "../fuzz/idx.c"
#include "../fuzz/npy.c"
#include "../fuzz/safetensors.c"

#include <dirent.h>

typedef int Entry(const uint8_t *data, size_t size);

static void replay_file(Entry *entry, const char *path)
{
    gr_bytes b;
    gr_error e;
    cr_assert(gr_read_file(path, &b, &e), "%s: %s", path, e.text);
    entry(b.data, b.size);
    for (size_t i = 0; i < b.size && i < 300; i++) {
        entry(b.data, i);
        for (int bit = 0; bit < 8; bit++) {
            b.data[i] ^= (unsigned char)(1 << bit);
            entry(b.data, b.size);
            b.data[i] ^= (unsigned char)(1 << bit);
        }
    }
    free(b.data);
}

static void replay(Entry *entry, const char *name)
{
    char folder[400], path[700];
    int files = 0;
    snprintf(folder, sizeof folder, "%s/tests/fuzz/%s", SOURCE, name);
    DIR *d = opendir(folder);
    cr_assert(d, "%s", folder);
    for (struct dirent *entry_in; (entry_in = readdir(d));) {
        if (entry_in->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, entry_in->d_name);
        replay_file(entry, path);
        files++;
    }
    closedir(d);
    cr_assert(files > 0, "%s", folder);
}

Test(fuzz, csv) { replay(fuzz_csv, "csv"); }
Test(fuzz, idx) { replay(fuzz_idx, "idx"); }
Test(fuzz, npy) { replay(fuzz_npy, "npy"); }
Test(fuzz, safetensors) { replay(fuzz_safetensors, "safetensors"); }
