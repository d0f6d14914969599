/* Promises of the broker whose proof has not come, in the table RECEIPT_DUE (docs/storage-agent.md): which of them its log broke,
 * and which of those this agency's own log has told. */
#ifndef SLUIS_AGENT_PROMISES_H
#define SLUIS_AGENT_PROMISES_H

#include "proto/base/err.h"
#include "proto/msg/reply.h"

struct agent;
struct kv_txn;

/* Writer job: it waits for its proof. One that the own log told of as missed stays told. Errors as store_put. */
enum err promises_put(const struct agent *a, struct kv_txn *txn, const struct promise *p) MUST_CHECK;

/* Writer job: its proof is there, and the log shows what was committed at its time. Errors as store_del and store_put. */
enum err promises_settle(const struct agent *a, struct kv_txn *txn, const struct promise *p) MUST_CHECK;

struct promises_count {
    uint64_t due;    /* a proof may still be on its way */
    uint64_t late;   /* over, and no proof though the session was open for long enough */
    uint64_t missed; /* over, and the log shows what was committed later */
    uint64_t untold; /* of those that are missed: the own log has not told them */
};
/* Loop thread. Errors as store_iter. */
enum err promises_count(const struct agent *a, struct promises_count *out) MUST_CHECK;

/* One that its time is over for: `missed` or `late` as they are counted. */
struct promise_broken {
    struct digest entry;
    int64_t due_s;
    bool is_missed;
};
/* Loop thread: the first of them by when they were due. Errors as store_iter. */
enum err promises_broken(const struct agent *a, struct promise_broken *out, size_t max, size_t *count, bool *is_cut) MUST_CHECK;

/* Writer job. One entry of the own log tells how many more are missed, and they count as told, in one transaction; of
 * very many some wait for the next job. Errors as own_log_append. */
enum err promises_tell(const struct agent *a, struct kv_txn *txn) MUST_CHECK;

#endif
