#include "proto/host/tiles.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proto/host/file.h"
#include "proto/host/folders.h"

#define DIR_MAX 3072
#define PATH_MAX_BYTES (DIR_MAX + TILE_PATH_MAX + 16)
#define BUNDLE_MAX (TILE_WIDTH * (2u + TILE_ENTRY_MAX))

struct tiles {
    char dir[DIR_MAX];
    bool is_synced; /* every name that is seen in the folder is on the disk */
};

struct tile_file {
    char path[PATH_MAX_BYTES];
};

static enum err not_made(const char *path, struct errmsg *why)
{
    return errmsg_set(why, errno == ENOSPC ? ERR_NO_SPACE : ERR_IO, "%s: cannot make the folder",
                      path);
}

/* A published folder: all may read, whatever the umask of the service. It is on the disk before anything in it: a
 * checkpoint that outlives its tiles' folder would say that they are there. */
static enum err make_dir(const char *path, struct errmsg *why)
{
    if (mkdir(path, 0755) != 0)
        return errno == EEXIST ? ERR_OK : not_made(path, why);
    enum err e = chmod(path, 0755) == 0 ? ERR_OK : not_made(path, why);
    if (e == ERR_OK)
        e = file_sync_parent(path, why);
    if (e != ERR_OK && rmdir(path) != 0)
        return not_made(path, why);
    return e;
}

enum err tiles_open(const char *dir, struct tiles **out, struct errmsg *why)
{
    if (strlen(dir) >= DIR_MAX)
        return errmsg_set(why, ERR_TOO_LARGE, "a path of over %d bytes", DIR_MAX);
    enum err e = make_dir(dir, why);
    if (e != ERR_OK)
        return e;
    struct tiles *t = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    memcpy(t->dir, dir, strlen(dir));
    *out = t;
    return ERR_OK;
}

void tiles_free(struct tiles *t)
{
    free(t);
}

static enum err file_of(const struct tiles *t, const struct tile_id *id, struct tile_file *out)
{
    char name[TILE_PATH_MAX];
    enum err e = tile_path(id, name);
    if (e != ERR_OK)
        return e;
    int n = snprintf(out->path, sizeof out->path, "%s/%s", t->dir, name);
    return n > 0 && (size_t)n < sizeof out->path ? ERR_OK : ERR_TOO_LARGE;
}

