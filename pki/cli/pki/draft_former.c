/* Former certificates and log keys in the draft: put there by a renewal, or because the keys are lost or over; taken out
 * when they are over or revoked. */
#include "pki/cli/pki/draft.h"

#define DAY_S INT64_C(86400)
#define FORMER_LOG_S (99 * DAY_S) /* proofs by a former log key wait as long as the longest question */
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
                          "(--days) need fewer, and a token without --lost begins anew",
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

/* ---- keys that are lost or over ---- */

/* Whose certificates become former: each use beside the certificate that takes its place. */
struct keeping {
    struct work *w;
    const struct roster *roster;
    const struct kept_use {
        enum cert_use use;
        const struct roster_cert *next;
    } *uses;
    size_t use_count;
    uint32_t functions; /* of the officer that it was */
    size_t max;
    struct former_list *list;
};

/* NULL in *out: a certificate of no use that signs or opens. */
static enum err find_use(const struct keeping *k, const struct roster_cert *c, const struct kept_use **use,
                         struct cert **out)
{
    enum err e = ERR_CERT;
    for (size_t i = 0; e == ERR_CERT && i < k->use_count; i++) {
        *use = &k->uses[i];
        e = cert_parse(c->der, k->uses[i].use, out, &k->w->why);
    }
    return e == ERR_CERT ? ERR_OK : e;
}

static enum err is_of_same_key(const struct keeping *k, const struct kept_use *use, const struct cert *c, bool *out)
{
    struct cert *next CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse(use->next->der, use->use, &next, &k->w->why);
    *out = e == ERR_OK && key_same_public(cert_key(next), cert_key(c));
    return e;
}

/* Nothing counts that it signs from now on, and no party waits for its owner to hear of it: so it is listed as one that
 * was replaced an overlap ago. */
static enum err keep(const struct keeping *k, const struct roster_former *f)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const struct kept_use *use = NULL;
    bool is_same = false;
    if (f->cert.der.len == 0 || roster_is_revoked(k->roster, &f->cert.fingerprint))
        return ERR_OK;
    enum err e = find_use(k, &f->cert, &use, &c);
    if (e == ERR_OK && c != NULL)
        e = is_of_same_key(k, use, c, &is_same);
    if (e != ERR_OK || c == NULL || is_same)
        return e;
    const int64_t now_s = k->w->now_s;
    const int64_t end_s = cert_not_after(c) < now_s ? cert_not_after(c) : now_s;
    struct roster_former kept = *f;
    if (kept.until == 0) /* the one of now */
        kept.until = draft_former_until(k->w, use->use, k->functions) - (now_s - end_s);
    if (kept.replaced_at == 0 || kept.replaced_at > end_s - ROSTER_OVERLAP_S)
        kept.replaced_at = end_s - ROSTER_OVERLAP_S;
    return kept.until < now_s ? ERR_OK : draft_add_former(k->w, k->list, k->max, &kept);
}

static enum err keep_list(const struct keeping *k, const struct former_list *list)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < list->count; i++)
        e = keep(k, &list->v[i]);
    return e;
}

enum err draft_keep_member(struct work *w, const struct roster *r, const struct roster_member *old,
                           struct roster_member *m)
{
    const struct kept_use uses[] = {{CERT_SIGNING, &m->signing}, {CERT_SEALING, &m->sealing}};
    const struct keeping k = {.w = w, .roster = r, .uses = uses, .use_count = m->sealing.der.len > 0 ? 2 : 1,
                              .max = ROSTER_MAX_FORMER, .list = &m->former};
    enum err e = keep(&k, &(struct roster_former){.cert = old->signing});
    if (e == ERR_OK)
        e = keep(&k, &(struct roster_former){.cert = old->sealing});
    return e == ERR_OK ? keep_list(&k, &old->former) : e;
}

enum err draft_keep_officer(struct work *w, const struct roster *r, const struct roster_officer *old,
                            struct roster_officer *o)
{
    const struct kept_use use = {CERT_OFFICER, &o->cert};
    const struct keeping k = {.w = w, .roster = r, .uses = &use, .use_count = 1, .functions = old->functions,
                              .max = ROSTER_MAX_OFFICER_FORMER, .list = &o->former};
    enum err e = keep(&k, &(struct roster_former){.cert = old->cert});
    return e == ERR_OK ? keep_list(&k, &old->former) : e;
}

/* ---- keys of the log ---- */

static size_t first_to_end(const struct roster_former_log *v, size_t n)
{
    size_t first = 0;
    for (size_t i = 1; i < n; i++)
        first = v[i].until < v[first].until ? i : first;
    return first;
}

enum err draft_former_log(struct work *w, struct roster *r)
{
    struct roster_former_log *v = arena_array(w->arena, r->former_log_count + 1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    const struct roster_former_log gone = {r->log_key, w->now_s + FORMER_LOG_S};
    size_t n = 0;
    bool placed = false;
    for (size_t i = 0; i < r->former_log_count; i++) {
        const struct roster_former_log *f = &r->former_logs[i];
        if (f->until < w->now_s)
            continue;
        if (!placed && bytes_cmp(gone.key, f->key) < 0) {
            v[n++] = gone;
            placed = true;
        }
        v[n++] = *f;
    }
    if (!placed)
        v[n++] = gone;
    if (n > ROSTER_MAX_FORMER_LOGS) {
        const size_t first = first_to_end(v, n);
        memmove(&v[first], &v[first + 1], (n - first - 1) * sizeof *v);
        n--;
    }
    r->former_logs = v;
    r->former_log_count = n;
    return ERR_OK;
}
