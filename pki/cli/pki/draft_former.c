/* Former certificates in the draft: put there by a renewal, taken out when they are over or revoked. */
#include "pki/cli/pki/draft.h"

#define DAY_S INT64_C(86400)
#define SIGNING_KEPT_DAYS 400 /* longer than an epoch lives, and the batches in it */
#define DEADLINE_DAYS_DEFAULT 92 /* the longest that a question is open */

int64_t draft_former_until(const struct work *w, enum cert_use use, uint32_t functions)
{
    const bool adopts = (functions & UINT32_C(1) << FUNCTION_MANDATED_OFFICER) != 0;
    const int64_t open_days = w->o->keep > 0 ? (int64_t)w->o->keep : DEADLINE_DAYS_DEFAULT;
    int64_t days = 0;
    if (use == CERT_SIGNING || (use == CERT_OFFICER && adopts))
        days = SIGNING_KEPT_DAYS;
    else if (use == CERT_SEALING || use == CERT_OFFICER)
        days = open_days;
    return w->now_s + days * DAY_S + (days == SIGNING_KEPT_DAYS ? 0 : ROSTER_OVERLAP_S);
}

static bool is_kept(const struct work *w, const struct roster *r, const struct roster_former *f)
{
    return f->until >= w->now_s && !roster_is_revoked(r, &f->cert.fingerprint);
}

static enum err prune(struct work *w, const struct roster *r, struct former_list *list)
{
    struct roster_former *v = arena_array(w->arena, list->count, sizeof *v);
    size_t n = 0;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < list->count; i++)
        if (is_kept(w, r, &list->v[i]))
            v[n++] = list->v[i];
    *list = (struct former_list){v, n};
    return ERR_OK;
}

static enum err prune_members(struct work *w, struct roster *r)
{
    struct roster_member *v = arena_array(w->arena, r->member_count, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->member_count; i++) {
        v[i] = r->members[i];
        e = prune(w, r, &v[i].former);
    }
    if (e == ERR_OK)
        r->members = v;
    return e;
}

static enum err prune_officers(struct work *w, struct roster *r)
{
    struct roster_officer *v = arena_array(w->arena, r->officer_count, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->officer_count; i++) {
        v[i] = r->officers[i];
        e = prune(w, r, &v[i].former);
    }
    if (e == ERR_OK)
        r->officers = v;
    return e;
}

enum err draft_prune(struct work *w, struct roster *r)
{
    enum err e = prune_members(w, r);
    return e != ERR_OK ? e : prune_officers(w, r);
}

enum err draft_add_former(struct work *w, struct former_list *list, size_t max,
                          const struct roster_former *f)
{
    if (list->count >= max)
        return errmsg_set(&w->why, ERR_LIMIT,
                          "%zu former certificates stand there already; certificates of more days "
                          "(--days) need fewer, and a new enrolment begins anew",
                          list->count);
    struct roster_former *v = arena_array(w->arena, list->count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    size_t at = 0;
    while (at < list->count && bytes_cmp(digest_bytes(&list->v[at].cert.fingerprint),
                                         digest_bytes(&f->cert.fingerprint)) < 0)
        at++;
    for (size_t i = 0; i < list->count; i++)
        v[i + (i >= at)] = list->v[i];
    v[at] = *f;
    *list = (struct former_list){v, list->count + 1};
    return ERR_OK;
}

enum err draft_renew_member(struct work *w, struct roster *r, const struct roster_member *m)
{
    struct roster_member *v = arena_array(w->arena, r->member_count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->member_count; i++)
        v[i] = agency_id_equal(&r->members[i].id, &m->id) ? *m : r->members[i];
    r->members = v;
    return ERR_OK;
}

enum err draft_renew_officer(struct work *w, struct roster *r, const struct roster_officer *o)
{
    struct roster_officer *v = arena_array(w->arena, r->officer_count, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->officer_count; i++) {
        const struct roster_officer *at = &r->officers[i];
        const bool is_it = agency_id_equal(&at->agency, &o->agency) && name_equal(&at->staff, &o->staff);
        v[i] = is_it ? *o : *at;
    }
    r->officers = v;
    return ERR_OK;
}
