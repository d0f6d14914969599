#include "broker/epochs.h"

#include "broker/audit.h"
#include "broker/keys.h"
#include "broker/store/meta.h"
#include "pki/digest.h"
#include "proto/host/clock.h"
#include "proto/msg/destruction.h"
#include "proto/msg/signed.h"

#define DAY_S INT64_C(86400)

static const struct view_states_mark *mark_of(const struct view_marks *marks,
                                              const struct name *purpose)
{
    for (size_t i = 0; i < marks->state_count; i++)
        if (name_equal(&marks->states[i].purpose, purpose))
            return &marks->states[i];
    return NULL;
}

static enum audit_event event_of(enum epoch_state state)
{
    switch (state) {
    case EPOCH_DEALT:
        return AUDIT_EVENT_EPOCH_ANNOUNCED;
    case EPOCH_ACTIVE:
        return AUDIT_EVENT_EPOCH_ACTIVATED;
    case EPOCH_RETIRED:
        return AUDIT_EVENT_EPOCH_RETIRED;
    case EPOCH_COMPROMISED:
        return AUDIT_EVENT_EPOCH_COMPROMISED;
    case EPOCH_DESTROYED:
        return AUDIT_EVENT_EPOCH_DESTROYED;
    case EPOCH_NONE:
    case EPOCH_STATE_COUNT:
        break;
    }
    return AUDIT_EVENT_NONE;
}

/* Purpose, epoch, the serial of the word; of a destroyed one the declaration that it rests on. */
static enum err note(struct broker *b, struct kv_txn *txn, const struct epoch_states *said,
                     const struct epoch_entry *entry)
{
    struct audit_hex room;
    const struct audit_fact facts[] = {
        audit_fact_text("purpose", name_bytes(&said->purpose)),
        audit_fact_count("serial", said->serial),
        audit_fact_digest("declaration", &entry->declaration, &room),
    };
    const struct turn_audit what = {.event = event_of(entry->state),
                                    .key_version = entry->epoch,
                                    .more = facts,
                                    .more_count =
                                        ARRAY_LEN(facts) - (entry->state != EPOCH_DESTROYED)};
    struct digest written;
    return audit_append(b->audit, txn, &what, &said->custodian, NULL, clock_now_s(b->clock),
                        &written);
}

/* The word accepted before this one; none: of no epoch. */
static enum err read_before(struct broker *b, struct kv_txn *txn,
                            const struct view_states_mark *mark, struct arena *a,
                            struct epoch_states *out)
{
    struct bytes document;
    *out = (struct epoch_states){.epoch_count = 0};
    if (mark == NULL)
        return ERR_OK;
    enum err e = meta_get_document(b->store, txn, &mark->digest, &document);
    return e == ERR_OK ? epoch_states_decode(document, a, out, NULL) : e;
}

/* What two officers declared of each destroyed epoch: the declaration by the digest that the word names, and what each
 * signed by its own. Also where the word itself was accepted before: it may have come again, with declarations that
 * count (decision 0908). */
static enum err keep_declared(struct broker *b, struct kv_txn *txn, const struct view *view,
                              const struct epoch_entry *entry, struct arena *a)
{
    struct bytes wire;
    struct signed_doc doc;
    struct digest of;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && view_declared_at(view, &entry->declaration, i, &wire); i++) {
        e = signed_doc_decode(wire, DESTRUCTION_MAX_BYTES, a, &doc, NULL);
        if (e == ERR_OK)
            e = meta_keep_document(b->store, txn, &entry->declaration, doc.document);
        if (e == ERR_OK)
            e = digest_sha256(&wire, 1, &of);
        if (e == ERR_OK)
            e = meta_keep_document(b->store, txn, &of, wire);
    }
    return e;
}

static enum err keep_all_declared(struct broker *b, struct kv_txn *txn, const struct view *view,
                                  const struct epoch_states *said)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EPOCH_STATES_ARENA_BYTES);
    enum err e = a == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < said->epoch_count; i++)
        if (said->epochs[i].state == EPOCH_DESTROYED)
            e = keep_declared(b, txn, view, &said->epochs[i], a);
    return e;
}

enum err epochs_is_declared(struct broker *b, struct kv_txn *txn, const struct epoch_entry *entry, bool *out)
{
    struct bytes document;
    enum err e = meta_get_document(b->store, txn, &entry->declaration, &document);
    *out = e == ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err accept_one(struct broker *b, struct kv_txn *txn, const struct view_states *new,
                           const struct view_marks *before)
{
    const struct epoch_states *said = new->states;
    const struct view_states_mark *mark = mark_of(before, &said->purpose);
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(EPOCH_STATES_ARENA_BYTES);
    struct epoch_states was;
    if (mark != NULL && said->serial <= mark->serial)
        return ERR_OK;
    enum err e = a == NULL ? ERR_NOMEM : read_before(b, txn, mark, a, &was);
    for (size_t i = 0; e == ERR_OK && i < said->epoch_count; i++) {
        const struct epoch_entry *entry = epoch_states_of(&was, said->epochs[i].epoch);
        if (entry == NULL || entry->state != said->epochs[i].state)
            e = note(b, txn, said, &said->epochs[i]);
    }
    return e == ERR_OK ? meta_keep_document(b->store, txn, &new->digest, new->document) : e;
}

enum err epochs_accept(struct broker *b, struct kv_txn *txn, const struct view *view,
                       const struct view_marks *before)
{
    struct view_states new;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && view_states_at(view, i, &new); i++) {
        e = keep_all_declared(b, txn, view, new.states);
        if (e == ERR_OK)
            e = accept_one(b, txn, &new, before);
    }
    return e;
}

