#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/cli/audit/verify.h"
#include "pki/digest.h"
#include "proto/base/text.h"
#include "proto/host/file.h"
#include "proto/host/progress.h"
#include "proto/host/unfinished.h"

#define BUNDLE_MAX (TILE_WIDTH * (2u + TILE_ENTRY_MAX))
#define LEVELS (TILE_MAX_LEVEL + 1)

/* The tree as computed from the entries; each level keeps the tile that is being filled. */
struct scan {
    struct log_dir *log;
    struct verify_counts *n;
    struct errmsg *why;
    struct range range;
    struct buf computed[LEVELS];
    uint64_t index[LEVELS];
    struct buf published;
};

static enum err differs(struct scan *s, const struct tile_id *id)
{
    char path[TILE_PATH_MAX] = "?";
    (void)!tile_path(id, path);
    return errmsg_set(s->why, ERR_MISMATCH, "%s is not what the entries give", path);
}

/* The narrower forms of a tile that earlier heads left must be its beginning. */
struct partials {
    struct scan *scan;
    struct tile_id id;
    struct bytes whole; /* the tile's own bytes, as checked */
    const char *folder;
};

static size_t prefix_bytes(const struct partials *p, unsigned width)
{
    struct bytes entries[TILE_WIDTH];
    if (p->id.kind == TILE_HASHES)
        return (size_t)width * 32;
    if (bundle_parse(p->whole, p->id.width, entries) != ERR_OK)
        return 0;
    return (size_t)(entries[width - 1].ptr + entries[width - 1].len - p->whole.ptr);
}

static enum err check_partial(void *arg, const char *name)
{
    struct partials *p = arg;
    uint64_t width;
    char path[8192];
    struct buf data CLEANUP(buf_free) = buf_new(BUNDLE_MAX);
    if (unfinished_is(name)) /* it is being written, or a crash left it */
        return ERR_OK;
    if (text_get_u64(bytes_str(name), TILE_WIDTH - 1, &width) != ERR_OK || width == 0)
        return errmsg_set(p->scan->why, ERR_INVALID, "%s: a file that no log has", p->folder);
    if (width > p->id.width) {
        p->scan->n->ahead++;
        return ERR_OK;
    }
    int n = snprintf(path, sizeof path, "%s/%s", p->folder, name);
    if (n <= 0 || (size_t)n >= sizeof path)
        return ERR_TOO_LARGE;
    enum err e = file_read(path, FILE_ANY, &data, p->scan->why);
    if (e != ERR_OK)
        return e;
    struct bytes want = bytes_of(p->whole.ptr, prefix_bytes(p, (unsigned)width));
    if (!bytes_equal(want, buf_bytes(&data)))
        return errmsg_set(p->scan->why, ERR_MISMATCH, "%s is not the beginning of its tile", path);
    if (width < p->id.width)
        p->scan->n->old_partials++;
    return ERR_OK;
}

