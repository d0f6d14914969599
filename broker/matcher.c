#include "broker/matcher.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/awaited.h"
#include "broker/close.h"
#include "broker/epochs.h"
#include "broker/gate.h"
#include "broker/held.h"
#include "broker/index/index.h"
#include "broker/keys.h"
#include "broker/limits.h"
#include "broker/mailbox.h"
#include "broker/meet.h"
#include "broker/store/asks.h"
#include "broker/vaults.h"
#include "broker/store/match_rows.h"
#include "pki/digest.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"
#include "proto/log/merkle.h"

#define SLOT_HEADERS_MAX 256u /* of each kind of work; the rest waits for the next slot */

/* Where a slot goes on that found more than that: headers that cannot move on (their purpose is suspended, a
 * mailbox is full) use up no slot for those behind them. */
struct slot_place {
    struct ask_task behind;
    bool has_more;
};
#define FORGET_EVERY_S 60
#define FORGET_MAX 256u

struct matcher {
    struct broker *broker;
    struct limits_book *limits;
    struct arena *arena; /* store thread: one header at a time */
    struct loop_timer *timer;
    size_t working; /* jobs of this slot that are not done */
    int64_t forget_at_s;
    struct slot_place matching;
    struct slot_place closing;
};

enum err matcher_new(const struct matcher_params *p, struct matcher **out)
{
    CLEANUP(cleanup_matcher_free) struct matcher *m = calloc(1, sizeof *m);
    if (m == NULL)
        return ERR_NOMEM;
    m->broker = p->broker;
    m->arena = arena_new(MATCHER_ARENA_BYTES);
    if (m->arena == NULL)
        return ERR_NOMEM;
    enum err e = limits_new(p->broker->store, p->distinct, &m->limits);
    if (e != ERR_OK)
        return e;
    *out = m;
    m = NULL;
    return ERR_OK;
}

void matcher_free(struct matcher *m)
{
    if (m == NULL)
        return;
    loop_timer_free(m->timer);
    limits_free(m->limits);
    arena_free(m->arena);
    free(m);
}

struct limits_book *matcher_limits(struct matcher *m)
{
    return m->limits;
}

/* One header on its way through its slot. */
struct matching {
    struct matcher *m;
    struct kv_txn *txn;
    const struct digest *id;
    int64_t now_s;
    struct ask_read read;
    struct held_question question;
    struct meetings met;
};

/* What is held of the question, opened into the arena. ERR_NOT_FOUND: nothing, or its key is gone.
 */
static enum err open_question(struct matching *g)
{
    const struct broker *b = g->m->broker;
    const struct held_place at = {
        .key = broker_held_key(b, &g->read.header.purpose, g->read.header.epoch),
        .epoch = g->read.header.epoch,
        .header = g->id,
    };
    struct bytes sealed;
    enum err e = at.key == NULL ? ERR_NOT_FOUND : held_row_get(b->store, g->txn, g->id, &sealed);
    if (e != ERR_OK)
        return e;
    uint8_t *room = arena_alloc(g->m->arena, sealed.len);
    if (room == NULL)
        return ERR_NOMEM;
    struct buf plain = buf_fixed(room, sealed.len);
    e = held_open(&at, sealed, &plain);
    return e == ERR_OK ? held_question_decode(buf_bytes(&plain), g->m->arena, &g->question) : e;
}

static enum err put_match(const struct matching *g, const struct meeting *met, uint64_t mail)
{
    const struct broker *b = g->m->broker;
    CLEANUP(buf_free) struct buf plain = buf_new(HELD_MAX_BYTES);
    CLEANUP(buf_free) struct buf sealed = buf_new(HELD_MAX_BYTES);
    const struct held_match kept = {
        .batch = met->batch, .tokens = met->tokens, .token_count = met->count};
    const struct held_place at = {
        .key = broker_held_key(b, &g->read.header.purpose, g->read.header.epoch),
        .epoch = g->read.header.epoch,
        .header = g->id,
        .handle = &met->handle,
        .group = met->group,
    };
    enum err e = held_match_encode(&kept, &plain);
    if (e == ERR_OK)
        e = held_seal(&at, buf_bytes(&plain), &sealed);
    if (plain.ptr != NULL)
        secret_wipe(plain.ptr, plain.len);
    if (e != ERR_OK)
        return e;
    const struct match_key k = {.id = *g->id, .handle = met->handle, .group = met->group};
    const struct match_row row = {.mail = mail, .sealed = buf_bytes(&sealed)};
    return match_row_put(b->store, g->txn, &k, &row);
}

