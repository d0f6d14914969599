/* An agent's store in a scratch folder, for tests of agent/import. */
#ifndef SLUIS_TEST_IMPORT_STORE_H
#define SLUIS_TEST_IMPORT_STORE_H

#include "tests/unit/pki/test_core.h"

#include "agent/store/store.h"
#include "proto/host/kv_write.h"
#include "tests/support/storage_ring.h"
#include "tests/unit/host/host_tmp.h"

struct import_store {
    struct host_tmp tmp;
    struct storage_keys *keys;
    struct store *store;
    struct kv_txn *txn; /* between import_store_begin and import_store_commit */
};

static inline void import_store_open(struct import_store *s)
{
    struct agency_id agency;
    host_tmp_make(&s->tmp);
    s->keys = storage_ring_of(NULL);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000005000"), &agency), ERR_OK);
    const struct store_params p = {
        .dir = s->tmp.dir, .map_bytes = 64u << 20, .keys = s->keys, .agency = &agency};
    assert_int_equal(agent_store_open(&p, &s->store, NULL), ERR_OK);
}

static inline void import_store_close(struct import_store *s)
{
    agent_store_free(s->store);
    storage_keys_free(s->keys);
    host_tmp_remove(&s->tmp);
}

static inline struct kv_txn *import_store_begin(struct import_store *s)
{
    assert_int_equal(kv_write_begin(store_kv(s->store), &s->txn), ERR_OK);
    return s->txn;
}

static inline void import_store_commit(struct import_store *s)
{
    assert_int_equal(kv_write_commit(s->txn), ERR_OK);
    s->txn = NULL;
}

#endif
