/* What arrives in the mailbox: each kind has one owner, which verifies and commits it. */
#ifndef SLUIS_AGENT_MAIL_IN_H
#define SLUIS_AGENT_MAIL_IN_H

#include "pki/view/view.h"
#include "proto/msg/mail.h"

struct agent;
struct kv_txn;

/* One item on its way in. arena lives until the item is committed. */
struct mail_turn {
    struct agent *agent;
    struct view *view;
    struct arena *arena;
    int64_t now_s;
    struct bytes content;
    uint64_t sequence;
    void *decoded; /* the owner's own, in the arena */
    bool dropped;  /* verified as bad: logged with a reason, counted, acknowledged, no other effect */
};

/* A number of META: how many items did not verify. An owner that finds out in apply counts it there. */
#define MAIL_REFUSED "mail_refused"

/* prepare: loop thread; decodes and verifies what needs no store; sets dropped for what is bad.
 * apply: store thread, in the transaction that raises the acknowledged sequence; may run twice.
 * An error of either that is this machine's (ERR_NOMEM, ERR_CRYPTO, ERR_IO, ERR_NO_SPACE) or of the moment
 * (ERR_AGAIN) lets the item come again, with all that is behind it; any other of prepare drops the item. */
struct mail_owner {
    enum mail_kind kind;
    enum err (*prepare)(struct mail_turn *t, struct errmsg *why);
    enum err (*apply)(struct mail_turn *t, struct kv_txn *txn);
    /* Loop thread, after the commit. May be NULL. */
    void (*on_done)(struct mail_turn *t);
};

#endif
