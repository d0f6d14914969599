/* Message ids that had an effect or were refused, with the reply that each got: the same bytes get it
 * again, other bytes are a conflict (docs/protocol.md, "Envelope"). */
#ifndef SLUIS_BROKER_STORE_KNOWN_H
#define SLUIS_BROKER_STORE_KNOWN_H

#include "broker/store/store.h"
#include "proto/base/hash.h"
#include "proto/msg/envelope.h"

#define KNOWN_KEEP_S ((int64_t)86400) /* beyond expires_at */

struct known {
    struct digest envelope;
    enum msg_kind reply_kind;
    struct bytes reply_body; /* when read: a view of the transaction */
};

/* What a sender's id stands for. ERR_NOT_FOUND; ERR_INVALID: damaged. */
enum err known_find(struct store *s, struct kv_txn *txn, const struct agency_id *sender,
                    const struct message_id *id, struct known *out) MUST_CHECK;

/* Keeps an id until expires_at_s + KNOWN_KEEP_S. ERR_EXISTS: it is known already. */
enum err known_put(struct store *s, struct kv_txn *txn, const struct envelope *e,
                   const struct known *k) MUST_CHECK;

/* Forgets at most max ids whose time is over; *forgotten < max: none is left. */
enum err known_expire(struct store *s, struct kv_txn *txn, int64_t now_s, size_t max,
                      size_t *forgotten) MUST_CHECK;

#endif
