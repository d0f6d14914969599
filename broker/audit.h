/* The broker's audit log: an entry in the same transaction as its effect, then blocks, signed heads,
 * tiles and proofs at a fixed interval (publisher.h; docs/audit-log.md). */
#ifndef SLUIS_BROKER_AUDIT_H
#define SLUIS_BROKER_AUDIT_H

#include "broker/turn.h"

struct kv_txn;
struct store;
struct vault;

#define AUDIT_ROW_FILLER "log/filler" /* of meta: the filler key, under the vault of records */

struct audit_params {
    struct store *store;
    struct vault *records;          /* under which the bodies' keys lie; borrowed, outlives the audit */
    struct name deployment;
    const char *origin;             /* of the log; borrowed */
    uint64_t publish_interval_ms;
};

/* What the first entry of a log says beside its own. */
struct audit_beginning {
    int64_t now_s;
    const struct digest *ceremony; /* NULL without one */
};

/* ERR_NOMEM, ERR_CRYPTO. */
enum err audit_new(const struct audit_params *p, struct audit **out) MUST_CHECK;
void audit_free(struct audit *a);
DEFINE_CLEANUP(struct audit, audit_free)

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

/* Loop thread: F as hex, appended; for an auditor at the broker's host. The caller wipes it.
 * ERR_NOT_FOUND, ERR_SIGNATURE, ERR_CRYPTO. */
enum err audit_put_filler_hex(struct audit *a, struct kv_txn *txn, struct buf *out) MUST_CHECK;

/* Store thread, at start: the filler key F, made and kept in a new store together with the log's
 * first entry, which carries its commitment and, where the register was opened by one, the digest of
 * the ceremony's transcript. */
enum err audit_filler_key(struct audit *a, struct kv_txn *txn, const struct audit_beginning *at,
                          struct secret **out) MUST_CHECK;

#endif
