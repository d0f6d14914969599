/* Between the files of the asking part. */
#ifndef SLUIS_AGENT_ASK_ASK_H
#define SLUIS_AGENT_ASK_ASK_H

#include "agent/agent.h"
#include "agent/ask/asked.h"
#include "agent/ask/standing_row.h"
#include "agent/part.h"
#include "agent/store/store.h"
#include "proto/base/ids.h"

struct ask_run;
struct loop_timer;
struct mac;

#define ASK_ARENA_BYTES ((size_t)48 << 20)
#define ASK_PAGE_MAX 200 /* rows of a list */

/* The part's state. Loop thread. */
struct ask {
    struct agent *agent;
    struct mac *mac;      /* of identifiers, for counting */
    struct ask_run *runs; /* requests between their call and its answer */
    struct loop_timer *sweep;
    struct result_place retried; /* results that wait are judged again behind this one */
    bool is_retrying;
    bool heard_restored;
    int64_t copied_s; /* heard_restored: of the broker's copy for which lost questions were closed */
    struct case_id swept; /* the case at which the last sweep ended; all zero: at the end */
    struct standing_id swept_standing; /* likewise */
    size_t standing_unread;  /* of so many the last whole round of sweeps could not read words or case */
    size_t standing_counted; /* likewise, of the round under way */
    size_t standing_by_epoch; /* due because of an epoch, when that was last said in the log */
};

static inline struct ask *ask_of(const struct agent *a)
{
    return a->ask;
}

/* Verbs. */
void ask_case(struct call *c, const struct doc *args);
void ask_request(struct call *c, const struct doc *args);
void ask_requests(struct call *c, const struct doc *args);
void ask_results(struct call *c, const struct doc *args);
void ask_keep(struct call *c, const struct doc *args);
void ask_standing(struct call *c, const struct doc *args);

/* What the broker answered to a request; a tag is the header's digest. */
extern const struct outbox_owner ask_request_owner;
/* What came in the mailbox. */
extern const struct mail_owner ask_settled_owner;
extern const struct mail_owner ask_closed_owner;

/* Judges a settlement, of now or one that has waited since t->now_s, and gets its result ready; then whether
 * nobody can tell yet; then stores the result. As prepare and apply of a mail_owner. */
enum err ask_take_settled(struct mail_turn *t, bool has_waited, struct errmsg *why) MUST_CHECK;
bool ask_settled_waits(const struct mail_turn *t);
enum err ask_apply_settled(struct mail_turn *t, struct kv_txn *txn) MUST_CHECK;

/* Judges again what waits for a key or for its purpose (waiting.c); it also does so by itself. */
void ask_retry(struct agent *a);

/* Looks for what has been kept long enough, soon; it also does so by itself. */
void ask_sweep(struct agent *a);

/* Ends every request under way; their calls are gone. */
void ask_runs_stop(struct ask *k);

#endif
