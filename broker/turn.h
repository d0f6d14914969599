/* The life of one message at the broker (docs/protocol.md, "Envelope"): checked and decoded on the
 * loop, prepared, then applied in one writer job with its audit entry and stored reply. */
#ifndef SLUIS_BROKER_TURN_H
#define SLUIS_BROKER_TURN_H

#include "broker/broker.h"
#include "proto/log/audit_event.h"
#include "proto/msg/envelope.h"
#include "proto/msg/reply.h"
#include "proto/policy/decision.h"

struct kv_txn;

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
    uint32_t count;             /* records of a batch, headers closed, …; 0: absent */
    struct name key_version;    /* purpose.epoch, or "" */
    bool hidden_from_peer;      /* only auditors and the sender read it */
    bool hidden_from_sender;
};

struct turn {
    struct broker *broker;
    struct view *view; /* the turn's own reference */
    struct arena *arena;
    const struct roster_member *sender;
    struct envelope envelope;
    struct digest envelope_digest;
    int64_t now_s;
    void *decoded; /* the handler's own, in the arena */
    struct turn_audit audit;
    struct refused refusal;      /* code REFUSED_NONE: none */
    struct bytes reply_body;     /* other than accepted: set with reply_kind */
    enum msg_kind reply_kind;    /* MSG_NONE: accepted with promise */
    bool no_reply;
};

/* Refuses: code, detail as printf. The first refusal stays. Returns ERR_OK so that a handler can
 * `return turn_refuse(…)`. Detail holds no data subject. Before any write in apply. */
enum err turn_refuse(struct turn *t, enum refusal_code code, const char *fmt, ...)
    PRINTF_LIKE(3, 4);
/* Refuses with REFUSED_POLICY and every failed condition of the decision. */
enum err turn_refuse_decision(struct turn *t, const struct decision *d);

/* One row of the dispatch table. prepare: loop thread, decodes and verifies, may refuse. apply: store
 * thread, inside the transaction; reads state, refuses before it writes, or takes effect. Either
 * returns an error only for failures of this machine (then nothing happens and nothing is answered;
 * the agent repeats). apply may run twice: it sets, it does not accumulate. */
struct turn_handler {
    enum msg_kind kind;
    enum err (*prepare)(struct turn *t, struct errmsg *why);
    enum err (*apply)(struct turn *t, struct kv_txn *txn); /* NULL: no effect, no stored reply */
    bool in_repair; /* served in session state repair too */
};

/* The handlers of each part, gathered in dispatch.c. */
extern const struct turn_handler hello_handler, fetch_handler, mail_ack_handler, bodies_handler;
extern const struct turn_handler batch_chunk_handler, batch_handler;
extern const struct turn_handler request_handler, settle_handler;

#endif
