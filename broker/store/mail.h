/* Rows of the mailboxes: sealed items in order, and how far each agency is. */
#ifndef SLUIS_BROKER_STORE_MAIL_H
#define SLUIS_BROKER_STORE_MAIL_H

#include "broker/store/store.h"
#include "proto/base/buf.h"
#include "proto/base/ids.h"

/* One agency's mailbox. */
struct mail_state {
    uint64_t last;  /* the highest sequence given out */
    uint64_t acked; /* the highest acknowledged */
    uint64_t count; /* items that wait */
    uint64_t bytes; /* of their stored form */
};

/* All zero where the agency never had mail. ERR_INVALID: damaged. */
enum err mail_get_state(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                        struct mail_state *out) MUST_CHECK;

#define MAIL_ROW_PLACE_BYTES (OIN_CHARS + 8)

/* Set in the sequence of an item that has stepped aside (broker/aside.h): its own number stays below. No walk
 * that begins below it goes on into these, and no acknowledgement reaches them. */
#define MAIL_ASIDE (UINT64_C(1) << 63)

/* The key of an item; also the place to which its sealing is bound. */
void mail_place(const struct agency_id *to, uint64_t sequence, struct buf *out);

/* Stores a sealed item under the next sequence, which the caller took from the state. */
struct mail_row {
    const struct agency_id *to;
    uint64_t sequence;
    struct bytes sealed;
};
enum err mail_add(struct store *s, struct kv_txn *txn, const struct mail_row *row) MUST_CHECK;

/* One item; its sealed form is a view. ERR_NOT_FOUND. */
enum err mail_get(struct store *s, struct kv_txn *txn, const struct agency_id *to, uint64_t sequence,
                  struct bytes *sealed) MUST_CHECK;

/* Deletes one item. ERR_NOT_FOUND. */
enum err mail_remove(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                     uint64_t sequence) MUST_CHECK;

/* Puts an item in another place, sealed for that one: aside, or under the next sequence, which the caller took
 * from the state. ERR_NOT_FOUND, ERR_EXISTS. */
struct mail_move {
    const struct agency_id *to;
    uint64_t from;
    uint64_t sequence;
    struct bytes sealed;
};
enum err mail_move(struct store *s, struct kv_txn *txn, const struct mail_move *mv) MUST_CHECK;

/* The next agency that ever had mail; after NULL: the first. ERR_NOT_FOUND: no more. */
enum err mail_next_box(struct store *s, struct kv_txn *txn, const struct agency_id *after,
                       struct agency_id *out) MUST_CHECK;

/* Deletes all items up to a sequence and notes it. One behind `last` is cut to that. */
enum err mail_ack_up_to(struct store *s, struct kv_txn *txn, const struct agency_id *to,
                        uint64_t up_to) MUST_CHECK;

/* Where the agency has committed more than was ever given out here (a restored store, or another broker
 * with its keys in between): done becomes the last given out and acknowledged, what waits up to it counts as
 * had, and new items are numbered above. dropped: how many waited; below or at `last` nothing happens. */
struct mail_raise {
    const struct agency_id *to;
    uint64_t done;
};
enum err mail_raise_to(struct store *s, struct kv_txn *txn, const struct mail_raise *r,
                       uint64_t *dropped) MUST_CHECK;

/* Calls fn for the items behind a sequence (from MAIL_ASIDE on: for those aside), in order, until it returns another value than ERR_OK:
 * ERR_CANCELLED ends the walk well, anything else is returned. */
typedef enum err (*mail_row_fn)(void *arg, const struct mail_row *row);
struct mail_walk {
    const struct agency_id *to;
    uint64_t after;
    mail_row_fn fn;
    void *arg;
};
enum err mail_each(struct store *s, struct kv_txn *txn, const struct mail_walk *w) MUST_CHECK;

#endif
