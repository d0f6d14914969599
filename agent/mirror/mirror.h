/* The mirror of the broker's log at this agency (docs/audit-log.md, "Mirrors"): whoever audits has a copy that the broker cannot
 * take back. Loop thread. */
#ifndef SLUIS_AGENT_MIRROR_MIRROR_H
#define SLUIS_AGENT_MIRROR_MIRROR_H

#include "agent/agent.h"
#include "agent/mirror/copy.h"

struct loop_timer;

struct mirror {
    struct agent *agent;
    struct loop_timer *tick;
    struct mirror_copy *copy; /* touched by a worker's job while is_busy */
    uint64_t size; /* as mirror_copy_size and mirror_copy_next told after the last job */
    uint64_t next;
    struct digest root; /* of that checkpoint */
    bool is_asking;
    bool is_busy;
    int64_t asked_ms;
    struct errmsg trouble; /* why it does not follow the log; "": it does */
};

#endif
