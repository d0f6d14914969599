/* The body of an audit entry: the exact bytes of one JSON object, and the struct of what it says.
 * Signed and hashed are the bytes; nothing ever re-encodes a body that it was given.
 *
 * A body holds no data subject, no token and no free text: names, codes, counts and salted digests. */
#ifndef SLUIS_JSON_AUDIT_BODY_H
#define SLUIS_JSON_AUDIT_BODY_H

#include "proto/base/arena.h"
#include "proto/base/buf.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/log/audit_event.h"
#include "proto/policy/decision.h"
#include "proto/policy/facts.h"

#define AUDIT_BODY_SCHEMA "sluis-audit/1"
#define AUDIT_BODY_MAX (32u << 10)
#define AUDIT_BODY_MAX_REASONS 64u
#define AUDIT_BODY_MAX_FACTS 96u
#define AUDIT_BODY_MAX_LIST 128u
/* Arena that audit_body_parse needs at most. */
#define AUDIT_BODY_ARENA_BYTES (256u << 10)

enum audit_decision {
    AUDIT_DECISION_NONE = 0, /* nothing was decided; absent in the JSON */
    AUDIT_DECISION_PERMIT,
    AUDIT_DECISION_DENY,
    AUDIT_DECISION_COUNT,
};

const char *audit_decision_id(enum audit_decision d);

/* One named value. by: as the evaluator had it; PROVENANCE_UNKNOWN for a value that is no fact of the
 * policy (a digest, a count of the machine). */
struct audit_fact {
    struct bytes name;
    enum provenance by;
    enum fact_value_kind kind;
    int64_t number; /* INT; BOOL as 0 or 1 */
    struct bytes text;
    const struct bytes *list;
    size_t list_count;
};

/* Values that are no facts of the policy, by which a body says what was done; name and text are borrowed. */
static inline struct audit_fact audit_fact_text(const char *name, struct bytes text)
{
    return (struct audit_fact){
        .name = bytes_str(name), .by = PROVENANCE_UNKNOWN, .kind = FACT_VALUE_TEXT, .text = text};
}

static inline struct audit_fact audit_fact_word(const char *name, const char *word)
{
    return audit_fact_text(name, bytes_str(word));
}

static inline struct audit_fact audit_fact_int(const char *name, int64_t number)
{
    return (struct audit_fact){
        .name = bytes_str(name), .by = PROVENANCE_UNKNOWN, .kind = FACT_VALUE_INT, .number = number};
}

/* What is too great for the form stands as the greatest. */
static inline struct audit_fact audit_fact_count(const char *name, uint64_t count)
{
    return audit_fact_int(name, count < INT64_MAX ? (int64_t)count : INT64_MAX);
}

static inline struct audit_fact audit_fact_bool(const char *name, bool is_so)
{
    return (struct audit_fact){
        .name = bytes_str(name), .by = PROVENANCE_UNKNOWN, .kind = FACT_VALUE_BOOL, .number = is_so};
}

/* A digest, in hex; the text lies in room, which outlives the fact. */
struct audit_hex {
    char text[2 * sizeof(struct digest)];
};
struct audit_fact audit_fact_digest(const char *name, const struct digest *d, struct audit_hex *room);

/* Empty texts, zero numbers and clear flags stand for what is absent. Views and arrays are the
 * caller's when writing, the arena's after parsing. */
struct audit_body {
    int64_t ts; /* seconds since 1970 UTC */
    enum audit_event event;
    struct agency_id actor;  /* who did it; "" for the daemon itself */
    struct bytes staff;      /* the officer's monthly pseudonym, hex */
    struct agency_id peer;   /* the other party */
    struct name rule;
    uint32_t rule_version;
    bool has_policy_digest;
    struct digest policy_digest;
    enum audit_decision decision;
    const struct bytes *reasons; /* codes of failed conditions or of a refusal */
    size_t reasons_count;
    const struct audit_fact *facts;
    size_t facts_count;
    bool has_message_id;
    struct message_id message_id;
    uint32_t key_version;
    bool has_request_ref; /* entry_ref of "request", "case", "message" under salt */
    struct digest request_ref;
    bool has_case_ref;
    struct digest case_ref;
    bool has_message_ref;
    struct digest message_ref;
    bool has_count;
    uint64_t count; /* of what an automatic act touched */
    struct salt salt; /* 16 random bytes, fresh for each body */
};

/* Appends the JSON. ERR_INVALID (no event, text that is not UTF-8, a name or code out of form),
 * ERR_RANGE (more reasons, facts or list items than the caps), or what buf_err(out) says. */
enum err audit_body_write(const struct audit_body *b, struct buf *out) MUST_CHECK;

/* Parses; everything in out lives in the arena. Unknown and duplicate members are refused. ERR_VERSION
 * (another schema), ERR_UNKNOWN, ERR_INVALID, ERR_RANGE, ERR_TOO_LARGE, ERR_NOMEM; why says where. */
enum err audit_body_parse(struct bytes json, struct arena *arena, struct audit_body *out,
                          struct errmsg *why) MUST_CHECK;

/* Fills facts from the evaluator's flat form; the array lives in the arena, texts in pairs. Room for
 * `extra` more facts is left behind them (facts_count does not count it). ERR_NOMEM. */
enum err audit_body_set_facts(struct audit_body *b, const struct fact_pairs *pairs, size_t extra,
                              struct arena *arena) MUST_CHECK;

/* Fills decision, rule and reasons from an evaluation; the codes are static. ERR_NOMEM. */
enum err audit_body_set_decision(struct audit_body *b, const struct decision *d,
                                 struct arena *arena) MUST_CHECK;

/* The evaluator's facts of a body, for a replay; facts that are not the policy's are left out.
 * Errors as facts_from_pair. */
enum err audit_body_get_facts(const struct audit_body *b, struct facts *out,
                              struct errmsg *why) MUST_CHECK;

#endif
