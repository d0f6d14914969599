/* The proof files that senders are owed. */
#ifndef SLUIS_BROKER_PROOFS_H
#define SLUIS_BROKER_PROOFS_H

#include "broker/broker.h"
#include "pki/logbook/log_rows.h"

/* Store thread: puts the proof file of every entry that is in this head into its sender's mailbox,
 * as many as one round takes. A full mailbox keeps its proofs waiting. The file's `extra` is the
 * entry. */
enum err proofs_deliver(struct broker *b, struct kv_txn *txn,
                        const struct log_published *published) MUST_CHECK;

#endif
