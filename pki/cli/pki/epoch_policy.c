#include "pki/cli/pki/epoch_policy.h"

#include <stdio.h>

#include "pki/digest.h"
#include "pki/view/view.h"
#include "proto/base/join.h"
#include "proto/base/text.h"
#include "proto/conf/policy_load.h"

#define FILE_MAX ((size_t)4 << 20)
#define SMALL_MAX ((size_t)256 << 10)
#define SIGNATURES_MAX 64

void epoch_policy_free(struct epoch_policy *p)
{
    policy_file_free(p->file);
}

/* ---- verified ---- */

/* The files NAME.p7s of --signatures, as the daemons take them. */
struct signatures {
    struct work *w;
    struct bytes v[SIGNATURES_MAX];
    size_t count;
};

static enum err read_signature(void *arg, const char *name)
{
    struct signatures *s = arg;
    char path[WORK_PATH_MAX];
    const size_t n = strlen(name);
    if (n <= 4 || strcmp(name + n - 4, ".p7s") != 0)
        return ERR_OK;
    const int len = snprintf(path, sizeof path, "%s/%s", s->w->o->signatures, name);
    if (len < 0 || (size_t)len >= sizeof path || s->count == SIGNATURES_MAX)
        return errmsg_set(&s->w->why, ERR_LIMIT, "%s: too many or too long names", s->w->o->signatures);
    return work_read(s->w, path, SMALL_MAX, &s->v[s->count++]);
}

static enum err read_pins(struct work *w, struct view_pins *pins)
{
    const struct opts_list *signers = &w->o->signers;
    struct digest *v = arena_array(w->arena, signers->count, sizeof *v);
    enum err e = v == NULL ? ERR_NOMEM : ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < signers->count; i++) {
        struct bytes pem;
        e = work_read(w, signers->v[i], SMALL_MAX, &pem);
        if (e == ERR_OK && (e = view_pin_of(pem, &v[i], &w->why)) != ERR_OK)
            return errmsg_wrap(&w->why, e, "--signer %s", signers->v[i]);
    }
    pins->signers = v;
    pins->signer_count = signers->count;
    return e;
}

