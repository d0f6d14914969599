/* Mail in slots: at each one every agency with an open session gets exactly one mail of a padded size,
 * also when nothing waits for it, so that neither time nor size tells what happened. */
#ifndef SLUIS_BROKER_SLOTS_H
#define SLUIS_BROKER_SLOTS_H

#include "broker/broker.h"

struct slots;

/* ERR_NOMEM. */
enum err slots_new(struct broker *b, struct slots **out) MUST_CHECK;
void slots_free(struct slots *s);
DEFINE_CLEANUP(struct slots, slots_free)

/* One slot, now. */
void slots_run(struct slots *s);

#endif
