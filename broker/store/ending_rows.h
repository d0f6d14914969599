/* Which warnings were given, so that each is given once: a row for each end of a thing. */
#ifndef SLUIS_BROKER_STORE_ENDING_ROWS_H
#define SLUIS_BROKER_STORE_ENDING_ROWS_H

#include "broker/store/store.h"
#include "proto/base/hash.h"

/* Writes that the warning of so many days was given, unless that one or a later one was: then *is_new is false.
 * Store thread. ERR_INVALID: a damaged row; else as kv_put. */
struct ending_row {
    struct digest digest; /* ending_digest */
    uint8_t days;
    int64_t end_s;
};
enum err ending_row_put(struct store *s, struct kv_txn *txn, const struct ending_row *row,
                        bool *is_new) MUST_CHECK;

/* Drops the rows of what ended before. */
enum err ending_rows_forget(struct store *s, struct kv_txn *txn, int64_t before_s) MUST_CHECK;

#endif
