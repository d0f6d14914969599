/* Between agent/keys.c and agent/keys_take.c. */
#ifndef SLUIS_AGENT_KEYS_INTERNAL_H
#define SLUIS_AGENT_KEYS_INTERNAL_H

#include <stdatomic.h>

#include "agent/keys.h"

#define KEYS_PATH_SIZE 4096
#define KEYS_PAIRS_MAX 512 /* P-256 keys that one process has ever had */

/* A key in use, and the file that it was loaded from. */
struct keys_slot {
    struct key *key; /* P-256: one of pairs; X25519: its own */
    char *file;
};

struct agent_keys {
    struct keys_slot in_use[KEYS_USE_COUNT]; /* the loop's */
    struct key *pairs[KEYS_PAIRS_MAX];       /* every thread's: grow only, after their place is filled */
    atomic_size_t pair_count;
    struct key *witness; /* NULL: none */
    struct key *logs[AGENT_LOG_KEYS_MAX]; /* likewise; the second is the next one, during a change */
    struct storage_keys *storage; /* every version in the folder */
    struct purpose_key purposes[KEYS_PURPOSES_MAX];
    atomic_size_t purpose_count; /* grows only, after its row is filled: the store thread reads on */
};

enum err keys_read_passphrase(const struct conf_unlock *u, struct secret **out,
                              struct errmsg *why) MUST_CHECK;

/* Takes key, on failure too. ERR_LIMIT. */
enum err keys_add_pair(struct agent_keys *k, struct key *key) MUST_CHECK;

enum key_type keys_type(enum keys_use use);

#endif
