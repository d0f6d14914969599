/* What the broker cosigned of this agency's own log: kept, shown as the checkpoint, and told by `status`. */
#include <stdlib.h>
#include <string.h>

#include "agent/log/witnessed_internal.h"
#include "agent/log/cosigned_keys.h"
#include "agent/log/own_keys.h"
#include "agent/log/vouch.h"
#include "agent/own_log.h"
#include "agent/session.h"
#include "agent/store/store.h"
#include "pki/log_policy.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/tiles.h"
#include "proto/host/worker.h"
#include "proto/host/writer.h"
#include "proto/msg/agency_head.h"

#define ROW_TIME "own_log_witnessed_s"
#define PATIENCE_INTERVALS 4 /* that a checkpoint waits for its line */
#define KEEP_EVERY_S 60      /* how far the kept time may lag */
#define ASKED_FIRST_MS 60000 /* that a start waits for the broker at least, before a head is signed */
#define NOTE_BYTES ((size_t)16 << 10)

void witnessed_head_set(struct witnessed_head *h, uint64_t size, struct bytes note)
{
    h->size = size;
    buf_reset(&h->note);
    buf_put(&h->note, note);
}

/* ---- how long ---- */

int64_t witnessed_patience_ms(const struct log_witnessed *w)
{
    const struct agent *a = w->keeping->agent;
    struct session_info session = {.publish_interval_ms = 0};
    uint64_t each_ms = a->config->own_log_interval_ms;
    if (a->session != NULL)
        session_info(a->session, &session);
    if (session.publish_interval_ms > each_ms)
        each_ms = session.publish_interval_ms;
    return PATIENCE_INTERVALS * (int64_t)each_ms;
}

bool witnessed_is_late(const struct log_witnessed *w)
{
    return w->size == 0 || w->has_no_witness || clock_mono_ms() - w->well_ms >= witnessed_patience_ms(w);
}

/* What was cosigned before this start may be more than the store has, and the store an old copy of before the first line:
 * the broker is asked wherever there is a head, for a while, and for as long as it names one that may be of this log. */
static bool asks_first(const struct log_witnessed *w)
{
    const int64_t patience_ms = witnessed_patience_ms(w);
    const int64_t most_ms = patience_ms > ASKED_FIRST_MS ? patience_ms : ASKED_FIRST_MS;
    return w->had_head && !w->has_answer && (w->unknown.len > 0 || clock_mono_ms() - w->well_ms < most_ms);
}

bool witnessed_may_sign(struct log_witnessed *w)
{
    if (asks_first(w)) {
        witnessed_offer(w); /* again, where an answer told nothing */
        return false;
    }
    if (w->is_writing)
        return false;
    atomic_store(&w->shows_later, !witnessed_is_late(w));
    return true;
}

bool witnessed_shows_later(const struct log_witnessed *w)
{
    return atomic_load(&w->shows_later);
}

/* ---- what is kept ---- */

static enum err keep_job(struct kv_txn *txn, void *arg)
{
    const struct log_witnessed *w = arg;
    struct store *s = w->keeping->agent->store;
    const enum err bad = store_put_number(s, txn, LOG_ROW_WITNESSED, w->size);
    return bad == ERR_OK ? store_put_number(s, txn, ROW_TIME, (uint64_t)w->kept_s) : bad;
}

static void kept(enum err result, void *arg)
{
    struct log_witnessed *w = arg;
    w->is_keeping = false;
    if (result != ERR_OK)
        log_warn("own_log.witness_not_kept error=\"%s\"", err_text(result));
}

/* The job reads what nothing changes until it is kept: the size goes by whole minutes, too, and only tells that there was
 * a line at all. */
static void keep(struct log_witnessed *w, uint64_t size)
{
    const bool is_first = w->size == 0;
    if (w->is_keeping)
        return;
    w->size = size;
    if (!is_first && w->at_s < w->kept_s + KEEP_EVERY_S)
        return;
    w->kept_s = w->at_s;
    w->is_keeping = writer_submit(w->keeping->agent->writer, WRITER_BULK, keep_job, kept, w) == ERR_OK;
}

static enum err fork_job(struct kv_txn *txn, void *arg)
{
    const struct log_witnessed *w = arg;
    return store_put(w->keeping->agent->store, txn, STORE_META, bytes_str(LOG_ROW_FORK), buf_bytes(&w->fork));
}

static void fork_kept(enum err result, void *arg)
{
    (void)arg;
    if (result != ERR_OK)
        log_err("own_log.evidence_not_kept error=\"%s\"", err_text(result));
}

