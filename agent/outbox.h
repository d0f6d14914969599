/* Messages on their way to the broker: stored before the first send, the same bytes until answered,
 * a new envelope around the same body after expiry or `behind` (docs/protocol.md, "Envelope"). */
#ifndef SLUIS_AGENT_OUTBOX_H
#define SLUIS_AGENT_OUTBOX_H

#include "proto/base/arena.h"
#include "proto/base/ids.h"
#include "proto/msg/envelope.h"
#include "proto/msg/reply.h"

struct agent;
struct kv_txn;
struct outbox;

#define OUTBOX_TAG_MAX 256

/* Names one entry; ascending in order of outbox_put. */
struct outbox_id {
    uint64_t v;
};

/* What the owner of a kind does with the final answer, on the store thread, in the transaction that
 * removes the entry; either may run twice. tag is what outbox_put was given. promise: verified, with
 * its exact bytes in reply. A refusal that repeating mends (behind, expired, state, closed, credit, suspended)
 * does not come here: the outbox repeats. */
struct outbox_owner {
    enum msg_kind kind;
    enum err (*on_accepted)(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise);
    enum err (*on_refused)(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply);
    /* Loop thread, each time the message went out to an open session (batch: its chunks follow).
     * May be NULL. */
    void (*on_sent)(struct agent *a, struct outbox_id id, struct bytes tag);
    /* Loop thread, after the answer's transaction. accepted false: refused. May be NULL. */
    void (*on_done)(struct agent *a, struct bytes tag, bool accepted);
    unsigned most_at_once; /* of this kind under way; 0: 16 */
    /* Whether `suspended` is, at present, a final refusal, for on_refused; else, and where NULL, it waits for its purpose. */
    bool (*ends_when_suspended)(const struct agent *a);
};

/* Store thread: queues a body, encrypted at rest. tag: at most OUTBOX_TAG_MAX bytes for the owner.
 * Sent by itself after the commit. ERR_NO_SPACE, ERR_IO, ERR_CRYPTO, ERR_NOMEM, ERR_TOO_LARGE. */
enum err outbox_put(struct outbox *o, struct kv_txn *txn, enum msg_kind kind, struct bytes body,
                    struct bytes tag, struct outbox_id *id) MUST_CHECK;

/* Store thread: takes back what needs no answer any more. An answer that comes later is dropped.
 * ERR_NOT_FOUND, ERR_IO. */
enum err outbox_drop(struct outbox *o, struct kv_txn *txn, struct outbox_id id) MUST_CHECK;

/* Loop thread: sends the entry again now (batch: the broker lost its chunks). */
void outbox_again(struct outbox *o, struct outbox_id id);

/* How many wait. Any transaction. */
enum err outbox_count(struct outbox *o, struct kv_txn *txn, uint64_t *out) MUST_CHECK;

#endif
