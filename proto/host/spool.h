/* A file that grows by pieces and is read again meanwhile: larger than memory, mode 0600. It has no name that anybody counts on
 * until it is placed; without that nothing is left of it. */
#ifndef SLUIS_HOST_SPOOL_H
#define SLUIS_HOST_SPOOL_H

#include "proto/base/attr.h"
#include "proto/base/buf.h"

struct spool;

/* An empty one in the folder of path, which need not be there. ERR_NOT_FOUND (the folder), ERR_PERMISSION, ERR_NO_SPACE, ERR_RANGE
 * (path is too long), ERR_NOMEM, ERR_IO; why names the file. */
enum err spool_new(const char *path, struct spool **out, struct errmsg *why) MUST_CHECK;
void spool_free(struct spool *s);
DEFINE_CLEANUP(struct spool, spool_free)

/* Takes its temporary name away: nothing is left of it however the process ends, and it cannot be placed. ERR_IO. */
enum err spool_hide(struct spool *s) MUST_CHECK;

/* Appends; after an error it is of no use any more. ERR_NO_SPACE, ERR_NOMEM, ERR_IO. */
enum err spool_append(struct spool *s, struct bytes data) MUST_CHECK;

/* How many bytes were appended. */
uint64_t spool_size(const struct spool *s);

/* Appends len bytes from an offset on to out. ERR_RANGE (beyond the end), ERR_NO_SPACE, ERR_NOMEM, ERR_IO, or what buf_err says. */
enum err spool_read(struct spool *s, uint64_t offset, size_t len, struct buf *out) MUST_CHECK;

/* Syncs it and gives it the name with which it was made. ERR_EXISTS: something has that name; nothing is overwritten. ERR_NO_SPACE,
 * ERR_STATE (hidden, or placed before), ERR_IO; why names the file. */
enum err spool_place(struct spool *s, struct errmsg *why) MUST_CHECK;

#endif
