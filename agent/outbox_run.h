/* The outbox as session and process see it. Loop thread. */
#ifndef SLUIS_AGENT_OUTBOX_RUN_H
#define SLUIS_AGENT_OUTBOX_RUN_H

#include "agent/outbox.h"

struct envelope;

/* What waits in the store is found by outbox_start. ERR_NOMEM. */
enum err outbox_new(struct agent *a, struct outbox **out) MUST_CHECK;
void outbox_free(struct outbox *o);
DEFINE_CLEANUP(struct outbox, outbox_free)

void outbox_start(struct outbox *o);

/* The session opened: whatever was sent before goes again, now. */
void outbox_on_open(struct outbox *o);

/* The broker said hello in an open session: what it refused because a purpose is suspended goes once more. It
 * says so again whenever what it serves has changed. */
void outbox_on_served(struct outbox *o);

/* An accepted or refused of the broker, its signature verified. True where it answers an entry. */
bool outbox_on_reply(struct outbox *o, const struct envelope *reply);

/* For shutdown: nothing more is sent or settled. */
void outbox_stop(struct outbox *o);

struct outbox_info {
    uint64_t waiting;
    uint64_t suspended; /* of these: until the broker serves their purpose again */
    uint64_t repeats;   /* sends after the first */
    bool bad_promise;   /* an answer carried a promise that does not verify */
};
void outbox_info(const struct outbox *o, struct outbox_info *out);

#endif
