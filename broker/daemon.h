/* The broker from its first open file to its last freed byte, in order. */
#ifndef SLUIS_BROKER_DAEMON_H
#define SLUIS_BROKER_DAEMON_H

#include "broker/broker.h"

struct daemon;

/* Opens everything that the configuration names and checks it; serves nothing yet. ERR_*; why says
 * what, where and what to do. config outlives the daemon. */
enum err daemon_new(const struct config_broker *config, const struct clock *clock,
                    struct daemon **out, struct errmsg *why) MUST_CHECK;
void daemon_free(struct daemon *d);
DEFINE_CLEANUP(struct daemon, daemon_free)

/* Proves that strangers are refused, confines the process, says READY, serves until SIGTERM, and lets
 * what is under way end. ERR_STATE (a stranger got in), ERR_IO. */
enum err daemon_run(struct daemon *d, struct errmsg *why) MUST_CHECK;

/* Copies the store of a running or stopped broker into a new folder and marks the copy as restored:
 * a broker that starts on it reconciles before it opens. ERR_EXISTS, ERR_NO_SPACE, ERR_IO. */
enum err daemon_backup(const struct config_broker *config, const char *dir,
                       struct errmsg *why) MUST_CHECK;

/* Into the store of a stopped broker that runs on a copy: the log that was published after the copy was made
 * (take_up.h). ERR_AGAIN: a broker runs on it; else errors as daemon_new and take_up. */
struct take_up_from;
enum err daemon_take_up(const struct config_broker *config, const struct clock *clock,
                        const struct take_up_from *from, struct errmsg *why) MUST_CHECK;

/* On the store of a stopped broker: ends its log; begins the successor, with a copy of the store in a new folder (retire.h).
 * ERR_AGAIN: a broker runs on it; else errors as daemon_new, retire_log and retire_begin. */
enum err daemon_retire_log(const struct config_broker *config, const struct clock *clock, const char *successor,
                           struct errmsg *why) MUST_CHECK;
enum err daemon_begin_log(const struct config_broker *config, const struct clock *clock, const char *archive,
                          struct errmsg *why) MUST_CHECK;

#endif
