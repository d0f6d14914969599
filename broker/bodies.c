#include "broker/bodies.h"

#include "broker/audit.h"
#include "broker/publisher.h"
#include "broker/store/store.h"
#include "broker/turn.h"
#include "pki/digest.h"
#include "pki/logbook/bodies_facts.h"
#include "pki/logbook/logbook.h"
#include "pki/sign.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/json/bodies_fit.h"
#include "proto/log/entry.h"

#define QUERY_AGE_MAX_S 300
#define WIRE_BODIES_BYTES ((size_t)2 << 20)

static bool may_read(const struct bodies_read *r, const struct log_row *row)
{
    if (r->is_auditor)
        return true;
    if (agency_id_equal(&row->actor, &r->agency))
        return !row->hidden_from_actor;
    return agency_id_equal(&row->peer, &r->agency) && !row->hidden_from_peer;
}

void bodies_saw_damage(struct broker *b, uint64_t index)
{
    (void)errmsg_set(&b->unreadable, ERR_SIGNATURE,
                     "the body of entry %llu of the log does not open: the store is damaged, or a storage key was taken away",
                     (unsigned long long)index);
    for (size_t i = 0; i < b->damage_count; i++)
        if (b->damage_told[i] == index)
            return;
    if (b->damage_count == ARRAY_LEN(b->damage_told))
        return; /* the alarm stands, and `list` names each */
    b->damage_told[b->damage_count++] = index;
    log_err("log.body_unreadable index=%llu", (unsigned long long)index);
}

