/* The part as the agent sees it: when to look, what `status` tells, and what the broker's answer means. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/part.h"
#include "agent/renew/renew.h"
#include "agent/store/store.h"
#include "pki/hkdf.h"
#include "proto/base/label.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/loop.h"

#define LOOK_MS 60000

#define ROW_ASKED "renew_asked"
#define ROW_PENDING "renew_pending"
#define ROW_SETTLED "renew_settled"
#define ROW_REFUSED "renew_refused"

/* ---- what is kept ---- */

enum err renew_note_asked(struct agent *a, struct kv_txn *txn, int64_t now_s)
{
    enum err bad = store_put_number(a->store, txn, ROW_ASKED, (uint64_t)now_s);
    return bad == ERR_OK ? store_put_number(a->store, txn, ROW_PENDING, 1) : bad;
}

enum err renew_note_settled(struct agent *a, struct kv_txn *txn, int64_t now_s, enum refusal_code refused)
{
    enum err bad = store_put_number(a->store, txn, ROW_SETTLED, (uint64_t)now_s);
    if (bad == ERR_OK)
        bad = store_put_number(a->store, txn, ROW_REFUSED, (uint64_t)refused);
    return bad == ERR_OK ? store_put_number(a->store, txn, ROW_PENDING, 0) : bad;
}

enum err renew_read(struct renewing *r)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct store *s = r->agent->store;
    uint64_t asked = 0;
    uint64_t pending = 0;
    uint64_t settled = 0;
    uint64_t refused = 0;
    enum err bad = kv_read_begin(r->agent->kv, &txn);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, ROW_ASKED, &asked);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, ROW_PENDING, &pending);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, ROW_SETTLED, &settled);
    if (bad == ERR_OK)
        bad = store_get_number(s, txn, ROW_REFUSED, &refused);
    if (bad != ERR_OK)
        return bad;
    r->asked_s = (int64_t)asked;
    r->is_pending = pending != 0;
    r->settled_s = (int64_t)settled;
    r->refused = refused < REFUSAL_CODE_COUNT ? (enum refusal_code)refused : REFUSED_NONE;
    return ERR_OK;
}

/* ---- when ---- */

bool renew_is_due(const struct renewing *r, int64_t now_s)
{
    for (size_t i = 0; i < RENEWAL_MAX_ITEMS; i++)
        if (r->keys[i].is_listed && r->keys[i].term.due_s <= now_s)
            return true;
    return false;
}

bool renew_must_ask(const struct renewing *r, int64_t now_s)
{
    for (size_t i = 0; i < RENEWAL_MAX_ITEMS; i++) {
        const struct renew_key *k = &r->keys[i];
        if (!k->is_listed || k->term.due_s > now_s || k->term.ends_s < now_s || r->is_pending)
            continue;
        if (r->asked_s < k->term.due_s || now_s >= r->settled_s + k->term.again_s)
            return true;
    }
    return false;
}

static void look(struct renewing *r)
{
    const int64_t now_s = agent_now_s(r->agent);
    if (r->is_making || now_s < r->next_try_s || !renew_must_ask(r, now_s) ||
        roster_registrar(view_roster(r->agent->view)) == NULL)
        return;
    renew_ask(r);
}

static void on_tick(void *arg)
{
    look(arg);
}

static enum err read_key(struct renewing *r, size_t i, const struct roster_cert *from, enum cert_use use)
{
    static const enum renewal_use uses[] = {RENEWAL_SIGNING, RENEWAL_SEALING, RENEWAL_TRANSPORT};
    CLEANUP(cleanup_cert_free) struct cert *c = NULL;
    struct renew_key k = {.use = uses[i], .is_listed = true};
    enum err bad = cert_parse(from->der, use, &c, NULL);
    if (bad == ERR_OK)
        bad = renew_term_of(c, r->mac, &k.term);
    if (bad != ERR_OK)
        return bad;
    r->keys[i] = k;
    snprintf(r->name, sizeof r->name, "%s", cert_name(c));
    return ERR_OK;
}

/* The keys of this agency as the roster in force lists them. */
static enum err read_keys(struct renewing *r)
{
    const struct roster_member *me = roster_member_of(view_roster(r->agent->view), &r->agent->config->oin);
    memset(r->keys, 0, sizeof r->keys);
    if (me == NULL)
        return ERR_OK; /* struck off: nothing to renew */
    enum err bad = read_key(r, 0, &me->signing, CERT_SIGNING);
    if (bad == ERR_OK)
        bad = read_key(r, 1, &me->sealing, CERT_SEALING);
    return bad == ERR_OK ? read_key(r, 2, &me->transport, CERT_TRANSPORT) : bad;
}

