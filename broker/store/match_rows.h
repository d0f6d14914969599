/* Rows of matching: what is held for it, what hit, what was decided. What would let an owner of a
 * purpose key test a guess comes here sealed (broker/held.h). */
#ifndef SLUIS_BROKER_STORE_MATCH_ROWS_H
#define SLUIS_BROKER_STORE_MATCH_ROWS_H

#include "broker/store/store.h"
#include "proto/base/enums.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"

/* Held for one header until it is matched or closed. get: a view. ERR_NOT_FOUND. */
enum err held_row_put(struct store *s, struct kv_txn *txn, const struct digest *id,
                      struct bytes sealed) MUST_CHECK;
enum err held_row_get(struct store *s, struct kv_txn *txn, const struct digest *id,
                      struct bytes *sealed) MUST_CHECK;
/* Also where there is none. */
enum err held_row_del(struct store *s, struct kv_txn *txn, const struct digest *id) MUST_CHECK;

/* A subject of a header that met a record. */
struct match_key {
    struct digest id; /* of the header */
    struct handle handle;
    uint32_t group;
};

/* That meeting, until the header closes. */
struct match_row {
    uint64_t mail;       /* sequence of the notice in the holder's mailbox */
    struct bytes sealed; /* when read: a view */
};
enum err match_row_put(struct store *s, struct kv_txn *txn, const struct match_key *k,
                       const struct match_row *m) MUST_CHECK;
/* ERR_NOT_FOUND, ERR_INVALID. */
enum err match_row_get(struct store *s, struct kv_txn *txn, const struct match_key *k,
                       struct match_row *out) MUST_CHECK;
/* The notice has another number. ERR_NOT_FOUND, ERR_INVALID. */
enum err match_row_set_mail(struct store *s, struct kv_txn *txn, const struct match_key *k,
                            uint64_t mail) MUST_CHECK;
/* The mail sequences of a header's matches, at most max. */
enum err match_row_mails(struct store *s, struct kv_txn *txn, const struct digest *id,
                         uint64_t *out, size_t max, size_t *count) MUST_CHECK;
/* All matches of a header. */
enum err match_row_del_all(struct store *s, struct kv_txn *txn, const struct digest *id) MUST_CHECK;

/* The decision on such a meeting; views when read. */
struct settlement {
    enum consent_decision decision;
    struct digest consents; /* over what was signed */
    struct bytes promise;
    struct bytes promise_signature;
};
enum err settlement_put(struct store *s, struct kv_txn *txn, const struct match_key *k,
                        const struct settlement *d) MUST_CHECK;
enum err settlement_get(struct store *s, struct kv_txn *txn, const struct match_key *k,
                        struct settlement *out) MUST_CHECK;
enum err settlement_del_all(struct store *s, struct kv_txn *txn,
                            const struct digest *id) MUST_CHECK;

#endif
