/* The broker's audit log: an entry in the same transaction as its effect, then blocks, signed heads,
 * tiles and proofs at a fixed interval (docs/audit-log.md). */
#ifndef SLUIS_BROKER_AUDIT_H
#define SLUIS_BROKER_AUDIT_H

#include "broker/turn.h"

struct kv_txn;

/* Store thread: writes body and pending entry of an automatic act or a message. message may be NULL.
 * *entry is the 32-byte entry. ERR_NO_SPACE, ERR_IO, ERR_CRYPTO: then nothing may take effect. */
enum err audit_append(struct audit *a, struct kv_txn *txn, const struct turn_audit *what,
                      const struct agency_id *actor, const struct message_id *message,
                      int64_t now_s, struct digest *entry) MUST_CHECK;

/* Store thread: the promise for an entry and its signature, appended to the two buffers. */
enum err audit_promise(struct audit *a, const struct digest *entry,
                       const struct message_id *message, int64_t now_s, struct buf *promise,
                       struct buf *signature) MUST_CHECK;

#endif