static void on_view(struct agent *a)
{
    struct renewing *r = a->renew;
    enum err bad = read_keys(r);
    if (bad == ERR_OK)
        look(r);
    else
        log_err("renewal.keys_not_read error=\"%s\"", err_text(bad));
}

/* ---- life ---- */

static void renewing_free(struct renewing *r)
{
    if (r == NULL)
        return;
    loop_timer_free(r->tick);
    mac_free(r->mac);
    free(r);
}
DEFINE_CLEANUP(struct renewing, renewing_free)

/* Of a secret that every rotation of the storage key leaves as it is. */
static enum err open_mac(struct renewing *r)
{
    CLEANUP(cleanup_secret_free) struct secret *secret = NULL;
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    enum err bad = store_derive(r->agent->store, LABEL_DISTINCT, &secret);
    if (bad == ERR_OK)
        bad = hkdf_subkey(secret, bytes_str(LABEL_RENEWAL_SPREAD), &key);
    return bad == ERR_OK ? mac_new(key, &r->mac) : bad;
}

static enum err open_all(struct renewing *r)
{
    r->tick = loop_timer_new(r->agent->loop, on_tick, r);
    if (r->tick == NULL)
        return ERR_NOMEM;
    enum err bad = open_mac(r);
    if (bad == ERR_OK)
        bad = renew_read(r);
    return bad == ERR_OK ? read_keys(r) : bad;
}

static enum err start(struct agent *a, struct errmsg *why)
{
    CLEANUP(cleanup_renewing_free) struct renewing *r = calloc(1, sizeof *r);
    if (r == NULL)
        return errmsg_set(why, ERR_NOMEM, "renewals");
    r->agent = a;
    enum err bad = open_all(r);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "renewals: %s", err_text(bad));
    loop_timer_every(r->tick, LOOK_MS);
    a->renew = r;
    r = NULL;
    look(a->renew);
    return ERR_OK;
}

static void stop(struct agent *a)
{
    renewing_free(a->renew);
    a->renew = NULL;
}

/* ---- what the broker says ---- */

static bool is_agencys(struct bytes tag)
{
    return bytes_is(tag, RENEW_TAG_AGENCY);
}

static enum err on_accepted(struct agent *a, struct kv_txn *txn, struct bytes tag,
                            const struct accepted *reply, const struct promise *promise)
{
    (void)reply;
    (void)promise;
    return is_agencys(tag) ? renew_note_settled(a, txn, agent_now_s(a), REFUSED_NONE) : ERR_OK;
}

static enum err on_refused(struct agent *a, struct kv_txn *txn, struct bytes tag,
                           const struct refused *reply)
{
    log_warn("renewal.refused of=\"%.*s\" code=%s detail=\"%.*s\"", (int)tag.len, (const char *)tag.ptr,
             refusal_code_id(reply->code), (int)reply->detail.len,
             reply->detail.len > 0 ? (const char *)reply->detail.ptr : "");
    return is_agencys(tag) ? renew_note_settled(a, txn, agent_now_s(a), reply->code) : ERR_OK;
}

static void on_done(struct agent *a, struct bytes tag, bool accepted)
{
    struct renewing *r = a->renew;
    if (accepted)
        log_notice("renewal.in_mailbox of=\"%.*s\"", (int)tag.len, (const char *)tag.ptr);
    if (r == NULL || !is_agencys(tag))
        return;
    enum err bad = renew_read(r);
    if (bad != ERR_OK)
        log_err("renewal.not_read error=\"%s\"", err_text(bad));
}

const struct outbox_owner renew_owner = {
    .kind = MSG_RENEWAL,
    .on_accepted = on_accepted,
    .on_refused = on_refused,
    .on_done = on_done,
};

/* ---- status ---- */

static const char *state_of(const struct renewing *r, int64_t now_s)
{
    if (!renew_is_due(r, now_s))
        return "not due";
    if (r->is_pending)
        return "on its way to the broker";
    if (roster_registrar(view_roster(r->agent->view)) == NULL)
        return "due; the registrar has no mailbox";
    if (r->asked_s == 0 || renew_must_ask(r, now_s))
        return "due";
    return r->refused != REFUSED_NONE ? "refused by the broker" : "asked; waits for the registrar";
}

