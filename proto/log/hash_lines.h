/* The hashes of a proof as text: one in base64 on each line, then an empty line. Proof files and
 * requests to a witness have them. */
#ifndef SLUIS_LOG_HASH_LINES_H
#define SLUIS_LOG_HASH_LINES_H

#include "proto/base/buf.h"
#include "proto/base/cursor.h"
#include "proto/log/merkle.h"

/* Reads up to the empty line, which is consumed. max: at most MERKLE_MAX_HASHES. ERR_TOO_LARGE (more than
 * max), ERR_INVALID (a line that is no hash), ERR_TRUNCATED. */
enum err hash_lines_parse(struct cursor *c, size_t max, struct merkle_hashes *out) MUST_CHECK;

/* Appends the lines and the empty one. */
void hash_lines_write(const struct merkle_hashes *hashes, struct buf *out);

#endif
