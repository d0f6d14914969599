/* What the files of agent/store share. */
#ifndef SLUIS_AGENT_STORE_STORE_INTERNAL_H
#define SLUIS_AGENT_STORE_STORE_INTERNAL_H

#include "agent/store/store.h"
#include "pki/vault.h"

#define STORE_IDENTITIES 5

struct store {
    struct kv *kv;
    struct kv_table tables[STORE_TABLE_COUNT];
    struct storage_keys *keys; /* a copy */
    struct vault *values;
    struct secret *identities[STORE_IDENTITIES]; /* identity.c */
};

/* The place of a value, as associated data. */
enum err store_put_place(enum store_table t, struct bytes key, struct buf *out) MUST_CHECK;

/* Reads the keys that no rotation changes, or makes them; before the writer runs. */
enum err store_identities_open(struct store *s, struct errmsg *why) MUST_CHECK;
void store_identities_free(struct store *s);

#endif
