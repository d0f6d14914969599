/* Begins in one job with its audit entry; only then values are sealed under the new version; then steps, each
 * a job, until a pass meets nothing under another version; the last one with its audit entry. */
#include "broker/rekey.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/store/store.h"
#include "broker/vaults.h"
#include "pki/logbook/logbook.h"
#include "pki/rewrap_doc.h"
#include "proto/base/log.h"
#include "proto/host/clock.h"
#include "proto/host/crash.h"
#include "proto/host/kv_sweep.h"
#include "proto/host/loop.h"
#include "proto/host/writer.h"

#define LOOK_MS 1000

_Static_assert(REWRAP_PLACE_MAX == KV_KEY_MAX, "a place is a key");

struct rekey {
    struct broker *broker;
    struct loop_timer *timer;
    struct rewrap state; /* as of the last commit */
    bool is_taken;       /* values are sealed under its target */
    bool is_working;     /* a job is out */
    bool is_due;         /* the folder was read anew */
    struct errmsg trouble;
    /* Of the job that is out; the store thread's until it is done. */
    struct storage_keys *keys; /* to begin with; NULL in a step */
    struct rewrap next;
    bool has_begun;
    uint32_t table;
};

/* ---- the row ---- */

static enum err get_row(const struct broker *b, struct kv_txn *txn, struct rewrap *out)
{
    struct bytes row;
    enum err e = kv_get(txn, b->store->meta, bytes_str(REWRAP_ROW), &row);
    return e == ERR_OK ? rewrap_decode(row, out) : e;
}

