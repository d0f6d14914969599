/* What the broker looks at by itself: roster and clock, room on the disk, ids that may be forgotten. */
#ifndef SLUIS_BROKER_HEALTH_H
#define SLUIS_BROKER_HEALTH_H

#include "broker/broker.h"

struct health;

/* ERR_NOMEM. */
enum err health_new(struct broker *b, struct health **out) MUST_CHECK;
void health_free(struct health *h);
DEFINE_CLEANUP(struct health, health_free)

/* For the watchdog: the store thread shows life. */
bool health_is_alive(const struct broker *b);

#endif
