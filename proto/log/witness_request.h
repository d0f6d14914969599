/* What a log sends a witness (C2SP tlog-witness, add-checkpoint): the size that the witness knows, the
 * proof that the log grew from there, and the new signed head. Only the form: pki/witness judges it. */
#ifndef SLUIS_LOG_WITNESS_REQUEST_H
#define SLUIS_LOG_WITNESS_REQUEST_H

#include "proto/base/buf.h"
#include "proto/log/merkle.h"
#include "proto/log/note.h"

#define WITNESS_REQUEST_MAX_HASHES 63u
#define WITNESS_REQUEST_MAX_BYTES (NOTE_MAX_BYTES + (4u << 10))

struct witness_request {
    uint64_t old_size;
    struct merkle_hashes proof;
    struct bytes checkpoint; /* a signed note, as it was sent */
};

/* Parses; checkpoint is a view of data. ERR_TOO_LARGE (bytes, or more than WITNESS_REQUEST_MAX_HASHES),
 * ERR_TRUNCATED, ERR_INVALID (a line), ERR_RANGE (a size above INT64_MAX). */
enum err witness_request_parse(struct bytes data, struct witness_request *out) MUST_CHECK;

/* Appends the text form. */
void witness_request_write(const struct witness_request *r, struct buf *out);

/* The body of a 409 (text/x.tlog.size): the size of the witness's newest head, on one line and nothing else. ERR_TRUNCATED,
 * ERR_INVALID, ERR_RANGE (above INT64_MAX). */
enum err witness_size_parse(struct bytes body, uint64_t *out) MUST_CHECK;

#endif