static enum err read_row(const struct broker *b, struct kv_txn *txn, const struct storage_keys *keys,
                         struct rewrap *out)
{
    enum err e = get_row(b, txn, out);
    if (e == ERR_NOT_FOUND)
        rewrap_none(keys, out);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err put_row(const struct broker *b, struct kv_txn *txn, const struct rewrap *r)
{
    uint8_t room[REWRAP_ROW_MAX];
    struct buf row = buf_fixed(room, sizeof room);
    enum err e = rewrap_encode(r, &row);
    return e == ERR_OK ? kv_put(txn, b->store->meta, bytes_str(REWRAP_ROW), buf_bytes(&row)) : e;
}

static enum err lacking(const struct broker *b, uint32_t version, struct errmsg *why)
{
    return errmsg_set(why, ERR_NOT_FOUND,
                      "%s: version %u of the storage key is not there, and values lie under it; put its file "
                      "back (a backup of the keys has it)",
                      b->config->service.keys, version);
}

enum err rekey_version(struct broker *b, uint32_t *out, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct rewrap r;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = read_row(b, txn, b->keys->storage, &r);
    if (e != ERR_OK)
        return errmsg_set(why, e, "store: the row of its storage keys: %s", err_text(e));
    if (rewrap_lacks(&r, b->keys->storage) != 0)
        return lacking(b, rewrap_lacks(&r, b->keys->storage), why);
    *out = r.target;
    return ERR_OK;
}

/* ---- what is sealed: a table each ---- */

static enum err renew_in_place(struct vault *v, struct bytes key, struct bytes value, struct buf *out)
{
    return vault_renew(v, key, value, out);
}

struct sealed_table {
    struct kv_table table;
    struct vault *vault;
    enum err (*renew)(struct vault *v, struct bytes key, struct bytes value, struct buf *out);
    const char *name;
};

#define TABLES 5u

static struct sealed_table table_at(const struct broker *b, uint32_t i)
{
    const struct store *s = b->store;
    const struct vaults *v = b->vaults;
    const struct sealed_table tables[TABLES] = {
        {s->mail, v->mail, renew_in_place, "mail"},
        {s->limit_keys, v->distinct, renew_in_place, "limit_keys"},
        {s->log.keys, v->records, logbook_renew_body_key, "log_keys"},
        {s->meta, v->records, logbook_renew_state, "meta"},
        {s->log_copies, v->records, renew_in_place, "log_copies"},
    };
    return tables[i];
}

static enum err renew(void *arg, struct bytes key, struct bytes value, struct buf *out)
{
    const struct sealed_table *t = arg;
    return t->renew(t->vault, key, value, out);
}

static enum err count_values(const struct broker *b, struct kv_txn *txn, uint64_t *out)
{
    uint64_t n = 0;
    for (uint32_t i = 0; i < TABLES; i++) {
        struct kv_table_stats stats;
        enum err e = kv_table_stats(txn, table_at(b, i).table, &stats);
        if (e != ERR_OK)
            return e;
        n += stats.entries;
    }
    *out = n;
    return ERR_OK;
}

/* ---- jobs: store thread ---- */

static enum err note(struct broker *b, struct kv_txn *txn, const struct rewrap *r)
{
    const bool is_done = r->state == REWRAP_DONE;
    const struct audit_fact facts[] = {audit_fact_count("storage_key_version", r->target),
                                       audit_fact_count("values", is_done ? r->renewed : r->total)};
    const struct turn_audit what = {.event = is_done ? AUDIT_EVENT_STORAGE_REWRAPPED
                                                     : AUDIT_EVENT_STORAGE_KEY_ROTATED,
                                    .more = facts,
                                    .more_count = ARRAY_LEN(facts)};
    struct digest entry;
    return audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
}

static enum err begin_job(struct kv_txn *txn, void *arg)
{
    struct rekey *k = arg;
    struct broker *b = k->broker;
    uint64_t total = 0;
    enum err e = read_row(b, txn, k->keys, &k->next);
    k->has_begun = false;
    if (e != ERR_OK || rewrap_lacks(&k->next, k->keys) != 0)
        return e != ERR_OK ? e : ERR_NOT_FOUND;
    const bool is_due = rewrap_is_due(&k->next, k->keys);
    if (is_due)
        e = count_values(b, txn, &total);
    if (e == ERR_OK && is_due)
        e = rewrap_begin(&k->next, k->keys, total, clock_now_s(b->clock));
    if (e == ERR_OK && is_due)
        e = note(b, txn, &k->next);
    k->has_begun = is_due;
    return e == ERR_OK ? put_row(b, txn, &k->next) : e;
}

static enum err sweep(struct rekey *k, struct kv_txn *txn, struct kv_sweep *part)
{
    struct rewrap *r = &k->next;
    struct sealed_table t = table_at(k->broker, r->table);
    const size_t looked = part->looked;
    const size_t written = part->written;
    part->table = t.table;
    part->fn = renew;
    part->arg = &t;
    part->place = r->place;
    part->place_len = &r->place_len;
    part->at_end = false;
    k->table = r->table;
    enum err e = kv_sweep(txn, part);
    r->looked += part->looked - looked;
    r->met += part->written - written;
    r->renewed += part->written - written;
    if (e == ERR_OK && part->at_end)
        rewrap_table_ended(r, clock_now_s(k->broker->clock));
    return e;
}

static enum err step_job(struct kv_txn *txn, void *arg)
{
    struct rekey *k = arg;
    struct rewrap *r = &k->next;
    struct kv_sweep part = {.max_looked = REWRAP_STEP_VALUES, .max_bytes = REWRAP_STEP_BYTES};
    enum err e = get_row(k->broker, txn, r);
    if (e == ERR_OK)
        rewrap_resume(r, TABLES);
    while (e == ERR_OK && r->state == REWRAP_UNDER_WAY && part.looked < part.max_looked &&
           part.bytes < part.max_bytes)
        e = sweep(k, txn, &part);
    if (e == ERR_OK)
        e = put_row(k->broker, txn, r);
    if (e == ERR_OK && r->state == REWRAP_DONE)
        e = note(k->broker, txn, r);
    crash_point("rewrap.step");
    return e;
}

/* ---- loop thread ---- */

static void go_on(struct rekey *k);

static void fail(struct rekey *k, enum err e, const char *what)
{
    if (k->trouble.text[0] == '\0')
        log_err("storage_key error=\"%s\" %s", err_text(e), what);
    (void)errmsg_set(&k->trouble, e, "storage key: %s: %s", what, err_text(e));
}

/* The store says what the target is: from here on values are sealed under it. */
static enum err take_keys(struct rekey *k)
{
    enum err e = vaults_set(k->broker->vaults, k->keys, k->next.target);
    k->is_taken = e == ERR_OK;
    if (e != ERR_OK)
        return e;
    if (k->has_begun)
        crash_point("rewrap.begun");
    if (k->has_begun)
        log_notice("storage_key rewrap=begun version=%u values=%llu", k->next.target,
                   (unsigned long long)k->next.total);
    k->state = k->next;
    k->trouble.text[0] = '\0';
    return ERR_OK;
}

static void begun(enum err result, void *arg)
{
    struct rekey *k = arg;
    k->is_working = false;
    broker_saw(k->broker, result);
    if (result == ERR_NOT_FOUND) {
        (void)lacking(k->broker, rewrap_lacks(&k->next, k->keys), &k->trouble);
        log_err("storage_key error=\"%s\": the versions that were loaded before stay", k->trouble.text);
    } else if (result != ERR_OK || (result = take_keys(k)) != ERR_OK) {
        fail(k, result, "the newest version cannot be taken");
        k->is_due = true; /* at the next look */
    }
    storage_keys_free(take(k->keys));
    if (result == ERR_OK)
        go_on(k);
}

static void stepped(enum err result, void *arg)
{
    struct rekey *k = arg;
    k->is_working = false;
    crash_point("rewrap.stepped");
    broker_saw(k->broker, result);
    if (result != ERR_OK) { /* once more at the next look */
        fail(k, result, table_at(k->broker, k->table).name);
        return;
    }
    k->trouble.text[0] = '\0';
    k->state = k->next;
    if (k->state.state == REWRAP_DONE)
        log_notice("storage_key rewrap=done version=%u renewed=%llu next=\"sluis-pki rotate --key storage "
                   "--retire N for each older version\"",
                   k->state.target, (unsigned long long)k->state.renewed);
    go_on(k);
}

static void go_on(struct rekey *k)
{
    struct broker *b = k->broker;
    if (k->is_working)
        return;
    if (k->is_due) {
        if (storage_keys_copy(b->keys->storage, &k->keys) != ERR_OK)
            return;
        k->is_working = writer_submit(b->writer, WRITER_INTERACTIVE, begin_job, begun, k) == ERR_OK;
        k->is_due = !k->is_working;
        if (!k->is_working)
            storage_keys_free(take(k->keys));
        return;
    }
    if (k->is_taken && k->state.state == REWRAP_UNDER_WAY)
        k->is_working = writer_submit(b->writer, WRITER_BULK, step_job, stepped, k) == ERR_OK;
}

static void on_look(void *arg)
{
    struct rekey *k = arg;
    if (!k->is_due || broker_can_log(k->broker))
        go_on(k);
}

void rekey_reload(struct broker *b)
{
    b->rekey->is_due = true;
    go_on(b->rekey);
}

/* ---- life ---- */

static void free_rekey(struct rekey *k)
{
    if (k == NULL)
        return;
    loop_timer_free(k->timer);
    storage_keys_free(k->keys);
    free(k);
}
DEFINE_CLEANUP(struct rekey, free_rekey)

static enum err begin_now(struct rekey *k, struct errmsg *why)
{
    enum err e = storage_keys_copy(k->broker->keys->storage, &k->keys);
    if (e == ERR_OK)
        e = writer_run(k->broker->writer, begin_job, k);
    if (e == ERR_NOT_FOUND)
        return lacking(k->broker, rewrap_lacks(&k->next, k->keys), why);
    if (e == ERR_OK)
        e = take_keys(k);
    storage_keys_free(take(k->keys));
    return e == ERR_OK ? e : errmsg_set(why, e, "the storage key cannot be taken: %s", err_text(e));
}

static enum err start(struct broker *b, struct errmsg *why)
{
    CLEANUP(cleanup_free_rekey) struct rekey *k = calloc(1, sizeof *k);
    if (k == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    k->broker = b;
    k->timer = loop_timer_new(b->loop, on_look, k);
    if (k->timer == NULL)
        return errmsg_set(why, ERR_NOMEM, "out of memory");
    enum err e = begin_now(k, why);
    if (e != ERR_OK)
        return e;
    loop_timer_every(k->timer, LOOK_MS);
    b->rekey = take(k);
    return ERR_OK;
}

static void stop(struct broker *b)
{
    free_rekey(b->rekey);
    b->rekey = NULL;
}

const struct broker_part rekey_part = {.name = "rekey", .start = start, .stop = stop};

struct doc *rekey_doc(const struct broker *b)
{
    return rewrap_doc(&b->rekey->state, b->keys->storage);
}

const char *rekey_trouble(const struct broker *b)
{
    return b->rekey->trouble.text;
}
