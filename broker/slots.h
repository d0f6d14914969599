/* Mail in slots: at each one every agency with an open session gets exactly one mail of a padded size,
 * also when nothing waits for it, so that neither time nor size tells what happened. */
#ifndef SLUIS_BROKER_SLOTS_H
#define SLUIS_BROKER_SLOTS_H

#include "broker/broker.h"
#include "proto/msg/mail.h"

struct slots;

/* ERR_NOMEM. */
enum err slots_new(struct broker *b, struct slots **out) MUST_CHECK;
void slots_free(struct slots *s);
DEFINE_CLEANUP(struct slots, slots_free)

/* One slot, now. */
void slots_run(struct slots *s);

struct session;

/* Whether the agency is still on the roster with the key that the connection proved: who was struck off, or
 * got another key, is sent nothing more. */
bool slots_may_deliver(const struct broker *b, const struct session *one, int64_t now_s);

/* What the next mail of a session carries; items are opened into the arena (at least 4 MiB). Nothing new goes
 * out behind a mail that is not acknowledged: the agency could miss that one and take the next, and its
 * acknowledgement would delete both. What is not acknowledged within ten seconds comes again. Errors as
 * mailbox_collect. */
struct slot_turn {
    struct kv_txn *txn;
    struct arena *arena;
    int64_t now_ms; /* monotonic */
};
enum err slots_fill(struct broker *b, const struct slot_turn *t, struct session *one,
                    struct mail *out) MUST_CHECK;

#endif
