/* The proof file of one entry of a published log. */
#ifndef SLUIS_CLI_AUDIT_PROVE_FILE_H
#define SLUIS_CLI_AUDIT_PROVE_FILE_H

#include "pki/cli/audit/log_dir.h"

/* Makes the proof, checks it, and appends the file's text to out. ERR_RANGE (beyond the head), ERR_MISMATCH (the tiles do
 * not lead to the root), or as tiles_read; why tells. */
enum err prove_file(struct log_dir *l, uint64_t index, struct buf *out, struct errmsg *why) MUST_CHECK;

#endif
