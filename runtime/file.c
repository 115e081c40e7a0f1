/* Whole files into memory, and out of it safely. */
#include "grdata.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* A file may claim anything, and a small gzip file may hold terabytes: nothing above half
 * of the machine's memory is even tried. */
static size_t most_bytes(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    return pages > 0 && page > 0 ? (size_t)pages / 2 * (size_t)page : SIZE_MAX / 4;
}

static bool grow(gr_bytes *b, size_t size, gr_error *e)
{
    unsigned char *data = size <= most_bytes() ? realloc(b->data, size + 1) : NULL;
    if (!data)
        return gr_fail(e, "too large: more than %zu bytes", b->size);
    b->data = data;
    return true;
}

static bool inflate_to_end(z_stream *z, gr_bytes *out, size_t room, gr_error *e)
{
    for (;;) {
        if (out->size == room && !grow(out, room *= 2, e))
            return false;
        size_t step = room - out->size < (1u << 30) ? room - out->size : 1u << 30;
        z->next_out = out->data + out->size;
        z->avail_out = (unsigned)step;
        int status = inflate(z, Z_NO_FLUSH);
        out->size += step - z->avail_out;
        if (status == Z_STREAM_END) {
            /* gzip files may follow one another */
            if (z->avail_in < 2 || z->next_in[0] != 0x1f || z->next_in[1] != 0x8b)
                return true;
            if (inflateReset(z) != Z_OK)
                return gr_fail(e, "damaged gzip data");
        } else if (status == Z_BUF_ERROR && z->avail_in == 0) {
            return gr_fail(e, "truncated gzip data");
        } else if (status != Z_OK && status != Z_BUF_ERROR) {
            return gr_fail(e, "damaged gzip data");
        } else if (z->avail_in == 0 && z->avail_out > 0) {
            return gr_fail(e, "truncated gzip data");
        }
    }
}

static bool gunzip(const gr_bytes *in, gr_bytes *out, gr_error *e)
{
    if (in->size >= UINT32_MAX)
        return gr_fail(e, "too large for gzip: %zu bytes", in->size);
    z_stream z = {.next_in = in->data, .avail_in = (unsigned)in->size};
    if (inflateInit2(&z, 16 + MAX_WBITS) != Z_OK)
        return gr_fail(e, "out of memory");
    *out = (gr_bytes){0};
    size_t room = 4 * in->size + 64;
    bool fine = grow(out, room, e) && inflate_to_end(&z, out, room, e);
    inflateEnd(&z);
    if (!fine)
        free(out->data);
    else
        out->data[out->size] = 0;
    return fine;
}

static bool read_stream(FILE *f, gr_bytes *out, gr_error *e)
{
    struct stat st;
    if (fstat(fileno(f), &st) != 0)
        return gr_fail(e, "%s", strerror(errno));
    bool regular = S_ISREG(st.st_mode);
    if (S_ISDIR(st.st_mode))
        return gr_fail(e, "is a folder");
    size_t room = regular ? (size_t)st.st_size + 1 : 1 << 16;
    if (!grow(out, room, e))
        return false;
    size_t n;
    while ((n = fread(out->data + out->size, 1, room - out->size, f)) > 0) {
        out->size += n;
        if (out->size == room && !grow(out, room *= 2, e))
            return false;
    }
    if (ferror(f))
        return gr_fail(e, "%s", strerror(errno));
    out->data[out->size] = 0;
    return true;
}

bool gr_read_file(const char *path, gr_bytes *out, gr_error *e)
{
    FILE *f = fopen(path, "rb");
    if (!f)
        return gr_fail(e, "%s", strerror(errno));
    *out = (gr_bytes){0};
    bool fine = read_stream(f, out, e);
    fclose(f);
    if (fine && out->size >= 2 && out->data[0] == 0x1f && out->data[1] == 0x8b) {
        gr_bytes packed = *out;
        fine = gunzip(&packed, out, e);
        free(packed.data);
    } else if (!fine) {
        free(out->data);
    }
    return fine;
}

/* ---- saving ---- */

static void forget(gr_save *s)
{
    free(s->path);
    free(s->temporary);
    *s = (gr_save){0};
}

bool gr_save_open(gr_save *s, const char *path, gr_error *e)
{
    struct stat st;
    bool there = stat(path, &st) == 0, direct = there && !S_ISREG(st.st_mode);
    /* A link stays a link: what it points to is replaced. */
    *s = (gr_save){.path = there && !direct ? realpath(path, NULL) : strdup(path)};
    size_t room = s->path ? strlen(s->path) + 32 : 0;
    if (!direct && room && (s->temporary = malloc(room)))
        snprintf(s->temporary, room, "%s.tmp-%ld", s->path, (long)getpid());
    int fd = direct ? open(path, O_WRONLY | O_CLOEXEC)
                    : open(s->temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0 && (s->file = fdopen(fd, "wb")))
        return true;
    gr_fail(e, "cannot write: %s", strerror(errno));
    forget(s);
    return false;
}

/* The new name is on the disk only once its folder is; not every kind of folder can say. */
static bool sync_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path + 1)) : strdup(".");
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (fd < 0)
        return true;
    bool fine = fsync(fd) == 0 || errno == EINVAL || errno == ENOTSUP;
    int why = errno;
    close(fd);
    errno = why;
    return fine;
}

static bool put_in_place(const gr_save *s)
{
    return rename(s->temporary, s->path) == 0 && sync_folder(s->path);
}

bool gr_save_close(gr_save *s, gr_error *e)
{
    errno = 0;
    bool fine = fflush(s->file) == 0 && !ferror(s->file);
    fine = fine && (!s->temporary || fsync(fileno(s->file)) == 0);
    int why = errno;
    if (fclose(s->file) != 0 && fine) {
        fine = false;
        why = errno;
    }
    if (fine && s->temporary && !put_in_place(s)) {
        fine = false;
        why = errno;
    }
    if (!fine && s->temporary)
        unlink(s->temporary);
    if (!fine)
        gr_fail(e, "cannot write: %s", why ? strerror(why) : "write error");
    forget(s);
    return fine;
}
