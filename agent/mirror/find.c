#include <stdio.h>
#include <string.h>

#include "agent/mirror/mirror.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"

#define BUNDLE_MAX_BYTES ((size_t)1 << 20)

struct sought {
    uint64_t index;
    const struct digest *entry;
};

/* Of the entries that a copy has under its checkpoint of that size. */
static enum err is_in_copy(struct tiles *tiles, uint64_t size, const struct sought *e)
{
    CLEANUP(buf_free) struct buf bundle = buf_new(BUNDLE_MAX_BYTES);
    struct bytes entries[TILE_WIDTH];
    const uint64_t n = e->index / TILE_WIDTH;
    if (e->index >= size)
        return ERR_NOT_FOUND;
    const struct tile_id id = {TILE_ENTRIES, 0, n, tile_width(0, n, size)};
    enum err bad = tiles_read(tiles, &id, &bundle);
    if (bad == ERR_OK)
        bad = bundle_parse(buf_bytes(&bundle), id.width, entries);
    if (bad != ERR_OK)
        return bad;
    return bytes_equal(entries[e->index % TILE_WIDTH], digest_bytes(e->entry)) ? ERR_OK : ERR_NOT_FOUND;
}

static enum err is_in_ended(const char *dir, const struct sought *e)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    struct digest root;
    uint64_t size = 0;
    enum err bad = tiles_open(dir, &tiles, NULL);
    if (bad == ERR_OK)
        bad = mirror_copy_standing(tiles, &size, &root, NULL);
    return bad == ERR_OK ? is_in_copy(tiles, size, e) : bad;
}

struct ended {
    const struct mirror *mirror;
    const struct sought *sought;
    bool is_found;
};

/* A log that came behind the first one, and has ended too. */
static enum err look_into(void *arg, const char *name)
{
    struct ended *w = arg;
    char dir[PATH_MAX];
    const int n = snprintf(dir, sizeof dir, "%s/%s", w->mirror->agent->config->mirror, name);
    if (w->is_found || strncmp(name, MIRROR_FOLDER_PREFIX, strlen(MIRROR_FOLDER_PREFIX)) != 0 || n < 0 || (size_t)n >= sizeof dir ||
        strcmp(dir, w->mirror->dir) == 0)
        return ERR_OK;
    const enum err bad = is_in_ended(dir, w->sought);
    w->is_found = bad == ERR_OK;
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Of the logs that this agency mirrored before they ended: the first lies in the folder of the configuration, the others below. */
static enum err is_in_former(const struct mirror *m, const struct sought *e)
{
    struct ended w = {m, e, false};
    if (strcmp(m->dir, m->agent->config->mirror) == 0)
        return ERR_NOT_FOUND;
    enum err bad = is_in_ended(m->agent->config->mirror, e);
    if (bad != ERR_NOT_FOUND)
        return bad;
    bad = file_list(m->agent->config->mirror, look_into, &w);
    return bad != ERR_OK || w.is_found ? bad : ERR_NOT_FOUND;
}

enum err mirror_find(const struct mirror *m, uint64_t index, const struct digest *entry)
{
    const struct sought e = {index, entry};
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    enum err bad = tiles_open(m->dir, &tiles, NULL);
    if (bad == ERR_OK)
        bad = is_in_copy(tiles, m->size, &e);
    return bad == ERR_NOT_FOUND ? is_in_former(m, &e) : bad;
}
