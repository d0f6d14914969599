#include "broker/aways.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "broker/audit.h"
#include "broker/store/store.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/log.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"
#include "proto/log/audit_policy.h"

#define PREFIX "witness_away/" /* and the OIN of the agency */
#define KEY_BYTES (sizeof PREFIX - 1 + OIN_CHARS)
#define VALUE_MAX (2 * sizeof(uint64_t) + sizeof(uint32_t) + NOTE_MAX_NAME)

struct aways {
    struct broker *broker;
    struct away list[AUDIT_POLICY_MAX_WITNESSES]; /* those that are back, too: until_s 0 */
    int64_t changed_ms[AUDIT_POLICY_MAX_WITNESSES];
    size_t count;
    struct away next; /* on its way into the store; until_s 0: it is back */
    bool is_writing;
};

/* ---- rows ---- */

static struct bytes key_of(const struct agency_id *agency, uint8_t room[static KEY_BYTES])
{
    struct buf key = buf_fixed(room, KEY_BYTES);
    buf_put_str(&key, PREFIX);
    buf_put(&key, agency_id_bytes(agency));
    return buf_bytes(&key);
}

static enum err put_row(struct aways *x, struct kv_txn *txn)
{
    uint8_t room[KEY_BYTES];
    uint8_t value_room[VALUE_MAX];
    struct buf value = buf_fixed(value_room, sizeof value_room);
    const struct bytes key = key_of(&x->next.agency, room);
    const struct kv_table meta = x->broker->store->meta;
    if (x->next.until_s == 0) {
        const enum err e = kv_del(txn, meta, key);
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    }
    buf_put_u64(&value, (uint64_t)x->next.from_s);
    buf_put_u64(&value, (uint64_t)x->next.until_s);
    join_str(&value, x->next.witness);
    return buf_err(&value) != ERR_OK ? buf_err(&value) : kv_put(txn, meta, key, buf_bytes(&value));
}

static enum err decode(struct bytes key, struct bytes value, struct away *out)
{
    struct cursor k = cursor_of(key);
    struct cursor v = cursor_of(value);
    struct away a = {.until_s = 0};
    (void)cursor_bytes(&k, sizeof PREFIX - 1);
    cursor_copy(&k, (uint8_t *)a.agency.oin, OIN_CHARS);
    a.from_s = (int64_t)cursor_u64(&v);
    a.until_s = (int64_t)cursor_u64(&v);
    const struct bytes name = cursor_part(&v, NOTE_MAX_NAME);
    if (cursor_done(&k) != ERR_OK || cursor_done(&v) != ERR_OK)
        return ERR_INVALID;
    memcpy(a.witness, name.ptr, name.len);
    *out = a;
    return ERR_OK;
}

/* It is over, or its agency is no member any more. */
static bool is_gone(const struct aways *x, const struct away *a)
{
    const int64_t now_s = clock_now_s(x->broker->clock);
    return now_s >= a->until_s || roster_member_of(view_roster(x->broker->view), &a->agency) == NULL;
}

/* The first row that is gone, for drop_job. ERR_NOT_FOUND: there is none. */
static enum err find_gone(const struct aways *x, struct kv_txn *txn, struct away *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes value;
    enum err e = kv_iter_new(txn, x->broker->store->meta, bytes_str(PREFIX), &it);
    while (e == ERR_OK && (e = kv_iter_next(it, &key, &value)) == ERR_OK)
        if ((e = decode(key, value, out)) == ERR_OK && is_gone(x, out))
            return ERR_OK;
    return e;
}

