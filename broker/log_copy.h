/* The second copy of bodies, for the auditors (decision 0413): segment files at this host, which their agencies open. What
 * a checkpoint covers is in it first, once it has caught up. NULL where the configuration names no folder: each function then does nothing. */
#ifndef SLUIS_BROKER_LOG_COPY_H
#define SLUIS_BROKER_LOG_COPY_H

#include "broker/broker.h"

struct doc;
struct kv_txn;
struct log_copy;

/* *out NULL: no copy is kept. ERR_PERMISSION, ERR_IO, ERR_NOMEM; why tells. */
enum err log_copy_new(struct broker *b, struct log_copy **out, struct errmsg *why) MUST_CHECK;
void log_copy_free(struct log_copy *c);
DEFINE_CLEANUP(struct log_copy, log_copy_free)

/* Loop thread, before a round of the log, none being under way: by which view and at what time the next two work. */
void log_copy_begin(struct log_copy *c);

/* Worker thread, in a read transaction: the bodies of all entries before `to` are on disk when it returns, sealed to the
 * auditors of the view; of a log that was there before its copy, or that waited for an auditor, a slice more in each round.
 * What was left out for want of a version of the storage key is tried again once the vault took other keys.
 * What a round wrote that was not committed is undone first. Segments whose day is over are removed. Without any auditor
 * nothing is copied. ERR_IO, ERR_NO_SPACE,
 * ERR_CRYPTO, ERR_NOMEM; why tells. */
enum err log_copy_write(struct log_copy *c, struct kv_txn *txn, uint64_t to,
                        struct errmsg *why) MUST_CHECK;

/* Store thread, after it: keeps how far it is, and the keys of new segments. */
enum err log_copy_commit(struct log_copy *c, struct kv_txn *txn) MUST_CHECK;

/* Loop thread: that transaction is durable. */
void log_copy_committed(struct log_copy *c);

/* Appends what is to be told: bodies that wait for a version of the storage key, and segments that are never sealed anew.
 * ERR_NOMEM. */
enum err log_copy_alarms(const struct log_copy *c, struct doc *list) MUST_CHECK;

#endif
