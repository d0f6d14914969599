/* Who cosigned the head of a log, and since when its quorum is met. */
#ifndef SLUIS_CLI_AUDIT_WATCHED_H
#define SLUIS_CLI_AUDIT_WATCHED_H

#include "pki/note.h"
#include "proto/json/json_writer.h"

/* A head that head_verify believed under this policy. */
struct watched {
    const struct audit_policy *policy;
    const struct head *head;
};

/* A line for each witness of the policy, and one for the time since which the quorum is met. */
void watched_print(const struct watched *w);
/* The same as members of the object that is open: witnesses, quorum_at. */
void watched_put(const struct watched *w, struct json_writer *out);

/* ERR_EXPIRED: the policy asks for no quorum, or the quorum cosigned before since_s; why says when. */
enum err watched_check(const struct watched *w, int64_t since_s, struct errmsg *why) MUST_CHECK;

#endif