/* Salt and path of each identifier that met the record: so much the holder needs to see for itself
 * that it was asked, and nothing of the others. */
static enum err prove(const struct matching *g, const struct meeting *met,
                      struct matched_identifier *out)
{
    const struct held_question *q = &g->question;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < met->count; i++) {
        const struct held_identifier *id = &q->identifiers[met->identifiers[i]];
        struct merkle_hashes *path = arena_alloc(g->m->arena, sizeof *path);
        if (path == NULL)
            return ERR_NOMEM;
        e = merkle_path_make(digest_sha256, q->leaves, q->leaf_count, id->position, path);
        if (e != ERR_OK)
            break;
        out[i] = (struct matched_identifier){
            .type = id->type,
            .salt = id->salt,
            .path = merkle_path_of(id->position, q->leaf_count, path),
        };
    }
    return e;
}

static enum err put_notice(const struct matching *g, struct bytes content, uint64_t *mail)
{
    const struct mailbox_held item = {
        .kind = MAIL_HIT,
        .content = content,
        .purpose = &g->read.header.purpose,
        .epoch = g->read.header.epoch,
    };
    return mailbox_put_held(g->m->broker->mailboxes, g->txn, &g->read.header.holder, &item, mail);
}

static enum err show(const struct matching *g, const struct meeting *met)
{
    struct matched_identifier *matched = arena_array(g->m->arena, met->count, sizeof *matched);
    if (matched == NULL)
        return ERR_NOMEM;
    enum err e = prove(g, met, matched);
    if (e != ERR_OK)
        return e;
    const struct hit_notice n = {
        .header = g->read.ask.header,
        .worker_signature = g->read.ask.worker_signature,
        .worker_fingerprint = g->read.ask.worker_fingerprint,
        .agency_signature = g->read.ask.agency_signature,
        .handle = met->handle,
        .group = met->group,
        .sealed_part = g->question.sealed_parts[met->group],
        .matched = matched,
        .matched_count = met->count,
    };
    CLEANUP(buf_free) struct buf content = buf_new((size_t)1 << 20);
    uint64_t mail = 0;
    e = hit_notice_encode(&n, &content);
    if (e == ERR_OK)
        e = put_notice(g, buf_bytes(&content), &mail);
    if (content.ptr != NULL)
        secret_wipe(content.ptr, content.len);
    return e == ERR_OK ? put_match(g, met, mail) : e;
}

static struct index_query where_of(const struct matching *g)
{
    return (struct index_query){.purpose = g->read.header.purpose,
                                .epoch = g->read.header.epoch,
                                .holder = g->read.header.holder,
                                .today = (uint32_t)when_day(g->now_s)};
}

/* Where the rule no longer stands, the deadline has passed or the epoch's key is destroyed, nothing
 * is looked up and nothing hits. */
static enum err look(struct matching *g, const struct view *v, uint32_t *most)
{
    struct gate_standing standing;
    enum err e = gate_standing_rule(v, &g->read.header, g->now_s, &standing);
    if (e != ERR_OK)
        return e;
    const struct rule *r = standing.rule;
    const bool is_over = r == NULL || g->now_s >= g->read.header.deadline_s;
    e = is_over ? ERR_NOT_FOUND : open_question(g);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    const struct meet_query q = {
        .index = g->m->broker->index,
        .txn = g->txn,
        .arena = g->m->arena,
        .rule = r,
        .question = &g->question,
        .where = where_of(g),
    };
    *most = r->limits.hits_per_request;
    return meet(&q, &g->met);
}