/* A demonstration policy loads here: the daemons of a service refuse it. */
static enum err verify(struct work *w, const struct name *deployment, struct epoch_policy *out)
{
    struct signatures s = {.w = w};
    struct view_pins pins = {.deployment = *deployment, .demonstration = true};
    struct view_version version = {.signatures = s.v};
    enum err e = read_pins(w, &pins);
    if (e == ERR_OK)
        e = work_read(w, w->o->policy, FILE_MAX, &version.policy);
    if (e == ERR_OK)
        e = file_list(w->o->signatures, read_signature, &s);
    if (e != ERR_OK)
        return w->why.text[0] != '\0' ? e : errmsg_set(&w->why, e, "%s: %s", w->o->signatures, err_text(e));
    version.signature_count = s.count;
    e = view_verify_policy(&pins, &version, &out->file, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", w->o->policy);
}

enum err epoch_policy_read(struct work *w, const struct name *deployment, const struct name *purpose,
                           struct epoch_policy *out)
{
    const struct work_need needs[] = {{"policy", w->o->policy},
                                      {"signatures", w->o->signatures},
                                      {"signer", w->o->signers.v[0]},
                                      {NULL, NULL}};
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = verify(w, deployment, out);
    if (e != ERR_OK)
        return e;
    out->policy = policy_file_policy(out->file);
    out->purpose = policy_purpose(out->policy, purpose);
    if (out->policy->valid.until_s <= w->now_s)
        return errmsg_set(&w->why, ERR_EXPIRED, "%s: its period is over", w->o->policy);
    if (out->purpose == NULL)
        return errmsg_set(&w->why, ERR_NOT_FOUND, "%s: it has no purpose %s", w->o->policy, purpose->s);
    return ERR_OK;
}

/* ---- custodian and participants ---- */

enum err epoch_policy_is_custodian(struct work *w, const struct epoch_policy *p,
                                   const struct agency_id *id)
{
    if (agency_id_equal(&p->purpose->custodian, id))
        return ERR_OK;
    return errmsg_set(&w->why, ERR_PERMISSION,
                      "%s is not the custodian of purpose %s; policy serial %llu names %s", id->oin,
                      p->purpose->id.s, (unsigned long long)p->policy->serial,
                      p->purpose->custodian.oin);
}

static bool takes_part(const struct epoch_policy *p, const struct agency_id *id)
{
    const struct party *who = policy_party(p->policy, id);
    return who != NULL &&
           selectors_match(p->purpose->participants, p->purpose->participants_count, who);
}

enum err epoch_policy_list(struct work *w, const struct epoch_policy *p, const struct trust *t,
                           struct deal *d)
{
    const struct roster *r = trust_roster(t);
    struct deal_participant *v = arena_array(w->arena, r->member_count, sizeof *v);
    size_t n = 0;
    if (v == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->member_count; i++) {
        const struct roster_member *m = &r->members[i];
        if (m->kind == MEMBER_AGENCY && name_list_has(m->purposes, name_bytes(&p->purpose->id)) &&
            takes_part(p, &m->id))
            v[n++] = (struct deal_participant){m->id, m->sealing.fingerprint};
    }
    d->participants = v;
    d->participant_count = n;
    return ERR_OK;
}

static bool is_left_out(const struct work *w, const struct agency_id *id)
{
    for (size_t i = 0; i < w->o->without.count; i++)
        if (strcmp(w->o->without.v[i], id->oin) == 0)
            return true;
    return false;
}

enum err epoch_policy_check(struct work *w, const struct epoch_policy *p, const struct trust *t,
                            const struct deal *d)
{
    struct deal all = *d;
    enum err e = epoch_policy_is_custodian(w, p, &d->custodian);
    if (e == ERR_OK)
        e = epoch_policy_list(w, p, t, &all);
    for (size_t i = 0; e == ERR_OK && i < d->participant_count; i++)
        if (!takes_part(p, &d->participants[i].id))
            e = errmsg_set(&w->why, ERR_MISMATCH,
                           "%s has the key and is no participant of %s by policy serial %llu",
                           d->participants[i].id.oin, d->purpose.s,
                           (unsigned long long)p->policy->serial);
    for (size_t i = 0; e == ERR_OK && i < all.participant_count; i++) {
        const struct agency_id *id = &all.participants[i].id;
        if (deal_participant_of(d, id) == NULL && !is_left_out(w, id))
            e = errmsg_set(&w->why, ERR_MISMATCH,
                           "%s is a participant of %s by policy and roster, and was left out; it gets the "
                           "key, or where it joined since give --without",
                           id->oin, d->purpose.s);
    }
    return e;
}

/* ---- the list, for two officers ---- */

enum err epoch_policy_put_list(const struct deal *d, struct buf *out)
{
    join_part(out, name_bytes(&d->deployment));
    join_part(out, name_bytes(&d->purpose));
    join_u32(out, d->epoch);
    for (size_t i = 0; i < d->participant_count; i++) {
        join_str(out, d->participants[i].id.oin);
        join_part(out, digest_bytes(&d->participants[i].sealing));
    }
    return buf_err(out);
}

static enum err digest_list(const struct deal *d, struct digest *out)
{
    struct buf CLEANUP(buf_free) list = buf_new(DEAL_MAX_BYTES);
    enum err e = epoch_policy_put_list(d, &list);
    const struct bytes all = buf_bytes(&list);
    return e == ERR_OK ? digest_sha256(&all, 1, out) : e;
}

static void put_participants(struct work *w, const struct deal *d)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        const struct deal_participant *one = &d->participants[i];
        buf_printf(&w->out, w->o->json ? "%s\"%s\":\"" : "%s  %s ", w->o->json && i > 0 ? "," : "",
                   one->id.oin);
        work_put_fingerprint(&w->out, &one->sealing);
        buf_put_str(&w->out, w->o->json ? "\"" : "\n");
    }
}

enum err epoch_policy_show_list(struct work *w, const struct deal *d)
{
    struct digest list;
    enum err e = digest_list(d, &list);
    if (e != ERR_OK)
        return e;
    buf_put_str(&w->out, w->o->json ? "\"participants\":{"
                                    : "participants and their sealing certificates:\n");
    put_participants(w, d);
    buf_put_str(&w->out, w->o->json ? "},\"list\":\"" : "list ");
    work_put_fingerprint(&w->out, &list);
    buf_put_str(&w->out, w->o->json ? "\"" : "\n");
    return buf_err(&w->out);
}
