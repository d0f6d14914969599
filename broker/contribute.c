/* Batches under way, on the loop: chunks go to the pool as they come, the run is written in bulk
 * slices, and the turn of the batch goes on when that is done and all earlier batches of its agency
 * are through. */
#include "broker/contribute.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/epochs.h"
#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/host/loop.h"
#include "proto/host/worker.h"

static void advance(struct contribute *c);

/* --- one batch under way --- */

static void staging_free(struct staging *s)
{
    for (size_t i = 0; i < BATCH_CHUNKS_MAX; i++)
        staged_chunk_free(s->chunk[i]);
    staged_batch_free(s->batch);
    free(s);
}

static void unlist(struct contribute *c, const struct staging *s)
{
    struct staging **at = &c->first;
    while (*at != NULL && *at != s)
        at = &(*at)->next;
    if (*at == NULL)
        return;
    *at = s->next;
    c->count--;
}

/* Once its turn is done and no job works for it any more. */
static void release(struct staging *s)
{
    if (s->turn != NULL || s->working > 0 || s->state == STAGING_WRITING)
        return;
    struct contribute *c = s->owner;
    unlist(c, s);
    staging_free(s);
    advance(c);
}

/* Lets the turn go on; s may be gone afterwards. */
static void go_on(struct staging *s)
{
    s->state = STAGING_APPLYING;
    turn_continue(s->turn);
}

static void refuse(struct staging *s, enum refusal_code code, const char *detail)
{
    if (s->turn == NULL || s->state == STAGING_APPLYING)
        return;
    if (turn_refuse(s->turn, code, "%s", detail) == ERR_OK)
        go_on(s);
    else
        turn_drop(s->turn);
}

/* A failure of this machine: nothing is answered, the agent repeats. */
static void drop(struct staging *s, enum err e)
{
    log_warn("batch.dropped agency=%s error=\"%s\"", s->header.agency.oin, err_text(e));
    if (s->turn != NULL && s->state != STAGING_APPLYING)
        turn_drop(s->turn);
}

static struct staging *find(const struct contribute *c, const struct agency_id *agency,
                            const struct batch_id *id)
{
    for (struct staging *s = c->first; s != NULL; s = s->next) {
        if (s->turn != NULL && agency_id_equal(&s->header.agency, agency) &&
            bytes_equal(BYTES_OF_ARRAY(s->header.batch_id.b), BYTES_OF_ARRAY(id->b)))
            return s;
    }
    return NULL;
}

static void remember_refused(struct contribute *c, const struct batch_id *id)
{
    c->refused[c->refused_next] = *id;
    c->refused_next = (c->refused_next + 1) % CONTRIBUTE_REFUSED_KEPT;
}

static bool was_refused(const struct contribute *c, const struct batch_id *id)
{
    for (size_t i = 0; i < CONTRIBUTE_REFUSED_KEPT; i++) {
        if (bytes_equal(BYTES_OF_ARRAY(c->refused[i].b), BYTES_OF_ARRAY(id->b)))
            return true;
    }
    return false;
}

static size_t count_of(const struct contribute *c, const struct agency_id *agency)
{
    size_t n = 0;
    for (const struct staging *s = c->first; s != NULL; s = s->next)
        n += agency_id_equal(&s->header.agency, agency) ? 1 : 0;
    return n;
}

/* --- from the last chunk to the store --- */

static bool is_first_of_agency(const struct contribute *c, const struct staging *s)
{
    for (const struct staging *o = c->first; o != s; o = o->next) {
        if (agency_id_equal(&o->header.agency, &s->header.agency))
            return false;
    }
    return true;
}

/* Batches of one agency take effect in the order in which they were announced, as their chain does.
 */
static void advance(struct contribute *c)
{
    struct staging *s = c->first;
    while (s != NULL) {
        if (s->state == STAGING_READY && is_first_of_agency(c, s)) {
            go_on(s);
            s = c->first; /* the list may be another */
            continue;
        }
        s = s->next;
    }
}

static void written(enum err result, void *arg)
{
    struct staging *s = arg;
    struct contribute *c = s->owner;
    s->state = STAGING_READY;
    if (s->turn == NULL) {
        keeper_discard(c->keeper, &s->fresh);
        release(s);
    } else if (result != ERR_OK) {
        drop(s, result);
    }
    advance(c);
}

static void write_run(struct staging *s)
{
    s->state = STAGING_WRITING;
    s->fresh = (struct fresh){.agency = s->header.agency,
                              .batch = s->header.batch_id,
                              .packed = s->batch->packed,
                              .count = s->batch->token_count};
    s->write = (struct keeper_write){.f = &s->fresh, .done = written, .arg = s};
    keeper_write(s->owner->keeper, &s->write);
}

