/* What the state of an epoch means to a holder (docs/protocol.md, "Epochs"). */
#ifndef SLUIS_AGENT_HOLD_EPOCH_H
#define SLUIS_AGENT_HOLD_EPOCH_H

#include "agent/hold/item.h"
#include "pki/view/view.h"

struct agent;

/* Whether what was asked under an epoch still raises items and is settled: it is active or retired. why:
 * what it is instead. ERR_PERMISSION. */
enum err epoch_serves(const struct view *v, const struct name *purpose, uint32_t epoch,
                      struct errmsg *why) MUST_CHECK;

/* Store thread: ends and empties every item that waits for a decision or its settlement, and whose epoch is
 * compromised or destroyed. *closed: how many. Errors as item_get and item_put. */
enum err epoch_end_items(struct agent *a, const struct view *v, struct kv_txn *txn,
                         unsigned *closed) MUST_CHECK;

#endif