/* Nobody says any more that what is gone is over. */
static enum err drop_job(struct kv_txn *txn, void *arg)
{
    const struct aways *x = arg;
    struct away gone;
    enum err e = ERR_OK;
    while ((e = find_gone(x, txn, &gone)) == ERR_OK) {
        uint8_t room[KEY_BYTES];
        if ((e = kv_del(txn, x->broker->store->meta, key_of(&gone.agency, room))) != ERR_OK)
            return e;
    }
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err read_rows(struct aways *x)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes value;
    enum err e = kv_read_begin(x->broker->kv, &txn);
    if (e == ERR_OK)
        e = kv_iter_new(txn, x->broker->store->meta, bytes_str(PREFIX), &it);
    while (e == ERR_OK && x->count < ARRAY_LEN(x->list) && (e = kv_iter_next(it, &key, &value)) == ERR_OK)
        e = decode(key, value, &x->list[x->count++]);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* ---- a change ---- */

static enum err append_entry(struct aways *x, struct kv_txn *txn, int64_t now_s)
{
    const struct audit_fact facts[] = {
        audit_fact_word("witness", x->next.witness),
        audit_fact_int("from", x->next.from_s),
        audit_fact_int("until", x->next.until_s),
    };
    const struct turn_audit what = {.event = AUDIT_EVENT_WITNESS_AWAY,
                                    .more = facts,
                                    .more_count = x->next.until_s > 0 ? ARRAY_LEN(facts) : 1};
    struct digest entry;
    return audit_append(x->broker->audit, txn, &what, &x->next.agency, NULL, now_s, &entry);
}

static enum err change_job(struct kv_txn *txn, void *arg)
{
    struct aways *x = arg;
    const enum err e = put_row(x, txn);
    return e == ERR_OK ? append_entry(x, txn, clock_now_s(x->broker->clock)) : e;
}

static struct away *of_agency(struct aways *x, const struct agency_id *agency)
{
    for (size_t i = 0; i < x->count; i++)
        if (agency_id_equal(&x->list[i].agency, agency))
            return &x->list[i];
    return NULL;
}

/* A place for a row of another agency: a new one, or that of one that is gone. NULL: there is none. */
static struct away *free_place(struct aways *x)
{
    for (size_t i = 0; x->count == ARRAY_LEN(x->list) && i < x->count; i++)
        if (is_gone(x, &x->list[i]))
            return &x->list[i];
    return x->count < ARRAY_LEN(x->list) ? &x->list[x->count] : NULL;
}

static void changed(enum err result, void *arg)
{
    struct aways *x = arg;
    struct away *old = of_agency(x, &x->next.agency);
    char until[WHEN_TEXT_SIZE];
    x->is_writing = false;
    broker_saw(x->broker, result);
    if (result != ERR_OK)
        return; /* it is said again */
    if (old == NULL && (old = free_place(x)) == NULL)
        return; /* a clock was set back meanwhile: the next start has it */
    x->count += old == &x->list[x->count];
    *old = x->next;
    x->changed_ms[old - x->list] = clock_mono_ms();
    when_text(x->next.until_s, until);
    log_notice("witnesses.away agency=%s until=%s", x->next.agency.oin, x->next.until_s > 0 ? until : "back");
}

void aways_heard(struct aways *x, const struct agency_id *from, const struct cosign *c)
{
    struct away *old = of_agency(x, from);
    struct away next = {.agency = *from, .from_s = c->away_from_s, .until_s = c->away_until_s};
    memcpy(next.witness, c->witness.ptr != NULL ? c->witness.ptr : (const uint8_t *)"", c->witness.len);
    const bool is_back = next.until_s == 0;
    const bool is_same = old == NULL || old->until_s == 0
                             ? is_back
                             : next.from_s == old->from_s && next.until_s == old->until_s &&
                                   strcmp(next.witness, old->witness) == 0;
    const bool is_soon = old != NULL && clock_mono_ms() - x->changed_ms[old - x->list] <
                                            (int64_t)x->broker->config->publish_interval_ms;
    if (is_same || is_soon || x->is_writing || !broker_is_open(x->broker) || (old == NULL && free_place(x) == NULL))
        return;
    if (is_back && old != NULL)
        memcpy(next.witness, old->witness, sizeof next.witness); /* which one is back */
    x->next = next;
    x->is_writing = writer_submit(x->broker->writer, WRITER_BULK, change_job, changed, x) == ERR_OK;
}

const struct away *aways_of(const struct aways *x, const char *witness, int64_t now_s)
{
    for (size_t i = 0; i < x->count; i++)
        if (strcmp(x->list[i].witness, witness) == 0 && now_s < x->list[i].until_s && !is_gone(x, &x->list[i]))
            return &x->list[i];
    return NULL;
}

/* ---- life ---- */

void aways_free(struct aways *x)
{
    free(x);
}

enum err aways_new(struct broker *b, struct aways **out)
{
    CLEANUP(cleanup_aways_free) struct aways *x = calloc(1, sizeof *x);
    if (x == NULL)
        return ERR_NOMEM;
    x->broker = b;
    enum err e = writer_run(b->writer, drop_job, x);
    if (e == ERR_OK)
        e = read_rows(x);
    if (e == ERR_OK)
        *out = take(x);
    return e;
}
