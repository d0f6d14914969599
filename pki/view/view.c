#include "pki/view/view.h"

#include <stdlib.h>

#include "pki/view/view_internal.h"

#define CLOCK_TOLERANCE_S 300

static enum err copy_list(struct arena *a, const struct bytes *from, size_t count,
                          const struct bytes **out)
{
    struct bytes *list = arena_array(a, count, sizeof *list);
    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        list[i] = arena_copy(a, from[i]);
        if (list[i].ptr == NULL)
            return ERR_NOMEM;
    }
    *out = list;
    return ERR_OK;
}

static enum err copy_files(struct view *v, const struct view_files *from)
{
    v->files = *from;
    v->files.roster = arena_copy(v->arena, from->roster);
    v->files.policy = arena_copy(v->arena, from->policy);
    if (v->files.roster.ptr == NULL || v->files.policy.ptr == NULL)
        return ERR_NOMEM;
    enum err e = copy_list(v->arena, from->policy_signatures, from->policy_signature_count,
                           &v->files.policy_signatures);
    if (e == ERR_OK)
        e = copy_list(v->arena, from->adoptions, from->adoption_count, &v->files.adoptions);
    if (e == ERR_OK)
        e = copy_list(v->arena, from->deals, from->deal_count, &v->files.deals);
    return e;
}

static uint64_t highest_adoption(const struct view *v, const struct agency_id *holder)
{
    uint64_t highest = 0;
    for (size_t i = 0; i < v->adoption_count; i++) {
        if (agency_id_equal(&v->adoptions[i].holder, holder) && v->adoptions[i].serial > highest)
            highest = v->adoptions[i].serial;
    }
    return highest;
}

/* Nothing goes back behind what this party has accepted before. */
static enum err check_marks(const struct view *v, const struct view_marks *marks, int64_t now_s,
                            struct errmsg *why)
{
    if (now_s < marks->time_s - CLOCK_TOLERANCE_S)
        return errmsg_set(why, ERR_EXPIRED,
                          "clock: more than five minutes below a time that was seen before");
    if (v->roster.serial < marks->roster_serial)
        return errmsg_set(why, ERR_BEHIND, "roster: serial %llu, but %llu was accepted before",
                          (unsigned long long)v->roster.serial,
                          (unsigned long long)marks->roster_serial);
    if (view_policy(v)->serial < marks->policy_serial)
        return errmsg_set(why, ERR_BEHIND, "policy: serial %llu, but %llu was accepted before",
                          (unsigned long long)view_policy(v)->serial,
                          (unsigned long long)marks->policy_serial);
    for (size_t i = 0; i < marks->adoption_count; i++) {
        if (highest_adoption(v, &marks->adoptions[i].holder) < marks->adoptions[i].serial)
            return errmsg_set(why, ERR_BEHIND, "adoption of %s: serial %llu was accepted before",
                              marks->adoptions[i].holder.oin,
                              (unsigned long long)marks->adoptions[i].serial);
    }
    return ERR_OK;
}

static enum err load(struct view *v, const struct view_pins *pins, const struct view_marks *marks,
                     int64_t now_s, struct errmsg *why)
{
    enum err e = view_load_roster(v, pins, now_s, why);
    if (e == ERR_OK)
        e = view_load_policy(v, pins, why);
    if (e == ERR_OK)
        e = view_load_adoptions(v, pins, why);
    if (e == ERR_OK)
        e = view_load_deals(v, pins, why);
    return e != ERR_OK ? e : check_marks(v, marks, now_s, why);
}

enum err view_new(const struct view_pins *pins, const struct view_files *files,
                  const struct view_marks *marks, int64_t now_s, struct view **out,
                  struct errmsg *why)
{
    struct view *v CLEANUP(cleanup_view_free) = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    atomic_init(&v->refs, 1);
    v->arena = arena_new(VIEW_ARENA_BYTES);
    if (v->arena == NULL)
        return ERR_NOMEM;
    enum err e = copy_files(v, files);
    if (e == ERR_OK)
        e = load(v, pins, marks, now_s, why);
    if (e == ERR_OK)
        *out = take(v);
    return e;
}

struct view *view_ref(struct view *v)
{
    atomic_fetch_add_explicit(&v->refs, 1, memory_order_relaxed);
    return v;
}

static void free_certs(struct cert **list, size_t count)
{
    for (size_t i = 0; list != NULL && i < count; i++)
        cert_free(list[i]);
}