/* The body of a row that this reader may see. */
static enum err open_row(struct bodies_gathering *g, bool is_lost, struct body_row *row)
{
    CLEANUP(buf_free) struct buf body = buf_new(ENTRY_BODY_MAX);
    const enum err e = audit_open_body(g->broker->audit, g->txn, &row->entry, &body);
    g->opened++;
    row->is_erased = e == ERR_NOT_FOUND && !is_lost;
    row->is_lost = e == ERR_NOT_FOUND && is_lost;
    row->is_unreadable = logbook_is_damage(e);
    if (row->is_unreadable)
        bodies_saw_damage(g->broker, row->index);
    if (e != ERR_OK)
        return row->is_unreadable ? ERR_OK : e;
    if (body.len > g->room)
        return ERR_LIMIT;
    row->body = arena_copy(g->arena, buf_bytes(&body));
    g->room -= body.len;
    return row->body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

enum err bodies_read_row(struct bodies_gathering *g, uint64_t index, struct body_row *out)
{
    const struct log_tables *t = &g->broker->store->log;
    struct body_row row = {.index = index};
    struct log_row kept;
    enum err e = log_entry_at(t, g->txn, index, &row.entry);
    if (e != ERR_OK)
        return e;
    e = log_get_row(t, g->txn, &row.entry, &kept);
    if (e == ERR_OK && may_read(g->read, &kept))
        e = open_row(g, kept.is_lost, &row);
    if (e != ERR_OK && e != ERR_NOT_FOUND) /* a filler, or erased */
        return e;
    *out = row;
    return ERR_OK;
}

/* Every row from an index on, until enough was opened. */
static enum err read_all(struct bodies_gathering *g, size_t max, struct bodies_found *out)
{
    enum err e = ERR_OK;
    uint64_t index = g->read->from;
    while (out->count < max && index < g->size && g->opened < BODIES_OPENED_MAX && e == ERR_OK) {
        e = bodies_read_row(g, index, &out->rows[out->count]);
        if (e == ERR_OK) {
            out->count++;
            index++;
        }
    }
    out->next = index < g->size ? index : 0;
    return e == ERR_LIMIT && out->count > 0 ? ERR_OK : e;
}

enum err bodies_answer(struct broker *b, const struct bodies_read *r, struct arena *a,
                       struct bodies_reply *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    const uint32_t max = r->max_rows < BODIES_ROWS_MAX ? r->max_rows : BODIES_ROWS_MAX;
    struct bodies_found found = {.rows = arena_array(a, max, sizeof *found.rows)};
    if (found.rows == NULL)
        return ERR_NOMEM;
    struct log_published published;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = log_get_published(&b->store->log, txn, &published);
    if (e != ERR_OK)
        return e;
    struct bodies_gathering g = {b, txn, r, a, r->max_bytes, 0, published.size};
    const bool is_narrow = r->is_auditor && r->narrow != NULL;
    e = is_narrow ? bodies_search(&g, max, &found) : read_all(&g, max, &found);
    if (e != ERR_OK)
        return e;
    *out = (struct bodies_reply){
        .size = published.size,
        .rows = found.rows,
        .row_count = found.count,
        .next_index = found.next,
    };
    return ERR_OK;
}

enum err bodies_check_signed(struct turn *t, const struct bodies_signed *s, bool *is_auditor)
{
    const struct digest *fingerprint = &s->message->fingerprint;
    if (!name_equal(s->deployment, &t->broker->config->deployment) ||
        !agency_id_equal(s->reader, &t->sender->id))
        return turn_refuse(t, REFUSED_SENDER, "bodies: the document is of another reader");
    const struct roster_officer *o = view_officer(t->view, fingerprint, &t->sender->id, t->now_s);
    const struct key *key = o == NULL ? NULL : view_officer_key(t->view, fingerprint);
    if (key == NULL ||
        sign_verify(s->kind, key, s->message->document, s->message->signature) != ERR_OK)
        return turn_refuse(t, REFUSED_SIGNATURE, "bodies: no officer of this agency signed it");
    if (s->issued_at_s > t->now_s + QUERY_AGE_MAX_S || s->issued_at_s < t->now_s - QUERY_AGE_MAX_S)
        return turn_refuse(t, REFUSED_EXPIRED, "bodies: issued_at: more than five minutes off");
    *is_auditor = roster_officer_has(o, FUNCTION_AUDITOR);
    if (!*is_auditor && !roster_officer_has(o, FUNCTION_PRIVACY_OFFICER) &&
        !roster_officer_has(o, FUNCTION_COMPLIANCE_OFFICER))
        return turn_refuse(t, REFUSED_SENDER,
                           "bodies: the roster gives this officer no function that reads the log");
    t->audit.hidden_from_sender = *is_auditor;
    return ERR_OK;
}

static enum err answer(struct turn *t, const struct bodies_query *q, bool is_auditor)
{
    const struct bodies_read r = {
        .is_auditor = is_auditor,
        .agency = t->sender->id,
        .from = q->from_index,
        .max_rows = q->max_rows,
        .max_bytes = WIRE_BODIES_BYTES,
        .narrow = q->narrow ? &q->filter : NULL,
        .sought = &q->sought,
        .until_ns = clock_mono_ns() + BODIES_ANSWER_NS,
    };
    struct bodies_reply reply;
    enum err e = bodies_answer(t->broker, &r, t->arena, &reply);
    CLEANUP(buf_free) struct buf body = buf_new(FRAME_MAX_BYTES);
    if (e == ERR_OK)
        e = bodies_reply_encode(&reply, &body);
    if (e != ERR_OK)
        return e;
    t->audit.count = (uint32_t)reply.row_count;
    t->reply_kind = MSG_BODIES_REPLY;
    t->reply_body = arena_copy(t->arena, buf_bytes(&body));
    return t->reply_body.ptr == NULL ? ERR_NOMEM : ERR_OK;
}

static enum err prepare(struct turn *t, struct errmsg *why)
{
    struct bodies m;
    struct bodies_query q;
    enum err e = bodies_decode(t->envelope.body, t->arena, &m, why);
    if (e == ERR_OK)
        e = bodies_query_decode(m.document, t->arena, &q, why);
    if (e == ERR_NOMEM)
        return e;
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "bodies: %s", why->text);
    const struct bodies_signed by = {SIGN_BODIES, &m, &q.deployment, &q.reader, q.issued_at_s};
    t->audit.event = AUDIT_EVENT_BODIES_READ;
    t->audit.staff = q.staff;
    bool is_auditor = false;
    e = bodies_check_signed(t, &by, &is_auditor);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    if (!bodies_filter_is_known(&q.filter))
        return turn_refuse(t, REFUSED_MALFORMED, "bodies: filter: no such event or decision");
    e = bodies_sought_check(digest_sha256, &q.filter, &q.sought);
    if (e != ERR_OK)
        return e == ERR_MISMATCH ? turn_refuse(t, REFUSED_MALFORMED, "bodies: sought: not what the filter has a digest of") : e;
    e = bodies_facts_of_query(t->view, &q, t->arena, &t->audit.more, &t->audit.more_count);
    return e == ERR_OK ? answer(t, &q, is_auditor) : e;
}

/* Reading changes nothing, but it is an entry of its own before the answer leaves. */
static enum err apply(struct turn *t, struct kv_txn *txn)
{
    (void)t;
    (void)txn;
    return ERR_OK;
}

const struct turn_handler bodies_handler = {
    .kind = MSG_BODIES,
    .prepare = prepare,
    .apply = apply,
    .recorded = TURN_ENTRY_ONLY,
};
