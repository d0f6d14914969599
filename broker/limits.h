/* Rolling counters that survive a restart: how many requests an agency and an officer made, how
 * many different identifiers an agency asked about (docs/decisions/1111-rolling-counters.md).
 *
 * What is counted lies here as an 8-byte HMAC under a random key of its block of days, sealed under
 * the broker's storage key and deleted with the block. Who has neither cannot test a guess, and
 * two blocks cannot be linked. */
#ifndef SLUIS_BROKER_LIMITS_H
#define SLUIS_BROKER_LIMITS_H

#include "proto/base/bytes.h"
#include "proto/base/err.h"

struct kv_txn;
struct limits_book;
struct store;
struct vault;

#define LIMIT_DAY_S INT64_C(86400)

enum limit_kind {
    LIMIT_NONE = 0,
    LIMIT_REQUESTS_AGENCY,  /* requests of an agency under a rule; blocks of a day */
    LIMIT_REQUESTS_OFFICER, /* of a person; blocks of a day */
    LIMIT_SUBJECTS_CASE,    /* different identifiers in a case; blocks of 365 days */
    LIMIT_SUBJECTS_PERIOD,  /* different identifiers of an agency; blocks of 30 days */
    LIMIT_KIND_COUNT,
};

/* One counter. What makes it another one is in scope (a join of its parts). It counts different
 * members of the last window_s seconds, rounded up to a bucket: a quarter of an hour for requests,
 * a day for identifiers. */
struct limit_query {
    enum limit_kind kind;
    struct bytes scope;
    int64_t window_s; /* at least 1, at most LIMIT_WINDOW_MAX_S */
    int64_t now_s;
    const struct bytes *members; /* all different */
    size_t count;
};

#define LIMIT_WINDOW_MAX_S (INT64_C(3660) * LIMIT_DAY_S)

/* keys: seals the keys of blocks; borrowed, outlives the book. ERR_NOMEM. */
enum err limits_new(struct store *s, struct vault *keys, struct limits_book **out) MUST_CHECK;
void limits_free(struct limits_book *l);
DEFINE_CLEANUP(struct limits_book, limits_free)

/* Store thread. What the counter would show with these members in it; changes nothing. ERR_RANGE
 * (window, or a clock before 1970), ERR_CRYPTO, ERR_SIGNATURE (a damaged block key), ERR_IO. */
enum err limits_count(struct limits_book *l, struct kv_txn *txn, const struct limit_query *q,
                      uint64_t *out) MUST_CHECK;

/* Store thread. Counts these members at q->now_s. */
enum err limits_add(struct limits_book *l, struct kv_txn *txn,
                    const struct limit_query *q) MUST_CHECK;

/* Store thread. Deletes blocks that no window of at most `window_s` of this kind can reach any
 * more: their rows, and with the last of them the key. *deleted counts rows; below max: none is
 * left. */
struct limit_expiry {
    enum limit_kind kind;
    int64_t window_s;
    int64_t now_s;
    size_t max;
};
enum err limits_expire(struct limits_book *l, struct kv_txn *txn, const struct limit_expiry *x,
                       size_t *deleted) MUST_CHECK;

#endif