void view_free(struct view *v)
{
    if (v == NULL || atomic_fetch_sub_explicit(&v->refs, 1, memory_order_acq_rel) != 1)
        return;
    free_certs(v->issuers, v->roster.issuer_count);
    free_certs(v->signing, v->roster.member_count);
    free_certs(v->officers, v->roster.officer_count);
    cert_free(v->root);
    policy_file_free(v->policy_file);
    arena_free(v->arena);
    free(v);
}

static void raise_adoption(struct view_marks *marks, const struct agency_id *holder,
                           uint64_t serial)
{
    for (size_t i = 0; i < marks->adoption_count; i++) {
        if (agency_id_equal(&marks->adoptions[i].holder, holder)) {
            if (serial > marks->adoptions[i].serial)
                marks->adoptions[i].serial = serial;
            return;
        }
    }
    if (marks->adoption_count < VIEW_MARK_HOLDERS_MAX) {
        marks->adoptions[marks->adoption_count].holder = *holder;
        marks->adoptions[marks->adoption_count++].serial = serial;
    }
}

static void raise_time(struct view_marks *marks, int64_t time_s)
{
    if (time_s > marks->time_s)
        marks->time_s = time_s;
}

void view_raise_marks(const struct view *v, int64_t now_s, struct view_marks *marks)
{
    if (v->roster.serial > marks->roster_serial)
        marks->roster_serial = v->roster.serial;
    if (view_policy(v)->serial > marks->policy_serial)
        marks->policy_serial = view_policy(v)->serial;
    raise_time(marks, now_s);
    raise_time(marks, v->roster.issued_at);
    for (size_t i = 0; i < v->adoption_count; i++)
        raise_adoption(marks, &v->adoptions[i].holder, v->adoptions[i].serial);
}

const struct roster *view_roster(const struct view *v)
{
    return &v->roster;
}

const struct policy *view_policy(const struct view *v)
{
    return policy_file_policy(v->policy_file);
}

const struct digest *view_policy_digest(const struct view *v)
{
    return &v->policy_digest;
}

const struct view_files *view_files(const struct view *v)
{
    return &v->files;
}

enum err view_is_open(const struct view *v, int64_t now_s)
{
    return now_s <= v->roster.not_after ? ERR_OK : ERR_EXPIRED;
}

/* Valid now, and neither the certificate nor its key struck off. */
static bool cert_counts(const struct view *v, const struct cert *c, int64_t now_s)
{
    return c != NULL && cert_check_time(c, now_s, NULL) == ERR_OK &&
           !roster_is_revoked(&v->roster, cert_fingerprint(c));
}

static const struct roster_member *member_now(const struct view *v, const struct roster_member *m,
                                              int64_t now_s)
{
    if (m == NULL || !cert_counts(v, v->signing[m - v->roster.members], now_s))
        return NULL;
    return m;
}

const struct roster_member *view_member(const struct view *v, const struct agency_id *id,
                                        int64_t now_s)
{
    return member_now(v, roster_member_of(&v->roster, id), now_s);
}

const struct roster_member *view_member_by_curve(const struct view *v, const struct curve_key *key,
                                                 int64_t now_s)
{
    const struct roster_member *m = roster_member_by_curve(&v->roster, key);
    if (m == NULL || roster_is_revoked(&v->roster, &m->transport.fingerprint))
        return NULL;
    return member_now(v, m, now_s);
}

const struct roster_member *view_broker(const struct view *v)
{
    return roster_broker(&v->roster);
}

const struct key *view_signing_key(const struct view *v, const struct agency_id *id)
{
    const struct roster_member *m = roster_member_of(&v->roster, id);
    if (m == NULL || v->signing[m - v->roster.members] == NULL)
        return NULL;
    return cert_key(v->signing[m - v->roster.members]);
}

const struct key *view_officer_key(const struct view *v, const struct digest *fingerprint)
{
    const struct roster_officer *o = roster_officer_by_cert(&v->roster, fingerprint);
    return o == NULL ? NULL : cert_key(v->officers[o - v->roster.officers]);
}

const struct roster_officer *view_officer(const struct view *v, const struct digest *fingerprint,
                                          const struct agency_id *agency, int64_t now_s)
{
    const struct roster_officer *o = roster_officer_by_cert(&v->roster, fingerprint);
    if (o == NULL || !agency_id_equal(&o->agency, agency) ||
        !cert_counts(v, v->officers[o - v->roster.officers], now_s))
        return NULL;
    return o;
}
