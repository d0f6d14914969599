/* What the state of an epoch means to a holder (docs/protocol.md, "Epochs"). */
#ifndef SLUIS_AGENT_HOLD_EPOCH_H
#define SLUIS_AGENT_HOLD_EPOCH_H

#include "agent/hold/item.h"
#include "pki/view/view.h"

struct agent;

/* Whether what was asked under an epoch still raises items and is settled: it is active or retired. why:
 * what it is instead. ERR_AGAIN: nobody can tell now, because the purpose is suspended here or its custodian's
 * statement of the epoch is not; ERR_PERMISSION. */
enum err epoch_serves(const struct view *v, const struct name *purpose, uint32_t epoch,
                      struct errmsg *why) MUST_CHECK;

/* Whether something could be asked in its epoch when this header was issued: it was not over by its age, nor because
 * an agency that holds its key had left. ERR_EXPIRED. */
struct request_header;
enum err epoch_could_be_asked(const struct view *v, const struct request_header *h,
                              struct errmsg *why) MUST_CHECK;

/* Whether it is compromised or destroyed. */
bool epoch_has_ended(const struct view *v, const struct name *purpose, uint32_t epoch);

/* What of an item is of its epoch, as the twin of an item of another; views of the item's. */
void epoch_twin_of(const struct hold_item *item, struct item_twin *out);

/* What becomes of an item whose epoch has ended where another that serves found the record too: the same
 * question in that epoch, open, with a nonce of its own and without signatures, due at its deadline; views
 * of old's. ERR_NOT_FOUND: its epoch has not ended, or there is no such twin; ERR_CRYPTO, or as the decoder. */
enum err epoch_go_over(const struct view *v, const struct hold_item *old, struct arena *a,
                       struct hold_item *out) MUST_CHECK;

/* Store thread: every item that waits for a decision or its settlement, and whose epoch is compromised or
 * destroyed, goes over to its twin where that serves; else it ends and is emptied. *closed: how many ended.
 * Errors as item_get and item_put. */
enum err epoch_end_items(struct agent *a, const struct view *v, struct kv_txn *txn,
                         unsigned *closed) MUST_CHECK;

#endif