void witnessed_note_fork(struct log_witnessed *w, struct bytes known)
{
    if (w->fork.len > 0)
        return;
    log_err("own_log.forked: the broker cosigned a head of it that it does not contain; tell the auditor");
    w->keeping->is_forked = true;
    buf_put(&w->fork, known);
    const enum err bad = writer_submit(w->keeping->agent->writer, WRITER_INTERACTIVE, fork_job, fork_kept, w);
    if (bad != ERR_OK)
        fork_kept(bad, w);
}

/* ---- what is shown ---- */

static enum err show_job(void *arg)
{
    struct log_witnessed *w = arg;
    struct errmsg why = {""};
    const enum err bad = tiles_set_checkpoint(w->tiles, buf_bytes(&w->next.note), &why);
    if (bad != ERR_OK)
        log_err("own_log.checkpoint_not_written error=\"%s\" detail=\"%s\"", err_text(bad), why.text);
    crash_point("own_log.cosigned_shown");
    return bad;
}

static void has_shown(enum err result, void *arg)
{
    struct log_witnessed *w = arg;
    w->is_writing = false;
    if (result == ERR_OK)
        w->shown_size = w->next.size;
}

/* Never a smaller head than the one that stands, and never while the keeper writes: then the next head brings it. */
static void show(struct log_witnessed *w, struct bytes line)
{
    struct agent *a = w->keeping->agent;
    if (w->offered.size < w->shown_size || w->is_writing || log_keeper_is_busy(w->keeping->keeper))
        return;
    witnessed_head_set(&w->next, w->offered.size, buf_bytes(&w->offered.note));
    buf_put(&w->next.note, line);
    enum err bad = buf_err(&w->next.note);
    if (bad == ERR_OK)
        bad = worker_submit(a->workers, show_job, has_shown, w);
    w->is_writing = bad == ERR_OK;
    if (bad != ERR_OK && bad != ERR_CLOSED)
        log_err("own_log.checkpoint_not_written error=\"%s\"", err_text(bad));
}

void witnessed_took_line(struct log_witnessed *w, struct bytes line)
{
    if (w->size > 0 && witnessed_is_late(w))
        log_notice("own_log.cosigned_again size=%llu", (unsigned long long)w->offered.size);
    w->is_refused = false;
    w->reason.text[0] = '\0';
    w->from = w->offered.size;
    w->at_s = agent_now_s(w->keeping->agent);
    w->well_ms = clock_mono_ms();
    keep(w, w->offered.size);
    vouch_over(w);
    own_keys_witnessed(w->keeping, &w->named.keys);
    cosigned_keys_saw(w->keeping, &w->named);
    show(w, line);
}

/* ---- status ---- */

static const char *state_of(const struct log_witnessed *w)
{
    if (w->has_no_witness)
        return "no witness";
    if (w->is_refused)
        return "refused";
    return witnessed_is_late(w) ? "not cosigned" : "cosigned";
}

void witnessed_put(const struct log_witnessed *w, struct doc_build *d)
{
    const char *state = state_of(w);
    doc_put_str(d, "witness", state);
    doc_put_int(d, "cosigned_size", (int64_t)w->size);
    doc_put_time(d, strcmp(state, "cosigned") == 0 ? "cosigned_at" : "not_cosigned_since", w->at_s);
    doc_put_text(d, "witness_key", buf_bytes(&w->key));
    if (w->reason.text[0] != '\0')
        doc_put_str(d, "refused", w->reason.text);
}

static enum err add_line(struct doc *lines, const char *text)
{
    return doc_append(lines, doc_new_text(bytes_str(text)));
}

bool witnessed_is_forked(const struct log_witnessed *w)
{
    return w->fork.len > 0;
}

enum err witnessed_alarms(const struct log_witnessed *w, struct doc *lines)
{
    const int64_t now_s = agent_now_s(w->keeping->agent);
    if (w->fork.len > 0)
        return add_line(lines, "the broker cosigned a head of this agency's own log that the log does not contain: its store is "
                               "an old copy, or somebody else signs with its key; no head is signed: tell the auditor");
    if (w->is_refused)
        return add_line(lines, "the broker as a witness refuses this agency's own log (own_log in status): tell the auditor");
    if (w->size > 0 && quorum_age_at(w->at_s, now_s) != QUORUM_FRESH)
        return add_line(lines, "for 4 hours the broker has not cosigned this agency's own log: it is published without its line");
    return ERR_OK;
}

