/* After a restore: the broker stays closed until every agency on the roster has said hello with a
 * checkpoint that the log contains, and with that how far its batches were (awaited.h). */
#ifndef SLUIS_BROKER_RECONCILE_H
#define SLUIS_BROKER_RECONCILE_H

#include "broker/broker.h"

/* At start: closes the gate where the store was made from a copy. ERR_IO, ERR_NOMEM. */
enum err reconcile_start(struct broker *b) MUST_CHECK;

/* An agency's checkpoint was found in the log. True where nothing has to be waited for (any more). The
 * last one opens the gate after the mark is gone from the store. */
bool reconcile_heard(struct broker *b, const struct agency_id *agency);

/* While it waits: when the copy was made that the store is; 0: not known, or it does not wait. */
int64_t reconcile_copied_s(const struct broker *b);

/* For status: the agencies that it waits for; empty where it waits for none. NULL without memory. */
struct doc;
struct doc *reconcile_doc(const struct broker *b);

void reconcile_stop(struct broker *b);

#endif
