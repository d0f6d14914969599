/* Which published entries are about what: a list of indices for each agency, rule, event and decision, for pairs of
 * them, and for each officer, request and case under a key of the log, so that a filter is answered without
 * opening every body. It says no more than the bodies do, and goes with them. What the others do not tell of stands on one
 * list of its own, which every search visits. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_INDEX_H
#define SLUIS_PKI_LOGBOOK_LOG_INDEX_H

#include "pki/logbook/log_hours.h"
#include "pki/logbook/log_terms.h"

/* Puts an entry on the lists of each term of its body and of the pairs of its words, and notes its hour. Indices ascend from
 * call to call. Hours that are damaged hold it up no more than the lists, which begin anew with it. Behind log_index_ensure. */
struct log_listing {
    uint64_t index;
    int64_t at_s; /* 0: nobody knows */
    const struct log_terms *of;
};
enum err log_index_put(const struct log_tables *t, struct kv_txn *txn, const struct log_listing *l) MUST_CHECK;
/* What is not there is no error. */
enum err log_index_drop(const struct log_tables *t, struct kv_txn *txn, uint64_t index,
                        const struct log_terms *of) MUST_CHECK;

/* A store can be older than its lists: entries before words_from stand on none and in no hour, those from there to all_from on
 * those of single words. Where the row is damaged there are none. */
struct log_listed {
    uint64_t words_from;
    uint64_t all_from; /* not before words_from */
};
enum err log_index_listed(const struct log_tables *t, struct kv_txn *txn, struct log_listed *out) MUST_CHECK;
enum err log_index_put_listed(const struct log_tables *t, struct kv_txn *txn, const struct log_listed *listed) MUST_CHECK;
/* Entries that are added from now on stand on all lists once they are listed; what waits already may not, and what was
 * listed before stands on those of words, as it did. */
enum err log_index_begin(const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;
/* Begins them in a store that does not say so yet, or where that is damaged: before the first entry is listed. */
enum err log_index_ensure(const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;

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