static enum err add_key(const struct renew_key *k, struct doc *list)
{
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    doc_put_str(&b, "key", renewal_use_id(k->use));
    doc_put_time(&b, "ends", k->term.ends_s);
    doc_put_time(&b, "renewed_from", k->term.due_s);
    if (doc_build_done(&b) == ERR_OK)
        return doc_append(list, d);
    doc_free(d);
    return ERR_NOMEM;
}

static enum err put_status(const struct call *c, struct doc *whole)
{
    const struct renewing *r = call_agent(c)->renew;
    struct doc *keys = doc_new_array();
    struct doc *d = doc_new_object();
    struct doc_build b = doc_build_of(d);
    enum err bad = keys == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < RENEWAL_MAX_ITEMS; i++)
        bad = r->keys[i].is_listed ? add_key(&r->keys[i], keys) : ERR_OK;
    doc_put_str(&b, "state", state_of(r, agent_now_s(r->agent)));
    if (r->asked_s > 0)
        doc_put_time(&b, "asked", r->asked_s);
    if (r->refused != REFUSED_NONE)
        doc_put_str(&b, "refused", refusal_code_id(r->refused));
    doc_put_doc(&b, "keys", keys);
    if (bad == ERR_OK)
        bad = doc_build_done(&b);
    if (bad == ERR_OK)
        return doc_put(whole, "renewal", d);
    doc_free(d);
    return bad;
}

/* "a certificate ends at TIME" and what to do. */
static enum err add_line(struct doc *lines, const char *what, int64_t ends_s, const char *then)
{
    char when[WHEN_TEXT_SIZE];
    CLEANUP(buf_free) struct buf line = buf_new(512);
    when_text(ends_s, when);
    buf_printf(&line, "%s ends at %s%s", what, when, then);
    enum err bad = buf_err(&line);
    return bad == ERR_OK ? doc_append(lines, doc_new_text(buf_bytes(&line))) : bad;
}

/* The person who calls sees to it in person: the key is nobody else's. */
static enum err alarm_officer(const struct call *c, struct doc *lines)
{
    const struct renewing *r = call_agent(c)->renew;
    const struct roster_officer *o = call_officer(c);
    CLEANUP(cleanup_cert_free) struct cert *cert = NULL;
    struct renew_term term;
    if (o == NULL)
        return ERR_OK;
    enum err bad = cert_parse(o->cert.der, CERT_OFFICER, &cert, NULL);
    if (bad == ERR_OK)
        bad = renew_term_of(cert, r->mac, &term);
    if (bad != ERR_OK || term.due_s > agent_now_s(call_agent(c)))
        return bad;
    return add_line(lines, "your own certificate", term.ends_s, ": sluis renew --key FILE");
}

/* Halfway between the moment of asking and the end somebody has to look. */
static enum err alarms(const struct call *c, struct doc *lines)
{
    const struct renewing *r = call_agent(c)->renew;
    const int64_t now_s = agent_now_s(r->agent);
    const bool has_mailbox = roster_registrar(view_roster(r->agent->view)) != NULL;
    enum err bad = ERR_OK;
    for (size_t i = 0; bad == ERR_OK && i < RENEWAL_MAX_ITEMS; i++) {
        const struct renew_term *t = &r->keys[i].term;
        if (!r->keys[i].is_listed || t->due_s > now_s)
            continue;
        if (!has_mailbox)
            bad = add_line(lines, "a certificate", t->ends_s,
                           " and the registrar has no mailbox: renew by files, sluis-pki renew");
        else if (now_s > t->due_s + (t->ends_s - t->due_s) / 2)
            bad = add_line(lines, "a certificate", t->ends_s,
                           " and its renewal is not answered; the registrar fetches it with sluis-pki mail");
    }
    return bad == ERR_OK ? alarm_officer(c, lines) : bad;
}

static const struct verb verbs[] = {
    {"certificate", 0, renew_certificate},
    {"renew", 0, renew_officer},
    {NULL, 0, NULL},
};

const struct agent_part renew_part = {
    .name = "renewals",
    .verbs = verbs,
    .outbox = {&renew_owner},
    .start = start,
    .stop = stop,
    .on_view = on_view,
    .status = put_status,
    .alarms = alarms,
};
