/* The agent's life, for its program and for tests. */
#ifndef SLUIS_AGENT_AGENT_RUN_H
#define SLUIS_AGENT_AGENT_RUN_H

#include "agent/agent.h"

struct agent_params {
    const struct config_agent *config; /* outlives the agent */
    const struct agent_part *const *parts; /* ended by NULL */
    struct loop *loop;
    const struct clock *clock;
};

/* Keys, store, writer, view, parts, control socket; nothing is dialled yet. why names the file and what
 * to do. */
enum err agent_new(const struct agent_params *p, struct agent **out, struct errmsg *why) MUST_CHECK;
/* Stops the parts, finishes what the store has accepted, frees all. NULL is a no-op. */
void agent_free(struct agent *a);
DEFINE_CLEANUP(struct agent, agent_free)

/* Dials the broker and starts the outbox. */
enum err agent_start(struct agent *a, struct errmsg *why) MUST_CHECK;

/* Another view is in force from now on (taken). */
void agent_set_view(struct agent *a, struct view *v);

/* Purpose keys that were added to the key folder, versions of the storage key, roster and policy files anew; what was loaded stays
 * where what is there now is bad. */
enum err agent_reload(struct agent *a, struct errmsg *why) MUST_CHECK;

/* Takes no new calls, answers what is under way. */
void agent_drain(struct agent *a);

#endif