/* Makes the folders between the log's own and the file. */
static enum err make_parents(const struct tiles *t, struct tile_file *f, struct errmsg *why)
{
    for (char *p = f->path + strlen(t->dir) + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        enum err e = make_dir(f->path, why);
        *p = '/';
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* Writes one tile unless the same bytes are there. */
static enum err write_tile(struct tiles *t, const struct tile_id *id,
                           const struct tile_source *source, struct errmsg *why)
{
    struct buf data CLEANUP(buf_free) = buf_new(BUNDLE_MAX);
    struct buf old CLEANUP(buf_free) = buf_new(BUNDLE_MAX);
    struct tile_file f;
    enum err e = source->read(source->ctx, id, &data);
    if (e == ERR_OK)
        e = buf_err(&data);
    if (e == ERR_OK)
        e = file_of(t, id, &f);
    if (e != ERR_OK)
        return errmsg_set(why, e, "no bytes for tile %llu of level %u: %s",
                          (unsigned long long)id->index, id->level, err_text(e));
    if (file_read(f.path, FILE_ANY, &old, NULL) == ERR_OK &&
        bytes_equal(buf_bytes(&old), buf_bytes(&data)))
        return ERR_OK;
    e = make_parents(t, &f, why);
    return e == ERR_OK ? file_write(f.path, buf_bytes(&data), 0644, why) : e;
}

/* One range of tiles at a level. */
struct level_span {
    enum tile_kind kind;
    unsigned level;
    uint64_t old_hashes;
    uint64_t new_hashes;
};

static enum err publish_level(struct tiles *t, const struct level_span *s,
                              const struct tile_source *source, struct errmsg *why)
{
    uint64_t end = (s->new_hashes + TILE_WIDTH - 1) / TILE_WIDTH;
    if (s->old_hashes == s->new_hashes)
        return ERR_OK;
    for (uint64_t i = s->old_hashes / TILE_WIDTH; i < end; i++) {
        uint64_t left = s->new_hashes - i * TILE_WIDTH;
        struct tile_id id = {
            .kind = s->kind,
            .level = s->level,
            .index = i,
            .width = left < TILE_WIDTH ? (unsigned)left : TILE_WIDTH,
        };
        enum err e = write_tile(t, &id, source, why);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

/* Beside the tiles may lie what is not of the log, and not this process's to read. */
static enum err sync_names(const struct tiles *t, struct errmsg *why)
{
    char tiles[PATH_MAX_BYTES];
    snprintf(tiles, sizeof tiles, "%s/tile", t->dir);
    enum err e = file_sync_name(t->dir, why);
    if (e == ERR_OK)
        e = file_sync_dir(t->dir, why);
    return e == ERR_OK && file_exists(tiles) ? folders_sync(tiles, why) : e;
}

enum err tiles_sync(struct tiles *t, struct errmsg *why)
{
    const enum err e = t->is_synced ? ERR_OK : sync_names(t, why);
    t->is_synced = e == ERR_OK;
    return e;
}

/* A tile or a folder that is there is taken as it is, so it must be on the disk before. */
enum err tiles_publish(struct tiles *t, uint64_t old_size, uint64_t new_size,
                       const struct tile_source *source, struct errmsg *why)
{
    if (old_size > new_size || new_size > RANGE_MAX_SIZE)
        return errmsg_set(why, ERR_RANGE, "a log does not shrink");
    struct level_span s = {TILE_ENTRIES, 0, old_size, new_size};
    enum err e = tiles_sync(t, why);
    if (e == ERR_OK)
        e = publish_level(t, &s, source, why);
    for (unsigned level = 0; e == ERR_OK && level < tile_levels(new_size); level++) {
        s = (struct level_span){
            .kind = TILE_HASHES,
            .level = level,
            .old_hashes = tile_hashes(level, old_size),
            .new_hashes = tile_hashes(level, new_size),
        };
        e = publish_level(t, &s, source, why);
    }
    t->is_synced = e == ERR_OK;
    return e;
}

static enum err checkpoint_path(const struct tiles *t, struct tile_file *out)
{
    int n = snprintf(out->path, sizeof out->path, "%s/checkpoint", t->dir);
    return n > 0 && (size_t)n < sizeof out->path ? ERR_OK : ERR_TOO_LARGE;
}

enum err tiles_set_checkpoint(struct tiles *t, struct bytes note, struct errmsg *why)
{
    struct tile_file f;
    enum err e = checkpoint_path(t, &f);
    return e == ERR_OK ? file_write(f.path, note, 0644, why) : e;
}

enum err tiles_checkpoint(struct tiles *t, struct buf *out, struct errmsg *why)
{
    struct tile_file f;
    enum err e = checkpoint_path(t, &f);
    return e == ERR_OK ? file_read(f.path, FILE_ANY, out, why) : e;
}

/* Partial forms of one tile, by their widths. */
struct partials {
    long above;
    long below;
};

static const struct partials all_partials = {-1, LONG_MAX}; /* with what a crash left half written */

struct folder {
    const char *path;
    struct partials these;
    struct errmsg *why;
};

static enum err remove_name(void *arg, const char *name)
{
    const struct folder *d = arg;
    char path[PATH_MAX_BYTES + 512];
    const long width = strtol(name, NULL, 10);
    if (width <= d->these.above || width >= d->these.below)
        return ERR_OK;
    int n = snprintf(path, sizeof path, "%s/%s", d->path, name);
    if (n <= 0 || (size_t)n >= sizeof path || (unlink(path) != 0 && errno != ENOENT))
        return errmsg_set(d->why, ERR_IO, "%s: cannot remove an old partial tile", d->path);
    return ERR_OK;
}

/* The folder of a tile's partial forms. */
static enum err partials_of(const struct tiles *t, const struct tile_id *full, struct tile_file *out)
{
    const enum err e = file_of(t, full, out);
    const size_t n = e == ERR_OK ? strlen(out->path) : 0;
    if (e != ERR_OK || n + sizeof ".p" > sizeof out->path)
        return e != ERR_OK ? e : ERR_TOO_LARGE;
    memcpy(out->path + n, ".p", sizeof ".p");
    return ERR_OK;
}

/* ERR_NOT_FOUND: it has none. */
static enum err remove_partials(const struct tiles *t, const struct tile_id *full, const struct partials *these,
                                struct errmsg *why)
{
    struct tile_file f;
    const enum err e = partials_of(t, full, &f);
    struct folder d = {f.path, *these, why};
    return e == ERR_OK ? file_list(f.path, remove_name, &d) : e;
}

static enum err remove_folder(const struct tiles *t, const struct tile_id *full, struct errmsg *why)
{
    struct tile_file f;
    const enum err e = partials_of(t, full, &f);
    if (e == ERR_OK && rmdir(f.path) != 0 && errno != ENOENT)
        return errmsg_set(why, ERR_IO, "%s: cannot remove the folder", f.path);
    return e;
}

static enum err tidy_level(struct tiles *t, const struct level_span *s, struct errmsg *why)
{
    for (uint64_t i = s->old_hashes / TILE_WIDTH; i < s->new_hashes / TILE_WIDTH; i++) {
        struct tile_id id = {.kind = s->kind, .level = s->level, .index = i, .width = TILE_WIDTH};
        enum err e = remove_partials(t, &id, &all_partials, why);
        if (e == ERR_OK)
            e = remove_folder(t, &id, why);
        if (e != ERR_OK && e != ERR_NOT_FOUND)
            return e;
    }
    return ERR_OK;
}

enum err tiles_tidy(struct tiles *t, uint64_t old_size, uint64_t new_size, struct errmsg *why)
{
    struct level_span s = {TILE_ENTRIES, 0, old_size, new_size};
    enum err e = tidy_level(t, &s, why);
    for (unsigned level = 0; e == ERR_OK && level < tile_levels(new_size); level++) {
        s = (struct level_span){
            .kind = TILE_HASHES,
            .level = level,
            .old_hashes = tile_hashes(level, old_size),
            .new_hashes = tile_hashes(level, new_size),
        };
        e = tidy_level(t, &s, why);
    }
    return e;
}

/* The last tile of a level, where it is partial; the others' partial forms go with tiles_tidy. */
static enum err drop_level(const struct tiles *t, const struct level_span *s, struct errmsg *why)
{
    const uint64_t last = s->new_hashes / TILE_WIDTH;
    const struct tile_id id = {.kind = s->kind, .level = s->level, .index = last, .width = TILE_WIDTH};
    const struct partials these = {
        .above = s->old_hashes / TILE_WIDTH == last ? (long)(s->old_hashes % TILE_WIDTH) : 0,
        .below = (long)(s->new_hashes % TILE_WIDTH),
    };
    const enum err e = these.above + 1 < these.below ? remove_partials(t, &id, &these, why) : ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err tiles_drop_between(struct tiles *t, uint64_t shown, uint64_t size, struct errmsg *why)
{
    struct level_span s = {TILE_ENTRIES, 0, shown, size};
    enum err e = shown <= size ? drop_level(t, &s, why) : ERR_RANGE;
    for (unsigned level = 0; e == ERR_OK && level < tile_levels(size); level++) {
        s = (struct level_span){TILE_HASHES, level, tile_hashes(level, shown), tile_hashes(level, size)};
        e = drop_level(t, &s, why);
    }
    return e;
}

/* The first entries or hashes of a full tile. */
static enum err cut(const struct tile_id *id, struct bytes full, struct buf *out)
{
    if (id->kind == TILE_HASHES) {
        if (full.len != TILE_BYTES)
            return ERR_INVALID;
        buf_put(out, bytes_of(full.ptr, (size_t)id->width * 32));
        return buf_err(out);
    }
    struct bytes entries[TILE_WIDTH];
    enum err e = bundle_parse(full, TILE_WIDTH, entries);
    if (e != ERR_OK)
        return ERR_INVALID;
    for (unsigned i = 0; i < id->width; i++)
        bundle_put(out, entries[i]);
    return buf_err(out);
}

enum err tiles_read(struct tiles *t, const struct tile_id *id, struct buf *out)
{
    struct tile_file f;
    enum err e = file_of(t, id, &f);
    if (e == ERR_OK)
        e = file_read(f.path, FILE_ANY, out, NULL);
    if (e != ERR_NOT_FOUND || id->width == TILE_WIDTH)
        return e;
    struct buf full CLEANUP(buf_free) = buf_new(BUNDLE_MAX);
    struct tile_id whole = *id;
    whole.width = TILE_WIDTH;
    e = file_of(t, &whole, &f);
    if (e == ERR_OK)
        e = file_read(f.path, FILE_ANY, &full, NULL);
    return e == ERR_OK ? cut(id, buf_bytes(&full), out) : e;
}

static enum err read_for_source(void *ctx, const struct tile_id *id, struct buf *out)
{
    return tiles_read(ctx, id, out);
}

struct tile_source tiles_source(struct tiles *t)
{
    return (struct tile_source){read_for_source, t};
}

enum err tiles_room(const struct tiles *t, uint64_t *out, struct errmsg *why)
{
    struct statvfs fs;
    if (statvfs(t->dir, &fs) != 0)
        return errmsg_set(why, ERR_IO, "%s: cannot look at the file system", t->dir);
    *out = (uint64_t)fs.f_bavail * fs.f_frsize;
    return ERR_OK;
}
