#include "proto/msg/epoch_states.h"

#include "proto/msg/scan.h"
#include "proto/msg/trust.pb-c.h"
#include "proto/msg/unpack.h"

static const char *const state_ids[EPOCH_STATE_COUNT] = {
    "?", "dealt", "active", "retired", "compromised", "destroyed"};

const char *epoch_state_id(enum epoch_state s)
{
    return (size_t)s < ARRAY_LEN(state_ids) ? state_ids[s] : state_ids[EPOCH_NONE];
}

enum err epoch_state_parse(struct bytes text, enum epoch_state *out)
{
    for (unsigned i = EPOCH_DEALT; i < EPOCH_STATE_COUNT; i++) {
        if (bytes_is(text, state_ids[i])) {
            *out = (enum epoch_state)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

bool epoch_state_follows(enum epoch_state from, enum epoch_state to)
{
    static const bool follows[EPOCH_STATE_COUNT][EPOCH_STATE_COUNT] = {
        [EPOCH_DEALT] = {[EPOCH_DEALT] = true,
                         [EPOCH_ACTIVE] = true,
                         [EPOCH_COMPROMISED] = true,
                         [EPOCH_DESTROYED] = true},
        [EPOCH_ACTIVE] = {[EPOCH_ACTIVE] = true,
                          [EPOCH_RETIRED] = true,
                          [EPOCH_COMPROMISED] = true},
        [EPOCH_RETIRED] = {[EPOCH_RETIRED] = true,
                           [EPOCH_COMPROMISED] = true,
                           [EPOCH_DESTROYED] = true},
        [EPOCH_COMPROMISED] = {[EPOCH_COMPROMISED] = true, [EPOCH_DESTROYED] = true},
        [EPOCH_DESTROYED] = {[EPOCH_DESTROYED] = true},
    };
    return from < EPOCH_STATE_COUNT && to < EPOCH_STATE_COUNT && follows[from][to];
}

static enum err check_entry(const struct epoch_states *d, const struct epoch_entry *entry,
                            struct errmsg *why)
{
    static const struct digest none = {{0}};
    const bool is_declared = !digest_equal(&entry->declaration, &none);
    if (entry->epoch == 0)
        return errmsg_set(why, ERR_RANGE, "epoch: must be above 0");
    if (entry->state <= EPOCH_NONE || entry->state >= EPOCH_STATE_COUNT)
        return errmsg_set(why, ERR_UNKNOWN, "state: unknown");
    if (entry->since_s <= 0 || entry->since_s > d->issued_at)
        return errmsg_set(why, ERR_RANGE, "since: must be above 0 and not after issued_at");
    if (is_declared != (entry->state == EPOCH_DESTROYED))
        return errmsg_set(why, ERR_INVALID,
                          "declaration: epoch %u: a destroyed epoch has one, and no other has",
                          (unsigned)entry->epoch);
    if (is_declared && d->serial == 1 && entry->since_s != d->issued_at)
        return errmsg_set(why, ERR_RANGE, "since: epoch %u: the first word destroys at its own time",
                          (unsigned)entry->epoch);
    return ERR_OK;
}

static enum err check_states(const struct epoch_states *d, struct errmsg *why)
{
    size_t active = 0;
    if (d->serial == 0 || d->issued_at <= 0)
        return errmsg_set(why, ERR_RANGE, "serial, issued_at: must be above 0");
    if (d->epoch_count == 0 || d->epoch_count > EPOCH_STATES_MAX)
        return errmsg_set(why, ERR_RANGE, "epochs: %zu, must be 1 to %d", d->epoch_count,
                          EPOCH_STATES_MAX);
    for (size_t i = 0; i < d->epoch_count; i++) {
        enum err e = check_entry(d, &d->epochs[i], why);
        if (e != ERR_OK)
            return e;
        if (i > 0 && d->epochs[i - 1].epoch >= d->epochs[i].epoch)
            return errmsg_set(why, ERR_DUPLICATE, "epochs: entries must ascend");
        active += d->epochs[i].state == EPOCH_ACTIVE;
    }
    if (active > EPOCH_ACTIVE_MAX)
        return errmsg_set(why, ERR_RANGE, "epochs: %zu are active, at most %d may be", active,
                          EPOCH_ACTIVE_MAX);
    return ERR_OK;
}

static enum err get_entry(const Sluis__Trust__EpochEntry *m, struct epoch_entry *out,
                          struct errmsg *why)
{
    *out = (struct epoch_entry){.epoch = m->epoch, .since_s = m->since};
    if (epoch_state_parse(bytes_str(m->state), &out->state) != ERR_OK)
        return errmsg_set(why, ERR_UNKNOWN, "state: unknown");
    if (m->declaration.len == 0)
        return ERR_OK;
    return msg_get_fixed(m->declaration, out->declaration.b, sizeof out->declaration.b,
                         "declaration", why);
}

static enum err get_entries(const Sluis__Trust__EpochStates *m, struct arena *a,
                            struct epoch_states *out, struct errmsg *why)
{
    if (m->n_epochs > EPOCH_STATES_MAX)
        return errmsg_set(why, ERR_TOO_LARGE, "epochs: more than %d", EPOCH_STATES_MAX);
    struct epoch_entry *v = arena_array(a, m->n_epochs, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_epochs; i++) {
        enum err e = get_entry(m->epochs[i], &v[i], why);
        if (e != ERR_OK)
            return e;
    }
    out->epochs = v;
    out->epoch_count = m->n_epochs;
    return ERR_OK;
}

enum err epoch_states_decode(struct bytes document, struct arena *a, struct epoch_states *out,
                             struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__epoch_states__descriptor, document,
                            EPOCH_STATES_MAX_BYTES, a, &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__EpochStates *m = unpacked;
    struct epoch_states d = {.serial = m->serial, .issued_at = m->issued_at};
    if ((e = msg_get_name(m->deployment, &d.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_name(m->purpose, &d.purpose, "purpose", why)) != ERR_OK ||
        (e = msg_get_oin(m->custodian, &d.custodian, "custodian", why)) != ERR_OK ||
        (e = get_entries(m, a, &d, why)) != ERR_OK || (e = check_states(&d, why)) != ERR_OK)
        return e;
    *out = d;
    return ERR_OK;
}

static enum err put_entries(const struct epoch_states *d, struct arena *a,
                            Sluis__Trust__EpochStates *out)
{
    Sluis__Trust__EpochEntry *v = arena_array(a, d->epoch_count, sizeof *v);
    out->epochs = arena_array(a, d->epoch_count, sizeof *out->epochs);
    out->n_epochs = d->epoch_count;
    if (v == NULL || out->epochs == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < d->epoch_count; i++) {
        const struct epoch_entry *entry = &d->epochs[i];
        sluis__trust__epoch_entry__init(&v[i]);
        v[i].epoch = entry->epoch;
        v[i].state = msg_text(epoch_state_id(entry->state));
        v[i].since = entry->since_s;
        if (entry->state == EPOCH_DESTROYED)
            v[i].declaration = msg_data(digest_bytes(&entry->declaration));
        out->epochs[i] = &v[i];
    }
    return ERR_OK;
}

enum err epoch_states_encode(const struct epoch_states *d, struct buf *out, struct errmsg *why)
{
    enum err e = check_states(d, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(EPOCH_STATES_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__EpochStates m = SLUIS__TRUST__EPOCH_STATES__INIT;
    m.deployment = msg_text(d->deployment.s);
    m.purpose = msg_text(d->purpose.s);
    m.serial = d->serial;
    m.issued_at = d->issued_at;
    m.custodian = msg_text(d->custodian.oin);
    e = put_entries(d, a, &m);
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}

#define FIELD_PURPOSE 2 /* proto/msg/trust.proto */
#define FIELD_SERIAL 3

enum err epoch_states_peek(struct bytes document, struct epoch_states_claim *out)
{
    struct bytes purpose;
    struct epoch_states_claim c = {.serial = 0};
    if (document.len > EPOCH_STATES_MAX_BYTES)
        return ERR_TOO_LARGE;
    enum err e = msg_scan(&sluis__trust__epoch_states__descriptor, document, NULL);
    if (e != ERR_OK)
        return e;
    if (!msg_peek_bytes(document, FIELD_PURPOSE, &purpose) ||
        !msg_peek_number(document, FIELD_SERIAL, &c.serial) ||
        name_parse(purpose, &c.purpose) != ERR_OK)
        return ERR_INVALID;
    *out = c;
    return ERR_OK;
}

const struct epoch_entry *epoch_states_of(const struct epoch_states *d, uint32_t epoch)
{
    for (size_t i = 0; i < d->epoch_count; i++) {
        if (d->epochs[i].epoch == epoch)
            return &d->epochs[i];
    }
    return NULL;
}

static enum err check_step(const struct epoch_entry *was, const struct epoch_entry *is,
                           struct errmsg *why)
{
    const unsigned epoch = (unsigned)was->epoch;
    if (is == NULL)
        return errmsg_set(why, ERR_MISMATCH, "epoch %u stood in the document before and is gone",
                          epoch);
    if (!epoch_state_follows(was->state, is->state))
        return errmsg_set(why, ERR_MISMATCH, "epoch %u was %s and cannot become %s", epoch,
                          epoch_state_id(was->state), epoch_state_id(is->state));
    if (was->state == is->state &&
        (was->since_s != is->since_s || !digest_equal(&was->declaration, &is->declaration)))
        return errmsg_set(why, ERR_MISMATCH,
                          "epoch %u is still %s, with another moment or declaration", epoch,
                          epoch_state_id(is->state));
    return ERR_OK;
}

/* What this word destroys bears its time: the declarations come with the word that says so. */
static enum err check_destroyed(const struct epoch_states *d, const struct epoch_states *next, struct errmsg *why)
{
    for (size_t i = 0; i < next->epoch_count; i++) {
        const struct epoch_entry *is = &next->epochs[i];
        const struct epoch_entry *was = epoch_states_of(d, is->epoch);
        if (is->state == EPOCH_DESTROYED && (was == NULL || was->state != EPOCH_DESTROYED) &&
            is->since_s != next->issued_at)
            return errmsg_set(why, ERR_MISMATCH, "epoch %u is destroyed from another moment on than the word that says so",
                              (unsigned)is->epoch);
    }
    return ERR_OK;
}

enum err epoch_states_check_next(const struct epoch_states *d, const struct epoch_states *next,
                                 struct errmsg *why)
{
    if (next->serial != d->serial + 1)
        return errmsg_set(why, ERR_BEHIND, "serial %llu, expected %llu",
                          (unsigned long long)next->serial, (unsigned long long)d->serial + 1);
    for (size_t i = 0; i < d->epoch_count; i++) {
        enum err e = check_step(&d->epochs[i], epoch_states_of(next, d->epochs[i].epoch), why);
        if (e != ERR_OK)
            return e;
    }
    return check_destroyed(d, next, why);
}
