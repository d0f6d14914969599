#include "broker/epochs_doc.h"

#include "broker/epochs.h"
#include "broker/index/short.h"
#include "broker/index/tally.h"
#include "broker/keys.h"
#include "proto/base/when.h"
#include "proto/host/clock.h"
#include "proto/host/kv.h"
#include "proto/json/doc.h"

#define DAY_S 86400

/* One epoch on its way into the list. */
struct telling {
    struct broker *broker;
    struct kv_txn *txn;
    const struct name *purpose;
    uint32_t epoch;
    const struct deal *deal;           /* NULL: its statement is not here any more */
    const struct epoch_entry *said;    /* NULL: its custodian has not spoken of it */
    enum epoch_state state;
    int64_t now_s;
};

/* Live records of an agency in an epoch of the purpose. */
static enum err records_of(const struct telling *t, uint32_t epoch, const struct agency_id *id,
                           int64_t *out)
{
    struct tally_scope s = {.purpose = *t->purpose, .epoch = epoch};
    *out = 0;
    if (t->broker->index == NULL)
        return ERR_OK;
    enum err e = short_agency(t->broker->index, t->txn, id, &s.agency);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    return e == ERR_OK ? tally_stock(t->broker->index, t->txn, &s, (uint32_t)when_day(t->now_s), out)
                       : e;
}

static struct doc *contributor_doc(const struct agency_id *id, int64_t records)
{
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "agency", id->oin);
    doc_put_int(&d, "records", records);
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

static struct doc *contributors_doc(const struct telling *t)
{
    struct doc *list = doc_new_array();
    enum err e = list == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && t->deal != NULL && i < t->deal->participant_count; i++) {
        const struct agency_id *id = &t->deal->participants[i].id;
        int64_t records = 0;
        e = records_of(t, t->epoch, id, &records);
        if (e == ERR_OK)
            e = doc_append(list, contributor_doc(id, records));
    }
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}

/* Participants of both that have records in this epoch and none in the other yet. */
static size_t missing_in(const struct telling *t, uint32_t other)
{
    const struct deal *next = view_deal(t->broker->view, t->purpose, other);
    size_t n = 0;
    for (size_t i = 0; t->deal != NULL && next != NULL && i < t->deal->participant_count; i++) {
        const struct agency_id *id = &t->deal->participants[i].id;
        int64_t here = 0;
        int64_t there = 0;
        n += deal_participant_of(next, id) != NULL && records_of(t, t->epoch, id, &here) == ERR_OK &&
             records_of(t, other, id, &there) == ERR_OK && here > 0 && there == 0;
    }
    return n;
}

static void tell_active(const struct telling *t, struct buf *out)
{
    uint32_t active[VIEW_ACTIVE_MAX];
    const size_t n = view_active_epochs(t->broker->view, t->purpose, active);
    const int64_t left_s = epochs_end_s(t->broker->view, t->purpose, t->epoch) - t->now_s;
    if (n == VIEW_ACTIVE_MAX && t->epoch == active[0]) {
        const size_t missing = missing_in(t, active[1]);
        if (missing > 0)
            buf_printf(out, "wait: %zu agencies have records here and none in epoch %u yet", missing,
                       (unsigned)active[1]);
        else
            buf_printf(out, "every agency has contributed to epoch %u: retire this one",
                       (unsigned)active[1]);
    } else if (left_s <= 14 * DAY_S) {
        buf_put_str(out, left_s <= 0 ? "too old, nothing new is accepted: deal and activate a new one"
                                     : "deal and activate a new one");
    }
}

/* A word that came too early is followed; what is found no more is said until it was contributed again. */
static void tell_retired(const struct telling *t, struct buf *out)
{
    uint32_t active[VIEW_ACTIVE_MAX];
    const size_t n = view_active_epochs(t->broker->view, t->purpose, active);
    const size_t missing = n > 0 ? missing_in(t, active[n - 1]) : 0;
    if (n == 0)
        buf_put_str(out, "no epoch is active, and nobody can ask: activate the next one; ");
    if (missing > 0)
        buf_printf(out, "retired too early: %zu agencies have records here and none in epoch %u, and those are not found until "
                        "they have contributed there; ", missing, (unsigned)active[n - 1]);
    buf_put_str(out, "after the last deadline of what was asked in it: destroy it");
}

