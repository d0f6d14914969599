/* Durable mailboxes, delivered in slots and padded size classes (docs/protocol.md, "Mailboxes"). */
#ifndef SLUIS_BROKER_MAILBOX_H
#define SLUIS_BROKER_MAILBOX_H

#include "proto/base/ids.h"
#include "proto/msg/mail.h"

struct kv_txn;
struct mailboxes;

/* Store thread: puts an item at the end of an agency's mailbox, encrypted at rest. Returns its
 * sequence in *sequence. ERR_LIMIT where the mailbox is full, ERR_NO_SPACE, ERR_IO, ERR_CRYPTO. */
enum err mailbox_put(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                     enum mail_kind kind, struct bytes content, uint64_t *sequence) MUST_CHECK;

/* The same for what would let an owner of a purpose key test a guess: sealed under the held key of
 * that purpose and epoch as well, so that it dies with the broker's half. ERR_NOT_FOUND: there is
 * no such key. An item whose key is gone is not delivered any more. */
struct mailbox_held {
    enum mail_kind kind;
    struct bytes content;
    const struct name *purpose;
    uint32_t epoch;
};
enum err mailbox_put_held(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          const struct mailbox_held *item, uint64_t *sequence) MUST_CHECK;

/* Store thread: takes an item back that was not acknowledged yet. ERR_NOT_FOUND. */
enum err mailbox_withdraw(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          uint64_t sequence) MUST_CHECK;

#endif
