/* Rows of requests: each as it was accepted, the answer it got, and what is due for it when. */
#ifndef SLUIS_BROKER_STORE_ASKS_H
#define SLUIS_BROKER_STORE_ASKS_H

#include "broker/store/store.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/msg/request.h"

/* How far a request is. */
enum ask_state {
    ASK_NONE = 0,
    ASK_WAITING, /* accepted, not matched yet */
    ASK_MATCHED,
    ASK_CLOSED,
};

/* One header, as its requester signed it. Views of the transaction when read. */
struct ask {
    enum ask_state state;
    int64_t accepted_at_s;
    uint32_t hits;             /* shown to the holder */
    uint32_t hidden;           /* over the rule's limit on hits */
    uint32_t released;         /* settled with a release */
    uint32_t keep_no_hit_days; /* of the rule under which it was accepted, as the next two */
    uint32_t keep_hit_days;
    uint32_t keep_release_days;
    struct bytes header;
    struct bytes worker_signature;
    struct digest worker_fingerprint;
    struct bytes agency_signature;
};

/* By the header's digest. put: makes or replaces. ERR_NOT_FOUND; ERR_INVALID: damaged. */
enum err ask_put(struct store *s, struct kv_txn *txn, const struct digest *id,
                 const struct ask *a) MUST_CHECK;
enum err ask_get(struct store *s, struct kv_txn *txn, const struct digest *id,
                 struct ask *out) MUST_CHECK;
enum err ask_del(struct store *s, struct kv_txn *txn, const struct digest *id) MUST_CHECK;

/* A row with its decoded header, all in the arena, so that it outlives a write. Errors as ask_get;
 * ERR_NOMEM. */
struct ask_read {
    struct ask ask;
    struct request_header header;
};
enum err ask_read(struct store *s, struct kv_txn *txn, const struct digest *id, struct arena *a,
                  struct ask_read *out) MUST_CHECK;

/* What makes two messages the same request. */
struct ask_key {
    struct agency_id requester;
    struct request_id request;
    struct agency_id holder;
    uint32_t epoch;
};

/* Which header took effect for it, and with which promise; views when read. */
struct ask_answer {
    struct digest header;
    struct bytes promise;
    struct bytes promise_signature;
};
/* ERR_EXISTS: put. ERR_NOT_FOUND, ERR_INVALID: get. */
enum err ask_answer_put(struct store *s, struct kv_txn *txn, const struct ask_key *k,
                        const struct ask_answer *a) MUST_CHECK;
enum err ask_answer_get(struct store *s, struct kv_txn *txn, const struct ask_key *k,
                        struct ask_answer *out) MUST_CHECK;
enum err ask_answer_del(struct store *s, struct kv_txn *txn, const struct ask_key *k) MUST_CHECK;

/* What is due for a header at a time. */
enum ask_due {
    ASK_DUE_NONE = 0,
    ASK_DUE_MATCH = 'm',
    ASK_DUE_CLOSE = 'c',
    ASK_DUE_FORGET = 'f', /* retention is over */
};
struct ask_task {
    enum ask_due what;
    int64_t due_s;
    struct digest id;
};
enum err ask_task_put(struct store *s, struct kv_txn *txn, const struct ask_task *t) MUST_CHECK;
/* Also where there is none. */
enum err ask_task_del(struct store *s, struct kv_txn *txn, const struct ask_task *t) MUST_CHECK;
/* Those of one kind whose time has come, earliest first, at most max. Any transaction. */
struct ask_due_query {
    enum ask_due what;
    int64_t now_s;
    const struct ask_task *after; /* only those behind it; NULL: from the first */
};
enum err ask_tasks_due(struct store *s, struct kv_txn *txn, const struct ask_due_query *q,
                       struct ask_task *out, size_t max, size_t *count) MUST_CHECK;

#endif
