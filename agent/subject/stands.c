#include "agent/subject/stands.h"

#include <stdio.h>
#include <string.h>

#include "agent/mirror/mirror.h"
#include "agent/own_log.h"
#include "agent/receipts.h"
#include "pki/logbook/logbook.h"
#include "proto/host/file.h"
#include "proto/host/tiles.h"
#include "proto/log/checkpoint.h"
#include "proto/log/note.h"

#define BUNDLE_MAX_BYTES ((size_t)1 << 20)
#define RECEIPT_ARENA_BYTES ((size_t)1 << 20)
#define FOLDER_PREFIX "log-" /* as the mirror names its folders */

static enum err is_in_own_log(const struct agent *a, struct kv_txn *txn, const struct digest *entry)
{
    struct log_row row;
    return log_get_row(logbook_tables(own_log_book(a->own_log)), txn, entry, &row);
}

static enum err has_receipt(const struct agent *a, struct kv_txn *txn, const struct digest *entry)
{
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(RECEIPT_ARENA_BYTES);
    struct receipt r;
    return arena != NULL ? receipts_get(a->receipts, txn, entry, arena, &r) : ERR_NOMEM;
}

/* Of the entries that a copy has under its checkpoint of that size. */
static enum err is_in_copy(struct tiles *tiles, uint64_t size, const struct entry_place *e)
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
    return bytes_equal(entries[e->index % TILE_WIDTH], digest_bytes(&e->entry)) ? ERR_OK : ERR_NOT_FOUND;
}

/* The size of the checkpoint that stands in a folder. ERR_NOT_FOUND: none. */
static enum err size_of_copy(struct tiles *tiles, uint64_t *out)
{
    CLEANUP(buf_free) struct buf file = buf_new(NOTE_MAX_BYTES);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)2 * NOTE_MAX_BYTES);
    struct note note;
    struct checkpoint c;
    enum err bad = a != NULL ? tiles_checkpoint(tiles, &file, NULL) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = note_parse(buf_bytes(&file), a, &note, NULL);
    if (bad == ERR_OK)
        bad = checkpoint_parse(note.text, &c);
    if (bad == ERR_OK)
        *out = c.size;
    return bad;
}

static enum err is_in_ended(const char *dir, const struct entry_place *e)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    uint64_t size = 0;
    enum err bad = tiles_open(dir, &tiles, NULL);
    if (bad == ERR_OK)
        bad = size_of_copy(tiles, &size);
    return bad == ERR_OK ? is_in_copy(tiles, size, e) : bad;
}

struct ended {
    const struct mirror *mirror;
    const struct entry_place *place;
    bool is_found;
};

/* A log that came behind the first one, and has ended too. What cannot be read there has nothing. */
static enum err look_into(void *arg, const char *name)
{
    struct ended *w = arg;
    char dir[PATH_MAX];
    const int n = snprintf(dir, sizeof dir, "%s/%s", w->mirror->agent->config->mirror, name);
    if (w->is_found || strncmp(name, FOLDER_PREFIX, strlen(FOLDER_PREFIX)) != 0 || n < 0 || (size_t)n >= sizeof dir ||
        strcmp(dir, w->mirror->dir) == 0)
        return ERR_OK;
    const enum err bad = is_in_ended(dir, w->place);
    w->is_found = bad == ERR_OK;
    return bad == ERR_NOMEM ? bad : ERR_OK;
}

/* Of the logs that this agency mirrored before they ended: the first lies in the folder of the configuration, the others below. */
static enum err is_in_former(const struct mirror *m, const struct entry_place *e)
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

/* In the copy of the log that the agency follows now, or of one that ended. */
static enum err is_in_mirror(const struct mirror *m, const struct entry_place *e)
{
    CLEANUP(cleanup_tiles_free) struct tiles *tiles = NULL;
    enum err bad = tiles_open(m->dir, &tiles, NULL);
    if (bad == ERR_OK)
        bad = is_in_copy(tiles, m->size, e);
    return bad == ERR_NOT_FOUND ? is_in_former(m, e) : bad;
}

enum err entry_stands(const struct agent *a, const struct entry_place *e, bool *is_own)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = is_in_own_log(a, txn, &e->entry);
    *is_own = bad == ERR_OK;
    if (bad == ERR_NOT_FOUND && a->mirror == NULL)
        return ERR_OK;
    if (bad == ERR_NOT_FOUND)
        bad = has_receipt(a, txn, &e->entry);
    return bad == ERR_NOT_FOUND ? is_in_mirror(a->mirror, e) : bad;
}
