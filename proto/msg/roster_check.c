/* The rules inside one roster. Both sides run them: the registrar's tool before it signs, every
 * member after it verified. */
#include "proto/msg/roster.h"

#include <stdlib.h>

/* One digest for each certificate and CURVE key that a roster of the greatest size can name. */
#define CHECK_ARENA_BYTES ((size_t)8 << 20)

static bool has(const struct roster_cert *c)
{
    return c->der.len > 0;
}

static enum err check_head(const struct roster *r, struct errmsg *why)
{
    if (r->serial == 0)
        return errmsg_set(why, ERR_RANGE, "serial: must be above 0");
    if (r->issued_at <= 0 || r->not_after <= r->issued_at)
        return errmsg_set(why, ERR_RANGE, "not_after: must be after issued_at");
    if (r->not_after - r->issued_at > ROSTER_MAX_LIFE_S)
        return errmsg_set(why, ERR_RANGE, "not_after: more than seven days after issued_at");
    if (r->key.len == 0)
        return errmsg_set(why, ERR_INVALID, "key: missing");
    if (r->issuer_count == 0)
        return errmsg_set(why, ERR_INVALID, "issuers: none");
    for (size_t i = 0; i < r->issuer_count; i++) {
        if (!has(&r->issuers[i]))
            return errmsg_set(why, ERR_INVALID, "issuers: an empty certificate");
    }
    return ERR_OK;
}

static bool is_zero(const struct curve_key *k)
{
    static const struct curve_key zero;
    return bytes_equal(BYTES_OF_ARRAY(k->b), BYTES_OF_ARRAY(zero.b));
}

/* Which parts a kind of member has. */
static enum err check_parts(const struct roster_member *m, struct errmsg *why)
{
    bool agency = m->kind == MEMBER_AGENCY;
    bool broker = m->kind == MEMBER_BROKER;
    if (!agency && !broker && m->kind != MEMBER_REGISTRAR)
        return errmsg_set(why, ERR_INVALID, "member %s: no kind", m->id.oin);
    bool speaks = agency || broker || has(&m->signing); /* a registrar without a mailbox does not */
    if (has(&m->sealing) != agency || has(&m->transport) != speaks || has(&m->signing) != speaks ||
        is_zero(&m->curve) == speaks)
        return errmsg_set(why, ERR_INVALID, "member %s: a certificate is missing, or one too many",
                          m->id.oin);
    if ((m->regime != REGIME_NONE) != agency || (m->controller_count > 0) != agency)
        return errmsg_set(why, ERR_INVALID, "member %s: regime and controllers are an agency's",
                          m->id.oin);
    if (!agency && (m->classes.count > 0 || m->purposes.count > 0 || m->population > 0))
        return errmsg_set(why, ERR_INVALID, "member %s: only an agency takes part in a purpose",
                          m->id.oin);
    if ((m->endpoint.len > 0) != broker)
        return errmsg_set(why, ERR_INVALID, "member %s: the broker, and it alone, has an endpoint",
                          m->id.oin);
    return ERR_OK;
}

/* The key that comes has all of its parts, and an address of its own: one socket has one key. */
static enum err check_next(const struct roster_member *m, struct errmsg *why)
{
    const bool any = has(&m->next.transport) || !is_zero(&m->next.curve) || m->next.endpoint.len > 0;
    const bool all = has(&m->next.transport) && !is_zero(&m->next.curve) && m->next.endpoint.len > 0;
    if (any && m->kind != MEMBER_BROKER)
        return errmsg_set(why, ERR_INVALID, "member %s: next_transport is the broker's", m->id.oin);
    if (any != all)
        return errmsg_set(why, ERR_INVALID, "member %s: next_transport, its curve and its endpoint go together",
                          m->id.oin);
    if (all && bytes_equal(m->next.endpoint, m->endpoint))
        return errmsg_set(why, ERR_DUPLICATE, "member %s: next_endpoint is the endpoint of now", m->id.oin);
    return ERR_OK;
}

