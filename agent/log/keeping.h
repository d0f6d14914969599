/* The agency's own log kept (docs/audit-log.md, "The log of an agency"): blocks, signed heads and files at its fixed
 * interval, the end of its bodies, what `status` tells of it, and the daily count of protected persons that were met. Loop thread. */
#ifndef SLUIS_AGENT_LOG_KEEPING_H
#define SLUIS_AGENT_LOG_KEEPING_H

#include "agent/agent.h"
#include "pki/logbook/log_keeper.h"
#include "pki/own_log_keys.h"
#include "proto/log/vkey.h"

/* A number of META: the size of a head that the broker cosigned; 0: it never did. */
#define LOG_ROW_WITNESSED "own_log_witnessed"
/* A row of META: a signed head that the broker knows and this log does not contain. */
#define LOG_ROW_FORK "own_log_fork"
#define LOG_DAMAGED_MAX 64u

struct log_retention;
struct log_witnessed;
struct loop_timer;

/* Verifier keys of this log, with their digests in the same order. */
struct own_keys_named {
    struct vkey v[OWN_LOG_KEYS_MAX];
    struct own_log_keys keys;
};

struct log_keeping {
    struct agent *agent;
    struct log_keeper *keeper; /* NULL until it was made */
    struct log_witnessed *witnessed; /* likewise */
    struct log_retention *retention; /* bodies whose time is over */
    struct loop_timer *daily;
    struct own_log_keys keys;    /* as the store has them: these sign (own_keys.h) */
    struct own_log_keys marking; /* the store thread's while is_marking */
    bool is_marking;
    struct own_keys_named cosigned;      /* under which the broker cosigned last, as the store has them (cosigned_keys.h) */
    struct own_keys_named cosigned_next; /* the store thread's while is_keeping_cosigned */
    bool is_keeping_cosigned;
    char *dir;       /* of the tiles */
    bool is_forked;  /* the folder or the broker knows more than the store, which is an old copy: no head is signed */
    bool has_failed; /* the last round: entries wait in the store */
    bool is_counting;
    uint64_t damaged[LOG_DAMAGED_MAX]; /* entries that were named since the start because their bodies do not open */
    size_t damaged_count;
};

#endif
