/* Matching in fixed slots, and what else happens to requests by itself: closing at the deadline,
 * deletion, retention (docs/protocol.md, "Match" and "Close"). One job of the store thread for each
 * header, so that one that fails delays no other; all state is in the store. */
#ifndef SLUIS_BROKER_MATCHER_H
#define SLUIS_BROKER_MATCHER_H

#include "broker/broker.h"
#include "proto/base/hash.h"

struct kv_txn;
struct limits_book;
struct matcher;

#define MATCHER_ARENA_BYTES ((size_t)48 << 20)

struct matcher_params {
    struct broker *broker;
    struct vault *distinct; /* of the counters; borrowed, outlives the matcher */
};

/* No timer of its own: matcher_part starts one. ERR_NOMEM, ERR_CRYPTO. */
enum err matcher_new(const struct matcher_params *p, struct matcher **out) MUST_CHECK;
void matcher_free(struct matcher *m);
DEFINE_CLEANUP(struct matcher, matcher_free)

struct limits_book *matcher_limits(struct matcher *m);

/* Loop thread: starts what is due at this slot; nothing while the gate is closed or the slot before
 * is still at work. */
void matcher_slot(struct matcher *m);

/* Store thread: matches one waiting header. Nothing happens to one that is not waiting. */
enum err matcher_match(struct matcher *m, struct kv_txn *txn, const struct view *v,
                       const struct digest *id, int64_t now_s) MUST_CHECK;

/* Store thread: closes one header whose deadline has passed. Nothing happens to one that is closed.
 */
enum err matcher_close(struct matcher *m, struct kv_txn *txn, const struct digest *id,
                       int64_t now_s) MUST_CHECK;

/* Store thread: forgets what is left of headers whose retention is over, at most max, and of
 * counters; one audit entry with the count where there were any. */
enum err matcher_forget(struct matcher *m, struct kv_txn *txn, const struct view *v, int64_t now_s,
                        size_t max) MUST_CHECK;

#endif
