/* The published log as static files (C2SP tlog-tiles): any web server or rsync can serve the
 * folder.
 *
 *   DIR/checkpoint   DIR/tile/<level>/<index>[.p/<width>]   DIR/tile/entries/<index>[.p/<width>]
 *
 * The files are derived: the store has everything, and tiles_publish from size 0 writes them anew.
 */
#ifndef SLUIS_HOST_TILES_H
#define SLUIS_HOST_TILES_H

#include "proto/base/attr.h"
#include "proto/log/tile.h"

struct tiles;

/* Opens a folder; makes it, readable for all, where it is absent and its parent is there. ERR_IO,
 * ERR_NOMEM, ERR_TOO_LARGE (the path). */
enum err tiles_open(const char *dir, struct tiles **out, struct errmsg *why) MUST_CHECK;
void tiles_free(struct tiles *t);
DEFINE_CLEANUP(struct tiles, tiles_free)

/* Syncs every name in the folder and below its tiles, once: what is there may be of a process that was killed before it did so, and goes with
 * the power then. For whoever tells of what he finds before he writes. ERR_IO, ERR_NOT_FOUND, ERR_PERMISSION, ERR_NOMEM. */
enum err tiles_sync(struct tiles *t, struct errmsg *why) MUST_CHECK;

/* Writes every tile that a tree of new_size has and one of old_size had not, with bytes from
 * source; each file whole or not at all. Nothing is removed, so that the checkpoint that stands
 * stays true. Repeating it, after a crash or from old_size 0, writes the same bytes. First of all, and after each
 * failure, as tiles_sync. ERR_RANGE where old_size > new_size, ERR_IO, ERR_NO_SPACE, or what source returns. */
enum err tiles_publish(struct tiles *t, uint64_t old_size, uint64_t new_size,
                       const struct tile_source *source, struct errmsg *why) MUST_CHECK;

/* Replaces the checkpoint; after tiles_publish for its size. */
enum err tiles_set_checkpoint(struct tiles *t, struct bytes note, struct errmsg *why) MUST_CHECK;

/* Removes the partial tiles whose full tile exists in a tree of new_size; after the checkpoint.
 * Looks only at tiles that became full since old_size. ERR_IO. */
enum err tiles_tidy(struct tiles *t, uint64_t old_size, uint64_t new_size,
                    struct errmsg *why) MUST_CHECK;

/* Removes, from the last tile of each level of a tree of size, the partial forms of trees between shown and size. Before tiles_publish,
 * with the greatest head that was ever shown: a log that took up an older head than its files go to goes on with other entries, and
 * passes over forms that it would not write again. Those beyond size stay: they may still be taken up. ERR_RANGE, ERR_IO. */
enum err tiles_drop_between(struct tiles *t, uint64_t shown, uint64_t size, struct errmsg *why) MUST_CHECK;

/* Appends the checkpoint's bytes. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO. */
enum err tiles_checkpoint(struct tiles *t, struct buf *out, struct errmsg *why) MUST_CHECK;

/* Appends the bytes of one tile. A partial tile that is gone is cut from the full one, as the
 * format asks of readers. ERR_NOT_FOUND, ERR_TOO_LARGE, ERR_IO, ERR_INVALID (the full one is
 * malformed). */
enum err tiles_read(struct tiles *t, const struct tile_id *id, struct buf *out) MUST_CHECK;

/* How many bytes can still be written to the file system of the folder. ERR_IO; why tells. */
enum err tiles_room(const struct tiles *t, uint64_t *out, struct errmsg *why) MUST_CHECK;

/* tiles_read as a source for proto/log/tile.h; valid as long as t. */
struct tile_source tiles_source(struct tiles *t);

#endif
