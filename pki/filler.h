/* Fillers of the audit log: HMAC-SHA-256(F, join(LABEL_FILLER, u64 index)). Whoever lacks F cannot
 * tell a filler from the hash of a body; whoever has it (the auditors) can tell every one. */
#ifndef SLUIS_PKI_FILLER_H
#define SLUIS_PKI_FILLER_H

#include "pki/secret.h"
#include "proto/base/hash.h"
#include "proto/log/entry.h"

#define FILLER_KEY_BYTES 32

/* One thread at a time. */
struct filler;

/* key F has 32 bytes and is copied. ERR_INVALID (length), ERR_NOMEM, ERR_CRYPTO. */
enum err filler_new(const struct secret *key, struct filler **out) MUST_CHECK;
void filler_free(struct filler *f);
DEFINE_CLEANUP(struct filler, filler_free)

/* For the sequencer; valid as long as f. */
struct filler_source filler_source_of(struct filler *f);

/* The filler at an index. ERR_CRYPTO. */
enum err filler_at(struct filler *f, uint64_t index, struct digest *out) MUST_CHECK;

/* SHA-256(F): the digest that the body of the log's first event carries. ERR_CRYPTO. */
enum err filler_commitment(const struct secret *key, struct digest *out) MUST_CHECK;

#endif
