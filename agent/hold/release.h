/* The settlement of a decided item: what the broker gets, and inside it, sealed, what the requester gets
 * (docs/protocol.md, "Release"). Store thread. */
#ifndef SLUIS_AGENT_HOLD_RELEASE_H
#define SLUIS_AGENT_HOLD_RELEASE_H

#include "agent/hold/item.h"
#include "pki/view/view.h"

struct agent;

#define RELEASE_WAIT_S 2 /* what has to wait is tried again after so long */

struct release_params {
    struct agent *agent;
    const struct view *view;
    struct kv_txn *txn;
    struct arena *arena;
    int64_t now_s;
};

/* Appends the settlement of an item whose consents are complete. ERR_STATE: the record is gone or not
 * alive; ERR_MISMATCH: it, or the requester's sealing certificate, is not what was signed; ERR_AGAIN:
 * the broker has not acknowledged the record's batch yet, or as release_check_standing; ERR_CRYPTO, ERR_NOMEM, ERR_IO …. */
enum err release_settlement(const struct release_params *p, const struct hold_item *item,
                            struct buf *out, struct errmsg *why) MUST_CHECK;

/* Whether what was consented may still leave: officers on the roster, the policy of the question standing, and
 * permitting it now. A refusal needs the officers only. *policy: the version, of the view; NULL of a refusal. ERR_AGAIN (as
 * epoch_serves, or no quorum of witnesses watches the log), ERR_PERMISSION, ERR_BEHIND, ERR_NOMEM, or as the decoders; why is for the officer. */
enum err release_check_standing(const struct release_params *p, const struct hold_item *item,
                                const struct consent *c, const struct policy **policy,
                                struct errmsg *why) MUST_CHECK;

/* In this agency's own log: what was decided of the item does not leave, or not now. why: `stands_no_more`, `epoch_ended`,
 * `waits`, or `may_have_left`: it stands no more, and was sent before. Errors as own_log_append, or as the decoder. */
enum err release_log_stopped(const struct release_params *p, const struct hold_item *item, const char *why) MUST_CHECK;

/* Makes the settlement, puts it into the outbox and writes the item: sent; decided, where it has to wait;
 * failed, where the record is not what was signed. old is what stands in the store, or NULL for a new
 * item. */
enum err release_finish(const struct release_params *p, struct hold_item *item,
                        const struct hold_item *old) MUST_CHECK;

#endif
