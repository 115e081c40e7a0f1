/* Programs: a file, the files it uses, and the standard library. */
#include "source.h"

#include "file.h"
#include "std.h"
#include "str.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

typedef struct Reader {
    Arena *arena;
    Program *all;
    Sources *read;
    VEC(const char *) seen; /* real paths, interned */
} Reader;

static void add_program(Program *to, const Program *from, Arena *a)
{
    for (int i = 0; i < from->defs.n; i++)
        PUSH(a, &to->defs, from->defs.at[i]);
}

static Source *open_source(const char *path, Arena *a)
{
    Source *s = NEW(a, Source);
    s->name = !strcmp(path, "-") ? "<stdin>" : path;
    s->text = read_file(path, a, &s->length);
    return s->text ? s : NULL;
}

static bool is_seen(Reader *r, const char *path)
{
    char *full = realpath(path, NULL);
    const char *name = intern(full ? full : path);
    free(full);
    for (int i = 0; i < r->seen.n; i++)
        if (r->seen.at[i] == name)
            return true;
    PUSH(r->arena, &r->seen, name);
    return false;
}

/* The file that `use` names, relative to the file that it stands in. */
static const char *path_of_use(const Use *u)
{
    const char *slash = strrchr(u->span.source->name, '/');
    if (u->file[0] == '/' || !slash)
        return u->file;
    return intern_f("%.*s/%s", (int)(slash - u->span.source->name), u->span.source->name,
                    u->file);
}

static void read_source(Reader *r, Program *own, const Source *s)
{
    PUSH(r->arena, r->read, s);
    parse(own, s, r->arena);
    for (int i = 0; i < own->uses.n; i++) {
        const Use *u = &own->uses.at[i];
        const char *path = path_of_use(u);
        if (is_seen(r, path))
            continue;
        Source *used = open_source(path, r->arena);
        if (used)
            read_source(r, &(Program){0}, used);
        else
            error(u->span, "cannot read '%s': %s", path, strerror(errno));
    }
    add_program(r->all, own, r->arena);
}

const Source *read_program(Program *all, Program *own, const char *file, Sources *read,
                           Arena *a)
{
    Reader r = {.arena = a, .all = all, .read = read};
    for (int i = 0; i < std_sources; i++)
        parse(all, &std_source[i], a);
    is_seen(&r, file);
    Source *s = open_source(file, a);
    if (!s)
        fatal("cannot read '%s': %s", file, strerror(errno));
    read_source(&r, own, s);
    return s;
}
