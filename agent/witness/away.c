/* A witness that will be away says so beforehand: kept here, told to the broker with every question, so that nobody looks for
 * the cause of what was planned. It lowers no quorum. */
#include <stdlib.h>

#include "agent/own_log.h"
#include "agent/witness/witness.h"
#include "proto/base/log.h"
#include "proto/host/writer.h"
#include "proto/msg/cosign.h"

void witness_put_away(const struct witness *w, struct witness_name *name, struct cosign *out)
{
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    if (w->away_until_s <= agent_now_s(w->agent) || witness_policy(w, &policy, NULL) != ERR_OK ||
        !witness_is_listed(w, policy, name))
        return;
    out->witness = bytes_str(name->s);
    out->away_from_s = w->away_from_s;
    out->away_until_s = w->away_until_s;
}

void witness_away_doc(const struct witness *w, struct doc_build *b)
{
    if (w->away_until_s <= agent_now_s(w->agent))
        return;
    doc_put_time(b, "away_from", w->away_from_s);
    doc_put_time(b, "away_until", w->away_until_s);
}

/* ---- the verb ---- */

struct announcing {
    struct call *call;
    struct name staff;
    int64_t from_s;
    int64_t until_s;
};

static enum err announce_job(struct kv_txn *txn, void *arg)
{
    const struct announcing *j = arg;
    struct agent *a = call_agent(j->call);
    const struct audit_fact facts[] = {audit_fact_int("from", j->from_s), audit_fact_int("until", j->until_s)};
    const struct own_entry e = {.event = AUDIT_EVENT_WITNESS_AWAY,
                                .staff = &j->staff,
                                .facts = facts,
                                .facts_count = j->until_s > 0 ? ARRAY_LEN(facts) : 0};
    enum err bad = store_put_number(a->store, txn, WITNESS_AWAY_FROM, (uint64_t)j->from_s);
    if (bad == ERR_OK)
        bad = store_put_number(a->store, txn, WITNESS_AWAY_UNTIL, (uint64_t)j->until_s);
    return bad == ERR_OK ? own_log_append(a, txn, &e) : bad;
}

static void announced(enum err result, void *arg)
{
    struct announcing *j = arg;
    struct call *c = j->call;
    struct witness *w = call_agent(c)->witness;
    if (result == ERR_OK) {
        w->away_from_s = j->from_s;
        w->away_until_s = j->until_s;
        log_notice("witness.away %s", j->until_s > 0 ? "announced" : "taken back");
    }
    free(j);
    if (result != ERR_OK) {
        call_error(c, result, NULL);
        return;
    }
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_bool(&b, "announced", w->away_until_s > 0);
    witness_away_doc(w, &b);
    if (doc_build_done(&b) == ERR_OK) {
        call_ok(c, d);
        return;
    }
    doc_free(d);
    call_ok(c, NULL);
}

/* From now on, at most so long, and not over. */
static enum err read_away(const struct call *c, const struct doc *args, struct announcing *j, struct errmsg *why)
{
    const int64_t now_s = agent_now_s(call_agent(c));
    enum err bad = doc_get_int(args, "away_until", 0, INT64_MAX / 2, &j->until_s, why);
    if (bad != ERR_OK || j->until_s == 0)
        return bad;
    j->from_s = now_s;
    if (doc_has(args, "away_from"))
        bad = doc_get_int(args, "away_from", 1, INT64_MAX / 2, &j->from_s, why);
    if (bad == ERR_OK && (j->until_s <= now_s || j->until_s <= j->from_s))
        bad = errmsg_set(why, ERR_RANGE, "away: it is over before it begins");
    if (bad == ERR_OK && j->until_s - j->from_s > COSIGN_MAX_AWAY_S)
        bad = errmsg_set(why, ERR_RANGE, "away: longer than 31 days; a witness that leaves is taken out of the audit policy");
    return bad;
}

static enum err check(const struct call *c, struct errmsg *why)
{
    const struct witness *w = call_agent(c)->witness;
    CLEANUP(cleanup_audit_policy_free) struct audit_policy *policy = NULL;
    struct witness_name name;
    if (!call_has(c, FUNCTION_SECURITY_OFFICER))
        return errmsg_set(why, ERR_PERMISSION, "away: for a security_officer");
    if (w->file.len == 0)
        return errmsg_set(why, ERR_UNSUPPORTED, "the agent's configuration names no audit_policy");
    enum err bad = witness_policy(w, &policy, why);
    if (bad == ERR_OK && !witness_is_listed(w, policy, &name))
        bad = errmsg_set(why, ERR_UNSUPPORTED, "this agency is no witness by its audit policy");
    return bad;
}

void witness_away_verb(struct call *c, const struct doc *args)
{
    struct errmsg why = {""};
    struct announcing *j = calloc(1, sizeof *j);
    enum err bad = j != NULL ? check(c, &why) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = read_away(c, args, j, &why);
    if (bad == ERR_OK) {
        j->call = c;
        j->staff = *call_staff(c);
        bad = writer_submit(call_agent(c)->writer, WRITER_INTERACTIVE, announce_job, announced, j);
    }
    if (bad == ERR_OK)
        return;
    free(j);
    call_error(c, bad, &why);
}
