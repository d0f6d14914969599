#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "pki/cli/audit/body_source.h"

struct body_file {
    FILE *file;
    struct arena *arena;
    char *line;
    size_t room;
};

enum err body_file_open(const char *path, struct body_file **out, struct errmsg *why)
{
    struct body_file *f = calloc(1, sizeof *f);
    if (f == NULL)
        return ERR_NOMEM;
    f->file = fopen(path, "re");
    f->arena = arena_new(2u * BODY_LINE_MAX);
    if (f->file != NULL && f->arena != NULL) {
        *out = f;
        return ERR_OK;
    }
    enum err e = f->file != NULL ? ERR_NOMEM : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    body_file_close(f);
    return errmsg_set(why, e, "%s: cannot read the bodies file", path);
}

void body_file_close(struct body_file *f)
{
    if (f == NULL)
        return;
    if (f->file != NULL)
        fclose(f->file);
    arena_free(f->arena);
    free(f->line);
    free(f);
}

/* The next line without its '\n'; ERR_NOT_FOUND at the end. */
static enum err next_line(struct body_file *f, struct bytes *out)
{
    ssize_t n = getline(&f->line, &f->room, f->file);
    if (n < 0)
        return ferror(f->file) ? ERR_IO : ERR_NOT_FOUND;
    if ((size_t)n > BODY_LINE_MAX)
        return ERR_TOO_LARGE;
    size_t len = (size_t)n;
    if (len > 0 && f->line[len - 1] == '\n')
        len--;
    *out = bytes_of(f->line, len);
    return ERR_OK;
}

static enum err each(void *ctx, uint64_t first, body_line_fn fn, void *arg, struct errmsg *why)
{
    struct body_file *f = ctx;
    struct bytes text;
    uint64_t next = 0;
    rewind(f->file);
    for (unsigned long number = 1;; number++) {
        struct body_line line;
        enum err e = next_line(f, &text);
        if (e == ERR_NOT_FOUND)
            return ERR_OK;
        arena_reset(f->arena);
        if (e == ERR_OK)
            e = body_line_parse(text, f->arena, &line, why);
        if (e == ERR_OK && line.index < next)
            e = errmsg_set(why, ERR_INVALID, "index %llu does not ascend",
                           (unsigned long long)line.index);
        if (e != ERR_OK)
            return errmsg_wrap(why, e, "line %lu of the bodies file", number);
        next = line.index + 1;
        e = line.index < first ? ERR_OK : fn(arg, &line);
        if (e != ERR_OK)
            return e == ERR_CANCELLED ? ERR_OK : e;
    }
}

struct body_source body_file_source(struct body_file *f)
{
    return (struct body_source){each, f};
}
