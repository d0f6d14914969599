#include "agent/mirror/copy.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/host/crash.h"
#include "proto/host/tiles.h"
#include "proto/host/unfinished.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"

#define ENTRY_BYTES sizeof(struct digest)
#define RESERVE_BYTES ((uint64_t)1 << 30)

struct mirror_copy {
    struct tiles *tiles;
    uint64_t size; /* of the checkpoint that stands */
    struct digest root;
    uint64_t next; /* tiles are there up to here */
    uint64_t reserve_bytes;
};

/* ---- tiles of entries that come behind those of the folder ---- */

struct growth {
    struct tiles *tiles;
    uint64_t from;
    struct bytes entries;
};

static struct bytes entry_at(const struct growth *g, uint64_t index)
{
    return bytes_of(g->entries.ptr + (index - g->from) * ENTRY_BYTES, ENTRY_BYTES);
}

/* The hash over one full tile of the level below. */
static enum err hash_below(const struct growth *g, const struct tile_id *of, struct digest *out)
{
    CLEANUP(buf_free) struct buf tile = buf_new(TILE_BYTES);
    struct range range = {.size = 0};
    enum err bad = tiles_read(g->tiles, of, &tile);
    if (bad == ERR_OK && tile.len != TILE_BYTES)
        bad = ERR_INVALID;
    for (size_t i = 0; bad == ERR_OK && i < TILE_WIDTH; i++) {
        struct digest d;
        memcpy(d.b, tile.ptr + i * sizeof d.b, sizeof d.b);
        bad = range_append(digest_sha256, &range, &d, NULL);
    }
    return bad == ERR_OK ? range_root(digest_sha256, &range, out) : bad;
}

static enum err put_one(const struct growth *g, const struct tile_id *id, uint64_t index, struct buf *out)
{
    const struct tile_id below = {TILE_HASHES, id->level - 1, index, TILE_WIDTH};
    struct digest d;
    if (id->kind == TILE_ENTRIES) {
        bundle_put(out, entry_at(g, index));
        return buf_err(out);
    }
    enum err bad = id->level == 0 ? merkle_leaf(digest_sha256, entry_at(g, index), &d) : hash_below(g, &below, &d);
    if (bad == ERR_OK)
        buf_put(out, digest_bytes(&d));
    return bad == ERR_OK ? buf_err(out) : bad;
}

/* What the folder has of the tile, then what is new. */
static enum err read_grown(void *ctx, const struct tile_id *id, struct buf *out)
{
    const struct growth *g = ctx;
    struct tile_id old = *id;
    enum err bad = ERR_OK;
    old.width = tile_width(id->level, id->index, g->from);
    if (old.width > 0)
        bad = tiles_read(g->tiles, &old, out);
    for (unsigned i = old.width; bad == ERR_OK && i < id->width; i++)
        bad = put_one(g, id, id->index * TILE_WIDTH + i, out);
    return bad;
}

/* Whoever writes the log decides how fast it grows; the rest of the agency's work needs room, too. */
static enum err check_room(const struct mirror_copy *c, struct errmsg *why)
{
    uint64_t room = 0;
    const enum err bad = tiles_room(c->tiles, &room, why);
    if (bad != ERR_OK || room >= c->reserve_bytes)
        return bad;
    return errmsg_set(why, ERR_NO_SPACE, "%llu MiB are free where the mirror lies, and %llu MiB are kept for other work",
                      (unsigned long long)(room >> 20), (unsigned long long)(c->reserve_bytes >> 20));
}

void mirror_copy_keep_free(struct mirror_copy *c, uint64_t bytes)
{
    c->reserve_bytes = bytes;
}

enum err mirror_copy_add(struct mirror_copy *c, struct bytes entries, struct errmsg *why)
{
    struct growth g = {c->tiles, c->next, entries};
    const struct tile_source source = {read_grown, &g};
    const uint64_t end = c->next + entries.len / ENTRY_BYTES;
    enum err bad = check_room(c, why);
    if (bad == ERR_OK)
        bad = tiles_publish(c->tiles, c->next, end, &source, why);
    if (bad == ERR_OK)
        c->next = end;
    crash_point("mirror.tiles");
    return bad;
}

