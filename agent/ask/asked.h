/* What this agency asked, kept to verify what comes back (docs/storage-agent.md). Store thread for
 * writes, any transaction for reads; results are views in the arena. */
#ifndef SLUIS_AGENT_ASK_ASKED_H
#define SLUIS_AGENT_ASK_ASKED_H

#include "agent/ask/subject.h"
#include "agent/store/store.h"
#include "proto/base/enums.h"
#include "proto/base/ids.h"

#define ASK_HOLDERS_MAX 64
#define ASK_HEADERS_MAX (2 * ASK_HOLDERS_MAX) /* one for each holder and active epoch */
#define ASKED_MAX_BYTES ((size_t)1 << 20)

/* An identifier as its inner was computed: for someone protected these are random bytes. */
struct asked_identifier {
    enum ident_type type;
    struct bytes value;
};

struct asked_subject {
    struct bytes label;
    const struct asked_identifier *identifiers;
    size_t identifier_count;
};

/* The question to one holder in one epoch. Those of one holder follow each other, by epoch. */
struct asked_holder {
    struct agency_id oin;
    struct digest header_digest;
};

struct asked {
    struct request_id id;
    struct case_id case_id;
    struct name staff;
    struct name rule;
    uint32_t rule_version;
    struct name purpose;
    uint32_t epoch; /* the first; each header names its own */
    enum outcome outcome;
    int64_t issued_at_s;
    int64_t deadline_s;
    uint32_t keep_days; /* after the deadline, then all of it goes */
    const struct asked_subject *subjects; /* by group */
    size_t subject_count;
    const struct asked_holder *holders;
    size_t holder_count;
};

/* The last second for which it is kept. */
static inline int64_t asked_end_s(const struct asked *k)
{
    return k->deadline_s + (int64_t)k->keep_days * 86400;
}

#define ASKED_LATE_S INT64_C(86400) /* after its deadline a request is over, whether the broker said so or not */

enum ask_state {
    ASK_QUEUED = 1, /* waits for the broker's answer */
    ASK_OPEN,       /* the broker accepted it */
    ASK_REFUSED,    /* the broker refused it */
    ASK_CLOSED,     /* the deadline has passed, and the broker said so */
};

/* "queued", "open", "refused", "closed"; "?" outside the set. */
const char *ask_state_id(enum ask_state s);

/* How a holder stands that is asked in two epochs: refused only where both were. */
enum ask_state ask_state_of_both(enum ask_state a, enum ask_state b);

/* How many headers from position i on go to the same holder. */
size_t asked_same_holder(const struct asked *asked, size_t i);

/* The question to one holder in one epoch, as it was sent. */
struct asked_header {
    struct request_id request;
    struct agency_id holder;
    struct bytes header; /* exact bytes of the request header */
    enum ask_state state;
    int64_t since_s;      /* in this state; open: when the broker accepted it, by its clock */
    struct bytes refusal; /* text of the broker's refusal; empty otherwise */
    struct bytes closed;  /* exact bytes of the broker's `closed`; empty before */
};

/* Errors as store_put. */
enum err asked_put(struct store *s, struct kv_txn *txn, const struct asked *asked) MUST_CHECK;
enum err asked_header_put(struct store *s, struct kv_txn *txn, const struct digest *digest,
                          const struct asked_header *header) MUST_CHECK;

/* How the question stands at now_s. One that is open still, long after its deadline, is closed, and its refusal says why: a
 * broker that was restored has lost it (decision 0416). */
void asked_header_judge(struct asked_header *h, const struct asked *k, int64_t now_s);

/* ERR_NOT_FOUND; ERR_INVALID, ERR_TRUNCATED: the store is damaged; else as store_get. */
enum err asked_get(struct store *s, struct kv_txn *txn, const struct request_id *id,
                   struct arena *a, struct asked *out) MUST_CHECK;
enum err asked_header_get(struct store *s, struct kv_txn *txn, const struct digest *digest,
                          struct arena *a, struct asked_header *out) MUST_CHECK;
/* The one behind a digest, zero before the first. ERR_NOT_FOUND at the end; else as above. A row may be written between
 * two calls. */
enum err asked_header_next(struct store *s, struct kv_txn *txn, const struct digest *after, struct arena *a,
                           struct digest *digest, struct asked_header *out) MUST_CHECK;

/* Takes a row of STORE_ASK apart, as store_next gives it. */
enum err asked_decode(struct bytes row, struct arena *a, struct asked *out) MUST_CHECK;

/* Removes the request, its headers and its results. */
enum err asked_delete(struct store *s, struct kv_txn *txn, const struct asked *asked) MUST_CHECK;

/* What became of one settlement. */
enum result_kind {
    RESULT_RELEASED = 1,
    RESULT_KNOWN,
    RESULT_REFUSED,  /* by the holder, with its ground */
    RESULT_REJECTED, /* by this agency: it did not verify */
    RESULT_WAITS,    /* cannot be verified now: the key of its epoch is not here, or its purpose is suspended */
};

/* "released", "known", "refused", "rejected", "waits"; "?" outside the set. */
const char *result_kind_id(enum result_kind k);

struct result {
    enum result_kind kind;
    int64_t received_s;
    struct bytes settled; /* exact bytes that came: the evidence */
    struct bytes content; /* of a release: what the holder sealed; empty otherwise */
    struct bytes reason;  /* why it was rejected, or waits; empty otherwise */
};

/* Whether a result that verified stands there already: it may come again. Any transaction. */
enum err result_stands(struct store *s, struct kv_txn *txn, const struct digest *header, const struct digest *consent,
                       bool *out) MUST_CHECK;

/* Under the header and the digest of the first consent, so that the same settlement stands once. A result
 * that verified is never replaced by one that did not: ERR_OK, and nothing is written. One that waits stands under
 * the digest of the whole settlement instead: nobody knows yet which of two is the true one. */
enum err result_put(struct store *s, struct kv_txn *txn, const struct digest *header,
                    const struct digest *consent, const struct result *r) MUST_CHECK;

/* Goes through the results of a header. ERR_NOT_FOUND at the end. */
enum err result_iter(struct store *s, struct kv_txn *txn, const struct digest *header,
                     struct kv_iter **out) MUST_CHECK;
enum err result_next(struct store *s, struct kv_iter *it, struct arena *a,
                     struct result *out) MUST_CHECK;

/* How many results of a header say something: releases and confirmations that verified. ERR_NOMEM, or as the store. */
enum err result_answers(struct store *s, struct kv_txn *txn, const struct digest *header,
                        uint64_t *out) MUST_CHECK;

/* The next result that waits, of whichever header, behind a place; all zero: the first. ERR_NOT_FOUND: none. */
struct result_place {
    uint8_t key[64];
};
enum err result_next_waiting(struct store *s, struct kv_txn *txn, const struct result_place *after,
                             struct arena *a, struct result_place *at,
                             struct result *out) MUST_CHECK;
/* It has been judged. ERR_NOT_FOUND. */
enum err result_del(struct store *s, struct kv_txn *txn, const struct result_place *at) MUST_CHECK;

/* A number of META: 1 where a result may wait. */
#define RESULTS_WAIT "results_wait"

#endif