static enum err sort_job(void *arg)
{
    struct staging *s = arg;
    return staged_batch_make(&s->header, s->chunk, s->chunks, &s->batch, &s->fault);
}

static void sort_done(enum err result, void *arg)
{
    struct staging *s = arg;
    s->working--;
    for (size_t i = 0; i < BATCH_CHUNKS_MAX; i++) {
        staged_chunk_free(s->chunk[i]);
        s->chunk[i] = NULL;
    }
    if (s->turn == NULL)
        release(s);
    else if (result != ERR_OK)
        drop(s, result);
    else if (s->fault.code != REFUSED_NONE)
        refuse(s, s->fault.code, s->fault.detail);
    else
        write_run(s);
}

static void sort_when_whole(struct staging *s)
{
    if (s->state != STAGING_COLLECTING || s->arrived < s->chunks || s->working > 0)
        return;
    s->state = STAGING_SORTING;
    s->working++;
    enum err e = worker_submit(s->owner->broker->workers, sort_job, sort_done, s);
    if (e != ERR_OK) {
        s->working--;
        refuse(s, REFUSED_CREDIT, "batch: too much work at once; send it again");
    }
}

/* --- chunks --- */

struct chunk_turn {
    struct batch_chunk chunk;
    struct staging *staging;
    struct turn *turn;
    struct broker_half *half;
    struct staged_chunk *result;
    struct staging_fault fault;
};

static enum err chunk_job(void *arg)
{
    struct chunk_turn *w = arg;
    const struct staged_chunk_input in = {.chunk = &w->chunk,
                                          .header = &w->staging->header,
                                          .policy = view_policy(w->turn->view),
                                          .half = w->half};
    return staged_chunk_make(&in, &w->result, &w->fault);
}

static void chunk_end(struct staging *s, enum err result, const struct staging_fault *fault)
{
    if (s->turn == NULL)
        release(s);
    else if (result != ERR_OK)
        drop(s, result);
    else if (fault->code != REFUSED_NONE)
        refuse(s, fault->code, fault->detail);
    else
        sort_when_whole(s);
}

/* The turn of a chunk ends here, and with its arena every inner and salt is wiped. The batch
 * answers for what is wrong. */
static void chunk_done(enum err result, void *arg)
{
    struct chunk_turn *w = arg;
    struct staging *s = w->staging;
    struct staging_fault fault = w->fault;
    broker_half_free(w->half);
    s->chunk[w->chunk.index] = w->result;
    s->working--;
    s->owner->working--;
    s->last_s = clock_now_s(s->owner->broker->clock);
    w->turn->no_reply = true;
    turn_continue(w->turn); /* w is gone with it */
    chunk_end(s, result, &fault);
}

static enum err chunk_start(struct chunk_turn *w)
{
    struct staging *s = w->staging;
    struct broker *b = s->owner->broker;
    struct broker_half *half = broker_half_of(b, &s->header.purpose, s->header.epoch, false);
    if (s->owner->working >= CONTRIBUTE_WORKING_MAX)
        return ERR_LIMIT;
    enum err e = half != NULL ? broker_half_copy(half, &w->half) : ERR_STATE;
    if (e == ERR_OK)
        e = worker_submit(b->workers, chunk_job, chunk_done, w);
    if (e != ERR_OK) {
        broker_half_free(w->half);
        return e;
    }
    s->has[w->chunk.index] = true;
    s->arrived++;
    s->working++;
    s->owner->working++;
    return ERR_AGAIN;
}

/* What cannot be read belongs to no batch that is known: all of its sender's end. */
static enum err refuse_unreadable(struct turn *t, struct contribute *c, const struct errmsg *why)
{
    struct staging *s = c->first;
    while (s != NULL) {
        if (s->turn != NULL && s->state == STAGING_COLLECTING &&
            agency_id_equal(&s->header.agency, &t->sender->id)) {
            refuse(s, REFUSED_MALFORMED, why->text);
            s = c->first;
            continue;
        }
        s = s->next;
    }
    return turn_refuse(t, REFUSED_MALFORMED, "%s", why->text);
}

static enum err take_chunk(struct chunk_turn *w)
{
    struct staging *s = w->staging;
    if (s->state != STAGING_COLLECTING || w->chunk.index >= s->chunks) {
        if (s->state == STAGING_COLLECTING)
            refuse(s, REFUSED_MALFORMED, "chunk index: beyond the number that was announced");
        w->turn->no_reply = true;
        return ERR_OK;
    }
    if (s->has[w->chunk.index]) {
        w->turn->no_reply = true;
        return ERR_OK;
    }
    enum err e = chunk_start(w);
    if (e != ERR_AGAIN) {
        refuse(s, REFUSED_CREDIT, "batch: too much work at once; send it again");
        w->turn->no_reply = true;
        return ERR_OK;
    }
    return e;
}

