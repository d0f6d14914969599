/* The epochs of each purpose as their custodians say them: what a new word changes goes into the log, and
 * what each state permits. */
#ifndef SLUIS_BROKER_EPOCHS_H
#define SLUIS_BROKER_EPOCHS_H

#include "broker/turn.h"
#include "pki/view/view.h"

struct broker_keys;
struct kv_txn;

/* Store thread, in the transaction that accepts view: keeps the words on epochs that are newer than before
 * says, and notes each epoch whose state is another than in the word before. */
enum err epochs_accept(struct broker *b, struct kv_txn *txn, const struct view *view,
                       const struct view_marks *before) MUST_CHECK;

/* What is wanted under an epoch. A withdrawal and the end of an import need less than a batch: what is to
 * go may always go, and what was begun may end. */
enum epoch_use {
    EPOCH_USE_NONE = 0,
    EPOCH_USE_ADD,      /* active, and within the age that the policy gives it */
    EPOCH_USE_END,      /* active */
    EPOCH_USE_WITHDRAW, /* active or retired */
    EPOCH_USE_ASK,      /* as ADD */
    EPOCH_USE_SETTLE,   /* as WITHDRAW */
};
struct epochs_ask {
    const struct name *purpose;
    uint32_t epoch;
    enum epoch_use use;
};

/* Refuses the turn where its view does not permit it, saying which epoch to use instead; an epoch that
 * nobody dealt is left to who looks for its key, but for a settlement, which waits. */
void epochs_check(struct turn *t, const struct epochs_ask *ask);

/* Refuses a turn for which this broker has no half at hand: there is none, it was stopped, or the purpose is
 * suspended, which passes. What turn_refuse returns. */
enum err epochs_refuse_no_half(struct turn *t, const struct name *purpose, uint32_t epoch);

/* Whether what was asked under it goes on: active or retired, and its custodian's statement holds. Any thread. */
bool epochs_is_served(const struct view *v, const struct name *purpose, uint32_t epoch);

/* The moment from which on nothing new is accepted under it, by the policy's epoch_days or because an agency that
 * holds its key left (view_epoch_end_s); INT64_MAX where the purpose or the epoch is unknown. */
int64_t epochs_end_s(const struct view *v, const struct name *purpose, uint32_t epoch);

/* Sets for each of this broker's halves whether anything happens under it by this view. */
void epochs_stop_keys(struct broker_keys *k, const struct view *v);

/* Whether the declaration on which a destroyed epoch rests is kept here, so that what it says may be done. Errors of the
 * store. */
enum err epochs_is_declared(struct broker *b, struct kv_txn *txn, const struct epoch_entry *entry,
                            bool *out) MUST_CHECK;

#endif
