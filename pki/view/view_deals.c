/* The custodians' statements of purpose keys in a view. */
#include "pki/sign.h"
#include "pki/view/view_internal.h"
#include "proto/msg/signed.h"

/* Signed by the custodian that the policy names, for participants that the policy and the roster
 * name. */
static enum err verify_deal(struct view *v, struct bytes file, struct deal *out,
                            struct errmsg *why)
{
    struct signed_doc doc = {0};
    enum err e = signed_doc_decode(file, DEAL_MAX_BYTES, v->arena, &doc, why);
    if (e != ERR_OK)
        return e;
    if ((e = deal_decode(doc.document, v->arena, out, why)) != ERR_OK)
        return e;
    const struct purpose *p = policy_purpose(view_policy(v), &out->purpose);
    if (p == NULL || !agency_id_equal(&p->custodian, &out->custodian))
        return errmsg_set(why, ERR_MISMATCH, "purpose %s: not by the custodian that the policy names",
                          out->purpose.s);
    const struct key *key = view_signing_key(v, &out->custodian);
    if (key == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "custodian %s is not on the roster",
                          out->custodian.oin);
    if (sign_verify(SIGN_EPOCH, key, doc.document, doc.signature) != ERR_OK)
        return errmsg_set(why, ERR_SIGNATURE, "signature does not verify");
    return ERR_OK;
}

static enum err check_participants(const struct view *v, const struct deal *d, struct errmsg *why)
{
    for (size_t i = 0; i < d->participant_count; i++) {
        const struct roster_member *m = roster_member_of(&v->roster, &d->participants[i].id);
        if (m == NULL || m->kind != MEMBER_AGENCY ||
            !name_list_has(m->purposes, name_bytes(&d->purpose)))
            return errmsg_set(why, ERR_MISMATCH, "purpose %s: dealt to %s, who takes no part in it",
                              d->purpose.s, d->participants[i].id.oin);
    }
    return ERR_OK;
}

enum err view_load_deals(struct view *v, const struct view_pins *pins, struct errmsg *why)
{
    size_t n = v->files.deal_count;
    v->deals = arena_array(v->arena, n, sizeof *v->deals);
    if (v->deals == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        struct deal *d = &v->deals[v->deal_count];
        enum err e = verify_deal(v, v->files.deals[i], d, why);
        if (e == ERR_OK)
            e = check_participants(v, d, why);
        if (e != ERR_OK)
            return errmsg_wrap(why, e, "dealt key %zu", i + 1);
        if (!name_equal(&d->deployment, &pins->deployment))
            return errmsg_set(why, ERR_MISMATCH, "dealt key %zu: of deployment %s", i + 1,
                              d->deployment.s);
        if (view_deal(v, &d->purpose, d->epoch) != NULL)
            return errmsg_set(why, ERR_DUPLICATE, "dealt key %zu: a second one for purpose %s epoch %u",
                              i + 1, d->purpose.s, (unsigned)d->epoch);
        v->deal_count++;
    }
    return ERR_OK;
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
