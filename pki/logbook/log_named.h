/* Officers, requests and cases by which entries are found. A body has digests of them under a salt of its own, so that their
 * terms are made when the entry is written and wait beside it until it stands in the log and is listed. They lie under a
 * key of the log: whoever has the store and not its storage key sees which entries share a name, and not whether a name
 * that he knows is among them. */
#ifndef SLUIS_PKI_LOGBOOK_LOG_NAMED_H
#define SLUIS_PKI_LOGBOOK_LOG_NAMED_H

#include "pki/logbook/log_index.h"

#define LOG_STATE_TERMS "log/terms" /* the key, sealed */

struct vault;

/* Keeps the key at hand. One thread at a time. */
struct log_namer;
/* records: under which the key lies; borrowed. ERR_NOMEM. */
enum err log_namer_new(struct vault *records, struct log_namer **out) MUST_CHECK;
void log_namer_free(struct log_namer *n);
DEFINE_CLEANUP(struct log_namer, log_namer_free)

/* Store thread, with a new log: makes its key, and the lists begin (log_index_begin). Where there is one that opens it does
 * nothing; where it does not open it makes another. ERR_IO, ERR_NO_SPACE, ERR_CRYPTO, ERR_NOMEM. */
enum err log_namer_begin(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn) MUST_CHECK;

/* Store thread, in the transaction of an entry and before it waits: leaves the terms of its names beside it, where it has
 * any; then the key is made as above. Errors as log_namer_begin. */
enum err log_namer_put(struct log_namer *n, const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                       const struct log_names *names) MUST_CHECK;

/* Store thread: appends the terms that were left beside an entry, and takes them away; of a damaged row it appends
 * log_term_anyway. ERR_LIMIT, ERR_IO. */
enum err log_named_take(const struct log_tables *t, struct kv_txn *txn, const struct digest *entry,
                        struct log_terms *to) MUST_CHECK;

/* Any thread: appends the terms of names. ERR_NOT_FOUND: the store has no key, and no name has a list; as vault_open
 * where it does not open; else as log_namer_put. */
enum err log_named_terms(struct vault *records, const struct log_tables *t, struct kv_txn *txn, const struct log_names *names,
                         struct log_terms *to) MUST_CHECK;

#endif
