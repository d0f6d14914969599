#include "proto/msg/roster.h"

#include <stdlib.h>

#include "proto/base/join.h"

static int compare_member(const void *key, const void *member)
{
    const struct roster_member *m = member;
    return bytes_cmp(agency_id_bytes(key), agency_id_bytes(&m->id));
}

const struct roster_member *roster_member_of(const struct roster *r, const struct agency_id *id)
{
    if (r->member_count == 0)
        return NULL;
    return bsearch(id, r->members, r->member_count, sizeof *r->members, compare_member);
}

const struct roster_member *roster_member_by_curve(const struct roster *r,
                                                   const struct curve_key *key)
{
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->transport.der.len > 0 &&
            bytes_equal(BYTES_OF_ARRAY(m->curve.b), BYTES_OF_ARRAY(key->b)))
            return m;
    }
    return NULL;
}

const struct roster_member *roster_broker(const struct roster *r)
{
    for (size_t i = 0; i < r->member_count; i++) {
        if (r->members[i].kind == MEMBER_BROKER)
            return &r->members[i];
    }
    return NULL;
}

const struct roster_member *roster_registrar(const struct roster *r)
{
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->kind == MEMBER_REGISTRAR && m->transport.der.len > 0)
            return m;
    }
    return NULL;
}

const struct roster_officer *roster_officer_of(const struct roster *r,
                                               const struct agency_id *agency,
                                               const struct name *staff)
{
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        if (agency_id_equal(&o->agency, agency) && name_equal(&o->staff, staff))
            return o;
    }
    return NULL;
}

const struct roster_officer *roster_officer_by_cert(const struct roster *r,
                                                    const struct digest *fingerprint)
{
    for (size_t i = 0; i < r->officer_count; i++) {
        if (digest_equal(&r->officers[i].cert.fingerprint, fingerprint))
            return &r->officers[i];
    }
    return NULL;
}

size_t roster_former_count(const struct roster *r)
{
    size_t n = 0;
    for (size_t i = 0; i < r->member_count; i++)
        n += r->members[i].former.count;
    for (size_t i = 0; i < r->officer_count; i++)
        n += r->officers[i].former.count;
    return n;
}

const struct roster_former_origin *roster_former_origin_of(const struct roster *r, struct bytes origin)
{
    for (size_t i = 0; i < r->former_origin_count; i++)
        if (bytes_equal(r->former_origins[i].origin, origin))
            return &r->former_origins[i];
    return NULL;
}

const struct roster_former *roster_former_of(const struct former_list *list,
                                             const struct digest *fingerprint)
{
    for (size_t i = 0; i < list->count; i++) {
        if (digest_equal(&list->v[i].cert.fingerprint, fingerprint))
            return &list->v[i];
    }
    return NULL;
}

static bool is_cert(const struct roster_cert *c, const struct digest *fingerprint)
{
    return c->der.len > 0 && digest_equal(&c->fingerprint, fingerprint);
}

const struct roster_member *roster_member_with(const struct roster *r,
                                               const struct digest *fingerprint,
                                               const struct roster_former **former)
{
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        *former = NULL;
        if (is_cert(&m->signing, fingerprint) || is_cert(&m->sealing, fingerprint) ||
            is_cert(&m->transport, fingerprint))
            return m;
        *former = roster_former_of(&m->former, fingerprint);
        if (*former != NULL)
            return m;
    }
    return NULL;
}

const struct roster_officer *roster_officer_with(const struct roster *r,
                                                 const struct digest *fingerprint,
                                                 const struct roster_former **former)
{
    const struct roster_officer *current = roster_officer_by_cert(r, fingerprint);
    *former = NULL;
    if (current != NULL)
        return current;
    for (size_t i = 0; i < r->officer_count; i++) {
        *former = roster_former_of(&r->officers[i].former, fingerprint);
        if (*former != NULL)
            return &r->officers[i];
    }
    return NULL;
}

bool roster_officer_has(const struct roster_officer *o, enum officer_function f)
{
    return f != FUNCTION_NONE && (o->functions & UINT32_C(1) << f) != 0;
}

bool roster_officer_is(const struct roster_officer *o, const struct name *function)
{
    enum officer_function f = FUNCTION_NONE;
    return officer_function_parse(name_bytes(function), &f) == ERR_OK && roster_officer_has(o, f);
}

static int compare_digest(const void *a, const void *b)
{
    return bytes_cmp(digest_bytes(a), digest_bytes(b));
}

bool roster_is_revoked(const struct roster *r, const struct digest *fingerprint)
{
    if (r->revoked_count == 0)
        return false;
    return bsearch(fingerprint, r->revoked, r->revoked_count, sizeof *r->revoked,
                   compare_digest) != NULL;
}

static int compare_departure(const void *key, const void *entry)
{
    const struct roster_departure *a = key;
    const struct roster_departure *b = entry;
    int d = bytes_cmp(name_bytes(&a->purpose), name_bytes(&b->purpose));
    return d != 0 ? d : bytes_cmp(agency_id_bytes(&a->oin), agency_id_bytes(&b->oin));
}