/* ---- the checkpoint ---- */

static enum err compare_root(struct tiles *tiles, uint64_t size, const struct digest *root, struct errmsg *why)
{
    const struct tile_source source = tiles_source(tiles);
    CLEANUP(cleanup_tile_nodes_free) struct tile_nodes *nodes = tile_nodes_new(digest_sha256, &source, size);
    struct digest found;
    if (nodes == NULL)
        return ERR_NOMEM;
    const struct node_reader reader = tile_nodes_reader(nodes);
    enum err bad = prove_root(digest_sha256, &reader, size, &found);
    if (bad == ERR_NOT_FOUND || bad == ERR_INVALID)
        return errmsg_set(why, ERR_MISMATCH, "tiles are missing or damaged");
    if (bad != ERR_OK || digest_equal(&found, root))
        return bad;
    return errmsg_set(why, ERR_MISMATCH, "the entries do not have the root of the checkpoint of size %llu",
                      (unsigned long long)size);
}

enum err mirror_copy_settle(struct mirror_copy *c, const struct mirror_head *head, struct errmsg *why)
{
    if (head->size != c->next || head->size < c->size)
        return errmsg_set(why, ERR_RANGE, "a checkpoint of size %llu, entries up to %llu, and one of size %llu stands",
                          (unsigned long long)head->size, (unsigned long long)c->next, (unsigned long long)c->size);
    enum err bad = compare_root(c->tiles, head->size, &head->root, why);
    if (bad == ERR_MISMATCH)
        c->next = c->size;
    if (bad == ERR_OK)
        bad = tiles_set_checkpoint(c->tiles, head->note, why);
    crash_point("mirror.checkpoint");
    if (bad != ERR_OK)
        return bad;
    const uint64_t before = c->size;
    c->size = head->size;
    c->root = head->root;
    return tiles_tidy(c->tiles, before, c->size, why);
}

enum err mirror_copy_standing(struct tiles *tiles, uint64_t *size, struct digest *root, struct errmsg *why)
{
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 * NOTE_MAX_BYTES);
    struct note note;
    struct checkpoint c;
    *size = 0;
    enum err bad = a != NULL ? tiles_checkpoint(tiles, &file, why) : ERR_NOMEM;
    if (bad == ERR_NOT_FOUND)
        return ERR_OK;
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&file), a, &note, why);
    if (bad == ERR_OK && (bad = checkpoint_parse(note.text, &c)) != ERR_OK)
        (void)errmsg_set(why, bad, "checkpoint: not a head of a log");
    if (bad == ERR_OK) {
        *size = c.size;
        *root = c.root;
    }
    return bad;
}

enum err mirror_copy_open(const char *dir, struct mirror_copy **out, struct errmsg *why)
{
    CLEANUP(cleanup_mirror_copy_free) struct mirror_copy *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->reserve_bytes = RESERVE_BYTES;
    enum err bad = tiles_open(dir, &c->tiles, why);
    if (bad == ERR_OK)
        bad = tiles_sync(c->tiles, why);
    if (bad == ERR_OK)
        bad = mirror_copy_standing(c->tiles, &c->size, &c->root, why);
    if (bad == ERR_OK && c->size > 0)
        bad = compare_root(c->tiles, c->size, &c->root, why);
    c->next = c->size;
    if (bad != ERR_OK)
        return bad;
    unfinished_remove(dir);
    *out = take(c);
    return ERR_OK;
}

void mirror_copy_free(struct mirror_copy *c)
{
    if (c == NULL)
        return;
    tiles_free(c->tiles);
    free(c);
}

enum err mirror_copy_note(struct mirror_copy *c, struct buf *out, struct errmsg *why)
{
    return tiles_checkpoint(c->tiles, out, why);
}

uint64_t mirror_copy_next(const struct mirror_copy *c)
{
    return c->next;
}

uint64_t mirror_copy_size(const struct mirror_copy *c)
{
    return c->size;
}

struct digest mirror_copy_root(const struct mirror_copy *c)
{
    return c->root;
}
