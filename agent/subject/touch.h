/* What touched a subject at this agency: an index beside the agency's own log, by which a privacy
 * officer answers a data subject (docs/audit-log.md, "What touched a subject"). An identifier is a
 * mark in it, an HMAC under a key of the agency's own; nothing here maps a mark back. */
#ifndef SLUIS_AGENT_SUBJECT_TOUCH_H
#define SLUIS_AGENT_SUBJECT_TOUCH_H

#include "agent/store/store.h"
#include "proto/base/hash.h"
#include "proto/ident/ident.h"
#include "proto/log/audit_event.h"

#define TOUCH_MARK_BYTES 16
#define TOUCH_GROUP_ALL UINT32_MAX /* every subject of a thread */
#define TOUCH_OUTCOME_MAX 32

struct touch_mark {
    uint8_t b[TOUCH_MARK_BYTES];
};

/* A subject of a thread, by one of its identifiers. */
struct touch_named {
    struct touch_mark mark;
    uint32_t group;
    enum ident_type type;
};

enum touch_role {
    TOUCH_NONE = 0,
    TOUCH_ASKED, /* this agency asked: the id is of its request */
    TOUCH_HELD,  /* it holds a record that a question hit: the id has the number of the item */
};

/* "requester", "holder"; "?" outside the set. */
const char *touch_role_id(enum touch_role r);

/* What several entries of the log tell of together. */
struct touch_thread {
    enum touch_role role;
    uint8_t id[16];
};

struct touch_thread touch_of_request(const struct request_id *id);
struct touch_thread touch_of_item(uint64_t number);

/* What counts for a whole thread, by the rule when it began. */
struct touch_terms {
    struct name rule;
    uint32_t rule_version;
    struct digest policy;    /* the version of the policy that has this rule */
    struct name compartment; /* of the item, or "" */
    bool is_deferred;        /* the rule lets the subject hear of it later */
    uint32_t review_days;    /* then it is looked at again */
    int64_t began_s;
    int64_t ends_s; /* the last second for which anything of it is kept */
};

/* What an entry says about a thread. */
struct touch {
    struct touch_thread thread;
    uint32_t group; /* or TOUCH_GROUP_ALL */
    enum audit_event event;
    struct agency_id peer;               /* oin "": none */
    char outcome[TOUCH_OUTCOME_MAX + 1]; /* a code, or "" */
    int64_t at_s;
    struct digest entry;
};

struct touch_index;

/* s is borrowed. ERR_NOMEM, ERR_CRYPTO. */
enum err touch_index_new(struct store *s, struct touch_index **out) MUST_CHECK;
void touch_index_free(struct touch_index *x);
DEFINE_CLEANUP(struct touch_index, touch_index_free)

/* The mark of an identifier, whatever the purpose. Any thread. Reveals nothing without the agency's
 * key; one value has one mark. ERR_CRYPTO, ERR_TOO_LARGE. */
enum err touch_mark(struct touch_index *x, const struct norm_ident *id,
                    struct touch_mark *out) MUST_CHECK;

/* Store thread: a thread begins, with its subjects. One that is there already stays as it is.
 * Errors as store_put. */
struct touch_start {
    struct touch_thread thread;
    struct touch_terms terms;
    const struct touch_named *named;
    size_t count;
};
enum err touch_begin(struct touch_index *x, struct kv_txn *txn,
                     const struct touch_start *start) MUST_CHECK;

/* Store thread: what an entry says about a thread; nothing where the thread began before there was
 * an index, or has ended. Errors as store_put. */
enum err touch_add(struct touch_index *x, struct kv_txn *txn, const struct touch *t) MUST_CHECK;

/* Store thread: at most max threads that have ended go, with all that was of them; how many. Errors
 * as store_next. */
enum err touch_prune(struct touch_index *x, struct kv_txn *txn, int64_t now_s, size_t max,
                     size_t *gone) MUST_CHECK;

/* A number of META: since when every act is in the index; made where it is absent. */
#define TOUCH_SINCE "touch_since"

#endif