int64_t roster_departed_s(const struct roster *r, const struct name *purpose, const struct agency_id *oin)
{
    const struct roster_departure wanted = {*purpose, *oin, 0};
    const struct roster_departure *d = NULL;
    if (r->departure_count > 0)
        d = bsearch(&wanted, r->departures, r->departure_count, sizeof *d, compare_departure);
    return d == NULL ? 0 : d->at_s;
}

bool roster_is_in_purpose(const struct roster *r, const struct name *purpose, const struct agency_id *oin)
{
    const struct roster_member *m = roster_member_of(r, oin);
    return m != NULL && name_list_has(m->purposes, name_bytes(purpose));
}

enum err roster_put_handover(const struct name *deployment, struct bytes from, struct bytes to,
                             struct buf *out)
{
    join_part(out, name_bytes(deployment));
    join_part(out, from);
    join_part(out, to);
    return buf_err(out);
}

static enum err each_former(const struct former_list *list, const struct roster_listed *of,
                            roster_listed_fn fn, void *arg)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < list->count; i++) {
        const struct roster_listed l = {&list->v[i].cert, of->oin, of->staff, &list->v[i]};
        e = fn(arg, &l);
    }
    return e;
}

static enum err each_of_member(const struct roster_member *m, roster_listed_fn fn, void *arg)
{
    const struct roster_cert *certs[] = {&m->signing, &m->sealing, &m->transport, &m->next.transport};
    struct roster_listed l = {NULL, &m->id, NULL, NULL};
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < ARRAY_LEN(certs); i++) {
        l.cert = certs[i];
        e = certs[i]->der.len > 0 ? fn(arg, &l) : ERR_OK;
    }
    return e == ERR_OK ? each_former(&m->former, &l, fn, arg) : e;
}

enum err roster_each_cert(const struct roster *r, roster_listed_fn fn, void *arg)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->member_count; i++)
        e = each_of_member(&r->members[i], fn, arg);
    for (size_t i = 0; e == ERR_OK && i < r->officer_count; i++) {
        const struct roster_officer *o = &r->officers[i];
        const struct roster_listed l = {&o->cert, &o->agency, &o->staff, NULL};
        e = fn(arg, &l);
        if (e == ERR_OK)
            e = each_former(&o->former, &l, fn, arg);
    }
    return e;
}

static bool has_same_keys(const struct roster_former_origin *a, const struct roster_former_origin *b)
{
    bool is_same = a->key_count == b->key_count;
    for (size_t i = 0; is_same && i < a->key_count; i++)
        is_same = bytes_equal(a->keys[i], b->keys[i]);
    return is_same;
}

/* The same log, ended in the same place; the one that ended last may turn out to have ended later. */
static bool is_origin_kept(const struct roster_former_origin *before, const struct roster_former_origin *next, bool is_last)
{
    const bool is_same = before->size == next->size && digest_equal(&before->root, &next->root);
    return bytes_equal(before->origin, next->origin) && has_same_keys(before, next) && (is_same || (is_last && next->size > before->size));
}

/* A log that ended has ended, and one that is listed no more is among those that did. */
static enum err origins_follow(const struct roster *before, const struct roster *next, struct errmsg *why)
{
    const size_t n = before->former_origin_count;
    bool is_kept = next->former_origin_count >= n;
    for (size_t i = 0; is_kept && i < n; i++)
        is_kept = is_origin_kept(&before->former_origins[i], &next->former_origins[i], i + 1 == n);
    if (!is_kept)
        return errmsg_set(why, ERR_BEHIND, "roster %llu: it says of a log that ended otherwise than roster %llu",
                          (unsigned long long)next->serial, (unsigned long long)before->serial);
    if (before->log_origin.len > 0 && !bytes_equal(before->log_origin, next->log_origin) &&
        roster_former_origin_of(next, before->log_origin) == NULL)
        return errmsg_set(why, ERR_BEHIND, "roster %llu: it lists another log and does not say where %.*s ended",
                          (unsigned long long)next->serial, (int)before->log_origin.len, (const char *)before->log_origin.ptr);
    return ERR_OK;
}

enum err roster_follows(const struct roster *before, const struct roster *next, struct errmsg *why)
{
    if (!name_equal(&before->deployment, &next->deployment))
        return errmsg_set(why, ERR_MISMATCH, "roster: of another deployment than the one before");
    if (next->serial <= before->serial)
        return errmsg_set(why, ERR_BEHIND, "roster: serial %llu, but %llu was seen before",
                          (unsigned long long)next->serial, (unsigned long long)before->serial);
    for (size_t i = 0; i < before->revoked_count; i++) {
        if (!roster_is_revoked(next, &before->revoked[i]))
            return errmsg_set(why, ERR_BEHIND,
                              "roster %llu: a certificate that roster %llu revoked is revoked no more; "
                              "the register was restored from an old copy",
                              (unsigned long long)next->serial, (unsigned long long)before->serial);
    }
    return origins_follow(before, next, why);
}
