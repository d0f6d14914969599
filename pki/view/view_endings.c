#include "pki/view/view_endings.h"

#include "pki/digest.h"
#include "pki/view/view_internal.h"

enum err view_read_roster_key(struct view *v, const struct view_pins *pins, struct errmsg *why)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    const struct bytes pem = trust_is_by_next(v->trust) ? pins->next_roster_key : pins->roster_key;
    enum err e = cert_parse_pem(pem, CERT_PINNED, &c, why);
    if (e == ERR_OK)
        v->roster_key = ending_of_cert(ENDING_ROSTER_KEY, c);
    return e;
}

/* Of the newest active epoch of a purpose; the others are on their way out. */
static enum err of_epoch(const struct view *v, const struct purpose *p, ending_fn fn, void *arg)
{
    uint32_t active[VIEW_ACTIVE_MAX];
    const size_t n = view_active_epochs(v, &p->id, active);
    const struct deal *d = n == 0 ? NULL : view_deal(v, &p->id, active[n - 1]);
    if (d == NULL)
        return ERR_OK;
    struct ending e = {.kind = ENDING_EPOCH,
                       .oin = d->custodian,
                       .purpose = p->id,
                       .epoch = d->epoch,
                       .start_s = d->issued_at,
                       .end_s = view_epoch_end_s(v, &p->id, d->epoch, NULL)};
    const struct bytes parts[] = {name_bytes(&p->id), BYTES_OF_ARRAY(d->kcv.b)};
    enum err err = digest_sha256(parts, ARRAY_LEN(parts), &e.id);
    return err == ERR_OK ? fn(arg, &e) : err;
}

enum err view_endings(const struct view *v, ending_fn fn, void *arg)
{
    const struct policy *p = view_policy(v);
    enum err e = endings_of_roster(v->trust, fn, arg);
    if (e == ERR_OK)
        e = fn(arg, &v->roster_key);
    for (uint32_t i = 0; e == ERR_OK && i < p->purposes_count; i++)
        e = of_epoch(v, &p->purposes[i], fn, arg);
    return e;
}
