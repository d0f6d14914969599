/* The life of one message at the broker (docs/protocol.md, "Envelope"): checked and decoded on the
 * loop, prepared, then applied in one writer job with its audit entry and stored reply. */
#ifndef SLUIS_BROKER_TURN_H
#define SLUIS_BROKER_TURN_H

#include "broker/broker.h"
#include "broker/wire.h"
#include "proto/json/audit_body.h"
#include "proto/msg/envelope.h"
#include "proto/msg/reply.h"
#include "proto/policy/decision.h"

struct kv_txn;
struct turn_private;

#define TURN_ARENA_BYTES ((size_t)32 << 20)

/* How a message becomes visible in the log and who may read that entry. */
struct turn_audit {
    enum audit_event event;
    struct agency_id peer;      /* the other agency of the message; empty where there is none */
    struct name rule;           /* "" where no rule is named */
    uint32_t rule_version;
    struct name staff;          /* monthly pseudonym, or "" */
    struct digest request;      /* digests that are salted before they are written; zero: absent */
    struct case_id case_id;     /* zero: absent */
    const struct facts *facts;  /* the evaluator's whole input; NULL: no evaluation */
    const struct decision *decision;
    const struct bytes *reasons; /* codes; without a decision only. A refused turn sets them itself */
    size_t reasons_count;
    const char *refused_for;    /* a code beside that of a refusal, where it says more; NULL: none */
    uint32_t count;             /* records of a batch, headers closed, …; 0: absent */
    uint32_t key_version;       /* epoch of the purpose that the facts name; 0: absent */
    struct digest policy;       /* zero: in a turn, that of its view; else absent */
    const struct audit_fact *more; /* further values: counts and codes, never a data subject */
    size_t more_count;
    bool hidden_from_peer;      /* only auditors and the sender read it */
    bool hidden_from_sender;
};

struct turn {
    struct broker *broker;
    struct view *view; /* the turn's own reference */
    struct arena *arena;
    const struct roster_member *sender;
    struct peer_route route; /* where the reply goes */
    struct envelope envelope;
    struct digest envelope_digest;
    int64_t now_s;
    void *decoded; /* the handler's own, in the arena */
    struct turn_audit audit;
    struct refused refusal;    /* code REFUSED_NONE: none */
    bool repeated;             /* turn_repeat: answered by an earlier effect's promise */
    bool no_reply;
    enum msg_kind reply_kind;  /* MSG_NONE: accepted with promise, or refused */
    struct bytes reply_body;   /* in the arena; set with reply_kind */
    /* Set when record() is called. */
    struct digest entry;
    struct bytes promise;      /* in the arena */
    struct bytes promise_signature;
    struct turn_private *private; /* turn.c's */
};

/* Refuses: code, detail as printf. The first refusal stays. Returns ERR_OK so that a handler can
 * `return turn_refuse(…)`. Detail holds no data subject. Before any write in apply. */
enum err turn_refuse(struct turn *t, enum refusal_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Refuses with REFUSED_POLICY and every failed condition of the decision. */
enum err turn_refuse_decision(struct turn *t, const struct decision *d);

/* For a body whose inner id took effect before with the same digest: answers accepted with the first
 * effect's promise. No effect, no entry; the new message id gets its stored reply. From prepare or
 * apply, before any write. Both are copied into the arena. ERR_NOMEM. */
enum err turn_repeat(struct turn *t, struct bytes promise, struct bytes promise_signature) MUST_CHECK;

/* Loop thread: goes on with, or drops without an answer, a turn that prepare held. */
void turn_continue(struct turn *t);
void turn_drop(struct turn *t);

/* How a handler's apply is recorded. */
enum turn_record {
    TURN_LOGGED = 0, /* audit entry, stored reply and effect in one transaction */
    TURN_ENTRY_ONLY, /* audit entry and effect; a repeated message is simply answered again */
    TURN_QUIET,      /* effect only: no entry, no stored id, no reply (mail_ack) */
};

/* One row of the dispatch table. Each function returns an error only for a failure of this machine:
 * then nothing happens and nothing is answered; the agent repeats. */
struct turn_handler {
    enum msg_kind kind;
    /* Loop thread; decodes and verifies, may refuse. ERR_AGAIN: the handler holds the turn until it
     * calls turn_continue or turn_drop (a batch waits for its chunks); at most a bounded number. */
    enum err (*prepare)(struct turn *t, struct errmsg *why);
    /* Store thread, inside the transaction; reads state, refuses before it writes, or takes effect.
     * NULL: no effect; without an entry, a stored id, or anything but reply_kind as its answer. */
    enum err (*apply)(struct turn *t, struct kv_txn *txn);
    /* Store thread, after apply took effect and the entry was written: stores entry or promise with
     * the effect. May be NULL. */
    enum err (*record)(struct turn *t, struct kv_txn *txn);
    /* Loop thread, once for each turn that was prepared: result ERR_OK where it is durable (refusal
     * tells whether it took effect). The turn dies after it. May be NULL. */
    void (*done)(struct turn *t, enum err result);
    unsigned senders; /* 1 << enum member_kind; 0: agencies alone */
    enum turn_record recorded;
    bool in_repair; /* served in session state repair, and by a closed gate, too */
};

/* The handlers of each part, gathered in dispatch.c. */
extern const struct turn_handler hello_handler, fetch_handler, mail_ack_handler, bodies_handler;
extern const struct turn_handler batch_chunk_handler, batch_handler;
extern const struct turn_handler request_handler, settle_handler;
extern const struct turn_handler agency_head_handler;
extern const struct turn_handler renewal_handler, cosign_handler, entries_handler, exported_handler;

/* Of what a registrar may send too: it has a mailbox, and takes part in nothing. */
#define TURN_BY_REGISTRAR (1u << MEMBER_AGENCY | 1u << MEMBER_REGISTRAR)

#endif
