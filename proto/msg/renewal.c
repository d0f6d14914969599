#include "proto/msg/renewal.h"

#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

static const char *const use_ids[RENEWAL_USE_COUNT] = {"?", "signing", "sealing", "transport",
                                                       "officer"};

const char *renewal_use_id(enum renewal_use use)
{
    return (size_t)use < ARRAY_LEN(use_ids) ? use_ids[use] : use_ids[0];
}

enum err renewal_use_parse(struct bytes text, enum renewal_use *out)
{
    for (unsigned i = 1; i < ARRAY_LEN(use_ids); i++) {
        if (bytes_is(text, use_ids[i])) {
            *out = (enum renewal_use)i;
            return ERR_OK;
        }
    }
    return ERR_UNKNOWN;
}

static bool has_curve(const struct renewal_item *item)
{
    static const struct curve_key zero;
    return !bytes_equal(BYTES_OF_ARRAY(item->curve.b), BYTES_OF_ARRAY(zero.b));
}

static enum err check_item(const struct renewal *r, size_t i, struct errmsg *why)
{
    const struct renewal_item *item = &r->items[i];
    bool transport = item->use == RENEWAL_TRANSPORT;
    if (item->use == RENEWAL_NONE || (size_t)item->use >= RENEWAL_USE_COUNT)
        return errmsg_set(why, ERR_UNKNOWN, "use: unknown");
    if (i > 0 && item->use <= r->items[i - 1].use)
        return errmsg_set(why, ERR_DUPLICATE, "items: twice, or not in order");
    if ((item->use == RENEWAL_OFFICER) != r->is_officer)
        return errmsg_set(why, ERR_INVALID, "items: an officer has the officer's key, and no other");
    if (has_curve(item) != transport || (item->csr.len == 0) != transport)
        return errmsg_set(why, ERR_INVALID, "%s: its key is missing, or one too many",
                          renewal_use_id(item->use));
    return ERR_OK;
}

static enum err check_renewal(const struct renewal *r, struct errmsg *why)
{
    if (r->created_at <= 0)
        return errmsg_set(why, ERR_RANGE, "created_at: must be above 0");
    if (r->item_count == 0 || r->item_count > RENEWAL_MAX_ITEMS)
        return errmsg_set(why, ERR_RANGE, "items: %zu, must be 1 to %d", r->item_count,
                          RENEWAL_MAX_ITEMS);
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < r->item_count; i++)
        e = check_item(r, i, why);
    return e;
}

static enum err get_item(const Sluis__Trust__RenewalItem *m, struct renewal_item *out,
                         struct errmsg *why)
{
    struct renewal_item item = {.csr = msg_bytes(m->csr)};
    if (renewal_use_parse(bytes_str(m->use), &item.use) != ERR_OK)
        return errmsg_set(why, ERR_UNKNOWN, "use: unknown");
    if (item.csr.len > RENEWAL_MAX_CSR_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "csr: too large");
    enum err e = ERR_OK;
    if (m->curve.len > 0)
        e = msg_get_fixed(m->curve, item.curve.b, sizeof item.curve.b, "curve", why);
    if (e == ERR_OK)
        *out = item;
    return e;
}

static enum err get_items(const Sluis__Trust__Renewal *m, struct renewal *out, struct errmsg *why)
{
    if (m->n_items > RENEWAL_MAX_ITEMS)
        return errmsg_set(why, ERR_RANGE, "items: %zu, at most %d", m->n_items, RENEWAL_MAX_ITEMS);
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < m->n_items; i++)
        e = get_item(m->items[i], &out->items[i], why);
    out->item_count = m->n_items;
    return e;
}

static enum err get_staff(const Sluis__Trust__Renewal *m, struct renewal *out, struct errmsg *why)
{
    out->is_officer = m->staff[0] != '\0';
    return out->is_officer ? msg_get_name(m->staff, &out->staff, "staff", why) : ERR_OK;
}

enum err renewal_decode(struct bytes document, struct arena *a, struct renewal *out,
                        struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__renewal__descriptor, document, RENEWAL_MAX_BYTES, a,
                            &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Renewal *m = unpacked;
    struct renewal r = {.created_at = m->created_at};
    if ((e = msg_get_name(m->deployment, &r.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_oin(m->oin, &r.oin, "oin", why)) != ERR_OK ||
        (e = get_staff(m, &r, why)) != ERR_OK ||
        (e = msg_get_fixed(m->nonce, r.nonce, sizeof r.nonce, "nonce", why)) != ERR_OK ||
        (e = get_items(m, &r, why)) != ERR_OK || (e = check_renewal(&r, why)) != ERR_OK)
        return e;
    *out = r;
    return ERR_OK;
}

static enum err put_items(const struct renewal *r, struct arena *a, Sluis__Trust__Renewal *m)
{
    Sluis__Trust__RenewalItem *v = arena_array(a, r->item_count, sizeof *v);
    m->items = arena_array(a, r->item_count, sizeof *m->items);
    m->n_items = r->item_count;
    if (v == NULL || m->items == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < r->item_count; i++) {
        const struct renewal_item *item = &r->items[i];
        sluis__trust__renewal_item__init(&v[i]);
        v[i].use = msg_text(renewal_use_id(item->use));
        v[i].csr = msg_data(item->csr);
        if (item->use == RENEWAL_TRANSPORT)
            v[i].curve = msg_data(BYTES_OF_ARRAY(item->curve.b));
        m->items[i] = &v[i];
    }
    return ERR_OK;
}

enum err renewal_encode(const struct renewal *r, struct buf *out, struct errmsg *why)
{
    enum err e = check_renewal(r, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(RENEWAL_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__Renewal m = SLUIS__TRUST__RENEWAL__INIT;
    m.deployment = msg_text(r->deployment.s);
    m.oin = msg_text(r->oin.oin);
    m.staff = msg_text(r->is_officer ? r->staff.s : "");
    m.created_at = r->created_at;
    m.nonce = msg_data(BYTES_OF_ARRAY(r->nonce));
    e = put_items(r, a, &m);
    return e != ERR_OK ? e : msg_pack(&m.base, out);
}
