/* Whom a daemon believes about the audit log: the log's keys as the roster lists them, which follow every rotation by
 * themselves, and the witnesses and quorum of its own audit policy file, which nobody sends it. */
#ifndef SLUIS_PKI_LOG_POLICY_H
#define SLUIS_PKI_LOG_POLICY_H

#include "pki/note.h"
#include "proto/msg/roster.h"

#define QUORUM_LATE_S (4 * 3600)     /* without a head that the quorum cosigned: a warning */
#define QUORUM_STOPPED_S (72 * 3600) /* nothing is released */

struct log_policy_of {
    const struct roster *roster;
    bool with_former; /* also the keys of before that still count at now_s */
    int64_t now_s;
    struct bytes file; /* an audit policy, of which every line but those of logs counts; empty: no witnesses */
};

/* A log of before (decision 0408): whom to believe of it, by the keys that the roster lists for it, without witnesses. Errors
 * as log_policy_make. */
enum err former_origin_policy(const struct roster_former_origin *f, struct audit_policy **out,
                              struct errmsg *why) MUST_CHECK;
/* Whether the last head that the roster gives is one of that origin, size and root, signed by a key of that log.
 * ERR_MISMATCH, ERR_NOMEM, or as head_verify; why tells. */
enum err former_origin_check(const struct roster_former_origin *f, struct errmsg *why) MUST_CHECK;

/* ERR_TOO_LARGE, or as audit_policy_parse; why carries the line. */
enum err log_policy_make(const struct log_policy_of *of, struct audit_policy **out,
                         struct errmsg *why) MUST_CHECK;

/* The latest time in seconds since 1970 UTC such that what was cosigned from then on makes the quorum; 0 where the
 * head has none. By the witnesses' own clocks. */
uint64_t log_policy_quorum_time(const struct audit_policy *policy, const struct head *head);

/* What the age of the newest head that the quorum cosigned means. */
enum quorum_age {
    QUORUM_FRESH,
    QUORUM_LATE,
    QUORUM_STOPPED,
};
enum quorum_age quorum_age_at(int64_t cosigned_s, int64_t now_s);
const char *quorum_age_id(enum quorum_age age); /* "fresh", "late", "stopped" */

#endif
