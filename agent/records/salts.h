/* Salts of a batch: derived from one secret of 32 bytes that never leaves the store, so that they need
 * not be stored. Salt n of a record is the block (record index; n; eight zero bytes) under a permutation
 * with that secret as its key (pki/permutation). An opened salt tells nothing of another, as blocks of
 * a pseudorandom permutation do not. A record's fields take salts 0 …, in order of their names; its
 * tokens the next ones, in the order of the token root. */
#ifndef SLUIS_RECORDS_SALTS_H
#define SLUIS_RECORDS_SALTS_H

#include "pki/secret.h"
#include "proto/base/ids.h"

/* Of one batch. One thread at a time. */
struct salts;

/* ERR_NOMEM, ERR_CRYPTO. */
enum err salts_new(const struct secret *batch_secret, struct salts **out) MUST_CHECK;
void salts_free(struct salts *s);
DEFINE_CLEANUP(struct salts, salts_free)

/* Which salts: count of them from first on, of the record with that index in the batch. */
struct salt_range {
    uint32_t index;
    size_t first;
    size_t count;
};
/* ERR_CRYPTO. */
enum err salts_of(struct salts *s, struct salt_range range, struct salt *out) MUST_CHECK;

#endif