static bool is_log_key(const struct roster *r, struct bytes key)
{
    return bytes_equal(key, r->log_key) || bytes_equal(key, r->next_log_key);
}

/* Keys of the log: each stands once, and there is a present one beside every other. */
static enum err check_logs(const struct roster *r, struct errmsg *why)
{
    if (r->log_key.len == 0 && (r->next_log_key.len > 0 || r->former_log_count > 0))
        return errmsg_set(why, ERR_INVALID, "next_log_key, former_logs: without a log_key");
    if (r->next_log_key.len > 0 && bytes_equal(r->next_log_key, r->log_key))
        return errmsg_set(why, ERR_DUPLICATE, "next_log_key: is the log_key of now");
    for (size_t i = 0; i < r->former_log_count; i++) {
        const struct roster_former_log *f = &r->former_logs[i];
        if (f->key.len == 0 || f->until <= 0)
            return errmsg_set(why, ERR_INVALID, "former_logs: one without a key or an end");
        if (is_log_key(r, f->key) || (i > 0 && bytes_cmp(f[-1].key, f->key) >= 0))
            return errmsg_set(why, ERR_DUPLICATE, "former_logs: twice, or not in order");
    }
    return ERR_OK;
}

/* Logs that ended: none is the log of now, none stands twice, and each says where and by which keys. */
static enum err check_origins(const struct roster *r, struct errmsg *why)
{
    if (r->former_origin_count > 0 && r->log_key.len == 0)
        return errmsg_set(why, ERR_INVALID, "former_origins: without a log_key");
    for (size_t i = 0; i < r->former_origin_count; i++) {
        const struct roster_former_origin *f = &r->former_origins[i];
        if (f->origin.len == 0 || f->key_count == 0 || f->size == 0 || f->head.len == 0)
            return errmsg_set(why, ERR_INVALID, "former_origins: one without an origin, a key, a size or its last head");
        if (bytes_equal(f->origin, r->log_origin) || roster_former_origin_of(r, f->origin) != f)
            return errmsg_set(why, ERR_DUPLICATE, "former_origins: %.*s is the log of now, or stands twice",
                              (int)f->origin.len, (const char *)f->origin.ptr);
    }
    return ERR_OK;
}

static enum err check_members(const struct roster *r, struct errmsg *why)
{
    size_t brokers = 0;
    size_t mailboxes = 0; /* of registrars */
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (i > 0 && bytes_cmp(agency_id_bytes(&m[-1].id), agency_id_bytes(&m->id)) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "member %s: twice, or not in order", m->id.oin);
        enum err e = check_parts(m, why);
        if (e == ERR_OK)
            e = check_next(m, why);
        if (e != ERR_OK)
            return e;
        brokers += m->kind == MEMBER_BROKER;
        mailboxes += m->kind == MEMBER_REGISTRAR && has(&m->transport);
    }
    if (mailboxes > 1)
        return errmsg_set(why, ERR_DUPLICATE, "members: more than one registrar with a mailbox");
    if (brokers > 1)
        return errmsg_set(why, ERR_DUPLICATE, "members: more than one broker");
    if (brokers == 1 && (r->log_key.len == 0 || r->log_origin.len == 0))
        return errmsg_set(why, ERR_INVALID, "log_key, log_origin: missing beside a broker");
    return ERR_OK;
}

static int officer_cmp(const struct roster_officer *a, const struct roster_officer *b)
{
    int d = bytes_cmp(agency_id_bytes(&a->agency), agency_id_bytes(&b->agency));
    return d != 0 ? d : bytes_cmp(name_bytes(&a->staff), name_bytes(&b->staff));
}

