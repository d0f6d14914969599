#include "broker/control.h"

#include <stdlib.h>
#include <sysexits.h>
#include <unistd.h>

#include "broker/agency_heads.h"
#include "broker/awaited.h"
#include "broker/control_internal.h"
#include "broker/cosigners.h"
#include "broker/endings.h"
#include "broker/epochs_doc.h"
#include "broker/keys_doc.h"
#include "broker/log_copy.h"
#include "broker/publisher.h"
#include "broker/reconcile.h"
#include "broker/rekey.h"
#include "broker/sessions.h"
#include "broker/store/meta.h"
#include "broker/turns.h"
#include "broker/wire.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/host/clock.h"
#include "proto/host/control.h"
#include "proto/host/kv.h"
#include "proto/json/doc.h"

#define REQUEST_MAX_BYTES 65536u
#define REPLY_MAX_BYTES ((size_t)15 << 20)
#define VERB_MAX 64u

struct broker_control {
    struct broker *broker;
    struct control_server *server;
};

void control_fail(struct call *c, enum err e, int exit_code, const char *text)
{
    c->err = errmsg_set(&c->why, e, "%s", text);
    c->exit_code = exit_code;
}

static struct doc *sessions_doc(struct broker *b)
{
    struct doc *list = doc_new_array();
    for (size_t i = 0; list != NULL && i < sessions_count(b->sessions); i++) {
        const struct session *s = session_at(b->sessions, i);
        if (s->state == SESSION_NONE)
            continue;
        struct doc *one = doc_new_object();
        struct doc_build d = doc_build_of(one);
        doc_put_str(&d, "agency", s->agency.oin);
        doc_put_bool(&d, "open", s->state == SESSION_OPEN);
        if (doc_build_done(&d) != ERR_OK) {
            doc_free(one);
            break;
        }
        if (doc_append(list, one) != ERR_OK)
            break;
    }
    return list;
}

static struct doc *store_doc(struct broker *b)
{
    struct kv_stats s;
    uint64_t room = 0;
    if (kv_stats(b->kv, &s) != ERR_OK || kv_room(b->kv, &room) != ERR_OK)
        return NULL;
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_int(&d, "used_bytes", (int64_t)((s.used_pages - s.free_pages) * s.page_bytes));
    doc_put_int(&d, "map_bytes", (int64_t)(s.map_pages * s.page_bytes));
    doc_put_int(&d, "room_bytes", (int64_t)room);
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

/* Agencies have their rosters from here: one that is ahead was told otherwise, or this host was put back. */
static enum err roster_alarm(const struct broker *b, struct doc *list)
{
    struct errmsg line;
    uint64_t newest = 0;
    const struct roster *own = view_roster(b->view);
    const size_t n = sessions_ahead(b->sessions, own, &newest);
    if (n == 0)
        return ERR_OK;
    (void)errmsg_set(&line, ERR_BEHIND,
                     "%zu agencies know a later roster (%llu) than this broker (%llu): install the registrar's newest; a host that was "
                     "put back to an old copy lets in who was revoked since",
                     n, (unsigned long long)newest, (unsigned long long)own->serial);
    return doc_append(list, doc_new_text(bytes_str(line.text)));
}

/* Adoptions that do not count: those rules are refused. Files that do not count, and a switch that does
 * not come about. */
static struct doc *alarms_doc(const struct broker *b)
{
    const char *const troubles[] = {b->acceptance.files_trouble.text,
                                    b->acceptance.switch_trouble.text, rekey_trouble(b),
                                    wire_trouble(b->wire), b->unreadable.text};
    struct doc *list = doc_new_array();
    enum err e = list == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < view_fault_count(b->view); i++)
        e = doc_append(list, doc_new_text(bytes_str(view_fault_at(b->view, i))));
    for (size_t i = 0; e == ERR_OK && i < view_notice_count(b->view); i++)
        e = doc_append(list, doc_new_text(bytes_str(view_notice_at(b->view, i))));
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(troubles); i++)
        if (troubles[i][0] != '\0')
            e = doc_append(list, doc_new_text(bytes_str(troubles[i])));
    if (e == ERR_OK)
        e = roster_alarm(b, list);
    if (e == ERR_OK)
        e = cosigners_alarms(b->cosigners, list);
    if (e == ERR_OK)
        e = log_copy_alarms(b->log_copy, list);
    if (e == ERR_OK)
        e = agency_heads_alarms(b, list);
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