static enum err chunk_prepare(struct turn *t, struct errmsg *why)
{
    struct contribute *c = t->broker->contribute;
    struct chunk_turn *w = arena_alloc(t->arena, sizeof *w);
    if (w == NULL)
        return errmsg_set(why, ERR_NOMEM, "chunk: no memory");
    struct errmsg detail = {"chunk: more than 1 MiB"};
    enum err e = ERR_TOO_LARGE;
    if (t->envelope.body.len <= CONTRIBUTE_CHUNK_BYTES)
        e = batch_chunk_decode(t->envelope.body, t->arena, &w->chunk, &detail);
    if (e == ERR_NOMEM)
        return errmsg_set(why, e, "chunk: no memory");
    if (e != ERR_OK)
        return refuse_unreadable(t, c, &detail);
    w->turn = t;
    w->staging = find(c, &t->sender->id, &w->chunk.batch_id);
    if (w->staging != NULL)
        return take_chunk(w);
    t->no_reply = was_refused(c, &w->chunk.batch_id);
    return t->no_reply
               ? ERR_OK
               : turn_refuse(t, REFUSED_NOT_FOUND,
                             "batch_id: not under way; send the batch again from its start");
}

const struct turn_handler batch_chunk_handler = {
    .kind = MSG_BATCH_CHUNK,
    .prepare = chunk_prepare,
};

/* --- the announcement of a batch --- */

/* The same batch in a new envelope: its sender begins again. */
static void restart(struct contribute *c, struct turn *t, const struct batch_turn *b)
{
    struct staging *s = find(c, &t->sender->id, &b->header.batch_id);
    if (s != NULL && s->state == STAGING_COLLECTING)
        turn_drop(s->turn);
}

static enum err look_up(struct turn *t, struct batch_turn *b, bool *known)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct index_batch before;
    enum err e = kv_read_begin(t->broker->kv, &txn);
    if (e == ERR_OK)
        e = index_batch(t->broker->index, txn, &b->header.batch_id, &before);
    *known = e == ERR_OK; /* it took effect before, or it is in conflict: apply tells which */
    if (e == ERR_NOT_FOUND)
        e = contribute_note_again(t, txn, b);
    if (e == ERR_OK && !*known)
        e = contribute_check_header(t, b);
    if (e != ERR_OK || *known || t->refusal.code != REFUSED_NONE)
        return e;
    restart(t->broker->contribute, t, b);
    return count_of(t->broker->contribute, &t->sender->id) == 0 ? contribute_check_chain(t, txn, b) : e;
}

static uint32_t credit_now(const struct broker *b)
{
    return list_total(b->index) > CONTRIBUTE_RUNS_MAX ? 0 : CONTRIBUTE_CREDIT;
}

static enum err open_staging(struct turn *t, struct batch_turn *b)
{
    struct contribute *c = t->broker->contribute;
    t->broker->credit = credit_now(t->broker);
    if (count_of(c, &t->sender->id) >= t->broker->credit || c->count >= CONTRIBUTE_STAGINGS_MAX) {
        remember_refused(c, &b->header.batch_id);
        return turn_refuse(t, REFUSED_CREDIT, "credit: %u batches may be under way",
                           t->broker->credit);
    }
    struct staging *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    s->owner = c;
    s->turn = t;
    s->header = b->header;
    s->chunks = b->message.chunks;
    s->last_s = t->now_s;
    s->state = s->chunks == 0 ? STAGING_READY : STAGING_COLLECTING;
    b->staging = s;
    struct staging **end = &c->first;
    while (*end != NULL)
        end = &(*end)->next;
    *end = s;
    c->count++;
    advance(c);
    return ERR_AGAIN;
}

static enum err decode(struct turn *t, struct batch_turn *b, struct errmsg *why)
{
    struct errmsg detail = {""};
    enum err e = batch_message_decode(t->envelope.body, t->arena, &b->message, &detail);
    if (e == ERR_OK)
        e = batch_header_decode(b->message.header, t->arena, &b->header, &detail);
    if (e == ERR_NOMEM)
        return errmsg_set(why, e, "batch: no memory");
    if (e != ERR_OK)
        return turn_refuse(t, REFUSED_MALFORMED, "%s", detail.text);
    return digest_sha256(&b->message.header, 1, &b->header_digest);
}

