/* The verb `status`: what an operator asks first. No data subject stands in it. */
#include <stdio.h>

#include "agent/core.h"
#include "agent/endings.h"
#include "agent/keys.h"
#include "agent/log_origin.h"
#include "agent/outbox_run.h"
#include "agent/part.h"
#include "agent/receipts.h"
#include "agent/rekey.h"
#include "agent/session.h"
#include "agent/space.h"
#include "agent/store/store.h"
#include "agent/trust.h"
#include "pki/rewrap_doc.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/host/writer.h"

#define UNSENT_ALARM_S (30 * INT64_C(86400))
#define ROSTER_WARN_S (3 * 86400)

/* Adds a part; both builders are sticky. */
static void put_part(struct doc_build *whole, const char *key, struct doc *part,
                     const struct doc_build *b)
{
    if (doc_build_done(b) == ERR_OK)
        doc_put_doc(whole, key, part);
    else {
        doc_free(part);
        doc_put_doc(whole, key, NULL);
    }
}

static void put_broker(struct doc_build *whole, const struct agent *a, const struct session_info *i)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "endpoint", a->config->broker);
    doc_put_bool(&b, "reachable", i->is_connected);
    doc_put_str(&b, "trouble", i->trouble);
    doc_put_int(&b, "skew_s", i->skew_s);
    put_part(whole, "broker", d, &b);
}

static void put_session(struct doc_build *whole, const struct session_info *i)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "state", session_phase_id(i->phase));
    doc_put_time(&b, "since", i->since_s);
    doc_put_int(&b, "roster", (int64_t)i->broker_roster);
    doc_put_int(&b, "policy", (int64_t)i->broker_policy);
    doc_put_int(&b, "credit", i->credit);
    doc_put_int(&b, "mail", (int64_t)i->mail_sequence);
    put_part(whole, "session", d, &b);
}

static const char *roster_state(const struct roster *r, int64_t now_s)
{
    if (now_s > r->not_after)
        return "expired";
    return now_s > r->not_after - ROSTER_WARN_S ? "ends soon" : "ok";
}

static void put_roster(struct doc_build *whole, const struct agent *a)
{
    const struct roster *r = view_roster(a->view);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "serial", (int64_t)r->serial);
    doc_put_time(&b, "issued_at", r->issued_at);
    doc_put_time(&b, "not_after", r->not_after);
    doc_put_str(&b, "state", roster_state(r, agent_now_s(a)));
    put_part(whole, "roster", d, &b);
}

static struct doc *one_announced(const struct view_announced *n)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "serial", (int64_t)n->serial);
    doc_put_hex(&b, "digest", digest_bytes(&n->digest));
    doc_put_time(&b, "from", n->from_s);
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* Versions that are signed and verified here, and not yet in force. */
static struct doc *announced_doc(const struct agent *a)
{
    struct doc *list = doc_new_array();
    struct view_announced n;
    for (size_t i = 0; list != NULL && view_announced_at(a->view, i, &n); i++) {
        if (doc_append(list, one_announced(&n)) != ERR_OK) {
            doc_free(list);
            return NULL;
        }
    }
    return list;
}

static void put_policy(struct doc_build *whole, const struct agent *a)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "serial", (int64_t)view_policy(a->view)->serial);
    doc_put_hex(&b, "digest", digest_bytes(view_policy_digest(a->view)));
    doc_put_int(&b, "rules", view_policy(a->view)->rules_count);
    doc_put_doc(&b, "announced", announced_doc(a));
    put_part(whole, "policy", d, &b);
}

static void put_outbox(struct doc_build *whole, const struct agent *a)
{
    struct outbox_info i;
    outbox_info(a->outbox, &i);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_int(&b, "waiting", (int64_t)i.waiting);
    doc_put_int(&b, "repeats", (int64_t)i.repeats);
    doc_put_int(&b, "suspended", (int64_t)i.suspended);
    put_part(whole, "outbox", d, &b);
}

static void put_log(struct doc_build *whole, const struct agent *a, const struct receipts_info *i)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_text(&b, "origin", log_origin_followed(a));
    doc_put_int(&b, "size", (int64_t)i->size);
    if (i->has_head)
        doc_put_hex(&b, "root", digest_bytes(&i->root));
    doc_put_int(&b, "proofs_due", (int64_t)i->due);
    doc_put_int(&b, "proofs_late", (int64_t)i->late);
    doc_put_int(&b, "proofs_missed", (int64_t)i->missed);
    doc_put_int(&b, "unsent", (int64_t)i->unsent);
    doc_put_text(&b, "head", receipts_checkpoint(a->receipts));
    put_part(whole, "log", d, &b);
}

