/* This agency's own audit log (docs/audit-log.md, "The log of an agency"): an entry in the same transaction as what it
 * tells of, or before what an officer looks at is shown. Blocks, heads and files: agent/log. */
#ifndef SLUIS_AGENT_OWN_LOG_H
#define SLUIS_AGENT_OWN_LOG_H

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/subject/touch.h"
#include "proto/json/audit_body.h"

struct kv_txn;
struct logbook;
struct own_log;
struct rule;

/* Numbers of META: how often a protected person was met since the last entry that told it (store_count it in the
 * transaction in which that happens), and the day of that entry. */
#define OWN_LOG_MET "own_log_met"
#define OWN_LOG_MET_DAY "own_log_met_day"

/* A thread of the index that an entry is about. Nothing of it is in the entry. */
struct own_touch {
    struct touch_thread thread;
    uint32_t group;      /* or TOUCH_GROUP_ALL */
    const char *outcome; /* a code; NULL: none */
};

/* What an entry tells. What is NULL or zero is absent. No data subject, no token, no free text. */
struct own_entry {
    enum audit_event event;
    const struct name *staff; /* staff id: the body has the pseudonym of the month; NULL: the agent itself */
    const struct agency_id *peer;
    const struct name *rule;
    uint32_t rule_version;
    const struct digest *policy;
    uint32_t key_version;          /* epoch of the purpose */
    const struct digest *request;  /* of a header; salted in the body */
    const struct case_id *case_id; /* likewise */
    const struct facts *judged;      /* the evaluator's whole input */
    const struct decision *decision; /* of the policy */
    const struct bytes *reasons;     /* codes; where there is no decision */
    size_t reasons_count;
    const struct audit_fact *facts;  /* further values of this act, at most 16 */
    size_t facts_count;
    uint64_t count;
    const struct own_touch *touched; /* goes into the index (agent/subject), in the same transaction */
    size_t touched_count;
};

/* ERR_NOMEM, ERR_TOO_LARGE (the origin). The store is open. */
enum err own_log_new(struct agent *a, struct own_log **out, struct errmsg *why) MUST_CHECK;
void own_log_free(struct own_log *l);
DEFINE_CLEANUP(struct own_log, own_log_free)

/* DEPLOYMENT/log/OIN, which names the log and its key. */
const char *own_log_origin(const struct own_log *l);
struct logbook *own_log_book(const struct own_log *l);

/* Store thread: the entry, in the transaction of its effect. Any error: the effect may not be either.
 * ERR_NO_SPACE, ERR_IO, ERR_CRYPTO, ERR_NOMEM, or as audit_body_write. */
enum err own_log_append(const struct agent *a, struct kv_txn *txn,
                        const struct own_entry *e) MUST_CHECK;

/* The index of what touched a subject; as long as the log. */
struct touch_index *own_log_index(const struct own_log *l);
/* Any thread: as touch_mark, of each identifier of a subject of this group. */
enum err own_log_marks(const struct agent *a, const struct norm_ident *ids, size_t count, uint32_t group,
                       struct touch_named *out) MUST_CHECK;
/* Store thread: as touch_begin. */
enum err own_log_begin_touch(const struct agent *a, struct kv_txn *txn, const struct touch_start *start) MUST_CHECK;
/* What the rule of this version of the policy says of a thread that begins now; ends_s: when its question does. */
struct touch_terms own_log_terms(const struct rule *r, const struct digest *policy, int64_t now_s, int64_t ends_s);

/* Loop thread, at start and end: an entry of this event and no more; waits for the commit. */
enum err own_log_say(struct agent *a, enum audit_event event) MUST_CHECK;

/* Loop thread: ends the call with ok (taken; NULL is out of memory) once the entry is durable; where it cannot be
 * written the call fails and nothing is shown. Of e neither facts of the policy, decision nor reasons are taken. */
void own_log_show(struct call *c, const struct own_entry *e, struct doc *ok);
/* The same for what has no other answer: `entry` (hex). */
void own_log_record(struct call *c, const struct own_entry *e);

#endif