static struct doc *one_announced(const struct view_announced *n)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_int(&d, "serial", (int64_t)n->serial);
    doc_put_hex(&d, "digest", digest_bytes(&n->digest));
    doc_put_time(&d, "from", n->from_s);
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

/* Versions of the policy that are signed and not yet in force. */
static struct doc *announced_doc(const struct broker *b)
{
    struct doc *list = doc_new_array();
    struct view_announced n;
    for (size_t i = 0; list != NULL && view_announced_at(b->view, i, &n); i++) {
        if (doc_append(list, one_announced(&n)) != ERR_OK) {
            doc_free(list);
            return NULL;
        }
    }
    return list;
}

static void status(struct call *c)
{
    struct broker *b = c->broker;
    struct doc_build d = doc_build_of(c->ok);
    doc_put_str(&d, "broker", b->config->oin.oin);
    doc_put_str(&d, "deployment", b->config->deployment.s);
    doc_put_time(&d, "now", clock_now_s(b->clock));
    doc_put_str(&d, "gate", broker_is_open(b) ? "open" : gate_state_id(broker_gate(b)));
    doc_put_doc(&d, "waits_for", reconcile_doc(b));
    doc_put_doc(&d, "awaited", awaited_doc(b));
    doc_put_str(&d, "endpoint", wire_endpoint(b->wire));
    doc_put_doc(&d, "endpoints", keys_endpoints_doc(b));
    doc_put_doc(&d, "log_keys", keys_logs_doc(b));
    doc_put_int(&d, "roster_serial", (int64_t)view_roster(b->view)->serial);
    doc_put_time(&d, "roster_not_after", view_roster(b->view)->not_after);
    doc_put_int(&d, "policy_serial", (int64_t)view_policy(b->view)->serial);
    doc_put_hex(&d, "policy_digest", digest_bytes(view_policy_digest(b->view)));
    doc_put_doc(&d, "announced", announced_doc(b));
    doc_put_doc(&d, "epochs", epochs_doc(b));
    doc_put_doc(&d, "endings", endings_doc(b));
    doc_put_doc(&d, "alarms", alarms_doc(b));
    doc_put_str(&d, "origin", b->config->origin);
    doc_put_int(&d, "log_size", (int64_t)publisher_size(b->publisher));
    doc_put_doc(&d, "witnesses", cosigners_doc(b->cosigners));
    doc_put_doc(&d, "agency_logs", agency_heads_doc(b));
    doc_put_int(&d, "turns", (int64_t)turns_pending(b->turns));
    doc_put_int(&d, "silent", (int64_t)turns_silent(b->turns));
    doc_put_doc(&d, "sessions", sessions_doc(b));
    doc_put_doc(&d, "store", store_doc(b));
    doc_put_doc(&d, "storage_key", rekey_doc(b));
    if (doc_build_done(&d) != ERR_OK)
        control_fail(c, ERR_NOMEM, EX_OSERR, "status: out of memory");
}

const struct name *control_staff(const struct broker *b, uid_t uid)
{
    const struct conf_staff_list *l = &b->config->service.staff;
    for (size_t i = 0; i < l->count; i++)
        if (l->items[i].uid == uid)
            return &l->items[i].staff;
    return NULL;
}

/* A version of the policy that this broker has accepted, by its digest: for whoever explains an old
 * decision. */
static void policy(struct call *c)
{
    struct digest digest;
    struct bytes document;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct bytes hex;
    if (c->args == NULL ||
        doc_get_text(c->args, "digest", 2 * sizeof digest.b, &hex, &c->why) != ERR_OK ||
        text_get_hex(hex, digest.b, sizeof digest.b) != ERR_OK) {
        control_fail(c, ERR_INVALID, EX_USAGE, "policy: digest: 64 hex digits");
        return;
    }
    enum err e = kv_read_begin(c->broker->kv, &txn);
    if (e == ERR_OK)
        e = meta_get_document(c->broker->store, txn, &digest, &document);
    if (e != ERR_OK) {
        control_fail(c, e, EX_DATAERR, e == ERR_NOT_FOUND
                                   ? "policy: this broker never accepted a version with this digest"
                                   : err_text(e));
        return;
    }
    struct doc_build d = doc_build_of(c->ok);
    doc_put_text(&d, "policy", document);
    if (doc_build_done(&d) != ERR_OK)
        control_fail(c, ERR_NOMEM, EX_OSERR, "policy: not text, or out of memory");
}

