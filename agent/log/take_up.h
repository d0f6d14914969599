/* A store that was put back to an old copy takes up what its own log published since (decision 0418). */
#ifndef SLUIS_AGENT_LOG_TAKE_UP_H
#define SLUIS_AGENT_LOG_TAKE_UP_H

#include "agent/agent.h"

/* The entries of a published folder of this agency's log behind those of the store, up to its checkpoint or the head that the
 * broker is known to have, whichever is greater; with an entry that says so. The agent has no parts and serves nobody.
 * ERR_STATE (the log of this store has not begun, or it has all of it), ERR_NOT_FOUND (no checkpoint there, or an entry is missing), ERR_SIGNATURE (no
 * key of the folder of keys signed it), ERR_MISMATCH (another log, or the store is no beginning of it), ERR_INVALID, ERR_IO,
 * ERR_NO_SPACE, ERR_NOMEM, ERR_CRYPTO; the store is then as it was, and why tells. */
enum err own_log_take_up(struct agent *a, const char *dir, struct errmsg *why) MUST_CHECK;

#endif
