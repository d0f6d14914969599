/* A purpose key on its way from the custodian to a participant: sealed (pki/seal), with the custodian's
 * statement in front of the key, so that the signature inside the envelope covers deployment, purpose,
 * epoch, check value and the list of participants together with the key itself.
 *
 * content = statement length u32, statement (proto/msg/deal), K[p,e] (32 bytes)
 *
 * Who holds the opened key together with the broker's half of the same epoch inverts every BSN of the
 * purpose in seconds (docs/threat-model.md). */
#ifndef SLUIS_PKI_DEALT_H
#define SLUIS_PKI_DEALT_H

#include "pki/seal.h"
#include "pki/secret.h"

#define DEALT_KEY_BYTES 32

/* Appends the envelope. ERR_INVALID (key length), or as seal. */
enum err dealt_seal(const struct seal_params *p, struct bytes statement, const struct secret *key,
                    struct buf *out) MUST_CHECK;

/* Opens one: appends the statement's bytes and yields the key. Statement and check value are the
 * caller's to check. Errors as seal_open. */
enum err dealt_open(const struct seal_open_params *p, struct bytes sealed, struct buf *statement,
                    struct secret **key, struct errmsg *why) MUST_CHECK;

#endif
