#include "proto/msg/roster.h"

#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

static enum err too_many(const struct trust_reader *r, const char *field, size_t count, size_t max)
{
    return errmsg_set(r->why, ERR_TOO_LARGE, "%s: %zu entries, at most %zu", field, count, max);
}

static enum err get_issuers(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                            struct roster *out)
{
    if (m->n_issuers > ROSTER_MAX_ISSUERS)
        return too_many(r, "issuers", m->n_issuers, ROSTER_MAX_ISSUERS);
    struct roster_cert *v = arena_array(r->arena, m->n_issuers, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_issuers; i++) {
        enum err e = trust_get_cert(r, m->issuers[i], "issuers", &v[i]);
        if (e != ERR_OK)
            return e;
    }
    out->issuers = v;
    out->issuer_count = m->n_issuers;
    return ERR_OK;
}

static enum err get_members(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                            struct roster *out)
{
    if (m->n_members > ROSTER_MAX_MEMBERS)
        return too_many(r, "members", m->n_members, ROSTER_MAX_MEMBERS);
    struct roster_member *v = arena_array(r->arena, m->n_members, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_members; i++) {
        enum err e = trust_get_member(r, m->members[i], &v[i]);
        if (e != ERR_OK)
            return errmsg_wrap(r->why, e, "members[%zu]", i);
    }
    out->members = v;
    out->member_count = m->n_members;
    return ERR_OK;
}

static enum err get_officers(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                             struct roster *out)
{
    if (m->n_officers > ROSTER_MAX_OFFICERS)
        return too_many(r, "officers", m->n_officers, ROSTER_MAX_OFFICERS);
    struct roster_officer *v = arena_array(r->arena, m->n_officers, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_officers; i++) {
        enum err e = trust_get_officer(r, m->officers[i], &v[i]);
        if (e != ERR_OK)
            return errmsg_wrap(r->why, e, "officers[%zu]", i);
    }
    out->officers = v;
    out->officer_count = m->n_officers;
    return ERR_OK;
}

static enum err get_revoked(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                            struct roster *out)
{
    if (m->n_revoked > ROSTER_MAX_REVOKED)
        return too_many(r, "revoked", m->n_revoked, ROSTER_MAX_REVOKED);
    struct digest *v = arena_array(r->arena, m->n_revoked, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_revoked; i++) {
        enum err e = msg_get_fixed(m->revoked[i], v[i].b, sizeof v[i].b, "revoked", r->why);
        if (e != ERR_OK)
            return e;
    }
    out->revoked = v;
    out->revoked_count = m->n_revoked;
    return ERR_OK;
}

static enum err get_acts(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                         struct roster *out)
{
    if (m->n_acts > ROSTER_MAX_ACTS)
        return too_many(r, "acts", m->n_acts, ROSTER_MAX_ACTS);
    struct bytes *v = arena_array(r->arena, m->n_acts, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_acts; i++) {
        enum err e = msg_get_text(m->acts[i], 1, ROSTER_MAX_TEXT, "acts", &v[i], r->why);
        if (e != ERR_OK)
            return e;
    }
    out->acts = v;
    out->act_count = m->n_acts;
    return ERR_OK;
}

static enum err get_logs(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                         struct roster *out)
{
    if (m->n_former_logs > ROSTER_MAX_FORMER_LOGS)
        return too_many(r, "former_logs", m->n_former_logs, ROSTER_MAX_FORMER_LOGS);
    struct roster_former_log *v = arena_array(r->arena, m->n_former_logs, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    enum err e =
        msg_get_text(m->next_log_key, 0, ROSTER_MAX_TEXT, "next_log_key", &out->next_log_key, r->why);
    for (size_t i = 0; e == ERR_OK && i < m->n_former_logs; i++) {
        v[i].until = m->former_logs[i]->until;
        e = msg_get_text(m->former_logs[i]->key, 1, ROSTER_MAX_TEXT, "former_logs", &v[i].key, r->why);
    }
    out->former_logs = v;
    out->former_log_count = m->n_former_logs;
    return e;
}

static enum err get_origin(const struct trust_reader *r, const Sluis__Trust__FormerOrigin *m,
                           struct roster_former_origin *out)
{
    if (m->n_keys > ROSTER_MAX_ORIGIN_KEYS)
        return too_many(r, "former_origins: keys", m->n_keys, ROSTER_MAX_ORIGIN_KEYS);
    struct bytes *keys = arena_array(r->arena, m->n_keys, sizeof *keys);
    if (keys == NULL)
        return ERR_NOMEM;
    *out = (struct roster_former_origin){.keys = keys, .key_count = m->n_keys, .size = m->size};
    enum err e = msg_get_text(m->origin, 1, ROSTER_MAX_TEXT, "former_origins: origin", &out->origin, r->why);
    for (size_t i = 0; e == ERR_OK && i < m->n_keys; i++)
        e = msg_get_text(m->keys[i], 1, ROSTER_MAX_TEXT, "former_origins: keys", &keys[i], r->why);
    if (e == ERR_OK)
        e = msg_get_fixed(m->root, out->root.b, sizeof out->root.b, "former_origins: root", r->why);
    return e == ERR_OK ? msg_get_bytes(m->head, ROSTER_MAX_HEAD_BYTES, "former_origins: head", &out->head, r->why) : e;
}

static enum err get_origins(const struct trust_reader *r, const Sluis__Trust__Roster *m, struct roster *out)
{
    if (m->n_former_origins > ROSTER_MAX_FORMER_ORIGINS)
        return too_many(r, "former_origins", m->n_former_origins, ROSTER_MAX_FORMER_ORIGINS);
    struct roster_former_origin *v = arena_array(r->arena, m->n_former_origins, sizeof *v);
    enum err e = v != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < m->n_former_origins; i++)
        e = get_origin(r, m->former_origins[i], &v[i]);
    out->former_origins = v;
    out->former_origin_count = m->n_former_origins;
    return e;
}

