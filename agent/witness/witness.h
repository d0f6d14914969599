/* This agency as a witness of the broker's log, and as one who releases nothing while no quorum of witnesses watches
 * that log (docs/audit-log.md, "Witnesses"). Loop thread, unless said. */
#ifndef SLUIS_AGENT_WITNESS_WITNESS_H
#define SLUIS_AGENT_WITNESS_WITNESS_H

#include <stdatomic.h>

#include "agent/agent.h"
#include "agent/control.h"
#include "agent/witness/witness_row.h"
#include "pki/log_policy.h"

struct loop_timer;

#define WITNESS_SEEN 64u /* newest heads that a cosigned checkpoint can be compared with */

struct witness {
    struct agent *agent;
    struct loop_timer *tick;
    struct buf file;          /* the audit policy as it was last read and could be used; empty: none is asked for */
    bool wants_quorum;        /* what that file says; nothing that fails later opens the gate */
    struct errmsg trouble;    /* why the file that lies there now cannot be used; "": it is in use */
    struct buf row_lines;     /* owns what row.lines points to */
    struct buf row_head;      /* and row.head */
    struct witness_row row;   /* the newest that this witness cosigned, as committed */
    struct witness_state seen[WITNESS_SEEN]; /* a ring of those */
    size_t seen_count;
    int64_t quorum_s;      /* when a quorum cosigned the newest head that it did; the start of watching before that */
    int64_t quorum_kept_s; /* the same as the store has it */
    int64_t away_from_s;   /* as committed; 0: nothing is announced */
    int64_t away_until_s;
    bool is_fork;          /* evidence is kept: the log that is followed contradicted itself */
    bool is_asking;
    bool is_judging;
    bool is_keeping;
    atomic_bool stops_releases; /* by the last tick */
    int64_t file_ms; /* when the file was looked at */
    int64_t asked_ms;
    enum witness_status told; /* how the head before was judged, so that a log line is written once */
};

/* Of the newest head that a quorum cosigned. QUORUM_FRESH where no quorum is asked for. */
enum quorum_age witness_quorum_age(const struct witness *w);
/* Whether anything may be released now, as far as the watch over the log goes. why says what is missing. ERR_STATE. */
enum err witness_check_release(const struct agent *a, struct errmsg *why) MUST_CHECK;
/* Any thread: whether it was so a moment ago that nothing may be released. */
static inline bool witness_stops_releases(const struct agent *a)
{
    return a->witness != NULL && atomic_load(&a->witness->stops_releases);
}

/* A request of the add-checkpoint form, judged by the newest state and answered after the new one is committed. */
struct witness_answer {
    enum err result; /* of this machine; the rest holds where it is ERR_OK */
    enum witness_status status;
    struct bytes body; /* as on HTTP: signature lines, or the size of a conflict; else empty. Until on_answer returns */
    const char *reason; /* one line where it was not cosigned, else "" */
};
typedef void (*witness_answer_fn)(void *arg, const struct witness_answer *answer);
/* ERR_UNSUPPORTED: the audit policy lists no witness with this agency's key; ERR_NOMEM, ERR_CRYPTO, ERR_LIMIT; why may
 * carry more. Then on_answer is not called. */
enum err witness_judge_request(struct witness *w, struct bytes request, witness_answer_fn on_answer, void *arg,
                               struct errmsg *why) MUST_CHECK;

/* Whether the audit policy lists this agency's witness key; *name is then its name, a copy. */
struct witness_name {
    char s[NOTE_MAX_NAME + 1];
};
bool witness_is_listed(const struct witness *w, const struct audit_policy *policy, struct witness_name *name);
/* Under the roster in force. Errors as log_policy_make. */
enum err witness_policy(const struct witness *w, struct audit_policy **out, struct errmsg *why) MUST_CHECK;

/* The log that it watched has ended: it has cosigned nothing of the next. After witness_row_drop. */
void witness_begin_anew(struct witness *w);
/* What is committed is what the loop knows, a copy. */
void witness_take_row(struct witness *w, const struct witness_row *row);
/* A head that a quorum is said to have cosigned (ask.c). */
void witness_take_cosigned(struct witness *w, struct bytes note);
/* Asks the broker for the next head to cosign, bringing the newest lines. */
void witness_ask(struct witness *w);
/* The log contradicted itself: said once, and from then on in every status. keep_fork also keeps what proves it, copied. */
struct evidence;
void witness_note_fork(struct witness *w, const char *what);
void witness_keep_fork(struct witness *w, const struct evidence *found, const char *what);

/* What the broker is told of it beside the newest lines (away.c): nothing where this agency is no witness, or it is over. name
 * holds the text. */
struct cosign;
void witness_put_away(const struct witness *w, struct witness_name *name, struct cosign *out);
/* The verb `witness` with `away_until`: announces it from `away_from` (now), or takes it back with 0; security officers. */
void witness_away_verb(struct call *c, const struct doc *args);
/* Into an object of `status`. */
void witness_away_doc(const struct witness *w, struct doc_build *b);

/* The verb `witness` with `left`: what was kept of each log that this agency left (left.c). */
void witness_left_verb(struct call *c);

/* The verb `witness`. */
void witness_verb(struct call *c, const struct doc *args);

#endif
