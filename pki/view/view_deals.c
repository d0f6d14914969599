/* The custodians' statements of purpose keys in a view. */
#include "pki/trust_docs.h"
#include "pki/view/view_internal.h"

/* One statement: verified against the roster, by the custodian that the policy names, once for each
 * purpose and epoch. */
static enum err read_deal(const struct view *v, const struct trust_reading *reading,
                          struct bytes file, struct deal *out, struct errmsg *why)
{
    enum err e = trust_read_deal(reading, file, out, NULL, why);
    if (e != ERR_OK)
        return e;
    const struct purpose *p = policy_purpose(view_policy(v), &out->purpose);
    if (p == NULL || !agency_id_equal(&p->custodian, &out->custodian))
        return errmsg_set(why, ERR_MISMATCH, "purpose %s: not by the custodian that the policy names",
                          out->purpose.s);
    if (view_deal(v, &out->purpose, out->epoch) != NULL)
        return errmsg_set(why, ERR_DUPLICATE, "a second one for purpose %s epoch %u",
                          out->purpose.s, (unsigned)out->epoch);
    return ERR_OK;
}

enum err view_load_deals(struct view *v, int64_t now_s, struct errmsg *why)
{
    size_t n = v->files.deal_count;
    const struct trust_reading reading = {v->trust, now_s, v->arena, true};
    v->deals = arena_array(v->arena, n, sizeof *v->deals);
    if (v->deals == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < n; i++) {
        enum err e = read_deal(v, &reading, v->files.deals[i], &v->deals[v->deal_count], why);
        if (e == ERR_NOMEM)
            return errmsg_wrap(why, e, "dealt key %zu", i + 1);
        if (e == ERR_OK)
            v->deal_count++;
        else
            view_add_fault(v, "dealt key", i, why); /* nothing is served under its key */
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
