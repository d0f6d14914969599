/* Cases: the dossier that every request names. A case lives at this agency; others see its random id
 * and the state and checks that a request asserts. */
#ifndef SLUIS_AGENT_ASK_CASE_H
#define SLUIS_AGENT_ASK_CASE_H

#include "agent/store/store.h"
#include "proto/base/hash.h"
#include "proto/base/ids.h"
#include "proto/policy/words.h"

struct policy;
struct rule;

#define CASE_TITLE_MAX 200
#define CASE_REASON_MAX 2000
#define CASE_BY_MAX 200
#define CASE_MOVES_MAX 64
#define CASE_RULES_MAX 64
#define CASE_ROW_MAX_BYTES ((size_t)1 << 16)

struct case_move {
    enum case_state state;
    struct name staff; /* "" where retention did it */
    int64_t at_s;
};

/* A check of the model protocol, as somebody recorded it. */
struct case_checked {
    enum case_check check;
    struct name staff;   /* who recorded it */
    int64_t at_s;
    struct bytes by;     /* who made it, in words; empty: the same; goes when the case is destroyed */
    struct bytes reason; /* as by */
};

/* A rule under which the case asked, with what it said then of the time after closing. */
struct case_use {
    struct name rule;
    struct digest policy; /* the version of the last question; all zero in a row of before it was kept */
    bool destroy_at_close;
    uint32_t keep_days;
};

struct case_row {
    struct case_id id;
    struct bytes title; /* text of the case worker; never leaves this agency; empty once destroyed */
    struct case_move moves[CASE_MOVES_MAX]; /* from its opening; the last is the present state */
    size_t move_count;                      /* from 1 */
    struct case_checked checks[CASE_CHECKS]; /* in the order in which they were recorded */
    size_t check_count;
    struct case_use uses[CASE_RULES_MAX]; /* each rule once */
    size_t use_count;
    struct name intervention; /* coded at closing, or "" */
    struct name result;
};

static inline enum case_state case_row_state(const struct case_row *k)
{
    return k->moves[k->move_count - 1].state;
}

/* Adds a state to the history. ERR_STATE: the case is destroyed, or closed and the move is another
 * than to destroyed, or already in this state; ERR_LIMIT: over CASE_MOVES_MAX. why tells. Whether
 * the policy lets this person do so, case_judge says. */
enum err case_move_to(struct case_row *k, const struct case_move *move,
                      struct errmsg *why) MUST_CHECK;

/* Records a check. ERR_STATE: the case is closed, or it is recorded already; why tells. */
enum err case_record(struct case_row *k, const struct case_checked *check,
                     struct errmsg *why) MUST_CHECK;
bool case_has_check(const struct case_row *k, enum case_check check);
/* Names of the recorded checks, ascending, in the arena. ERR_NOMEM. */
enum err case_checks(const struct case_row *k, struct arena *a, struct name_list *out) MUST_CHECK;

/* Remembers that the case asked under a rule of this version of the policy. ERR_LIMIT. */
enum err case_use(struct case_row *k, const struct rule *rule, const struct digest *policy,
                  struct errmsg *why) MUST_CHECK;

/* Whether the case, as it is now, is still in the state that was judged and that the question's documents
 * name. ERR_STATE: somebody moved it; why tells. */
enum err case_still(const struct case_row *judged, const struct case_row *now,
                    struct errmsg *why) MUST_CHECK;

/* When a closed case is destroyed by itself; INT64_MAX: not closed. p: the policy in force, whose rules
 * decide on a case that asked nothing. */
int64_t case_destroy_at_s(const struct case_row *k, const struct policy *p);

/* Takes out everything that could tell about whom the case was. The history, who recorded which check
 * and the codes at closing stay. */
void case_empty(struct case_row *k);

/* Errors as store_put. */
enum err case_put(struct store *s, struct kv_txn *txn, const struct case_row *k) MUST_CHECK;
/* Texts are views in the arena. ERR_NOT_FOUND; else as store_get. */
enum err case_get(struct store *s, struct kv_txn *txn, const struct case_id *id, struct arena *a,
                  struct case_row *out) MUST_CHECK;

/* The case whose id begins with these hex digits. ERR_INVALID (not 4 to 32 hex digits),
 * ERR_NOT_FOUND, ERR_CONFLICT (more than one). */
enum err case_find(struct store *s, struct kv_txn *txn, struct bytes prefix, struct arena *a,
                   struct case_row *out, struct errmsg *why) MUST_CHECK;

/* Takes a row of STORE_CASE apart. ERR_INVALID, ERR_TRUNCATED, ERR_VERSION. */
enum err case_decode(struct bytes row, struct case_row *out) MUST_CHECK;

#endif
