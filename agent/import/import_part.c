/* Records, contribution and protected persons as a part of the agent. */
#include "agent/agent.h"
#include "agent/import/effect.h"
#include "agent/import/forget.h"
#include "agent/import/import_verbs.h"
#include "agent/import/importer.h"
#include "agent/import/resend.h"
#include "agent/import/sender.h"
#include "agent/keys.h"
#include "agent/own_log.h"
#include "agent/part.h"
#include "agent/protected/protected_list.h"
#include "agent/records.h"
#include "agent/session.h"
#include "proto/base/cursor.h"
#include "proto/base/log.h"
#include "proto/base/when.h"

static uint32_t batch_of(struct bytes tag)
{
    struct cursor c = cursor_of(tag);
    uint32_t no = cursor_u32(&c);
    return cursor_done(&c) == ERR_OK ? no : 0;
}

/* What the broker said of a batch; code NULL: accepted. */
static enum err log_batch(const struct agent *a, struct kv_txn *txn, uint32_t no, const struct bytes *code)
{
    const struct audit_fact which[] = {audit_fact_count("batch", no)};
    const struct own_entry e = {.event = code != NULL ? AUDIT_EVENT_BATCH_REFUSED : AUDIT_EVENT_BATCH_ACCEPTED,
                                .reasons = code,
                                .reasons_count = code != NULL ? 1 : 0,
                                .facts = which,
                                .facts_count = ARRAY_LEN(which)};
    return own_log_append(a, txn, &e);
}

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    int32_t today = when_day(promise->committed_at_s);
    enum err bad = log_batch(a, txn, batch_of(tag), NULL);
    if (bad != ERR_OK)
        return bad;
    return effect_accepted(a->store, txn, batch_of(tag), reply, today > 0 ? (uint32_t)today : 0);
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    log_err("import.batch_refused batch=%u code=%s detail=\"%.*s\"", batch_of(tag),
            refusal_code_id(reply->code), (int)reply->detail.len,
            reply->detail.len > 0 ? (const char *)reply->detail.ptr : "");
    for (size_t i = 0; i < reply->condition_count; i++)
        log_err("import.batch_refused condition=%.*s parameter=\"%.*s\"",
                (int)reply->conditions[i].code.len, (const char *)reply->conditions[i].code.ptr,
                (int)reply->conditions[i].parameter.len,
                (const char *)reply->conditions[i].parameter.ptr);
    const struct bytes code = bytes_str(refusal_code_id(reply->code));
    enum err bad = log_batch(a, txn, batch_of(tag), &code);
    if (bad != ERR_OK)
        return bad;
    importer_note_refusal(a->importer, reply);
    return effect_refused(a->store, txn, batch_of(tag));
}

static void on_sent(struct agent *a, struct outbox_id id, struct bytes tag)
{
    (void)id;
    sender_start(importer_sender(a->importer), batch_of(tag));
}

static void on_done(struct agent *a, struct bytes tag, bool accepted)
{
    importer_answered(a->importer, batch_of(tag), accepted);
}

static enum err start(struct agent *a, struct errmsg *why)
{
    enum err bad = protected_list_new(a->store, &a->protected_list);
    if (bad == ERR_OK)
        bad = records_new(a->store, a->config->protected_list ? a->protected_list : NULL,
                          &a->records);
    if (bad == ERR_OK)
        bad = importer_new(a, &a->importer, why);
    if (bad == ERR_OK)
        bad = forget_new(a, &a->forget);
    return bad == ERR_OK ? resend_new(a, &a->resend) : bad;
}

static void stop(struct agent *a)
{
    resend_free(a->resend);
    forget_free(a->forget);
    importer_free(a->importer);
    records_free(a->records);
    protected_list_free(a->protected_list);
    a->resend = NULL;
    a->forget = NULL;
    a->importer = NULL;
    a->records = NULL;
    a->protected_list = NULL;
}

static void on_view(struct agent *a)
{
    importer_on_view(a->importer);
    forget_look(a->forget);
}

static void on_open(struct agent *a)
{
    importer_on_open(a->importer);
}

static void on_hello(struct agent *a, const struct hello_reply *r)
{
    if (session_is_open(a->session))
        resend_hear(a->resend, r);
}