/* One entry for each header, the same parts whatever came of it. Only auditors read it. */
static enum err append_entry(const struct matching *g)
{
    const struct audit_fact facts[] = {
        audit_fact_int("hits", g->read.ask.hits),
        audit_fact_int("hits_hidden", g->read.ask.hidden),
    };
    const struct turn_audit what = {
        .event = AUDIT_EVENT_REQUEST_MATCHED,
        .peer = g->read.header.holder,
        .rule = g->read.header.rule,
        .rule_version = g->read.header.rule_version,
        .request = *g->id,
        .case_id = g->read.header.case_id,
        .key_version = g->read.header.epoch,
        .policy = g->read.header.policy_digest,
        .more = facts,
        .more_count = ARRAY_LEN(facts),
        .hidden_from_peer = true,
        .hidden_from_sender = true,
    };
    struct digest entry;
    return audit_append(g->m->broker->audit, g->txn, &what, NULL, NULL, g->now_s, &entry);
}

/* The question itself goes, hit or no hit: what a settlement needs is in the match rows. With it goes
 * whose certificate stands behind the pseudonym in the header: the notices have carried it away, and
 * the broker keeps no table of the two. */
static enum err leave(struct matching *g)
{
    struct store *s = g->m->broker->store;
    const struct ask_task task = {ASK_DUE_MATCH, g->read.ask.accepted_at_s, *g->id};
    g->read.ask.state = ASK_MATCHED;
    g->read.ask.worker_fingerprint = (struct digest){{0}};
    g->read.ask.worker_signature = bytes_of(NULL, 0);
    enum err e = held_row_del(s, g->txn, g->id);
    crash_point("match.forgotten");
    if (e == ERR_OK)
        e = ask_task_del(s, g->txn, &task);
    if (e == ERR_OK)
        e = ask_put(s, g->txn, g->id, &g->read.ask);
    return e == ERR_OK ? append_entry(g) : e;
}

/* Nothing is said of a holder whose batches a restored store lacks: the question waits until it has them again. */
static enum err holder_is_awaited(const struct matching *g, bool *out)
{
    const struct index_query q = where_of(g);
    return awaited_is(g->m->broker, g->txn, &q, out);
}

/* Hits are counted for each header: what one holder is shown depends on nothing that another one has, nor
 * on whose header came first. */
static enum err match_header(struct matching *g, const struct view *v)
{
    uint32_t most = 0;
    enum err e = ask_read(g->m->broker->store, g->txn, g->id, g->m->arena, &g->read);
    if (e == ERR_NOT_FOUND || (e == ERR_OK && g->read.ask.state != ASK_WAITING))
        return ERR_OK;
    if (e == ERR_OK && !epochs_is_served(v, &g->read.header.purpose, g->read.header.epoch))
        return ERR_OK; /* suspended: it waits; stopped: it is about to be closed */
    bool waits = false;
    if (e == ERR_OK)
        e = holder_is_awaited(g, &waits);
    if (e != ERR_OK || waits)
        return e;
    e = look(g, v, &most);
    for (size_t i = 0; e == ERR_OK && i < g->met.count; i++) {
        if (g->read.ask.hits == most) {
            g->read.ask.hidden = (uint32_t)(g->met.count - i);
            break;
        }
        e = show(g, &g->met.v[i]);
        g->read.ask.hits++;
    }
    return e == ERR_OK ? leave(g) : e;
}

enum err matcher_match(struct matcher *m, struct kv_txn *txn, const struct view *v,
                       const struct digest *id, int64_t now_s)
{
    struct matching g = {.m = m, .txn = txn, .id = id, .now_s = now_s};
    arena_reset(m->arena);
    enum err e = match_header(&g, v);
    arena_reset(m->arena); /* wipes what was opened */
    return e;
}

enum err matcher_close(struct matcher *m, struct kv_txn *txn, const struct digest *id,
                       int64_t now_s)
{
    arena_reset(m->arena);
    enum err e = close_header(m->broker, txn, m->arena, id, now_s);
    arena_reset(m->arena);
    return e;
}

enum err matcher_forget(struct matcher *m, struct kv_txn *txn, const struct view *v, int64_t now_s,
                        size_t max)
{
    const struct close_retention r = {
        .broker = m->broker, .limits = m->limits, .view = v, .now_s = now_s, .max = max};
    return close_forget(&r, txn);
}

