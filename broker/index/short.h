/* Short numbers in the place of agencies and batches, so that an entry stays small. They are this
 * store's own and never leave it. */
#ifndef SLUIS_BROKER_INDEX_SHORT_H
#define SLUIS_BROKER_INDEX_SHORT_H

#include "broker/index/index.h"

/* The number of an agency, from 1. ERR_NOT_FOUND: it has none yet. Any transaction. */
enum err short_agency(struct index *ix, struct kv_txn *txn, const struct agency_id *id,
                      uint16_t *out) MUST_CHECK;
/* The same, giving it one where it has none. Writer job. ERR_LIMIT: all are used. */
enum err short_agency_make(struct index *ix, struct kv_txn *txn, const struct agency_id *id,
                           uint16_t *out) MUST_CHECK;

/* A new number for a batch, from 1. Writer job. ERR_LIMIT. */
enum err short_batch_make(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                          uint32_t *out) MUST_CHECK;
/* Whose number it is. Any transaction. ERR_NOT_FOUND. */
enum err short_batch_id(struct index *ix, struct kv_txn *txn, uint32_t number,
                        struct batch_id *out) MUST_CHECK;

#endif