static struct doc *dealt_to_doc(const struct deal *deal)
{
    struct doc *list = doc_new_array();
    enum err e = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < deal->participant_count; i++)
        e = doc_append(list, doc_new_text(bytes_str(deal->participants[i].id.oin)));
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static struct doc *purpose_doc(const struct agent *a, const struct deal *deal)
{
    const struct purpose_key *k = agent_keys_find(a->keys, &deal->purpose, deal->epoch);
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "purpose", deal->purpose.s);
    doc_put_int(&b, "epoch", deal->epoch);
    doc_put_str(&b, "state", epoch_state_id(view_epoch_state(a->view, &deal->purpose, deal->epoch)));
    doc_put_doc(&b, "dealt_to", dealt_to_doc(deal));
    doc_put_bool(&b, "key", k != NULL);
    if (k != NULL)
        doc_put_bool(&b, "kcv_matches",
                     bytes_equal(BYTES_OF_ARRAY(k->kcv.b), BYTES_OF_ARRAY(deal->kcv.b)));
    if (doc_build_done(&b) == ERR_OK)
        return d;
    doc_free(d);
    return NULL;
}

/* The purposes in which this agency takes part, by the custodians' statements. */
static void put_purposes(struct doc_build *whole, const struct agent *a)
{
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; i < view_deal_count(a->view) && bad == ERR_OK; i++) {
        const struct deal *deal = view_deal_at(a->view, i);
        if (deal_participant_of(deal, &a->config->oin) != NULL)
            bad = doc_append(list, purpose_doc(a, deal));
    }
    if (bad == ERR_OK) {
        doc_put_doc(whole, "purposes", list);
        return;
    }
    doc_free(list);
    doc_put_doc(whole, "purposes", NULL);
}

static const char *store_state(const struct agent *a)
{
    if (space_is_full(a->space))
        return "full";
    switch (writer_state(a->writer)) {
    case WRITER_OPEN: return "open";
    case WRITER_NO_SPACE: return "full";
    case WRITER_FAILED: return "failed";
    case WRITER_STOPPED: return "stopped";
    }
    return "?";
}

static void put_store(struct doc_build *whole, const struct agent *a)
{
    struct kv_stats s = {0};
    uint64_t room = 0;
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "state", store_state(a));
    if (kv_stats(a->kv, &s) == ERR_OK && kv_room(a->kv, &room) == ERR_OK) {
        doc_put_int(&b, "used_bytes", (int64_t)((s.used_pages - s.free_pages) * s.page_bytes));
        doc_put_int(&b, "map_bytes", (int64_t)(s.map_pages * s.page_bytes));
        doc_put_int(&b, "room_bytes", (int64_t)room);
    }
    put_part(whole, "store", d, &b);
}

static void alarm_if(struct doc *list, bool is_so, const char *text, enum err *bad)
{
    if (is_so && *bad == ERR_OK)
        *bad = doc_append(list, doc_new_text(bytes_str(text)));
}

static bool has_wrong_key(const struct agent *a)
{
    for (size_t i = 0; i < agent_keys_purposes(a->keys); i++) {
        const struct purpose_key *k = agent_keys_purpose(a->keys, i);
        const struct deal *d = view_deal(a->view, &k->purpose, k->epoch);
        if (d != NULL && !bytes_equal(BYTES_OF_ARRAY(k->kcv.b), BYTES_OF_ARRAY(d->kcv.b)))
            return true;
    }
    return false;
}

/* Keys that were wiped and whose files are still there. */
static enum err add_ended_keys(const struct agent *a, struct doc *list)
{
    enum err bad = ERR_OK;
    for (size_t i = 0; i < agent_keys_purposes(a->keys) && bad == ERR_OK; i++) {
        const struct purpose_key *k = agent_keys_purpose(a->keys, i);
        CLEANUP(buf_free) struct buf line = buf_new(8192);
        if (!k->is_dropped || k->file == NULL)
            continue;
        buf_printf(&line, "epoch %u of %s is %s: destroy the key file %s and every copy of it (sluis-pki "
                          "epoch destroy), then reload this agent",
                   k->epoch, k->purpose.s,
                   epoch_state_id(view_epoch_state(a->view, &k->purpose, k->epoch)), k->file);
        bad = buf_err(&line);
        if (bad == ERR_OK)
            bad = doc_append(list, doc_new_text(buf_bytes(&line)));
    }
    return bad;
}

/* What came from the broker and did not verify: counted for good, so that a restart hides nothing. */
static enum err add_refused(const struct agent *a, struct doc *list)
{
    uint64_t n = 0;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(buf_free) struct buf line = buf_new(256);
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, MAIL_REFUSED, &n);
    if (bad != ERR_OK || n == 0)
        return bad;
    buf_printf(&line, "%llu items from the broker did not verify and had no effect; see the log, and "
                      "ask its operator",
               (unsigned long long)n);
    bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(list, doc_new_text(buf_bytes(&line))) : bad;
}

/* What each part has to say. */
static enum err add_alarms_of_parts(const struct call *c, struct doc *list)
{
    enum err bad = ERR_OK;
    for (const struct agent_part *const *p = call_agent(c)->parts; *p != NULL && bad == ERR_OK; p++)
        if ((*p)->alarms != NULL)
            bad = (*p)->alarms(c, list);
    return bad;
}