static const struct verb {
    const char *name;
    void (*handler)(struct call *c);
} verbs[] = {
    {"bodies", control_bodies},
    {"exported", control_exported},
    {"filler_key", control_filler_key},
    {"policy", policy},
    {"status", status},
    {"witness_request", control_witness_request},
    {"witness_response", control_witness_response},
};

/* Only the operator's own users and the staff that the configuration names are answered. */
static bool is_known_user(const struct broker *b, uid_t uid)
{
    return uid == 0 || uid == getuid() || control_staff(b, uid) != NULL;
}

static void dispatch(struct call *c, struct bytes frame)
{
    CLEANUP(cleanup_doc_free) struct doc *request = NULL;
    struct bytes verb;
    c->exit_code = EX_USAGE;
    c->err = doc_parse(frame, REQUEST_MAX_BYTES, &request, &c->why);
    if (c->err == ERR_OK)
        c->err = doc_get_text(request, "verb", VERB_MAX, &verb, &c->why);
    if (c->err != ERR_OK)
        return;
    if (doc_has(request, "args"))
        c->err = doc_get_object(request, "args", &c->args, &c->why);
    if (c->err != ERR_OK)
        return;
    for (size_t i = 0; i < ARRAY_LEN(verbs); i++) {
        if (!bytes_is(verb, verbs[i].name))
            continue;
        verbs[i].handler(c);
        return;
    }
    control_fail(c, ERR_UNKNOWN, EX_USAGE, "verb: the broker knows status, policy, bodies, exported, filler_key, witness_request and witness_response");
}

static struct doc *error_doc(const struct call *c)
{
    struct doc *e = doc_new_object();
    struct doc_build d = doc_build_of(e);
    doc_put_str(&d, "code", err_text(c->err));
    doc_put_int(&d, "exit", c->exit_code);
    doc_put_str(&d, "text", c->why.text);
    if (doc_build_done(&d) == ERR_OK)
        return e;
    doc_free(e);
    return NULL;
}

static enum err send_answer(struct control_conn *conn, struct call *c)
{
    CLEANUP(cleanup_doc_free) struct doc *answer = doc_new_object();
    CLEANUP(buf_free) struct buf text = buf_new(REPLY_MAX_BYTES);
    struct doc_build d = doc_build_of(answer);
    if (c->err == ERR_OK)
        doc_put_doc(&d, "ok", c->ok);
    else
        doc_put_doc(&d, "error", error_doc(c));
    if (c->err != ERR_OK)
        doc_free(c->ok);
    c->ok = NULL;
    enum err e = doc_build_done(&d);
    if (e == ERR_OK)
        e = doc_write(answer, &text);
    return e == ERR_OK ? control_conn_send(conn, buf_bytes(&text)) : e;
}

void control_answer(struct control_conn *conn, struct call *c)
{
    const enum err e = send_answer(conn, c);
    if (e != ERR_OK) {
        log_warn("control error=\"%s\"", err_text(e));
        control_conn_close(conn);
    }
}

static void on_frame(void *arg, struct control_conn *conn, struct bytes frame)
{
    struct broker_control *control = arg;
    struct call c = {.broker = control->broker, .conn = conn, .uid = control_conn_uid(conn)};
    if (!is_known_user(control->broker, c.uid)) {
        log_notice("control refused uid=%u", (unsigned)c.uid);
        control_conn_close(conn);
        return;
    }
    c.ok = doc_new_object();
    if (c.ok == NULL)
        control_fail(&c, ERR_NOMEM, EX_OSERR, "out of memory");
    else
        dispatch(&c, frame);
    if (!c.is_later)
        control_answer(conn, &c);
}

static void on_close(void *arg, struct control_conn *conn)
{
    (void)arg;
    control_gone(conn);
}

enum err broker_control_new(struct broker *b, struct broker_control **out, struct errmsg *why)
{
    CLEANUP(cleanup_broker_control_free) struct broker_control *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    c->broker = b;
    const struct control_server_params p = {
        .loop = b->loop,
        .path = b->config->service.control,
        .mode = 0660,
        .max_frame = REPLY_MAX_BYTES,
        .calls = {.on_frame = on_frame, .on_close = on_close, .arg = c},
    };
    enum err e = control_server_new(&p, &c->server, why);
    if (e != ERR_OK)
        return e;
    *out = c;
    c = NULL;
    return ERR_OK;
}

void broker_control_free(struct broker_control *c)
{
    if (c == NULL)
        return;
    control_server_free(c->server);
    free(c);
}
