/* The broker's audit log: an entry in the same transaction as its effect, then blocks, signed heads,
 * tiles and proofs at a fixed interval (publisher.h; docs/audit-log.md). */
#ifndef SLUIS_BROKER_AUDIT_H
#define SLUIS_BROKER_AUDIT_H

#include "broker/turn.h"

struct kv_txn;
struct logbook;
struct store;
struct vault;

struct audit_params {
    struct store *store;
    struct vault *records;          /* under which the bodies' keys lie; borrowed, outlives the audit */
    struct name deployment;
    const char *origin;             /* of the log; borrowed */
    uint64_t publish_interval_ms;
};

/* ERR_NOMEM. */
enum err audit_new(const struct audit_params *p, struct audit **out) MUST_CHECK;
void audit_free(struct audit *a);
DEFINE_CLEANUP(struct audit, audit_free)

/* The log itself; borrowed. */
struct logbook *audit_logbook(struct audit *a);

/* Store thread: writes body and pending entry of an automatic act or a message. actor (NULL: the
 * broker) and message (NULL: none) say whose; of a message that agency then gets the proof by mail. *entry is the
 * 32-byte entry. ERR_NO_SPACE, ERR_IO, ERR_CRYPTO: then nothing may take effect. */
enum err audit_append(struct audit *a, struct kv_txn *txn, const struct turn_audit *what,
                      const struct agency_id *actor, const struct message_id *message,
                      int64_t now_s, struct digest *entry) MUST_CHECK;

/* Store thread: the promise for an entry and its signature, appended to the two buffers. */
struct audit_promised {
    const struct digest *entry;
    const struct message_id *message;
    int64_t now_s;
    const struct key *by; /* the signing key that whoever gets it knows; NULL: ERR_STATE */
};
enum err audit_promise(struct audit *a, const struct audit_promised *what, struct buf *promise,
                       struct buf *signature) MUST_CHECK;

/* Loop thread: queues an automatic act of the broker's own, or the end of a session, as an entry of
 * its own. actor NULL: the broker. An entry that cannot be written closes the gate. */
void audit_note(struct broker *b, const struct turn_audit *what, const struct agency_id *actor);

/* Loop thread: opens a body that was read in txn, appended to out. ERR_NOT_FOUND (a filler, or
 * erased), ERR_SIGNATURE, ERR_MISMATCH, ERR_CRYPTO. */
enum err audit_open_body(struct audit *a, struct kv_txn *txn, const struct digest *entry,
                         struct buf *out) MUST_CHECK;

#endif