static enum err check_partials(struct scan *s, const struct tile_id *id, struct bytes whole)
{
    char name[TILE_PATH_MAX];
    char folder[4096];
    struct tile_id full = *id;
    full.width = TILE_WIDTH;
    enum err e = tile_path(&full, name);
    if (e != ERR_OK)
        return e;
    int n = snprintf(folder, sizeof folder, "%s/%s.p", log_dir_path(s->log), name);
    if (n <= 0 || (size_t)n >= sizeof folder)
        return ERR_TOO_LARGE;
    struct partials p = {.scan = s, .id = *id, .whole = whole, .folder = folder};
    e = file_list(folder, check_partial, &p);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err read_tile(struct scan *s, const struct tile_id *id)
{
    buf_reset(&s->published);
    enum err e = tiles_read(log_dir_tiles(s->log), id, &s->published);
    if (e == ERR_OK)
        return ERR_OK;
    char path[TILE_PATH_MAX] = "?";
    (void)!tile_path(id, path);
    return errmsg_set(s->why, e == ERR_NOT_FOUND ? ERR_MISMATCH : e, "%s is missing or unreadable",
                      path);
}

/* Compares the tile that a level holds with the published one, and begins the next. */
static enum err close_tile(struct scan *s, unsigned level)
{
    struct bytes computed = buf_bytes(&s->computed[level]);
    const struct tile_id id = {
        .kind = TILE_HASHES,
        .level = level,
        .index = s->index[level],
        .width = (unsigned)(computed.len / sizeof(struct digest)),
    };
    enum err e = read_tile(s, &id);
    if (e == ERR_OK && !bytes_equal(computed, buf_bytes(&s->published)))
        e = differs(s, &id);
    if (e == ERR_OK)
        e = check_partials(s, &id, computed);
    buf_reset(&s->computed[level]);
    s->index[level]++;
    s->n->hash_tiles++;
    return e;
}

static enum err take_node(void *ctx, struct node_id id, const struct digest *hash)
{
    struct scan *s = ctx;
    unsigned level = id.level / TILE_HEIGHT;
    if (id.level % TILE_HEIGHT != 0 || level >= LEVELS)
        return ERR_OK;
    buf_put(&s->computed[level], digest_bytes(hash));
    if (s->computed[level].len == TILE_BYTES)
        return close_tile(s, level);
    return buf_err(&s->computed[level]);
}

static enum err take_bundle(struct scan *s, uint64_t index)
{
    struct bytes entries[TILE_WIDTH];
    struct buf own CLEANUP(buf_free) = buf_new(BUNDLE_MAX);
    const struct range_sink sink = {take_node, s};
    const struct tile_id id = {
        .kind = TILE_ENTRIES,
        .index = index,
        .width = tile_width(0, index, log_dir_head(s->log)->checkpoint.size),
    };
    enum err e = read_tile(s, &id);
    if (e != ERR_OK)
        return e;
    buf_put(&own, buf_bytes(&s->published)); /* read_tile is used again below */
    if (buf_err(&own) != ERR_OK || bundle_parse(buf_bytes(&own), id.width, entries) != ERR_OK)
        return differs(s, &id);
    for (unsigned i = 0; i < id.width; i++) {
        struct digest leaf;
        if (entries[i].len != sizeof leaf.b)
            return differs(s, &id);
        e = merkle_leaf(digest_sha256, entries[i], &leaf);
        if (e == ERR_OK)
            e = range_append(digest_sha256, &s->range, &leaf, &sink);
        if (e != ERR_OK)
            return e;
        s->n->entries++;
    }
    s->n->bundles++;
    return check_partials(s, &id, buf_bytes(&own));
}

static enum err scan_all(struct scan *s, struct progress *bar)
{
    const struct checkpoint *c = &log_dir_head(s->log)->checkpoint;
    struct digest root;
    for (uint64_t i = 0; i * TILE_WIDTH < c->size; i++) {
        enum err e = take_bundle(s, i);
        if (e != ERR_OK)
            return e;
        progress_set(bar, s->n->entries);
    }
    for (unsigned level = 0; level < LEVELS; level++) {
        enum err e = s->computed[level].len > 0 ? close_tile(s, level) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    enum err e = range_root(digest_sha256, &s->range, &root);
    if (e == ERR_OK && !digest_equal(&root, &c->root))
        e = errmsg_set(s->why, ERR_MISMATCH,
                       "the entries do not give the root that the log signed");
    return e;
}

enum err verify_tiles(struct log_dir *l, struct progress *bar, struct verify_counts *n,
                      struct errmsg *why)
{
    struct scan *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->log = l;
    s->n = n;
    s->why = why;
    s->published = buf_new(BUNDLE_MAX);
    for (unsigned i = 0; i < LEVELS; i++)
        s->computed[i] = buf_new(TILE_BYTES);
    enum err e = scan_all(s, bar);
    for (unsigned i = 0; i < LEVELS; i++)
        buf_free(&s->computed[i]);
    buf_free(&s->published);
    free(s);
    return e;
}
