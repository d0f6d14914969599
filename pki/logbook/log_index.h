/* Which published entries are about what: a list of indices for each agency, rule, event, decision and hour, for pairs of
 * the first four, and for each officer, request and case under a key of the log, so that a filter is answered without
 * opening every body. It says no more than the bodies do, and goes with them. What the others do not tell of stands on one
 * list of its own, which every search visits. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_INDEX_H
#define SLUIS_PKI_LOGBOOK_LOG_INDEX_H

#include "pki/logbook/log_block.h"
#include "pki/logbook/log_terms.h"

#define LOG_BLOCK_MOST 8192u /* entries of one block, fillers too: within it times are in no order */

/* Each term of a body, and the pairs of its words. Indices ascend from call to call. ERR_INVALID: damaged. */
enum err log_index_put(const struct log_tables *t, struct kv_txn *txn, uint64_t index,
                       const struct log_terms *of) MUST_CHECK;
/* What is not there is no error. */
enum err log_index_drop(const struct log_tables *t, struct kv_txn *txn, uint64_t index,
                        const struct log_terms *of) MUST_CHECK;

/* A store can be older than its lists: entries before words_from stand on none, those from there to all_from on those of
 * single words and hours. ERR_INVALID: damaged. */
struct log_listed {
    uint64_t words_from;
    uint64_t all_from; /* not before words_from */
};
enum err log_index_listed(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out) MUST_CHECK;
enum err log_index_put_listed(const struct log_tables *t, struct kv_txn *txn, const struct log_listed *listed) MUST_CHECK;
/* Entries that are added from now on stand on all lists once they are listed; what waits already may not, and what was
 * listed before stands on those of words and hours, as it did. */
enum err log_index_begin(const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;
/* Begins them in a store that does not say so yet, or where that is damaged: before the first entry is listed. */
enum err log_index_ensure(const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;

/* Where the entries on the lists of a period [since_s, until_s) are: none before first, none at or behind end; 0 as a time bounds
 * nothing. first is UINT64_MAX where there is none of then or later. It holds for clocks that ran ahead and were put back, too.
 * ERR_INVALID: damaged. */
struct log_period {
    int64_t since_s, until_s;
};
struct log_between {
    uint64_t first, end;
};
enum err log_index_between(const struct log_tables *t, struct kv_txn *txn, const struct log_period *p,
                           struct log_between *out) MUST_CHECK;

/* Goes through the entries that stand on all lists, ascending, from an index on. terms has at least one. */
struct log_search;
enum err log_search_new(const struct log_tables *t, struct kv_txn *txn, const struct log_terms *terms,
                        struct log_search **out) MUST_CHECK;
void log_search_free(struct log_search *q); /* before the transaction ends */
DEFINE_CLEANUP(struct log_search, log_search_free)
/* The first at or behind `from`, by at most *leaps looks at a list; those that were made are taken off. ERR_NOT_FOUND: none.
 * ERR_AGAIN: no leaps are left; there is none before *index, which is behind `from` where *leaps was LOG_TERMS_MAX or more. */
enum err log_search_next(struct log_search *q, uint64_t from, size_t *leaps, uint64_t *index) MUST_CHECK;

#endif
