/* What the files of kv share: the LMDB handles. Included by kv*.c only. */
#ifndef SLUIS_HOST_KV_INTERNAL_H
#define SLUIS_HOST_KV_INTERNAL_H

#include <lmdb.h>
#include <stdatomic.h>

#include "proto/host/kv.h"

struct kv {
    MDB_env *env;
    atomic_uint fault_in; /* calls until the injected failure; 0: none */
    atomic_uint calls;
    enum err fault;
};

struct kv_txn {
    struct kv *kv;
    MDB_txn *txn;
    bool writes;
};

/* Our error for LMDB's or the system's; ERR_IO where there is no better one. */
enum err kv_map_error(int rc) MUST_CHECK;

/* Counts a fallible call; the injected error where it is this one's turn (kv_fault.h). */
enum err kv_count_call(struct kv *k) MUST_CHECK;

static inline MDB_val kv_val(struct bytes b)
{
    return (MDB_val){.mv_size = b.len,
                     .mv_data = (void *)(uintptr_t)b.ptr}; /* LMDB does not write */
}

static inline struct bytes kv_bytes(MDB_val v)
{
    return bytes_of(v.mv_data, v.mv_size);
}

#endif
