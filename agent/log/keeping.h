/* The agency's own log kept (docs/audit-log.md, "The log of an agency"): blocks, signed heads and files at its fixed
 * interval, the end of its bodies, what `status` tells of it, and the daily count of protected persons that were met. Loop thread. */
#ifndef SLUIS_AGENT_LOG_KEEPING_H
#define SLUIS_AGENT_LOG_KEEPING_H

#include "agent/agent.h"
#include "pki/logbook/log_keeper.h"

struct log_retention;
struct log_witnessed;
struct loop_timer;

struct log_keeping {
    struct agent *agent;
    struct log_keeper *keeper; /* NULL until it was made */
    struct log_witnessed *witnessed; /* likewise */
    struct log_retention *retention; /* bodies whose time is over */
    struct loop_timer *daily;
    char *dir;       /* of the tiles */
    bool is_forked;  /* the folder or the broker knows more than the store, which is an old copy: no head is signed */
    bool has_failed; /* the last round: entries wait in the store */
    bool is_counting;
};

#endif
