/* What the broker, as their witness, keeps of the agencies' own logs: the newest head that it cosigned of each, under which
 * keys, and what contradicted it. Any transaction for reading. */
#ifndef SLUIS_BROKER_STORE_AGENCY_LOGS_H
#define SLUIS_BROKER_STORE_AGENCY_LOGS_H

#include "broker/store/store.h"
#include "proto/msg/agency_head.h"

struct agency_log {
    struct bytes keys[AGENCY_HEAD_MAX_KEYS]; /* verifier keys, text; the older first */
    size_t key_count;
    uint64_t size;
    struct digest root;
    int64_t at_s;      /* when it was cosigned */
    struct bytes note; /* the head with the log's signatures */
    int64_t newest_s;  /* when a head was cosigned last that the newest of the keys signed */
};

/* Views live as long as the transaction, and until it writes. ERR_NOT_FOUND: none yet; ERR_INVALID: damaged. */
enum err agency_log_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                        struct agency_log *out) MUST_CHECK;
enum err agency_log_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                        const struct agency_log *log) MUST_CHECK;

/* Keys that a log has left (decision 0415): SHA-256 of their lines, the newest last. Beyond that many the oldest go. */
#define AGENCY_LOG_LEFT_MAX 256u

/* *is_left: whether this is one of them. ERR_INVALID: damaged. */
enum err agency_log_has_left(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                             const struct digest *key, bool *is_left) MUST_CHECK;
/* Adds one. ERR_INVALID: damaged. */
enum err agency_log_leave(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                          const struct digest *key) MUST_CHECK;

/* The officer's word by which the log went over to another key last (decision 0419). */
struct agency_log_vouched {
    int64_t at_s;      /* when the first head under that key was cosigned */
    struct bytes word; /* as it came, signed */
};
/* As agency_log_get. */
enum err agency_log_vouched_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                struct agency_log_vouched *out) MUST_CHECK;
enum err agency_log_vouched_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                const struct agency_log_vouched *v) MUST_CHECK;

/* What speaks against a log, gravest first: its own key signed both heads. The first of a kind stays; all but another
 * history are over once a head is cosigned. */
enum agency_log_fault {
    AGENCY_LOG_OTHER = 1, /* another history: two roots of one size */
    AGENCY_LOG_SHORTER,   /* a head smaller than the one that was cosigned */
    AGENCY_LOG_UNPROVEN,  /* a greater head whose proof shows nothing: the head may be good */
    AGENCY_LOG_FAULTS_END,
};
struct agency_log_evidence {
    struct bytes shown; /* the request as it came */
    struct bytes own;   /* the newest head of then, a signed note */
};
/* As agency_log_get. */
enum err agency_log_evidence_get(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                 enum agency_log_fault fault, struct agency_log_evidence *out) MUST_CHECK;
enum err agency_log_evidence_put(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                 enum agency_log_fault fault,
                                 const struct agency_log_evidence *evidence) MUST_CHECK;
/* No evidence is no error. */
enum err agency_log_evidence_drop(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                                  enum agency_log_fault fault) MUST_CHECK;

/* Calls fn for each agency with a head, in the order of their OINs; ends at its first error. */
struct agency_log_visit {
    enum err (*fn)(void *arg, const struct agency_id *agency, const struct agency_log *log);
    void *arg;
};
enum err agency_log_each(struct store *s, struct kv_txn *txn, const struct agency_log_visit *v) MUST_CHECK;

#endif