/* Whoever supervises an agency there neither asks nor decides, under none of that person's staff ids. */
static enum err check_apart(const struct roster *r, const struct roster_officer *o, struct errmsg *why)
{
    const uint32_t may_have = UINT32_C(1) << FUNCTION_COMPLIANCE_OFFICER | UINT32_C(1) << FUNCTION_AUDITOR;
    if (!roster_officer_has(o, FUNCTION_COMPLIANCE_OFFICER))
        return ERR_OK;
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *p = &r->officers[i];
        if (agency_id_equal(&p->agency, &o->agency) && name_equal(&p->person, &o->person) &&
            (p->functions & ~may_have) != 0)
            return errmsg_set(why, ERR_CONFLICT,
                              "officer %s of %s: a compliance_officer has no function there but auditor",
                              p->staff.s, p->agency.oin);
    }
    return ERR_OK;
}

static enum err check_officers(const struct roster *r, struct errmsg *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        if (i > 0 && officer_cmp(&o[-1], o) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "officer %s of %s: twice, or not in order",
                              o->staff.s, o->agency.oin);
        const struct roster_member *m = roster_member_of(r, &o->agency);
        if (m == NULL || m->kind != MEMBER_AGENCY)
            return errmsg_set(why, ERR_NOT_FOUND, "officer %s: %s is no agency of the roster",
                              o->staff.s, o->agency.oin);
        if (o->functions == 0 || !has(&o->cert))
            return errmsg_set(why, ERR_INVALID, "officer %s of %s: no function or no certificate",
                              o->staff.s, o->agency.oin);
        e = check_apart(r, o, why);
        if (e != ERR_OK)
            return e;
    }
    return e;
}

static enum err check_revoked(const struct roster *r, struct errmsg *why)
{
    for (size_t i = 1; i < r->revoked_count; i++) {
        if (bytes_cmp(digest_bytes(&r->revoked[i - 1]), digest_bytes(&r->revoked[i])) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "revoked: entries must ascend");
    }
    return ERR_OK;
}

/* The former certificates of one holder of keys. */
static enum err check_former(const struct roster *r, const struct former_list *list, const char *who,
                             struct errmsg *why)
{
    for (size_t i = 0; i < list->count; i++) {
        const struct roster_former *f = &list->v[i];
        if (!has(&f->cert) || f->replaced_at <= 0 || f->until <= f->replaced_at)
            return errmsg_set(why, ERR_INVALID,
                              "former of %s: no certificate, or it ends before it was replaced", who);
        if (i > 0 && bytes_cmp(digest_bytes(&f[-1].cert.fingerprint),
                               digest_bytes(&f->cert.fingerprint)) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "former of %s: twice, or not in order", who);
        if (roster_is_revoked(r, &f->cert.fingerprint))
            return errmsg_set(why, ERR_CONFLICT, "former of %s: one of them is revoked", who);
    }
    return ERR_OK;
}

static enum err check_formers(const struct roster *r, struct errmsg *why)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->former.count > 0 && !has(&m->signing))
            return errmsg_set(why, ERR_INVALID, "member %s: former certificates, and none now",
                              m->id.oin);
        e = check_former(r, &m->former, m->id.oin, why);
    }
    for (size_t i = 0; e == ERR_OK && i < r->officer_count; i++)
        e = check_former(r, &r->officers[i].former, r->officers[i].staff.s, why);
    return e;
}

static enum err check_departures(const struct roster *r, struct errmsg *why)
{
    for (size_t i = 0; i < r->departure_count; i++) {
        const struct roster_departure *d = &r->departures[i];
        int order = i == 0 ? -1 : bytes_cmp(name_bytes(&d[-1].purpose), name_bytes(&d->purpose));
        if (order > 0 || (order == 0 && bytes_cmp(agency_id_bytes(&d[-1].oin), agency_id_bytes(&d->oin)) >= 0))
            return errmsg_set(why, ERR_DUPLICATE, "departures: entries must ascend");
        if (d->at_s <= 0)
            return errmsg_set(why, ERR_RANGE, "departure of %s: no time", d->oin.oin);
        if (roster_is_in_purpose(r, &d->purpose, &d->oin))
            return errmsg_set(why, ERR_CONFLICT, "%s left purpose %s and is listed for it", d->oin.oin,
                              d->purpose.s);
    }
    return ERR_OK;
}