static enum err get_departures(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                               struct roster *out)
{
    if (m->n_departures > ROSTER_MAX_DEPARTURES)
        return too_many(r, "departures", m->n_departures, ROSTER_MAX_DEPARTURES);
    struct roster_departure *v = arena_array(r->arena, m->n_departures, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < m->n_departures; i++) {
        const Sluis__Trust__Departure *d = m->departures[i];
        enum err e = msg_get_name(d->purpose, &v[i].purpose, "departures", r->why);
        if (e == ERR_OK)
            e = msg_get_oin(d->oin, &v[i].oin, "departures", r->why);
        if (e != ERR_OK)
            return e;
        v[i].at_s = d->at;
    }
    out->departures = v;
    out->departure_count = m->n_departures;
    return ERR_OK;
}

/* Who signs next, and by whose word this key signs. */
static enum err get_succession(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                               struct roster *out)
{
    enum err e = ERR_OK;
    if (m->next_key.len > 0)
        e = msg_get_bytes(m->next_key, ROSTER_MAX_KEY_BYTES, "next_key", &out->next_key, r->why);
    if (e == ERR_OK && m->handover.len > 0)
        e = msg_get_bytes(m->handover, ROSTER_MAX_HANDOVER_BYTES, "handover", &out->handover, r->why);
    return e;
}

static enum err get_head(const struct trust_reader *r, const Sluis__Trust__Roster *m,
                         struct roster *out)
{
    out->serial = m->serial;
    out->issued_at = m->issued_at;
    out->not_after = m->not_after;
    enum err e = msg_get_name(m->deployment, &out->deployment, "deployment", r->why);
    if (e == ERR_OK)
        e = msg_get_text(m->log_key, 0, ROSTER_MAX_TEXT, "log_key", &out->log_key, r->why);
    if (e == ERR_OK)
        e = msg_get_bytes(m->key, ROSTER_MAX_KEY_BYTES, "key", &out->key, r->why);
    if (e == ERR_OK)
        e = get_succession(r, m, out);
    if (e == ERR_OK && m->ceremony.len > 0) {
        out->has_ceremony = true;
        e = msg_get_fixed(m->ceremony, out->ceremony.b, sizeof out->ceremony.b, "ceremony", r->why);
    }
    if (e == ERR_OK)
        e = msg_get_text(m->log_origin, 0, ROSTER_MAX_TEXT, "log_origin", &out->log_origin, r->why);
    return e;
}

enum err roster_decode(struct bytes document, sha256_fn sha256, struct arena *a, struct roster *out,
                       struct errmsg *why)
{
    struct trust_reader r = {a, sha256, why};
    struct roster got = {.serial = 0};
    const void *m = NULL;
    enum err e =
        msg_unpack(&sluis__trust__roster__descriptor, document, ROSTER_MAX_BYTES, a, &m, why);
    if (e == ERR_OK)
        e = get_head(&r, m, &got);
    if (e == ERR_OK)
        e = get_logs(&r, m, &got);
    if (e == ERR_OK)
        e = get_origins(&r, m, &got);
    if (e == ERR_OK)
        e = get_issuers(&r, m, &got);
    if (e == ERR_OK)
        e = get_members(&r, m, &got);
    if (e == ERR_OK)
        e = get_officers(&r, m, &got);
    if (e == ERR_OK)
        e = get_revoked(&r, m, &got);
    if (e == ERR_OK)
        e = get_acts(&r, m, &got);
    if (e == ERR_OK)
        e = get_departures(&r, m, &got);
    if (e == ERR_OK)
        e = roster_check(&got, why);
    if (e == ERR_OK)
        *out = got;
    return e;
}

