#include "pki/cli/audit/watched.h"

#include <stdio.h>

#include "pki/log_policy.h"
#include "proto/base/when.h"

static void print_one(const struct watched *w, size_t i)
{
    char at[WHEN_TEXT_SIZE] = "not this head";
    if (w->head->cosigned[i])
        when_text((int64_t)w->head->cosigned_at[i], at);
    printf("  witness %-26s %s\n", audit_policy_witness_name(w->policy, i), at);
}

void watched_print(const struct watched *w)
{
    const uint64_t quorum_s = log_policy_quorum_time(w->policy, w->head);
    char at[WHEN_TEXT_SIZE];
    for (size_t i = 0; i < audit_policy_witnesses(w->policy); i++)
        print_one(w, i);
    if (quorum_s == 0)
        return;
    when_text((int64_t)quorum_s, at);
    printf("  the quorum cosigned it at          %s\n", at);
}

static void put_one(const struct watched *w, size_t i, struct json_writer *out)
{
    char at[WHEN_TEXT_SIZE];
    json_put_object(out, NULL);
    json_put_str(out, "name", audit_policy_witness_name(w->policy, i));
    json_put_bool(out, "cosigned", w->head->cosigned[i]);
    if (w->head->cosigned[i]) {
        when_text((int64_t)w->head->cosigned_at[i], at);
        json_put_str(out, "at", at);
    }
    json_put_end(out);
}

void watched_put(const struct watched *w, struct json_writer *out)
{
    const uint64_t quorum_s = log_policy_quorum_time(w->policy, w->head);
    char at[WHEN_TEXT_SIZE];
    json_put_array(out, "witnesses");
    for (size_t i = 0; i < audit_policy_witnesses(w->policy); i++)
        put_one(w, i, out);
    json_put_end(out);
    if (quorum_s == 0)
        return;
    when_text((int64_t)quorum_s, at);
    json_put_str(out, "quorum_at", at);
}

enum err watched_check(const struct watched *w, int64_t since_s, struct errmsg *why)
{
    const int64_t quorum_s = (int64_t)log_policy_quorum_time(w->policy, w->head);
    char at[WHEN_TEXT_SIZE];
    if (quorum_s == 0)
        return errmsg_set(why, ERR_EXPIRED, "the audit policy asks for no quorum, so nobody says how old the head is");
    if (quorum_s >= since_s)
        return ERR_OK;
    when_text(quorum_s, at);
    return errmsg_set(why, ERR_EXPIRED, "the newest head that the quorum cosigned is of %s: stale", at);
}
