/* What the yearly statistics of a partnership ask for (WGS, art. 1.12), one number each, as far as the log that was read
 * tells it. What it does not tell is said, never shown as nought. */
#ifndef SLUIS_CLI_AUDIT_ANNUAL_H
#define SLUIS_CLI_AUDIT_ANNUAL_H

#include "pki/cli/audit/tally.h"
#include "proto/base/buf.h"
#include "proto/json/audit_body.h"

enum annual_item {
    ANNUAL_ASKED,
    ANNUAL_REFUSED,
    ANNUAL_LIMITED, /* of those: a limit was reached, among other conditions or alone */
    ANNUAL_HITS,
    ANNUAL_HITS_HIDDEN,
    ANNUAL_RELEASED,
    ANNUAL_CONFIRMED,
    ANNUAL_DECLINED,
    ANNUAL_CLOSED,
    ANNUAL_NOTHING,
    ANNUAL_DECIDED_LATE,
    ANNUAL_NEVER_DECIDED,
    ANNUAL_EXTENDED,
    ANNUAL_PROTECTED,
    ANNUAL_RIGHTS_ASKED,
    ANNUAL_RIGHTS,
    ANNUAL_RIGHTS_LATE,
    ANNUAL_RESTRICTED,
    ANNUAL_FEEDBACK,
    ANNUAL_CORRECTED,
    ANNUAL_COUNT,
};

/* What there is to say of an item. */
enum annual_state {
    ANNUAL_COUNTED,
    ANNUAL_PARTIAL,       /* there may be more, that this reader may not see */
    ANNUAL_KEPT_BACK,     /* a small count, or one that would tell a small count */
    ANNUAL_OTHER_LOG,     /* the other kind of log tells it */
    ANNUAL_NOT_VISIBLE,   /* entries of that kind are for other readers than this one */
    ANNUAL_NOT_CARRIED_OUT, /* there is no such flow in this version */
    ANNUAL_STATE_COUNT,
};

struct annual {
    bool is_own; /* an agency's own log; else the broker's */
    uint64_t n[ANNUAL_COUNT];
    bool is_seen[ANNUAL_COUNT]; /* an entry that could count */
    enum audit_event from[ANNUAL_COUNT]; /* of such an entry */
    enum annual_state state[ANNUAL_COUNT]; /* after annual_end */
};

struct annual_words {
    const char *id; /* for programs */
    const char *nl;
    const char *en;
};

/* Counts what an entry adds. */
void annual_count(struct annual *a, const struct audit_body *b);

/* Whether the code of a refusal says that a limit was reached. */
bool annual_is_limit(struct bytes code);

/* Before it is shown: counts from 1 to least - 1 are kept back; those of entries whose count the table of events keeps back,
 * or of which such a number is left there; and that of ANNUAL_LIMITED where keeps_limits: one of its grounds is. is_partial:
 * there are entries that this reader may not see. */
struct annual_showing {
    const struct tally *events; /* by event, after tally_keep_back */
    uint64_t least;
    bool is_partial;
    bool keeps_limits;
};
void annual_end(struct annual *a, const struct annual_showing *s);

/* Whether the number is shown in this state. */
bool annual_is_shown(enum annual_state s);

const struct annual_words *annual_item_words(enum annual_item i);
const struct annual_words *annual_state_words(enum annual_state s);

#endif
