/* What the broker looks at by itself: roster and clock, room on the disk, ids that may be forgotten. */
#ifndef SLUIS_BROKER_HEALTH_H
#define SLUIS_BROKER_HEALTH_H

#include "broker/broker.h"

struct health;

/* ERR_NOMEM. */
enum err health_new(struct broker *b, struct health **out) MUST_CHECK;
void health_free(struct health *h);
DEFINE_CLEANUP(struct health, health_free)

/* Forgets the ids that are kept no longer, with an audit entry that counts them: what the timer does
 * every minute. */
void health_clean(struct health *h);

/* For the watchdog: the store thread shows life. */
bool health_is_alive(const struct broker *b);

#endif