/* ---- life ---- */

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    const struct log_witnessed *w = arg;
    return store_put_number(w->keeping->agent->store, txn, ROW_TIME, (uint64_t)w->kept_s);
}

static enum err read_rows(struct log_witnessed *w)
{
    const struct agent *a = w->keeping->agent;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_arena_free) struct arena *arena = arena_new(4 * NOTE_BYTES);
    struct bytes fork = {NULL, 0};
    uint64_t at_s = 0;
    enum err bad = arena != NULL ? kv_read_begin(a->kv, &txn) : ERR_NOMEM;
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, LOG_ROW_WITNESSED, &w->size);
    if (bad == ERR_OK)
        bad = store_get_number(a->store, txn, ROW_TIME, &at_s);
    if (bad == ERR_OK && (bad = store_get(a->store, txn, STORE_META, bytes_str(LOG_ROW_FORK), arena, &fork)) == ERR_NOT_FOUND)
        bad = ERR_OK;
    w->at_s = w->kept_s = (int64_t)at_s;
    buf_put(&w->fork, fork);
    return bad;
}

/* The watch begins with the first start. */
static enum err begin_watch(struct log_witnessed *w)
{
    if (w->at_s != 0)
        return ERR_OK;
    w->at_s = w->kept_s = agent_now_s(w->keeping->agent);
    return writer_run(w->keeping->agent->writer, begin_job, w);
}

enum err witnessed_new(struct log_keeping *k, struct log_witnessed **out, struct errmsg *why)
{
    struct log_witnessed *w = calloc(1, sizeof *w);
    if (w == NULL)
        return ERR_NOMEM;
    *out = w; /* whoever holds it frees it */
    w->keeping = k;
    w->newest.note = buf_new(NOTE_BYTES);
    w->offered.note = buf_new(NOTE_BYTES);
    w->next.note = buf_new(NOTE_BYTES);
    w->key = buf_new(AGENCY_HEAD_MAX_KEY_BYTES);
    w->known = buf_new(NOTE_BYTES);
    w->unknown = buf_new(NOTE_BYTES);
    w->vouch = buf_new(AGENCY_HEAD_MAX_VOUCH_BYTES);
    w->fork = buf_new(NOTE_BYTES);
    w->well_ms = clock_mono_ms();
    enum err bad = tiles_open(k->dir, &w->tiles, why);
    if (bad == ERR_OK)
        bad = read_rows(w);
    if (bad == ERR_OK)
        bad = begin_watch(w);
    atomic_store(&w->shows_later, w->size > 0);
    return bad;
}

void witnessed_free(struct log_witnessed *w)
{
    if (w == NULL)
        return;
    tiles_free(w->tiles);
    buf_free(&w->newest.note);
    buf_free(&w->offered.note);
    buf_free(&w->next.note);
    buf_free(&w->key);
    buf_free(&w->known);
    buf_free(&w->unknown);
    buf_free(&w->vouch);
    buf_free(&w->fork);
    free(w);
}

static enum err read_newest(struct log_witnessed *w)
{
    const struct agent *a = w->keeping->agent;
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct log_published published;
    enum err bad = kv_read_begin(a->kv, &txn);
    if (bad == ERR_OK)
        bad = log_get_published(logbook_tables(own_log_book(a->own_log)), txn, &published);
    if (bad == ERR_OK)
        witnessed_head_set(&w->newest, published.size, published.note);
    return bad;
}

static enum err drop_job(struct kv_txn *txn, void *arg)
{
    const struct log_witnessed *w = arg;
    const enum err bad = store_del(w->keeping->agent->store, txn, STORE_META, bytes_str(LOG_ROW_FORK));
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

/* Evidence of a store that was an old copy is over once the newest one is back. */
static enum err judge_fork(struct log_witnessed *w)
{
    if (w->fork.len == 0)
        return ERR_OK;
    if (log_keeper_contains(w->keeping->keeper, buf_bytes(&w->fork)) == ERR_OK) {
        buf_reset(&w->fork);
        return writer_run(w->keeping->agent->writer, drop_job, w);
    }
    w->keeping->is_forked = true;
    return ERR_OK;
}

enum err witnessed_start(struct log_witnessed *w)
{
    CLEANUP(buf_free) struct buf note = buf_new(NOTE_MAX_BYTES);
    enum err bad = read_newest(w);
    if (bad == ERR_OK)
        bad = judge_fork(w);
    w->had_head = w->newest.size > 0;
    w->shown_size = w->newest.size; /* or less: what the broker has not cosigned yet may not be shown */
    return bad;
}
