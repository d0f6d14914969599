#include "broker/reconcile.h"

#include <stdlib.h>

#include "broker/audit.h"
#include "broker/awaited.h"
#include "broker/store/meta.h"
#include "proto/host/clock.h"
#include "proto/host/writer.h"
#include "proto/json/doc.h"

/* Agencies that were heard since the restore. */
struct reconcile {
    struct agency_id heard[ROSTER_MAX_MEMBERS];
    size_t count;
    bool clearing;
    int64_t copied_s; /* of the copy that the store is; 0: not known */
};

enum err reconcile_start(struct broker *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    bool is_restored = false;
    int64_t copied_s = 0;
    enum err e = kv_read_begin(b->kv, &txn);
    if (e == ERR_OK)
        e = meta_is_restored(b->store, txn, &is_restored);
    if (e == ERR_OK)
        e = meta_get_copied(b->store, txn, &copied_s);
    if (e != ERR_OK || !is_restored)
        return e;
    b->reconcile = calloc(1, sizeof *b->reconcile);
    if (b->reconcile == NULL)
        return ERR_NOMEM;
    b->reconcile->copied_s = copied_s;
    broker_close_gate(b, GATE_RECONCILE);
    return ERR_OK;
}

void reconcile_stop(struct broker *b)
{
    free(b->reconcile);
    b->reconcile = NULL;
}

static bool was_heard(const struct reconcile *r, const struct agency_id *a)
{
    for (size_t i = 0; i < r->count; i++)
        if (agency_id_equal(&r->heard[i], a))
            return true;
    return false;
}

static bool all_were_heard(const struct broker *b)
{
    const struct roster *r = view_roster(b->view);
    for (size_t i = 0; i < r->member_count; i++)
        if (r->members[i].kind == MEMBER_AGENCY && !was_heard(b->reconcile, &r->members[i].id))
            return false;
    return true;
}

static enum err clear_job(struct kv_txn *txn, void *arg)
{
    struct broker *b = arg;
    const struct turn_audit what = {.event = AUDIT_EVENT_STORE_RESTORED,
                                    .count = (uint32_t)b->reconcile->count};
    struct digest entry;
    enum err e = audit_append(b->audit, txn, &what, NULL, NULL, clock_now_s(b->clock), &entry);
    if (e == ERR_OK)
        e = awaited_all_but(b, txn, b->reconcile->heard, b->reconcile->count);
    if (e == ERR_OK)
        e = meta_put_reopened(b->store, txn, clock_now_s(b->clock));
    return e == ERR_OK ? meta_clear_restored(b->store, txn) : e;
}

static void cleared(enum err result, void *arg)
{
    struct broker *b = arg;
    broker_saw(b, result);
    b->reconcile->clearing = false;
    if (result != ERR_OK)
        return; /* the next hello tries again */
    broker_clear_gate(b, GATE_RECONCILE);
    reconcile_stop(b);
}

int64_t reconcile_copied_s(const struct broker *b)
{
    return b->reconcile != NULL ? b->reconcile->copied_s : 0;
}

struct doc *reconcile_doc(const struct broker *b)
{
    const struct roster *r = view_roster(b->view);
    struct doc *list = doc_new_array();
    enum err e = list != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && b->reconcile != NULL && i < r->member_count; i++)
        if (r->members[i].kind == MEMBER_AGENCY && !was_heard(b->reconcile, &r->members[i].id))
            e = doc_append(list, doc_new_text(agency_id_bytes(&r->members[i].id)));
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

bool reconcile_heard(struct broker *b, const struct agency_id *agency)
{
    struct reconcile *r = b->reconcile;
    if (r == NULL)
        return true;
    if (r->clearing)
        return false;
    if (!was_heard(r, agency) && r->count < ARRAY_LEN(r->heard))
        r->heard[r->count++] = *agency;
    if (!all_were_heard(b))
        return false;
    r->clearing = writer_submit(b->writer, WRITER_INTERACTIVE, clear_job, cleared, b) == ERR_OK;
    return false; /* the next hello finds the session open */
}
