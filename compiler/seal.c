/* The seal of generated files: the hash of what stands above it. */
#include "seal.h"

#include "str.h"

#include <stdio.h>
#include <string.h>

static const char mark[] = "/* seal ";

void seal(Out *o)
{
    uint64_t hash = hash_text(HASH_OF_NOTHING, o->text, o->length);
    put(o, "%s%016llx */\n", mark, (unsigned long long)hash);
}

static const char *last_line(const char *text)
{
    const char *end = text + strlen(text);
    if (end > text)
        end--;
    while (end > text && end[-1] != '\n')
        end--;
    return end;
}

static bool is_sealed(const char *text)
{
    char want[40];
    const char *line = last_line(text);
    uint64_t hash = hash_text(HASH_OF_NOTHING, text, (size_t)(line - text));
    snprintf(want, sizeof want, "%s%016llx */\n", mark, (unsigned long long)hash);
    return !strcmp(line, want);
}

bool is_up_to_date(const FileText *f, Arena *a)
{
    const char *old = read_file(f->path, a, NULL);
    if (old && !strcmp(old, f->text))
        return true;
    fprintf(stderr, "%s: %s\n", f->path,
            !old              ? "is missing"
            : !is_sealed(old) ? "was edited by hand"
                              : "is from another version of the program, or other options");
    return false;
}
