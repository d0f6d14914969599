/* Renewals that went into the registrar's mailbox: each with what its sender was answered, so that the same one
 * takes effect once, however often it comes. */
#ifndef SLUIS_BROKER_STORE_RENEWALS_H
#define SLUIS_BROKER_STORE_RENEWALS_H

#include "broker/store/store.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

/* As long as a message with it may still come (MESSAGE_LIFE_MAX_S), and a day. */
#define RENEWAL_KEEP_S (INT64_C(8) * 86400)

struct renewal_key {
    struct agency_id sender;
    struct digest renewal; /* SHA-256 of its exact bytes */
};

/* Views of the transaction when read. */
struct renewal_row {
    int64_t at_s;
    uint64_t mail; /* its sequence in the registrar's mailbox */
    struct bytes promise;
    struct bytes promise_signature;
};

/* ERR_EXISTS: put. ERR_NOT_FOUND; ERR_INVALID: damaged. */
enum err renewal_row_put(struct store *s, struct kv_txn *txn, const struct renewal_key *k,
                         const struct renewal_row *r) MUST_CHECK;
enum err renewal_row_get(struct store *s, struct kv_txn *txn, const struct renewal_key *k,
                         struct renewal_row *out) MUST_CHECK;

/* Store thread: forgets what a sender asked RENEWAL_KEEP_S ago and longer, and counts what of the rest is behind a
 * sequence of the registrar's mailbox: what still waits there. */
struct renewal_count {
    const struct agency_id *sender;
    int64_t now_s;
    uint64_t acked; /* by the registrar */
};
enum err renewal_rows_sweep(struct store *s, struct kv_txn *txn, const struct renewal_count *c,
                            size_t *waiting) MUST_CHECK;

#endif