static void put_alarms(struct doc_build *whole, const struct call *c,
                       const struct receipts_info *log, const struct session_info *session)
{
    const struct agent *a = call_agent(c);
    struct outbox_info out;
    outbox_info(a->outbox, &out);
    struct doc *list = doc_new_array();
    enum err bad = list != NULL ? ERR_OK : ERR_NOMEM;
    int64_t now_s = agent_now_s(a);
    const struct roster *r = view_roster(a->view);
    char unsent[256];
    snprintf(unsent, sizeof unsent,
             "the log has %llu entries of messages in this agency's name that it did not send, the last one at index %llu: "
             "somebody may have its keys; tell the security officer",
             (unsigned long long)log->unsent, (unsigned long long)log->unsent_index);
    alarm_if(list, now_s > r->not_after, "the roster has expired: nothing is served", &bad);
    alarm_if(list, now_s <= r->not_after && now_s > r->not_after - ROSTER_WARN_S,
             "the roster ends within three days; the registrar signs a new one", &bad);
    alarm_if(list, log->missed > 0,
             "the broker promised entries that its log does not show; tell the auditor", &bad);
    alarm_if(list, log->late > 0,
             "the broker is late with proofs that entries it promised are in its log", &bad);
    alarm_if(list, log->unsent > 0 && now_s - log->unsent_s < UNSENT_ALARM_S, unsent, &bad);
    alarm_if(list, log->forked, "the broker signed two heads of one size; tell the auditor", &bad);
    alarm_if(list, session->log_is_unknown,
             "the broker's log does not contain the head that this agency verified: an old copy, or another history; tell "
             "the auditor", &bad);
    alarm_if(list, out.bad_promise, "an answer of the broker carried a promise that does not verify",
             &bad);
    alarm_if(list, out.suspended > 0,
             "the broker has suspended a purpose: what concerns it waits until its operator has put the "
             "custodian's word in place", &bad);
    alarm_if(list, has_wrong_key(a), "a purpose key here is not the one that was dealt", &bad);
    alarm_if(list, space_is_full(a->space),
             "the store is full: nothing that must be kept is taken until there is room", &bad);
    alarm_if(list, agent_trust_trouble(a->trust)[0] != '\0', agent_trust_trouble(a->trust), &bad);
    for (size_t i = 0; i < view_fault_count(a->view); i++)
        alarm_if(list, true, view_fault_at(a->view, i), &bad);
    for (size_t i = 0; i < view_notice_count(a->view); i++)
        alarm_if(list, true, view_notice_at(a->view, i), &bad);
    if (bad == ERR_OK)
        bad = add_ended_keys(a, list);
    if (bad == ERR_OK)
        bad = endings_alarms(a, list);
    if (bad == ERR_OK)
        bad = add_refused(a, list);
    alarm_if(list, rekey_trouble(a->rekey)[0] != '\0', rekey_trouble(a->rekey), &bad);
    if (bad == ERR_OK)
        bad = add_alarms_of_parts(c, list);
    if (bad == ERR_OK) {
        doc_put_doc(whole, "alarms", list);
        return;
    }
    doc_free(list);
    doc_put_doc(whole, "alarms", NULL);
}

/* What each part tells of itself. */
static enum err put_parts(const struct call *c, struct doc *whole)
{
    enum err bad = ERR_OK;
    for (const struct agent_part *const *p = call_agent(c)->parts; *p != NULL && bad == ERR_OK; p++)
        if ((*p)->status != NULL)
            bad = (*p)->status(c, whole);
    return bad;
}

void core_status(struct call *c, const struct doc *args)
{
    (void)args;
    const struct agent *a = call_agent(c);
    struct session_info session;
    struct receipts_info log;
    session_info(a->session, &session);
    receipts_info(a->receipts, &log);
    CLEANUP(cleanup_doc_free) struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "agency", a->config->oin.oin);
    doc_put_str(&b, "deployment", a->config->deployment.s);
    doc_put_time(&b, "now", agent_now_s(a));
    put_broker(&b, a, &session);
    put_session(&b, &session);
    put_roster(&b, a);
    put_policy(&b, a);
    put_outbox(&b, a);
    put_log(&b, a, &log);
    put_purposes(&b, a);
    put_store(&b, a);
    doc_put_doc(&b, "endings", endings_doc(a));
    doc_put_doc(&b, "storage_key", rewrap_doc(rekey_state(a->rekey), agent_keys_storage(a->keys)));
    put_alarms(&b, c, &log, &session);
    enum err bad = doc_build_done(&b);
    if (bad == ERR_OK)
        bad = put_parts(c, d);
    if (bad == ERR_OK)
        call_ok(c, take(d));
    else
        call_error(c, bad, NULL);
}
