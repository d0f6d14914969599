/* The custodians' statements of purpose keys in a view. */
#include "pki/digest.h"
#include "pki/trust_docs.h"
#include "pki/view/view_internal.h"

/* By a version of the policy that this party verified: in force, announced, or of before, so that who left a
 * purpose does not take the key away from the others at that moment. */
static bool may_take_part(const struct view *v, const struct name *purpose,
                          const struct agency_id *id)
{
    for (size_t i = 0; i < v->version_count; i++) {
        const struct policy *p = version_policy(&v->versions[i]);
        const struct purpose *u = policy_purpose(p, purpose);
        const struct party *who = policy_party(p, id);
        if (u != NULL && who != NULL &&
            selectors_match(u->participants, u->participants_count, who))
            return true;
    }
    return false;
}

static enum err check_list(const struct view *v, const struct deal *d, struct errmsg *why)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        if (!may_take_part(v, &d->purpose, &d->participants[i].id))
            return errmsg_set(why, ERR_MISMATCH, "purpose %s epoch %u: %s is no participant by the policy",
                              d->purpose.s, (unsigned)d->epoch, d->participants[i].id.oin);
    }
    return ERR_OK;
}

static enum err check_is_only(const struct view *v, const struct deal *d, struct errmsg *why)
{
    if (view_deal(v, &d->purpose, d->epoch) == NULL)
        return ERR_OK;
    return errmsg_set(why, ERR_DUPLICATE, "a second one for purpose %s epoch %u", d->purpose.s,
                      (unsigned)d->epoch);
}

/* A statement, and by whom; CUSTODY_NONE: it does not hold. */
struct read_deal {
    struct deal deal;
    enum custody by;
};

/* One statement: verified against the roster, to participants of the policy, by whom it names as the custodian
 * (decision 0913), or named when it was made. */
static enum err read_deal(const struct view *v, const struct trust_reading *reading,
                          struct bytes file, struct read_deal *out, struct errmsg *why)
{
    const struct deal *d = &out->deal;
    enum err e = trust_read_deal(reading, file, &out->deal, NULL, why);
    if (e != ERR_OK)
        return e;
    const enum custody by = view_custody(v, &d->purpose, &d->custodian, d->issued_at);
    if (by == CUSTODY_NONE)
        return errmsg_set(why, ERR_MISMATCH, "purpose %s: not by the custodian that the policy names",
                          d->purpose.s);
    e = check_list(v, d, why);
    out->by = e == ERR_OK ? by : CUSTODY_NONE;
    return e;
}

/* Nothing is served under its key. */
static enum err add_refused(struct view *v, size_t i, enum err reason, const struct errmsg *why)
{
    struct view_refused_deal *r = &v->refused_deals[v->refused_deal_count++];
    view_add_fault(v, "dealt key", i, why);
    r->reason = reason;
    return digest_sha256(&v->files.deals[i], 1, &r->digest);
}

/* Those of one kind of custodian among the statements that hold, each epoch once. */
static enum err take_deals(struct view *v, const struct read_deal *read, enum custody of)
{
    for (size_t i = 0; i < v->files.deal_count; i++) {
        struct errmsg why = {""};
        if (read[i].by != of)
            continue;
        enum err e = check_is_only(v, &read[i].deal, &why);
        if (e == ERR_OK)
            v->deals[v->deal_count++] = read[i].deal;
        else if (add_refused(v, i, e, &why) != ERR_OK)
            return ERR_CRYPTO;
    }
    return ERR_OK;
}

/* What a custodian says who is to come counts when the version that names it is in force, and is no fault before. */
enum err view_load_deals(struct view *v, int64_t now_s, struct errmsg *why)
{
    size_t n = v->files.deal_count;
    const struct trust_reading reading = {v->trust, now_s, v->arena, true};
    struct read_deal *read = arena_array(v->arena, n, sizeof *read);
    v->deals = arena_array(v->arena, n, sizeof *v->deals);
    v->refused_deals = arena_array(v->arena, n, sizeof *v->refused_deals);
    if (read == NULL || v->deals == NULL || v->refused_deals == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        read[i].by = CUSTODY_NONE;
        enum err e = read_deal(v, &reading, v->files.deals[i], &read[i], why);
        if (e == ERR_NOMEM)
            return errmsg_wrap(why, e, "dealt key %zu", i + 1);
        if (e != ERR_OK && add_refused(v, i, e, why) != ERR_OK)
            return ERR_CRYPTO;
    }
    enum err e = take_deals(v, read, CUSTODY_NOW);
    return e == ERR_OK ? take_deals(v, read, CUSTODY_FORMER) : e;
}

const struct deal *view_deal(const struct view *v, const struct name *purpose, uint32_t epoch)
{
    for (size_t i = 0; i < v->deal_count; i++) {
        if (v->deals[i].epoch == epoch && name_equal(&v->deals[i].purpose, purpose))
            return &v->deals[i];
    }
    return NULL;
}

const struct deal *view_newest_deal(const struct view *v, const struct name *purpose)
{
    const struct deal *newest = NULL;
    for (size_t i = 0; i < v->deal_count; i++) {
        if (name_equal(&v->deals[i].purpose, purpose) &&
            (newest == NULL || v->deals[i].epoch > newest->epoch))
            newest = &v->deals[i];
    }
    return newest;
}

size_t view_deal_count(const struct view *v)
{
    return v->deal_count;
}

const struct deal *view_deal_at(const struct view *v, size_t i)
{
    return i < v->deal_count ? &v->deals[i] : NULL;
}

bool view_refused_deal_at(const struct view *v, size_t i, struct view_refused_deal *out)
{
    if (i >= v->refused_deal_count)
        return false;
    *out = v->refused_deals[i];
    return true;
}
