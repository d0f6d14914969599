/* An item of the inbox: one question about one record of this agency, and what was decided.
 * docs/storage-agent.md lists the tables. Store thread, unless said. */
#ifndef SLUIS_AGENT_HOLD_ITEM_H
#define SLUIS_AGENT_HOLD_ITEM_H

#include "agent/store/store.h"
#include "proto/base/arena.h"
#include "proto/msg/consent.h"
#include "proto/msg/request.h"

enum item_state {
    ITEM_OPEN = 1, /* nobody, or the first of two, has decided */
    ITEM_DECIDED,  /* every signature is there; the settlement is not made yet */
    ITEM_SENT,     /* the settlement waits in the outbox */
    ITEM_SETTLED,  /* the broker accepted it */
    ITEM_FAILED,   /* the broker refused it */
    ITEM_ENDED,    /* the deadline came first */
};

/* "open", "decided", …; "?" outside the set. */
const char *item_state_id(enum item_state s);

/* How what the requester says of the subject stands to the record. */
enum comparison {
    COMPARED_ABSENT = 1, /* not given, or the record does not have it */
    COMPARED_EQUAL,
    COMPARED_DIFFERS,
};

/* "absent", "equal", "differs"; "?" outside the set. */
const char *comparison_id(enum comparison r);

#define ITEM_MATCHED_MAX 64

/* An identifier that the question and the record share. */
struct matched_place {
    uint8_t place; /* among the record's identifiers */
    enum ident_type type;
};

/* The question in another epoch that found the same record: what of an item is of one epoch alone. */
struct item_twin {
    struct handle handle;        /* all zero before such a notice */
    struct digest header_digest;
    struct bytes header; /* exact bytes; empty where the item cannot go over to it */
    struct digest record_leaf;
    struct matched_place matched[ITEM_MATCHED_MAX]; /* ascending by place */
    size_t matched_count;
};

struct hold_item {
    uint64_t number; /* from 1; how people name it */
    enum item_state state;
    bool emptied; /* what only a decision needs is gone: identifiers, sealed part */
    struct consent_nonce nonce;
    int64_t arrived_s;
    int64_t due_s; /* when it closes by itself; once closed, when it is deleted */
    uint32_t keep_hit;     /* days for which a closed item stays, by the rule when it arrived */
    uint32_t keep_release; /* the same where something was released */
    struct name claimed_by; /* staff id, or "" */
    uint32_t folded; /* further notices of this request that led to the same record */
    struct item_twin twin;

    struct name compartment; /* by the rule when it arrived, or "" */

    struct bytes header; /* exact bytes of the request header */
    struct digest header_digest;
    uint32_t group;
    struct handle handle;
    struct digest record_leaf;
    struct digest content; /* tells whether another handle is the same record; see hit_mail.c */
    struct name function; /* of the case worker, as the rule names it */
    struct matched_place matched[ITEM_MATCHED_MAX]; /* ascending by place */
    size_t matched_count;
    enum comparison control_name;
    enum comparison control_birth;
    struct bytes sealed; /* exact bytes of the opened sealed part; empty once emptied */

    struct signed_consent consents[2];
    size_t consent_count;
    struct bytes refusal; /* why the broker refused the settlement; empty otherwise */
};

/* Writes the item and its place in the list of what is due; old is what stood there, or NULL for a new
 * one. Errors as store_put. */
enum err item_put(struct store *s, struct kv_txn *txn, const struct hold_item *item,
                  const struct hold_item *old) MUST_CHECK;

/* The next free number. ERR_IO, ERR_SIGNATURE. */
enum err item_next_number(struct store *s, struct kv_txn *txn, uint64_t *out) MUST_CHECK;

/* Any transaction. Views in the arena. ERR_NOT_FOUND; ERR_INVALID, ERR_TRUNCATED: the store is
 * damaged; else as store_get. */
enum err item_get(struct store *s, struct kv_txn *txn, uint64_t number, struct arena *a,
                  struct hold_item *out) MUST_CHECK;

/* Removes every row of the item. */
enum err item_delete(struct store *s, struct kv_txn *txn, const struct hold_item *item,
                     const struct request_id *request) MUST_CHECK;

/* The item is one of this request; item_put does not know request ids. */
enum err item_link(struct store *s, struct kv_txn *txn, const struct request_id *request,
                   uint64_t number) MUST_CHECK;

/* Goes through item numbers in a table of numbers. Any transaction. */
struct item_iter {
    struct kv_iter *rows;
    size_t skip; /* bytes in front of the number */
};
/* All items, by number. */
enum err item_iter_all(struct store *s, struct kv_txn *txn, struct item_iter *out) MUST_CHECK;
/* Those of one request. */
enum err item_iter_request(struct store *s, struct kv_txn *txn, const struct request_id *request,
                           struct item_iter *out) MUST_CHECK;
/* ERR_NOT_FOUND at the end. */
enum err item_iter_next(struct item_iter *it, uint64_t *number) MUST_CHECK;
void item_iter_end(struct item_iter *it);

/* The first item that is due at now_s. ERR_NOT_FOUND: none. */
enum err item_first_due(struct store *s, struct kv_txn *txn, int64_t now_s,
                        uint64_t *number) MUST_CHECK;

/* Whether another epoch found the record too. */
bool item_has_twin(const struct hold_item *item);

/* Takes out what only a decision needs. The digest of the record stays, and by which handle and question
 * another epoch has it: a notice of that epoch may come after the decision. */
void item_empty(struct hold_item *item);

#endif
