/* How a standing request ends: both its rows go, and the entry says why. Store thread. */
#ifndef SLUIS_AGENT_ASK_STANDING_END_H
#define SLUIS_AGENT_ASK_STANDING_END_H

#include "agent/agent.h"
#include "agent/ask/standing_due.h"

struct standing_ending {
    struct agent *agent;
    const struct view *view; /* whose policy the entry names; NULL: none */
    enum standing_end why;
    const struct name *staff; /* who ended it; NULL: nobody, by itself */
};

/* ERR_NOT_FOUND; else as store_del and own_log_append. */
enum err standing_end(const struct standing_ending *e, struct kv_txn *txn, const struct standing_row *k) MUST_CHECK;

/* All of a case that closes, with the staff who closed it. What cannot be read is passed over, and said in the log: a case
 * can always be closed. */
enum err standing_end_of_case(const struct standing_ending *e, struct kv_txn *txn, const struct case_id *id) MUST_CHECK;

/* One look at those that end by themselves, and at those whose subject became protected. Each look goes on behind the last
 * of the one before. */
struct standing_sweep {
    struct agent *agent;
    const struct view *view;
    int64_t now_s;
    size_t max;               /* that are looked at */
    struct standing_id after; /* in: goes on behind this one; out: where it ended, all zero at the end */
    size_t ended;             /* out */
    size_t unread;            /* out: of these the words or the case cannot be read; they stay as they are */
};
enum err standing_sweep(struct standing_sweep *w, struct kv_txn *txn) MUST_CHECK;

/* The state of the case that it is of; CASE_NONE: there is none. As case_get. */
enum err standing_case_state(struct store *s, struct kv_txn *txn, const struct standing_row *k,
                             enum case_state *out) MUST_CHECK;

#endif
