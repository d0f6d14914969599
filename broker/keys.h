/* The broker's own keys, read from its folder of key files: P-256 signing keys, X25519 transport keys, Ed25519
 * log keys (own_keys.h says which of them counts), the storage key, and its half of each purpose and epoch. */
#ifndef SLUIS_BROKER_KEYS_H
#define SLUIS_BROKER_KEYS_H

#include <stdatomic.h>

#include "broker/key_ring.h"
#include "pki/broker_half.h"
#include "pki/storage_keys.h"
#include "proto/conf/config_common.h"

#define KEYS_EPOCHS_MAX 256u

/* Whether anything happens under an epoch's key at present. */
enum epoch_key_state {
    EPOCH_KEY_SERVES = 0,
    EPOCH_KEY_WAITS,   /* its purpose is suspended: nothing happens, and nothing is lost */
    EPOCH_KEY_STOPPED, /* compromised or destroyed: what lies under it is never opened again */
};

/* B[p,e]: one context for each thread that uses it, and the key of held data. */
struct broker_epoch {
    struct name purpose;
    uint32_t epoch;
    atomic_int state; /* enum epoch_key_state */
    struct broker_half *for_loop;
    struct broker_half *for_store;
    struct secret *held;
};

struct broker_keys {
    struct key_ring signing;
    _Atomic(const struct key *) signs; /* the one of the view in force, for what no turn asks for */
    struct key_ring transport;
    struct key_ring log;
    struct key *witness; /* with which the agencies' own logs are cosigned; NULL: none. Loop thread */
    struct digest files[3 * KEY_RING_MAX]; /* of the pairs that were read; loop thread */
    size_t file_count;
    struct storage_keys *storage; /* every version in the folder */
    struct broker_epoch epochs[KEYS_EPOCHS_MAX];
    atomic_size_t epoch_count; /* grows only, after its row is filled: the store thread reads on */
};

/* Reads every *.key file of the folder. ERR_NOT_FOUND (one of the four is missing), ERR_DUPLICATE
 * (two storage keys, two witness keys, two halves of one epoch), ERR_LIMIT (more than KEY_RING_MAX of a kind), ERR_SIGNATURE (passphrase), ERR_PERMISSION, ERR_IO, ERR_NOMEM; why names the file
 * and what to do. */
enum err keys_load(const struct conf_service *c, struct broker_keys **out,
                   struct errmsg *why) MUST_CHECK;
void keys_free(struct broker_keys *k);
DEFINE_CLEANUP(struct broker_keys, keys_free)

/* Takes what is new in the folder: halves, a witness key where there was none, and keys of a kind whose next one was made; and the versions of the
 * storage key that lie there now. Errors as keys_load. */
enum err keys_reload(struct broker_keys *k, const struct conf_service *c,
                     struct errmsg *why) MUST_CHECK;

/* The store thread's part of wiping a stopped half, then the loop thread's. Nobody uses it any more. */
void keys_wipe_for_store(struct broker_keys *k, const struct name *purpose, uint32_t epoch);
void keys_wipe_for_loop(struct broker_keys *k, const struct name *purpose, uint32_t epoch);

/* NULL: none. Any thread. */
const struct broker_epoch *keys_epoch(const struct broker_keys *k, const struct name *purpose,
                                      uint32_t epoch);

#endif