static enum err batch_prepare(struct turn *t, struct errmsg *why)
{
    struct batch_turn *b = arena_alloc(t->arena, sizeof *b);
    if (b == NULL)
        return errmsg_set(why, ERR_NOMEM, "batch: no memory");
    t->decoded = b;
    t->audit.event = AUDIT_EVENT_BATCH_REFUSED;
    enum err e = decode(t, b, why);
    if (e == ERR_OK && t->refusal.code == REFUSED_NONE)
        e = contribute_check_signature(t, b);
    bool known = false;
    if (e == ERR_OK && t->refusal.code == REFUSED_NONE)
        e = look_up(t, b, &known);
    if (e == ERR_OK && t->refusal.code == REFUSED_NONE && !known)
        return open_staging(t, b); /* an end batch has gone on, and t with it */
    if (t->refusal.code != REFUSED_NONE)
        remember_refused(t->broker->contribute, &b->header.batch_id);
    return e;
}

static void batch_done(struct turn *t, enum err result)
{
    struct batch_turn *b = t->decoded;
    struct contribute *c = t->broker->contribute;
    struct staging *s = b != NULL ? b->staging : NULL;
    if (s == NULL)
        return;
    if (t->refusal.code != REFUSED_NONE)
        remember_refused(c, &b->header.batch_id);
    s->turn = NULL;
    bool accepted = result == ERR_OK && t->refusal.code == REFUSED_NONE && !t->repeated;
    if (s->state != STAGING_WRITING && !accepted)
        keeper_discard(c->keeper, &s->fresh);
    release(s);
    if (accepted)
        keeper_kick(c->keeper);
    t->broker->credit = credit_now(t->broker);
}

const struct turn_handler batch_handler = {
    .kind = MSG_BATCH,
    .prepare = batch_prepare,
    .apply = contribute_apply,
    .record = contribute_record,
    .done = batch_done,
};

/* --- the part --- */

static enum err note_expired(void *arg, struct kv_txn *txn, const struct list_id *list,
                             uint64_t count, int64_t now_s)
{
    struct contribute *c = arg;
    struct digest entry;
    const struct audit_fact purpose = audit_fact_text("batch_purpose", name_bytes(&list->purpose));
    const struct turn_audit what = {.event = AUDIT_EVENT_RECORDS_EXPIRED,
                                    .count = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX,
                                    .key_version = list->epoch,
                                    .more = &purpose,
                                    .more_count = 1};
    return audit_append(c->broker->audit, txn, &what, NULL, NULL, now_s, &entry);
}

static void saw(void *arg, enum err result)
{
    struct contribute *c = arg;
    broker_saw(c->broker, result);
}

static void drop_idle(void *arg)
{
    struct contribute *c = arg;
    int64_t now = clock_now_s(c->broker->clock);
    struct staging *s = c->first;
    while (s != NULL) {
        if (s->turn != NULL && s->state == STAGING_COLLECTING && s->working == 0 &&
            now - s->last_s > CONTRIBUTE_IDLE_S) {
            drop(s, ERR_CANCELLED);
            s = c->first;
            continue;
        }
        s = s->next;
    }
    c->broker->credit = credit_now(c->broker);
}

#define IDLE_LOOK_MS 20000

static enum err start(struct broker *b, struct errmsg *why)
{
    struct contribute *c = calloc(1, sizeof *c);
    if (c == NULL)
        return errmsg_set(why, ERR_NOMEM, "index: no memory");
    b->contribute = c;
    c->broker = b;
    enum err e = index_new(b->kv, &b->index, why);
    if (e != ERR_OK)
        return e;
    const struct keeper_params p = {.index = b->index,
                                    .writer = b->writer,
                                    .loop = b->loop,
                                    .clock = b->clock,
                                    .expired = note_expired,
                                    .saw = saw,
                                    .arg = c};
    e = keeper_new(&p, &c->keeper);
    if (e == ERR_OK && (c->timer = loop_timer_new(b->loop, drop_idle, c)) == NULL)
        e = ERR_NOMEM;
    if (e != ERR_OK)
        return errmsg_set(why, e, "index: %s", err_text(e));
    loop_timer_every(c->timer, IDLE_LOOK_MS);
    b->credit = credit_now(b);
    return ERR_OK;
}

/* Turns that were held are the broker's to free. */
static void stop(struct broker *b)
{
    struct contribute *c = b->contribute;
    if (c == NULL)
        return;
    loop_timer_free(c->timer);
    while (c->first != NULL) {
        struct staging *s = c->first;
        c->first = s->next;
        staging_free(s);
    }
    keeper_free(c->keeper);
    index_free(b->index);
    b->index = NULL;
    b->contribute = NULL;
    free(c);
}

const struct broker_part contribute_part = {.name = "contribute", .start = start, .stop = stop};