static void tell_next(const struct telling *t, struct buf *out)
{
    const char *suspended = view_epochs_suspended(t->broker->view, t->purpose);
    if (suspended != NULL) {
        buf_printf(out, "suspended, nothing is served: %s", suspended);
        return;
    }
    switch (t->state) {
    case EPOCH_DEALT:
        buf_put_str(out, "activate it when every participant has accepted its key");
        break;
    case EPOCH_ACTIVE:
        tell_active(t, out);
        break;
    case EPOCH_RETIRED:
        tell_retired(t, out);
        break;
    case EPOCH_COMPROMISED:
        buf_put_str(out, "deal and activate a new one, tell who is exposed, destroy this one");
        break;
    case EPOCH_DESTROYED:
        if (keys_epoch(t->broker->keys, t->purpose, t->epoch) != NULL)
            buf_put_str(out, "erase the key file of this broker's half (sluis-pki epoch destroy)");
        break;
    case EPOCH_NONE:
    case EPOCH_STATE_COUNT:
        break;
    }
}

static struct doc *one_doc(const struct telling *t)
{
    char storage[640];
    struct buf next = buf_fixed(storage, sizeof storage);
    struct doc *one = doc_new_object();
    struct doc_build d = doc_build_of(one);
    doc_put_str(&d, "purpose", t->purpose->s);
    doc_put_int(&d, "epoch", t->epoch);
    doc_put_str(&d, "state",
                t->state == EPOCH_NONE ? "suspended" : epoch_state_id(t->state));
    if (t->said != NULL)
        doc_put_time(&d, "since", t->said->since_s);
    if (t->deal != NULL) {
        const int64_t end_s = epochs_end_s(t->broker->view, t->purpose, t->epoch);
        doc_put_time(&d, "dealt", t->deal->issued_at);
        doc_put_int(&d, "days", (t->now_s - t->deal->issued_at) / DAY_S);
        if (end_s != INT64_MAX)
            doc_put_time(&d, "ends", end_s);
    }
    doc_put_bool(&d, "half", broker_held_key(t->broker, t->purpose, t->epoch) != NULL);
    doc_put_doc(&d, "contributors", contributors_doc(t));
    tell_next(t, &next);
    doc_put_text(&d, "next", buf_bytes(&next));
    if (doc_build_done(&d) == ERR_OK)
        return one;
    doc_free(one);
    return NULL;
}

static enum err tell(struct telling *t, struct doc *list)
{
    const struct view *v = t->broker->view;
    const struct epoch_states *said = view_epoch_states(v, t->purpose);
    t->deal = view_deal(v, t->purpose, t->epoch);
    t->said = said == NULL ? NULL : epoch_states_of(said, t->epoch);
    t->state = view_epoch_state(v, t->purpose, t->epoch);
    return doc_append(list, one_doc(t));
}

/* Those that were dealt, then those of which only a word is left. */
static enum err tell_all(struct telling *t, struct doc *list)
{
    const struct view *v = t->broker->view;
    struct view_states s;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < view_deal_count(v); i++) {
        t->purpose = &view_deal_at(v, i)->purpose;
        t->epoch = view_deal_at(v, i)->epoch;
        e = tell(t, list);
    }
    for (size_t i = 0; e == ERR_OK && view_states_at(v, i, &s); i++) {
        t->purpose = &s.states->purpose;
        for (size_t k = 0; e == ERR_OK && k < s.states->epoch_count; k++) {
            t->epoch = s.states->epochs[k].epoch;
            if (view_deal(v, t->purpose, t->epoch) == NULL)
                e = tell(t, list);
        }
    }
    return e;
}

struct doc *epochs_doc(struct broker *b)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct doc *list = doc_new_array();
    enum err e = list == NULL ? ERR_NOMEM : kv_read_begin(b->kv, &txn);
    struct telling t = {.broker = b, .txn = txn, .now_s = clock_now_s(b->clock)};
    if (e == ERR_OK)
        e = tell_all(&t, list);
    if (e == ERR_OK)
        return list;
    doc_free(list);
    return NULL;
}
