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

/* Store thread: takes an item back that was not acknowledged yet. ERR_NOT_FOUND. */
enum err mailbox_withdraw(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                          uint64_t sequence) MUST_CHECK;

#endif
