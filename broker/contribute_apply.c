/* What a batch does to the store, in the transaction of its audit entry and reply. */
#include "broker/contribute.h"
#include "broker/epochs.h"
#include "broker/index/chain.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "broker/store/meta.h"
#include "proto/base/when.h"
#include "proto/host/crash.h"

#define MORE_FACTS 7
#define AGAIN_S (INT64_C(31) * 86400) /* after a restore what comes again may be judged as of its day */

struct apply {
    struct turn *t;
    struct kv_txn *txn;
    struct index *ix;
    const struct batch_turn *b;
    const struct batch_header *h;
    struct chain_id id;
    struct chain chain;
    struct audit_fact *more; /* what the entry says beside the policy's facts */
};

static struct tally_scope scope_of(const struct apply *a, bool pending)
{
    return (struct tally_scope){a->id.purpose, a->id.epoch, a->id.agency, pending};
}

static struct list_id list_of(const struct apply *a, bool import)
{
    return (struct list_id){a->id.purpose, a->id.epoch, import ? a->id.agency : 0};
}

/* Agency 0 and an empty chain where the contributor is new. */
static enum err open_chain(struct apply *a)
{
    a->id = (struct chain_id){.purpose = a->h->purpose, .epoch = a->h->epoch};
    enum err e = short_agency(a->ix, a->txn, &a->t->sender->id, &a->id.agency);
    if (e == ERR_NOT_FOUND) {
        a->chain = (struct chain){0};
        return ERR_OK;
    }
    return e == ERR_OK ? chain_get(a->ix, a->txn, &a->id, &a->chain) : e;
}

static bool is_awaited(const struct apply *a)
{
    return chain_is_awaited(&a->chain) && a->chain.awaited != CHAIN_UNHEARD && a->h->sequence <= a->chain.awaited;
}

/* Behind a gap that its agency fills, it only has to wait. */
static enum err check_chain(struct apply *a)
{
    if (a->h->sequence > a->chain.sequence + 1 && chain_is_awaited(&a->chain))
        return turn_refuse(a->t, REFUSED_SUSPENDED, "sequence: %llu; the broker was restored, those from %llu on come again first",
                           (unsigned long long)a->h->sequence, (unsigned long long)a->chain.sequence + 1);
    if (a->h->sequence != a->chain.sequence + 1)
        return turn_refuse(a->t, REFUSED_CHAIN, "sequence: %llu, expected %llu",
                           (unsigned long long)a->h->sequence,
                           (unsigned long long)a->chain.sequence + 1);
    if (!digest_equal(&a->h->previous_digest, &a->chain.last))
        return turn_refuse(a->t, REFUSED_CHAIN,
                           "previous_digest: not the digest of the batch before it");
    return ERR_OK;
}

enum err contribute_check_chain(struct turn *t, struct kv_txn *txn, const struct batch_turn *b)
{
    struct apply a = {.t = t, .txn = txn, .ix = t->broker->index, .b = b, .h = &b->header};
    enum err e = open_chain(&a);
    return e == ERR_OK ? check_chain(&a) : e;
}

enum err contribute_note_again(struct turn *t, struct kv_txn *txn, struct batch_turn *b)
{
    struct apply a = {.t = t, .txn = txn, .ix = t->broker->index, .b = b, .h = &b->header};
    int64_t reopened_s = 0;
    enum err e = open_chain(&a);
    b->is_again = false;
    if (e == ERR_OK && is_awaited(&a)) {
        e = meta_get_reopened(t->broker->store, txn, &reopened_s);
        b->is_again = e == ERR_OK && reopened_s != 0 && t->now_s - reopened_s <= AGAIN_S;
    }
    return e;
}

/* The same id took effect before: with the same bytes it is answered by that effect's promise. */
static enum err check_known(struct apply *a)
{
    struct index_batch known;
    enum err e = index_batch(a->ix, a->txn, &a->h->batch_id, &known);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    if (e != ERR_OK)
        return e;
    if (bytes_equal(known.header, a->b->message.header))
        return turn_repeat(a->t, known.promise, known.promise_signature);
    return turn_refuse(a->t, REFUSED_CONFLICT, "batch_id: it was used before with other content");
}

/* A full import begins: what another one left unended is dropped. */
static enum err begin_import(struct apply *a)
{
    bool same = a->chain.is_importing &&
                bytes_equal(BYTES_OF_ARRAY(a->chain.import.b), BYTES_OF_ARRAY(a->h->import_id.b));
    if (same)
        return ERR_OK;
    struct list_id list = list_of(a, true);
    struct tally_scope scope = scope_of(a, true);
    enum err e = list_drop(a->ix, a->txn, &list);
    if (e == ERR_OK)
        e = tally_drop(a->ix, a->txn, &scope);
    a->chain.is_importing = true;
    a->chain.import = a->h->import_id;
    return e;
}

static enum err end_import(struct apply *a)
{
    if (a->h->mode != IMPORT_MODE_FULL)
        return ERR_OK;
    enum err e = begin_import(a);
    struct list_id list = list_of(a, true);
    struct tally_scope scope = scope_of(a, true);
    if (e == ERR_OK)
        e = list_publish(a->ix, a->txn, &list);
    crash_point("import_end");
    if (e == ERR_OK)
        e = tally_publish(a->ix, a->txn, &scope);
    a->chain.is_importing = false;
    a->chain.last_full_import_s = a->t->now_s;
    return e;
}

static enum err tally_days(struct apply *a, const struct tally_scope *scope, int sign)
{
    const struct staged_batch *batch = a->b->staging->batch;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < batch->day_count; i++)
        e = tally_records(a->ix, a->txn, scope, batch->days[i].day,
                          sign * (int64_t)batch->days[i].records);
    return e;
}

