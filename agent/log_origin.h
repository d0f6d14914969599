/* Which log of the broker's this agency follows: the one of the roster, or, where that has ended and the agency has not
 * gone over yet, the one before (decision 0408; agent/successor goes over). All that it keeps of a log's heads is of this one. */
#ifndef SLUIS_AGENT_LOG_ORIGIN_H
#define SLUIS_AGENT_LOG_ORIGIN_H

#include "agent/store/store.h"

struct agent;
struct log_origin;

/* From the store; where it does not say yet, by the newest verified head, else by the roster, and then it does. ERR_IO,
 * ERR_NO_SPACE, ERR_NOMEM, ERR_SIGNATURE; why tells. */
enum err log_origin_new(struct agent *a, struct log_origin **out, struct errmsg *why) MUST_CHECK;
void log_origin_free(struct log_origin *o);

/* Loop thread. */
struct bytes log_origin_followed(const struct agent *a);
/* Whether that is the log of the roster in force. Without a state of its own (tools, tests): yes. */
bool log_origin_is_current(const struct agent *a);
/* Another roster came in force. */
void log_origin_see(struct agent *a);
/* When this agency saw that the log which it follows has ended, by its own clock: what it made later cannot stand in it. At the
 * latest its start, where it saw it before. INT64_MAX: it goes on. */
int64_t log_origin_ended_s(const struct agent *a);
/* What is committed is what the loop knows, a copy. */
void log_origin_take(struct agent *a, struct bytes origin);

/* When this agency went over from the log of this origin; 0: it never did. Any transaction. ERR_INVALID: damaged; else as store_get. */
enum err log_origin_left_s(struct store *s, struct kv_txn *txn, struct bytes origin, int64_t *out) MUST_CHECK;
/* Writer job: it goes over from that log now. row: the parts that stay of it, the first of them the time (u64, s since 1970 UTC). Errors as store_put. */
enum err log_origin_put_left(struct store *s, struct kv_txn *txn, struct bytes origin, struct bytes row) MUST_CHECK;

/* What stays of a log that it left: signed notes, empty where there was none, or an older program did not keep it. Views live in the arena. */
#define LOGS_LEFT_MAX 8u /* as many as a roster names */
struct log_left {
    struct bytes origin;
    int64_t left_s;
    struct bytes last; /* its last head, by the roster of then */
    struct bytes cosigned; /* the newest ones that this agency had of it */
    struct bytes proved;
    struct bytes mirrored;
};
/* All of them, at most LOGS_LEFT_MAX; any transaction. ERR_INVALID: damaged; else as store_next. */
enum err log_origin_left(struct store *s, struct kv_txn *txn, struct arena *a, struct log_left out[static LOGS_LEFT_MAX],
                         size_t *count) MUST_CHECK;

/* The head that this agency had of a log that it left, of the size of that one, and with another root: two histories. Empty: there is
 * none. Views live in the arena. Errors as store_get; ERR_INVALID: damaged. */
struct checkpoint;
enum err log_origin_left_other(struct store *s, struct kv_txn *txn, const struct checkpoint *head, struct arena *a,
                               struct bytes *out) MUST_CHECK;

/* Writer job: whether the store follows the log of this origin, so that what was judged before the agency went over is not kept
 * for the other log. A store that does not say follows any. */
enum err log_origin_is(struct store *s, struct kv_txn *txn, struct bytes origin, bool *out) MUST_CHECK;
enum err log_origin_put(struct store *s, struct kv_txn *txn, struct bytes origin) MUST_CHECK;

#endif