/* One piece of a slot's work on the store thread. */
struct slot_job {
    struct matcher *m;
    struct view *view;
    struct ask_task task;
    int64_t now_s;
};

static enum err run_job(struct kv_txn *txn, void *arg)
{
    struct slot_job *j = arg;
    switch (j->task.what) {
    case ASK_DUE_MATCH:
        return matcher_match(j->m, txn, j->view, &j->task.id, j->now_s);
    case ASK_DUE_CLOSE:
        return matcher_close(j->m, txn, &j->task.id, j->now_s);
    case ASK_DUE_FORGET:
        return matcher_forget(j->m, txn, j->view, j->now_s, FORGET_MAX);
    case ASK_DUE_NONE:
        break;
    }
    return ERR_OK;
}

static void job_done(enum err result, void *arg)
{
    struct slot_job *j = arg;
    /* A full mailbox delays one header; it is tried again at the next slot. */
    if (result == ERR_LIMIT)
        log_warn("matcher work=%c error=\"%s\"", (char)j->task.what, err_text(result));
    else
        broker_saw(j->m->broker, result);
    j->m->working--;
    view_free(j->view);
    free(j);
}

static void submit(struct matcher *m, const struct ask_task *task, int64_t now_s)
{
    struct slot_job *j = calloc(1, sizeof *j);
    if (j == NULL)
        return;
    *j =
        (struct slot_job){.m = m, .view = view_ref(m->broker->view), .task = *task, .now_s = now_s};
    if (writer_submit(m->broker->writer, WRITER_INTERACTIVE, run_job, job_done, j) != ERR_OK) {
        view_free(j->view);
        free(j);
        return;
    }
    m->working++;
}

/* What is due of one kind, each header a job of its own: those behind the place, and from the first again once
 * there are no more. */
static enum err submit_due(struct matcher *m, enum ask_due what, struct slot_place *place,
                           int64_t now_s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct ask_task tasks[SLOT_HEADERS_MAX];
    size_t n = 0;
    const struct ask_due_query q = {
        .what = what, .now_s = now_s, .after = place->has_more ? &place->behind : NULL};
    enum err e = kv_read_begin(m->broker->kv, &txn);
    if (e == ERR_OK)
        e = ask_tasks_due(m->broker->store, txn, &q, tasks, ARRAY_LEN(tasks), &n);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < n; i++)
        submit(m, &tasks[i], now_s);
    place->has_more = n == ARRAY_LEN(tasks);
    if (place->has_more)
        place->behind = tasks[n - 1];
    return ERR_OK;
}

void matcher_slot(struct matcher *m)
{
    const int64_t now_s = clock_now_s(m->broker->clock);
    if (m->working > 0 || !broker_is_open(m->broker) ||
        view_is_open(m->broker->view, now_s) != ERR_OK)
        return;
    enum err e = submit_due(m, ASK_DUE_MATCH, &m->matching, now_s);
    if (e == ERR_OK)
        e = submit_due(m, ASK_DUE_CLOSE, &m->closing, now_s);
    if (e != ERR_OK)
        log_err("matcher error=\"%s\"", err_text(e));
    if (now_s < m->forget_at_s)
        return;
    m->forget_at_s = now_s + FORGET_EVERY_S;
    const struct ask_task forget = {.what = ASK_DUE_FORGET};
    submit(m, &forget, now_s);
}

static void on_slot(void *arg)
{
    matcher_slot(arg);
}

static enum err start(struct broker *b, struct errmsg *why)
{
    const struct matcher_params p = {.broker = b, .distinct = b->vaults->distinct};
    enum err e = matcher_new(&p, &b->matcher);
    if (e == ERR_OK && (b->matcher->timer = loop_timer_new(b->loop, on_slot, b->matcher)) == NULL)
        e = ERR_NOMEM;
    if (e != ERR_OK)
        return errmsg_set(why, e, "matcher: %s", err_text(e));
    loop_timer_every(b->matcher->timer, (int64_t)b->config->match_slot_ms);
    return ERR_OK;
}

static void stop(struct broker *b)
{
    matcher_free(b->matcher);
    b->matcher = NULL;
}

const struct broker_part matcher_part = {.name = "matcher", .start = start, .stop = stop};
