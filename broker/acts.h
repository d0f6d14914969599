/* The acts of the registrar that a roster tells, in the log: an entry for each. */
#ifndef SLUIS_BROKER_ACTS_H
#define SLUIS_BROKER_ACTS_H

#include "broker/broker.h"

struct kv_txn;

/* Store thread, in the transaction that accepts the roster of view: an entry for each act that stood not in the
 * roster accepted before (its signed bytes; empty: none). What an act says of an officer stays out. */
enum err acts_note(struct broker *b, struct kv_txn *txn, const struct view *view,
                   struct bytes before) MUST_CHECK;

#endif
