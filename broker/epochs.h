/* The epochs of each purpose as their custodians say them: what a new word changes goes into the log. */
#ifndef SLUIS_BROKER_EPOCHS_H
#define SLUIS_BROKER_EPOCHS_H

#include "broker/broker.h"
#include "pki/view/view.h"

struct kv_txn;

/* Store thread, in the transaction that accepts view: keeps the words on epochs that are newer than before
 * says, and notes each epoch whose state is another than in the word before. */
enum err epochs_accept(struct broker *b, struct kv_txn *txn, const struct view *view,
                       const struct view_marks *before) MUST_CHECK;

#endif
