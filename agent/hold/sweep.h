/* What time does to items: at the deadline they close, and when their term is over they go. */
#ifndef SLUIS_AGENT_HOLD_SWEEP_H
#define SLUIS_AGENT_HOLD_SWEEP_H

#include "agent/hold/item.h"

struct agent;

/* Loop thread: submits one sweep, unless one is under way. Closes what is due, deletes what is over, and
 * makes the settlements of decided items that have none (a crash, or a batch that was not acknowledged
 * yet). */
void hold_sweep(struct agent *a);

/* Store thread: the item's question is over. What only a decision needs goes; the row stays for the
 * retention of its rule. old is what stands in the store. */
enum err sweep_close(struct agent *a, struct kv_txn *txn, struct hold_item *item,
                     const struct hold_item *old) MUST_CHECK;

#endif
