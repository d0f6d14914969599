/* The end of a request: at its deadline all that is held goes and the requester hears that it is
 * over, whatever came of it; later the rest goes (docs/protocol.md, "Close"). */
#ifndef SLUIS_BROKER_CLOSE_H
#define SLUIS_BROKER_CLOSE_H

#include "broker/broker.h"
#include "proto/base/arena.h"
#include "proto/base/hash.h"

struct kv_txn;
struct limits_book;

/* A header, and why it ends before its deadline. */
struct close_why {
    const struct digest *id;
    const char *code;
};

/* Store thread: closes a header whose deadline has passed; nothing happens to another. What the
 * requester gets is made before anything looks at the outcome. ERR_LIMIT: a mailbox is full; try
 * again later. */
enum err close_header(struct broker *b, struct kv_txn *txn, struct arena *a,
                      const struct digest *id, int64_t now_s) MUST_CHECK;

/* Store thread: the same at once for a header whose epoch is stopped, whatever its deadline; why is the
 * code of the log's entry. Nothing happens to one that is closed. */
enum err close_stopped(struct broker *b, struct kv_txn *txn, struct arena *a,
                       const struct close_why *why, int64_t now_s) MUST_CHECK;

/* Store thread: forgets headers whose retention is over, and counters that no window reaches; one
 * audit entry with how many rows where there were any. */
struct close_retention {
    struct broker *broker;
    struct limits_book *limits;
    const struct view *view; /* its rules say how long counters reach back */
    int64_t now_s;
    size_t max; /* headers, and rows of each kind of counter */
};
enum err close_forget(const struct close_retention *r, struct kv_txn *txn) MUST_CHECK;

#endif