static enum err status(const struct call *c, struct doc *whole)
{
    struct doc *d = importer_anew_doc(call_agent(c)->importer);
    const enum err bad = d != NULL ? doc_put(whole, "anew", d) : ERR_NOMEM;
    if (bad != ERR_OK)
        return bad;
    d = resend_doc(call_agent(c)->resend);
    return d != NULL ? doc_put(whole, "sent_again", d) : ERR_NOMEM;
}

/* It has left, or was never of it: nobody deals it a key. */
static enum err alarm_not_listed(const struct name *purpose, struct doc *lines)
{
    CLEANUP(buf_free) struct buf line = buf_new(512);
    buf_printf(&line, "the roster does not list this agency for purpose %s: take it out of purposes in the configuration, "
                      "and erase its keys when their epochs are destroyed",
               purpose->s);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

static bool is_listed(const struct agent *a, const struct name *purpose)
{
    const struct roster_member *me = roster_member_of(view_roster(a->view), &a->config->oin);
    return me != NULL && name_list_has(me->purposes, name_bytes(purpose));
}

/* What an operator has to do before this agency takes part in an epoch that is active. */
static enum err alarm_epoch(const struct agent *a, const struct name *purpose, struct doc *lines)
{
    uint32_t active[VIEW_ACTIVE_MAX];
    enum err bad = ERR_OK;
    const size_t count = view_active_epochs(a->view, purpose, active);
    for (size_t i = 0; bad == ERR_OK && i < count; i++) {
        CLEANUP(buf_free) struct buf line = buf_new(512);
        if (agent_keys_find(a->keys, purpose, active[i]) != NULL)
            continue;
        buf_printf(&line, "epoch %u of %s is active and this agency has no key of it: open what the "
                          "custodian dealt with sluis-pki epoch accept, and reload this agent",
                   active[i], purpose->s);
        bad = buf_err(&line);
        if (bad == ERR_OK)
            bad = doc_append(lines, doc_new_text(buf_bytes(&line)));
    }
    return bad;
}

static enum err alarm_anew(const struct agent *a, struct doc *lines)
{
    CLEANUP(buf_free) struct buf line = buf_new(2048);
    const char *why = importer_anew_failure(a->importer);
    if (why[0] == '\0')
        return ERR_OK;
    buf_printf(&line, "records could not be contributed in a new epoch: %s; it is tried again", why);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

/* Whoever asks this agency waits meanwhile. */
static enum err alarm_resend(const struct agent *a, struct doc *lines)
{
    CLEANUP(buf_free) struct buf line = buf_new(2048);
    const char *why = resend_failure(a->resend);
    if (why[0] == '\0')
        return ERR_OK;
    buf_printf(&line, "the broker was restored and does not get again what it lacks: %s; records of that purpose and epoch answer "
                      "nothing, until its custodian activates a new epoch: ask for one",
               why);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct agent *a = call_agent(c);
    const struct conf_names *purposes = &a->config->purposes;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < purposes->count; i++)
        bad = is_listed(a, &purposes->items[i]) ? alarm_epoch(a, &purposes->items[i], lines)
                                                : alarm_not_listed(&purposes->items[i], lines);
    if (bad == ERR_OK)
        bad = alarm_anew(a, lines);
    return bad == ERR_OK ? alarm_resend(a, lines) : bad;
}

/* What continues batches that come again waits for them; of what else is suspended the import steps aside. */
static bool ends_when_suspended(const struct agent *a)
{
    return !resend_is_under_way(a->resend);
}

static const struct outbox_owner batches = {
    .kind = MSG_BATCH,
    .on_accepted = on_accepted,
    .on_refused = on_refused,
    .on_sent = on_sent,
    .on_done = on_done,
    .most_at_once = 1, /* a header continues the one before it */
    .ends_when_suspended = ends_when_suspended,
};

const struct agent_part import_part = {
    .name = "import",
    .verbs = import_verbs,
    .outbox = {&batches},
    .start = start,
    .stop = stop,
    .on_view = on_view,
    .on_open = on_open,
    .hello = resend_hello,
    .on_hello = on_hello,
    .status = status,
    .alarms = alarms,
};
