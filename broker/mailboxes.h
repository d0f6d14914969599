/* The mailboxes as a whole: made at start, read by slots, emptied by acknowledgements. Who puts
 * items in needs mailbox.h only. */
#ifndef SLUIS_BROKER_MAILBOXES_H
#define SLUIS_BROKER_MAILBOXES_H

#include "broker/broker.h"
#include "broker/mailbox.h"

struct mail_raise;
struct store;
struct vault;

struct mailboxes_params {
    struct store *store;
    const struct broker *broker;  /* whose held keys open held items */
    struct vault *mail;           /* items at rest; borrowed, outlives the mailboxes */
    uint64_t max_messages;        /* that wait for one agency */
    uint64_t max_bytes;
};

/* ERR_NOMEM, ERR_CRYPTO. */
enum err mailboxes_new(const struct mailboxes_params *p, struct mailboxes **out) MUST_CHECK;
void mailboxes_free(struct mailboxes *m);
DEFINE_CLEANUP(struct mailboxes, mailboxes_free)

/* Store thread: the agency has everything up to this sequence. */
enum err mailbox_ack(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                     uint64_t up_to) MUST_CHECK;

/* Loop thread: the items behind a sequence, as many as one mail holds, opened into the arena (at
 * least 4 MiB). ERR_SIGNATURE, ERR_INVALID: damaged. */
struct mailbox_from {
    const struct agency_id *to;
    uint64_t after;
};
enum err mailbox_collect(struct mailboxes *m, struct kv_txn *txn, const struct mailbox_from *from,
                         struct arena *a, struct mail *out) MUST_CHECK;

/* Loop thread: whether a mail ended, since this was asked last, at an item of a purpose that is suspended:
 * until that has stepped aside (aside.h), what is behind it waits. */
bool mailboxes_were_held_up(struct mailboxes *m);

/* Up to where an agency has acknowledged; 0: nothing yet. */
enum err mailbox_acked(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                       uint64_t *sequence) MUST_CHECK;

/* The highest sequence given out to an agency; 0: none yet. */
enum err mailbox_last(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                      uint64_t *sequence) MUST_CHECK;

/* Store thread: the agency has committed up to `done`, more than was given out here: new items are
 * numbered above it. dropped: items that waited below, which it has had by its own count. */
enum err mailbox_raise(struct mailboxes *m, struct kv_txn *txn, const struct mail_raise *r,
                       uint64_t *dropped) MUST_CHECK;

/* How many items wait for an agency. */
enum err mailbox_waiting(struct mailboxes *m, struct kv_txn *txn, const struct agency_id *to,
                         uint64_t *count) MUST_CHECK;

#endif