static enum err put_members(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    Sluis__Trust__Member *m = arena_array(a, r->member_count, sizeof *m);
    out->members = arena_array(a, r->member_count, sizeof *out->members);
    out->n_members = r->member_count;
    if (m == NULL || out->members == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->member_count; i++) {
        out->members[i] = &m[i];
        enum err e = trust_put_member(&r->members[i], a, &m[i]);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err put_officers(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    Sluis__Trust__Officer *m = arena_array(a, r->officer_count, sizeof *m);
    out->officers = arena_array(a, r->officer_count, sizeof *out->officers);
    out->n_officers = r->officer_count;
    if (m == NULL || out->officers == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->officer_count; i++) {
        out->officers[i] = &m[i];
        enum err e = trust_put_officer(&r->officers[i], a, &m[i]);
        if (e != ERR_OK)
            return e;
    }
    return ERR_OK;
}

static enum err put_logs(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    Sluis__Trust__FormerLog *m = arena_array(a, r->former_log_count, sizeof *m);
    out->log_key = trust_put_text(a, r->log_key);
    out->log_origin = trust_put_text(a, r->log_origin);
    out->next_log_key = trust_put_text(a, r->next_log_key);
    out->former_logs = arena_array(a, r->former_log_count, sizeof *out->former_logs);
    out->n_former_logs = r->former_log_count;
    if (m == NULL || out->log_key == NULL || out->log_origin == NULL || out->next_log_key == NULL ||
        out->former_logs == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->former_log_count; i++) {
        sluis__trust__former_log__init(&m[i]);
        m[i].key = trust_put_text(a, r->former_logs[i].key);
        m[i].until = r->former_logs[i].until;
        out->former_logs[i] = &m[i];
        if (m[i].key == NULL)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err put_origin(const struct roster_former_origin *f, struct arena *a, Sluis__Trust__FormerOrigin *m)
{
    sluis__trust__former_origin__init(m);
    m->origin = trust_put_text(a, f->origin);
    m->keys = arena_array(a, f->key_count, sizeof *m->keys);
    m->n_keys = f->key_count;
    m->size = f->size;
    m->root = msg_data(digest_bytes(&f->root));
    m->head = msg_data(f->head);
    if (m->origin == NULL || m->keys == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < f->key_count; i++)
        if ((m->keys[i] = trust_put_text(a, f->keys[i])) == NULL)
            return ERR_NOMEM;
    return ERR_OK;
}

static enum err put_origins(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    Sluis__Trust__FormerOrigin *m = arena_array(a, r->former_origin_count, sizeof *m);
    out->former_origins = arena_array(a, r->former_origin_count, sizeof *out->former_origins);
    out->n_former_origins = r->former_origin_count;
    enum err e = m != NULL && out->former_origins != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < r->former_origin_count; i++) {
        out->former_origins[i] = &m[i];
        e = put_origin(&r->former_origins[i], a, &m[i]);
    }
    return e;
}

static enum err put_lists(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    out->issuers = arena_array(a, r->issuer_count, sizeof *out->issuers);
    out->revoked = arena_array(a, r->revoked_count, sizeof *out->revoked);
    out->acts = arena_array(a, r->act_count, sizeof *out->acts);
    if (out->issuers == NULL || out->revoked == NULL || out->acts == NULL)
        return ERR_NOMEM;
    out->n_issuers = r->issuer_count;
    out->n_revoked = r->revoked_count;
    out->n_acts = r->act_count;
    for (size_t i = 0; i < r->issuer_count; i++)
        out->issuers[i] = msg_data(r->issuers[i].der);
    for (size_t i = 0; i < r->revoked_count; i++)
        out->revoked[i] = msg_data(digest_bytes(&r->revoked[i]));
    for (size_t i = 0; i < r->act_count; i++) {
        out->acts[i] = trust_put_text(a, r->acts[i]);
        if (out->acts[i] == NULL)
            return ERR_NOMEM;
    }
    return ERR_OK;
}

static enum err put_departures(const struct roster *r, struct arena *a, Sluis__Trust__Roster *out)
{
    Sluis__Trust__Departure *d = arena_array(a, r->departure_count, sizeof *d);
    out->departures = arena_array(a, r->departure_count, sizeof *out->departures);
    out->n_departures = r->departure_count;
    if (d == NULL || out->departures == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->departure_count; i++) {
        sluis__trust__departure__init(&d[i]);
        d[i].purpose = msg_text(r->departures[i].purpose.s);
        d[i].oin = msg_text(r->departures[i].oin.oin);
        d[i].at = r->departures[i].at_s;
        out->departures[i] = &d[i];
    }
    return ERR_OK;
}

enum err roster_encode(const struct roster *r, struct buf *out, struct errmsg *why)
{
    enum err e = roster_check(r, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ROSTER_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__Roster m = SLUIS__TRUST__ROSTER__INIT;
    m.deployment = msg_text(r->deployment.s);
    m.serial = r->serial;
    m.issued_at = r->issued_at;
    m.not_after = r->not_after;
    m.key = msg_data(r->key);
    m.next_key = msg_data(r->next_key);
    m.handover = msg_data(r->handover);
    if (r->has_ceremony)
        m.ceremony = msg_data(digest_bytes(&r->ceremony));
    e = put_logs(r, a, &m);
    if (e == ERR_OK)
        e = put_origins(r, a, &m);
    if (e == ERR_OK)
        e = put_lists(r, a, &m);
    if (e == ERR_OK)
        e = put_members(r, a, &m);
    if (e == ERR_OK)
        e = put_officers(r, a, &m);
    if (e == ERR_OK)
        e = put_departures(r, a, &m);
    if (e == ERR_OK && protobuf_c_message_get_packed_size(&m.base) > ROSTER_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "roster: over %zu bytes", ROSTER_MAX_BYTES);
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}