/* ---- what a state permits ---- */

bool epochs_is_served(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    const enum epoch_state state = view_epoch_state(v, purpose, epoch);
    return (state == EPOCH_ACTIVE || state == EPOCH_RETIRED) && view_deal(v, purpose, epoch) != NULL;
}

int64_t epochs_end_s(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    return view_epoch_end_s(v, purpose, epoch, NULL);
}

static bool is_permitted(enum epoch_state state, enum epoch_use use)
{
    if (use == EPOCH_USE_WITHDRAW || use == EPOCH_USE_SETTLE)
        return state == EPOCH_ACTIVE || state == EPOCH_RETIRED;
    return state == EPOCH_ACTIVE;
}

/* The newest active epoch that is not over by its age; 0: none. */
static uint32_t instead(const struct turn *t, const struct name *purpose)
{
    uint32_t active[VIEW_ACTIVE_MAX];
    const size_t n = view_active_epochs(t->view, purpose, active);
    for (size_t i = n; i > 0; i--)
        if (t->now_s < epochs_end_s(t->view, purpose, active[i - 1]))
            return active[i - 1];
    return 0;
}

static void refuse(struct turn *t, const struct epochs_ask *ask, const char *is)
{
    const uint32_t other = instead(t, ask->purpose);
    if (other != 0)
        (void)turn_refuse(t, REFUSED_KEY, "epoch %u of %s is %s; contribute to and ask in epoch %u",
                          ask->epoch, ask->purpose->s, is, other);
    else
        (void)turn_refuse(t, REFUSED_KEY,
                          "epoch %u of %s is %s, and no other is active; its custodian has to deal and "
                          "activate one",
                          ask->epoch, ask->purpose->s, is);
}

static enum err refuse_suspended(struct turn *t, const struct name *purpose)
{
    return turn_refuse(t, REFUSED_SUSPENDED,
                       "purpose %s is suspended: its custodian's word on its epochs does not hold at "
                       "the broker, whose operator has an alarm",
                       purpose->s);
}

enum err epochs_refuse_no_half(struct turn *t, const struct name *purpose, uint32_t epoch)
{
    const struct broker_epoch *e = keys_epoch(t->broker->keys, purpose, epoch);
    if (e != NULL && atomic_load(&e->state) == EPOCH_KEY_WAITS)
        return refuse_suspended(t, purpose); /* by a view that comes in force just now */
    return turn_refuse(t, REFUSED_KEY, "epoch: this broker has no half of the key of %s/%u%s",
                       purpose->s, epoch, e == NULL ? "" : " any more: it was stopped");
}

void epochs_check(struct turn *t, const struct epochs_ask *ask)
{
    const enum epoch_state state = view_epoch_state(t->view, ask->purpose, ask->epoch);
    const struct agency_id *left = NULL;
    const bool is_new = ask->use == EPOCH_USE_ADD || ask->use == EPOCH_USE_ASK;
    if (view_epochs_suspended(t->view, ask->purpose) != NULL)
        (void)refuse_suspended(t, ask->purpose);
    else if (state != EPOCH_NONE && !is_permitted(state, ask->use))
        refuse(t, ask, epoch_state_id(state));
    else if (ask->use == EPOCH_USE_SETTLE && view_deal(t->view, ask->purpose, ask->epoch) == NULL)
        (void)turn_refuse(t, REFUSED_SUSPENDED,
                          "epoch %u of %s: its custodian's statement does not hold at the broker, whose "
                          "operator puts it back in place",
                          ask->epoch, ask->purpose->s);
    else if (is_new && t->now_s >= view_epoch_end_s(t->view, ask->purpose, ask->epoch, &left))
        refuse(t, ask, left == NULL ? "older than the policy lets an epoch of this purpose live"
                                    : "over: an agency that holds its key has left the purpose");
}

void epochs_stop_keys(struct broker_keys *k, const struct view *v)
{
    const size_t n = atomic_load_explicit(&k->epoch_count, memory_order_acquire);
    for (size_t i = 0; i < n; i++) {
        struct broker_epoch *e = &k->epochs[i];
        const enum epoch_state state = view_epoch_state(v, &e->purpose, e->epoch);
        const bool is_over = state == EPOCH_COMPROMISED || state == EPOCH_DESTROYED;
        const bool waits = view_epochs_suspended(v, &e->purpose) != NULL;
        if (waits && atomic_load(&e->state) == EPOCH_KEY_STOPPED)
            continue; /* what was stopped is not suspended instead */
        atomic_store(&e->state, is_over ? EPOCH_KEY_STOPPED
                                : waits ? EPOCH_KEY_WAITS
                                        : EPOCH_KEY_SERVES);
    }
}
