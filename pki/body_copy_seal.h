/* Bodies in the auditors' copy, each bound to its place: AES-256-GCM under the key of its segment (pki/aead).
 *
 * Leaks the length of a body, and how many end on which day, to whoever reads the folder. */
#ifndef SLUIS_PKI_BODY_COPY_SEAL_H
#define SLUIS_PKI_BODY_COPY_SEAL_H

#include "pki/aead.h"
#include "proto/log/body_copy.h"

#define BODY_COPY_KEY_VERSION 1u

/* Appends the record of a body. ERR_TOO_LARGE, ERR_CRYPTO, ERR_NOMEM, or what buf_err(out) says. */
enum err body_copy_seal(struct aead *a, uint64_t index, const struct digest *entry,
                        struct bytes body, struct buf *out) MUST_CHECK;

/* Appends the body of a record. ERR_SIGNATURE (another key, place or bytes), ERR_MISMATCH (opens, and is not what the
 * entry says), or as aead_open. */
enum err body_copy_open(struct aead *a, const struct body_copy_record *r, struct buf *out) MUST_CHECK;

#endif
