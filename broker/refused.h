/* What this broker refuses before any session: documents of trust, and members whose certificates do not count.
 * Each has one entry in the log, with the reason, until something else is refused in its place or it counts
 * again; a daemon that is started on a bad file over and over does not fill the log. */
#ifndef SLUIS_BROKER_REFUSED_H
#define SLUIS_BROKER_REFUSED_H

#include "broker/broker.h"

struct kv_txn;
struct view;

/* A roster or policy that was read and does not hold. */
struct refused_document {
    const char *document; /* "roster", "policy"; NULL: what failed says nothing of a document */
    struct digest digest; /* of its bytes */
    enum err reason;
    struct errmsg detail;
};

/* Store thread: the entry, where it was not written before. */
enum err refused_document_note(struct broker *b, struct kv_txn *txn,
                               const struct refused_document *d) MUST_CHECK;
/* The same as a job of the store thread; runs where the store thread does nothing else yet. */
enum err refused_document_now(struct broker *b, const struct refused_document *d) MUST_CHECK;
/* Loop thread: the same, later. An entry that cannot be written closes the gate. */
void refused_document_later(struct broker *b, const struct refused_document *d);

/* Store thread, in the transaction that accepts view: what was refused before may be refused again, and each
 * statement of a purpose key that does not count has its entry. */
enum err refused_accept(struct broker *b, struct kv_txn *txn, const struct view *view) MUST_CHECK;

/* Members that are met with silence for their certificates, of which the store has been told: a peer that goes on
 * costs no transaction. */
#define REFUSED_PEERS 64u
struct refused_peers {
    struct digest told[REFUSED_PEERS];
    size_t next;
};

/* Loop thread: a message came over a link that this CURVE key made. Notes it where the key's member is met with
 * silence because a certificate of it is revoked, over or not valid yet. */
void refused_peer(struct broker *b, struct refused_peers *peers, const struct view *view,
                  const struct curve_key *key);

#endif