static enum err tally_admission(struct apply *a, const struct tally_scope *scope,
                                const struct admission *one)
{
    enum err e = tally_category(a->ix, a->txn, scope, &one->category, one->last_day);
    for (int type = 1; e == ERR_OK && type < IDENT_TYPE_COUNT; type++) {
        if (one->types[type] > 0)
            e = tally_type(a->ix, a->txn, scope, (enum ident_type)type, one->last_day);
    }
    return e;
}

static enum err tally_batch(struct apply *a)
{
    const struct staged_batch *batch = a->b->staging->batch;
    const struct tally_scope scope = scope_of(a, a->h->mode == IMPORT_MODE_FULL);
    if (a->h->kind == BATCH_WITHDRAW)
        return tally_days(a, &scope, -1);
    enum err e = tally_days(a, &scope, 1);
    for (size_t i = 0; e == ERR_OK && i < batch->admission_count; i++)
        e = tally_admission(a, &scope, &batch->admissions[i]);
    return e == ERR_OK ? tally_addition(a->ix, a->txn, &scope, (uint32_t)when_day(a->t->now_s),
                                        a->h->token_count)
                       : e;
}

static enum err put_run(struct apply *a)
{
    bool full = a->h->mode == IMPORT_MODE_FULL;
    struct list_id list = list_of(a, full);
    enum err e = full ? begin_import(a) : ERR_OK;
    if (e == ERR_OK)
        e = list_add(a->ix, a->txn, &list, &a->b->staging->fresh.row);
    return e == ERR_OK ? tally_batch(a) : e;
}

static enum err take_effect(struct apply *a)
{
    enum err e = short_agency_make(a->ix, a->txn, &a->t->sender->id, &a->id.agency);
    if (e == ERR_OK)
        e = a->h->kind == BATCH_END ? end_import(a) : put_run(a);
    a->chain.sequence = a->h->sequence;
    a->chain.last = a->b->header_digest;
    return e == ERR_OK ? chain_put(a->ix, a->txn, &a->id, &a->chain) : e;
}

static enum audit_event event_of(enum batch_kind kind)
{
    switch (kind) {
    case BATCH_WITHDRAW:
        return AUDIT_EVENT_RECORDS_WITHDRAWN;
    case BATCH_END:
        return AUDIT_EVENT_IMPORT_ENDED;
    case BATCH_NONE:
    case BATCH_ADD:
        break;
    }
    return AUDIT_EVENT_BATCH_ACCEPTED;
}

static enum err describe(struct apply *a)
{
    struct turn *t = a->t;
    const struct batch_header *h = a->h;
    struct audit_fact *more = arena_array(t->arena, MORE_FACTS, sizeof *more);
    if (more == NULL)
        return ERR_NOMEM;
    more[0] = audit_fact_word("import_mode", h->mode == IMPORT_MODE_FULL ? "full" : "delta");
    more[1] = audit_fact_count("batch_identifiers", h->token_count);
    more[2] = audit_fact_text("batch_purpose", arena_copy(t->arena, name_bytes(&h->purpose)));
    if (more[2].text.ptr == NULL)
        return ERR_NOMEM;
    more[3] = audit_fact_count("batch_sequence", h->sequence);
    t->audit.event = event_of(h->kind);
    t->audit.count = h->record_count;
    t->audit.key_version = h->epoch;
    t->audit.more = a->more = more;
    t->audit.more_count = 4;
    if (a->b->is_again)
        more[t->audit.more_count++] = audit_fact_bool("again", true);
    return ERR_OK;
}

/* Beside a batch that took effect: how many of the contributor's records answer today, of how many persons it registered. */
static enum err describe_stock(const struct apply *a)
{
    const struct tally_scope published = scope_of(a, false);
    struct turn *t = a->t;
    int64_t stock = 0;
    const enum err e = tally_stock(a->ix, a->txn, &published, (uint32_t)when_day(t->now_s), &stock);
    if (e != ERR_OK)
        return e;
    a->more[t->audit.more_count++] = audit_fact_count("index_records", stock > 0 ? (uint64_t)stock : 0);
    a->more[t->audit.more_count++] = audit_fact_count("index_population", t->sender->population);
    return ERR_OK;
}

enum err contribute_apply(struct turn *t, struct kv_txn *txn)
{
    const struct batch_turn *b = t->decoded;
    struct apply a = {.t = t, .txn = txn, .ix = t->broker->index, .b = b, .h = &b->header};
    enum err e = describe(&a);
    if (e == ERR_OK)
        e = check_known(&a);
    if (e != ERR_OK || t->repeated || t->refusal.code != REFUSED_NONE)
        return e;
    if (b->staging == NULL)
        return ERR_STATE; /* it was known when it was announced, and no longer is */
    if (broker_half_of(t->broker, &a.h->purpose, a.h->epoch, true) == NULL)
        return epochs_refuse_no_half(t, &a.h->purpose, a.h->epoch);
    e = open_chain(&a);
    if (e == ERR_OK)
        e = check_chain(&a);
    if (e == ERR_OK && t->refusal.code == REFUSED_NONE && a.h->kind == BATCH_ADD)
        e = contribute_judge(t, txn, b, a.id.agency);
    if (e != ERR_OK || t->refusal.code != REFUSED_NONE)
        return e;
    e = take_effect(&a);
    return e == ERR_OK ? describe_stock(&a) : e;
}

enum err contribute_record(struct turn *t, struct kv_txn *txn)
{
    const struct batch_turn *b = t->decoded;
    const struct index_batch row = {.header = b->message.header,
                                    .signature = b->message.signature,
                                    .promise = t->promise,
                                    .promise_signature = t->promise_signature};
    crash_point("batch_record");
    return chain_keep_batch(t->broker->index, txn, &b->header.batch_id, &row);
}
