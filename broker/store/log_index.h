/* Which published entries are about what: a list of indices for each agency, rule, event, decision and hour, so that a filter is
 * answered without opening every body. It says no more than the bodies do, and goes with them. */
#ifndef SLUIS_BROKER_STORE_LOG_INDEX_H
#define SLUIS_BROKER_STORE_LOG_INDEX_H

#include "broker/store/store.h"
#include "proto/base/buf.h"
#include "proto/json/audit_body.h"
#include "proto/msg/bodies.h"

#define LOG_TERM_BYTES 9u
#define LOG_TERMS_MAX 6u
#define LOG_BLOCK_MOST 8192u /* entries of one block, fillers too: within it times are in no order */

/* One list: u8 kind, the first 8 bytes of SHA-256 of what it is about; of an hour, its number since 1970. Two words that collide share a list; whoever reads it
 * holds the bodies against the filter. */
struct log_term {
    uint8_t b[LOG_TERM_BYTES];
};
struct log_terms {
    struct log_term v[LOG_TERMS_MAX];
    size_t count;
};

/* On which lists a body stands; which ones a filter asks for (all of them; none: it asks for nothing that has a list).
 * ERR_CRYPTO. */
enum err log_terms_of_body(const struct audit_body *b, struct log_terms *out) MUST_CHECK;
enum err log_terms_of_filter(const struct bodies_filter *f, struct log_terms *out) MUST_CHECK;

/* The note of a row of log_due: the terms, so that erasing needs no body. ERR_INVALID: damaged. */
void log_terms_encode(const struct log_terms *t, struct buf *out);
enum err log_terms_decode(struct bytes note, struct log_terms *out) MUST_CHECK;

/* Indices ascend from call to call. ERR_INVALID: damaged. */
enum err log_index_put(struct store *s, struct kv_txn *txn, uint64_t index,
                       const struct log_terms *t) MUST_CHECK;
/* What is not there is no error. */
enum err log_index_drop(struct store *s, struct kv_txn *txn, uint64_t index,
                        const struct log_terms *t) MUST_CHECK;

/* Where the entries on the lists of a period [since_s, until_s) are: none before first, none at or behind end; 0 as a time bounds
 * nothing. first is UINT64_MAX where there is none of then or later. It holds for clocks that ran ahead and were put back, too.
 * ERR_INVALID: damaged. */
struct log_period {
    int64_t since_s, until_s;
};
struct log_between {
    uint64_t first, end;
};
enum err log_index_between(struct store *s, struct kv_txn *txn, const struct log_period *p,
                        struct log_between *out) MUST_CHECK;

/* Goes through the entries that stand on all lists, ascending, from an index on. terms has at least one. */
struct log_search;
enum err log_search_new(struct store *s, struct kv_txn *txn, const struct log_terms *terms,
                        struct log_search **out) MUST_CHECK;
void log_search_free(struct log_search *q); /* before the transaction ends */
DEFINE_CLEANUP(struct log_search, log_search_free)
/* The first at or behind `from`, by at most *leaps leaps to a place of a list; those that were made are taken off. ERR_NOT_FOUND: none.
 * ERR_AGAIN: no leaps are left; there is none before *index, which is behind `from` where *leaps was LOG_TERMS_MAX or more. */
enum err log_search_next(struct log_search *q, uint64_t from, size_t *leaps, uint64_t *index) MUST_CHECK;

#endif