static enum err check_keys(const struct roster *r, struct errmsg *why)
{
    if (r->next_key.len > 0 && bytes_equal(r->next_key, r->key))
        return errmsg_set(why, ERR_DUPLICATE, "next_key: is the key that signs now");
    return ERR_OK;
}

static int compare_digests(const void *a, const void *b)
{
    return bytes_cmp(digest_bytes(a), digest_bytes(b));
}

static size_t put_cert(struct digest *all, size_t n, const struct roster_cert *c)
{
    if (has(c))
        all[n++] = c->fingerprint;
    return n;
}

static size_t put_former(struct digest *all, size_t n, const struct former_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        n = put_cert(all, n, &list->v[i].cert);
    return n;
}

/* No certificate and no CURVE key stands at two places. */
static enum err check_unique(const struct roster *r, struct arena *a, struct errmsg *why)
{
    size_t room = r->member_count * 6 + r->officer_count + roster_former_count(r);
    struct digest *all = arena_array(a, room, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        n = put_cert(all, n, &m->signing);
        n = put_cert(all, n, &m->sealing);
        n = put_cert(all, n, &m->transport);
        if (has(&m->transport))
            memcpy(all[n++].b, m->curve.b, sizeof m->curve.b);
        n = put_former(all, n, &m->former);
        n = put_cert(all, n, &m->next.transport);
        if (roster_has_next(m))
            memcpy(all[n++].b, m->next.curve.b, sizeof m->next.curve.b);
    }
    for (size_t i = 0; i < r->officer_count; i++) {
        n = put_cert(all, n, &r->officers[i].cert);
        n = put_former(all, n, &r->officers[i].former);
    }
    if (n > 1)
        qsort(all, n, sizeof *all, compare_digests);
    for (size_t i = 1; i < n; i++) {
        if (digest_equal(&all[i - 1], &all[i]))
            return errmsg_set(why, ERR_DUPLICATE, "a certificate or CURVE key stands twice");
    }
    return ERR_OK;
}

static bool runs(const struct roster_member *m, const struct agency_id *who)
{
    for (size_t i = 0; i < m->controller_count; i++) {
        if (agency_id_equal(&m->controllers[i], who))
            return true;
    }
    return agency_id_equal(&m->host, who) || agency_id_equal(&m->id, who);
}

/* Nobody who runs the broker takes part in a purpose or keeps the register. */
static enum err check_separation(const struct roster *r, struct errmsg *why)
{
    const struct roster_member *broker = roster_broker(r);
    for (size_t i = 0; broker != NULL && i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m != broker && (runs(m, &broker->host) || runs(m, &broker->id)))
            return errmsg_set(why, ERR_CONFLICT, "member %s is run by whoever runs the broker",
                              m->id.oin);
    }
    return ERR_OK;
}

enum err roster_check(const struct roster *r, struct errmsg *why)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(CHECK_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    enum err e = check_head(r, why);
    if (e == ERR_OK)
        e = check_members(r, why);
    if (e == ERR_OK)
        e = check_logs(r, why);
    if (e == ERR_OK)
        e = check_origins(r, why);
    if (e == ERR_OK)
        e = check_officers(r, why);
    if (e == ERR_OK)
        e = check_revoked(r, why);
    if (e == ERR_OK)
        e = check_keys(r, why);
    if (e == ERR_OK)
        e = check_departures(r, why);
    if (e == ERR_OK)
        e = check_formers(r, why);
    if (e == ERR_OK)
        e = check_unique(r, a, why);
    if (e == ERR_OK)
        e = check_separation(r, why);
    return e;
}
