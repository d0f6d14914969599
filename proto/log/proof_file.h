/* A proof file (C2SP tlog-proof v1): all that is needed to check one entry offline. */
#ifndef SLUIS_LOG_PROOF_FILE_H
#define SLUIS_LOG_PROOF_FILE_H

#include "proto/base/buf.h"
#include "proto/log/merkle.h"
#include "proto/log/note.h"

#define PROOF_FILE_MAX_BYTES (NOTE_MAX_BYTES + (16u << 10))

struct proof_file {
    struct bytes extra; /* decoded; empty where absent. Not authenticated by the log. */
    bool has_extra;
    uint64_t index;
    struct merkle_hashes hashes;
    struct bytes checkpoint; /* a signed note */
};

/* Parses; checkpoint is a view of data, extra is decoded into scratch. ERR_VERSION for another first
 * line, ERR_TRUNCATED, ERR_INVALID, ERR_TOO_LARGE. */
enum err proof_file_parse(struct bytes data, struct buf *scratch,
                          struct proof_file *out) MUST_CHECK;

/* Appends the text form. */
void proof_file_write(const struct proof_file *p, struct buf *out);

#endif
