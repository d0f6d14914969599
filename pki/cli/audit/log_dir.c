#include "pki/cli/audit/log_dir.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/host/file.h"

#define BUNDLE_MAX (TILE_WIDTH * (2u + TILE_ENTRY_MAX))

struct log_dir {
    char *path;
    struct tiles *tiles;
    struct tile_nodes *nodes;
    struct arena *arena;
    struct buf note;
    struct head head;
    struct buf bundle; /* the last one read */
    struct bytes entries[TILE_WIDTH];
    uint64_t bundle_index;
    bool bundle_filled;
};

enum err log_policy_read(const char *path, struct audit_policy **out, struct errmsg *why)
{
    struct buf text CLEANUP(buf_free) = buf_new(AUDIT_POLICY_MAX_BYTES);
    enum err e = file_read(path, FILE_ANY, &text, why);
    if (e != ERR_OK)
        return e;
    e = audit_policy_parse(digest_sha256, buf_bytes(&text), out, why);
    return e == ERR_OK ? ERR_OK : errmsg_wrap(why, ERR_CONFIG, "%s", path);
}

static enum err open_head(struct log_dir *l, const struct audit_policy *policy, struct errmsg *why)
{
    enum err e = tiles_open(l->path, &l->tiles, why);
    if (e == ERR_OK)
        e = tiles_checkpoint(l->tiles, &l->note, why);
    if (e == ERR_OK)
        e = head_verify(policy, buf_bytes(&l->note), l->arena, &l->head, why);
    if (e != ERR_OK)
        return e;
    const struct tile_source source = tiles_source(l->tiles);
    l->nodes = tile_nodes_new(digest_sha256, &source, l->head.checkpoint.size);
    return l->nodes == NULL ? ERR_NOMEM : ERR_OK;
}

enum err log_dir_open(const char *dir, const struct audit_policy *policy, struct log_dir **out,
                      struct errmsg *why)
{
    if (!file_exists(dir))
        return errmsg_set(why, ERR_NOT_FOUND, "%s: no such folder", dir);
    struct log_dir *l = calloc(1, sizeof *l);
    if (l == NULL)
        return ERR_NOMEM;
    l->path = strdup(dir);
    l->arena = arena_new(NOTE_ARENA_BYTES);
    l->note = buf_new(NOTE_MAX_BYTES);
    l->bundle = buf_new(BUNDLE_MAX);
    enum err e = l->path == NULL || l->arena == NULL ? ERR_NOMEM : open_head(l, policy, why);
    if (e == ERR_OK)
        *out = l;
    else
        log_dir_close(l);
    return e;
}

void log_dir_close(struct log_dir *l)
{
    if (l == NULL)
        return;
    tile_nodes_free(l->nodes);
    tiles_free(l->tiles);
    arena_free(l->arena);
    buf_free(&l->note);
    buf_free(&l->bundle);
    free(l->path);
    free(l);
}

const struct head *log_dir_head(const struct log_dir *l)
{
    return &l->head;
}

struct bytes log_dir_note(const struct log_dir *l)
{
    return buf_bytes(&l->note);
}

const char *log_dir_path(const struct log_dir *l)
{
    return l->path;
}

struct tiles *log_dir_tiles(struct log_dir *l)
{
    return l->tiles;
}

struct node_reader log_dir_nodes(struct log_dir *l)
{
    return tile_nodes_reader(l->nodes);
}

static enum err load_bundle(struct log_dir *l, uint64_t index)
{
    if (l->bundle_filled && l->bundle_index == index)
        return ERR_OK;
    const struct tile_id id = {
        .kind = TILE_ENTRIES,
        .index = index,
        .width = tile_width(0, index, l->head.checkpoint.size),
    };
    l->bundle_filled = false;
    buf_reset(&l->bundle);
    enum err e = tiles_read(l->tiles, &id, &l->bundle);
    if (e == ERR_OK)
        e = bundle_parse(buf_bytes(&l->bundle), id.width, l->entries);
    l->bundle_index = index;
    l->bundle_filled = e == ERR_OK;
    return e;
}

enum err log_dir_entry(struct log_dir *l, uint64_t index, struct digest *out)
{
    if (index >= l->head.checkpoint.size)
        return ERR_RANGE;
    enum err e = load_bundle(l, index / TILE_WIDTH);
    if (e != ERR_OK)
        return e;
    struct bytes entry = l->entries[index % TILE_WIDTH];
    if (entry.len != sizeof out->b)
        return ERR_INVALID;
    memcpy(out->b, entry.ptr, sizeof out->b);
    return ERR_OK;
}
