/* Goes through a table by and by and writes some of its values anew: in writer jobs, each with a bounded
 * part of the table, from where the last one stopped. */
#ifndef SLUIS_HOST_KV_SWEEP_H
#define SLUIS_HOST_KV_SWEEP_H

#include "proto/base/buf.h"
#include "proto/host/kv.h"

/* Appends the new value to out: ERR_OK. ERR_EXISTS: the value stays. Any other result ends the sweep. key and
 * value are views until out is written. */
typedef enum err (*kv_sweep_fn)(void *arg, struct bytes key, struct bytes value, struct buf *out);

struct kv_sweep {
    struct kv_table table;
    kv_sweep_fn fn;
    void *arg;
    size_t max_looked; /* at least 1 */
    size_t max_bytes;  /* of new values, before the sweep ends with the one at hand */
    uint8_t *place;    /* KV_KEY_MAX bytes: the last key that was looked at; moved on */
    size_t *place_len; /* 0: from the start of the table */
    /* Out. */
    size_t looked;
    size_t written;
    size_t bytes;
    bool at_end; /* of the table */
};

/* One part. ERR_TOO_LARGE over a value's cap of 64 MiB; ERR_NOMEM, ERR_NO_SPACE, ERR_IO, or what fn said. */
enum err kv_sweep(struct kv_txn *txn, struct kv_sweep *s) MUST_CHECK;

#endif
