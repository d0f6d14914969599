/* The mirror of the broker's log at this agency (docs/audit-log.md, "Mirrors"): whoever audits has a copy that the broker cannot
 * take back. Loop thread. */
#ifndef SLUIS_AGENT_MIRROR_MIRROR_H
#define SLUIS_AGENT_MIRROR_MIRROR_H

#include <limits.h>

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
    char dir[PATH_MAX];    /* where the log lies that this agency follows */
    struct errmsg trouble; /* why it does not follow the log; "": it does */
};

/* Of a log that goes on behind the first one: its folder in that of the configuration. */
#define MIRROR_FOLDER_PREFIX "log-"

/* Whether a copy has this entry at that index, of the log that the agency follows or of one that ended. ERR_NOT_FOUND: none has; else as
 * tiles_read. */
enum err mirror_find(const struct mirror *m, uint64_t index, const struct digest *entry) MUST_CHECK;

/* Whether a question or a job of the mirror is under way. */
bool mirror_is_busy(const struct mirror *m);
/* The log that it mirrored has ended, and the agency follows the next: that one gets a folder of its own, below the other where that holds
 * something. What is there stays. */
void mirror_begin_anew(struct mirror *m);

#endif
