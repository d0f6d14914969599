/* A copy of the published log in a folder of one's own: tiles that grow by entries, and a checkpoint that stands only
 * where the tiles have its root. Never two calls at once; they wait for the disk. */
#ifndef SLUIS_AGENT_MIRROR_COPY_H
#define SLUIS_AGENT_MIRROR_COPY_H

#include "proto/base/attr.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"

struct mirror_copy;

/* Opens the folder, makes it where it is absent, and compares its tiles with the checkpoint that stands there. ERR_MISMATCH:
 * they have another root, or are not whole; nothing is changed. ERR_INVALID (the checkpoint), ERR_IO, ERR_NOMEM; why
 * tells. */
enum err mirror_copy_open(const char *dir, struct mirror_copy **out, struct errmsg *why) MUST_CHECK;
void mirror_copy_free(struct mirror_copy *c);
DEFINE_CLEANUP(struct mirror_copy, mirror_copy_free)

/* Up to which entry there are tiles, and of the checkpoint that stands; 0 at first. */
uint64_t mirror_copy_next(const struct mirror_copy *c);
uint64_t mirror_copy_size(const struct mirror_copy *c);
struct digest mirror_copy_root(const struct mirror_copy *c); /* of that checkpoint */

/* The size and root of the checkpoint that stands in a folder; size 0 where there is none. ERR_NOMEM, ERR_IO, or as note_parse and
 * checkpoint_parse; why tells. */
struct tiles;
enum err mirror_copy_standing(struct tiles *tiles, uint64_t *size, struct digest *root, struct errmsg *why) MUST_CHECK;

/* The note that stands, whole. ERR_NOT_FOUND: none yet; ERR_IO; why tells. */
enum err mirror_copy_note(struct mirror_copy *c, struct buf *out, struct errmsg *why) MUST_CHECK;

/* How much room of the file system the mirror leaves to others: 1 GiB where nobody says so. */
void mirror_copy_keep_free(struct mirror_copy *c, uint64_t bytes);

/* Writes the tiles of entries (32 bytes each) behind those that are there. Nothing that the checkpoint counts changes.
 * ERR_NO_SPACE: nothing is written where less room is left than must be kept free; or the disk is full. ERR_IO, ERR_NOMEM,
 * ERR_CRYPTO; why tells. */
enum err mirror_copy_add(struct mirror_copy *c, struct bytes entries, struct errmsg *why) MUST_CHECK;

/* A head that was verified: size and root are of its text, note is all of it. Of a size up to which there are tiles. */
struct mirror_head {
    uint64_t size;
    struct digest root;
    struct bytes note;
};
/* Puts the note in the place of the checkpoint, where the tiles up to its size have its root. ERR_MISMATCH: they have
 * not; then what is behind the checkpoint that stands is forgotten. ERR_RANGE: the size is not that of all tiles, or below
 * the one that stands. Others as mirror_copy_add. */
enum err mirror_copy_settle(struct mirror_copy *c, const struct mirror_head *head, struct errmsg *why) MUST_CHECK;

#endif
