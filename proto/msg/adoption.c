#include "proto/msg/adoption.h"

#include "proto/msg/scan.h"
#include "proto/msg/trust_fields.h"
#include "proto/msg/unpack.h"

static const char *const state_ids[] = {"?", "adopted", "withdrawn"};

const char *adoption_state_id(enum adoption_state s)
{
    return (size_t)s < ARRAY_LEN(state_ids) ? state_ids[s] : "?";
}

static enum err get_state(const char *text, enum adoption_state *out, struct errmsg *why)
{
    for (unsigned i = 1; i < ARRAY_LEN(state_ids); i++) {
        if (bytes_is(bytes_str(text), state_ids[i])) {
            *out = (enum adoption_state)i;
            return ERR_OK;
        }
    }
    return errmsg_set(why, ERR_UNKNOWN, "state: unknown");
}

static enum err check_adoption(const struct adoption_doc *d, struct errmsg *why)
{
    if (d->serial == 0 || d->signed_at <= 0)
        return errmsg_set(why, ERR_RANGE, "serial, signed_at: must be above 0");
    if (d->rules.count == 0 || d->rules.count > ADOPTION_MAX_RULES)
        return errmsg_set(why, ERR_RANGE, "rules: %zu, must be 1 to %d", d->rules.count,
                          ADOPTION_MAX_RULES);
    for (size_t i = 1; i < d->rules.count; i++) {
        if (bytes_cmp(name_bytes(&d->rules.v[i - 1]), name_bytes(&d->rules.v[i])) >= 0)
            return errmsg_set(why, ERR_DUPLICATE, "rules: entries must ascend");
    }
    if (d->state == ADOPTION_STATE_NONE)
        return errmsg_set(why, ERR_UNKNOWN, "state: missing");
    return ERR_OK;
}

enum err adoption_decode(struct bytes document, struct arena *a, struct adoption_doc *out,
                         struct errmsg *why)
{
    const void *unpacked = NULL;
    enum err e = msg_unpack(&sluis__trust__adoption__descriptor, document, ADOPTION_MAX_BYTES, a,
                            &unpacked, why);
    if (e != ERR_OK)
        return e;
    const Sluis__Trust__Adoption *m = unpacked;
    struct msg_names_in rules = {m->rules, m->n_rules, ADOPTION_MAX_RULES, "rules"};
    struct adoption_doc d = {.serial = m->serial, .signed_at = m->signed_at};
    if ((e = msg_get_name(m->deployment, &d.deployment, "deployment", why)) != ERR_OK ||
        (e = msg_get_oin(m->holder, &d.holder, "holder", why)) != ERR_OK ||
        (e = msg_get_fixed(m->policy, d.policy.b, sizeof d.policy.b, "policy", why)) != ERR_OK ||
        (e = msg_get_names(rules, a, &d.rules, why)) != ERR_OK ||
        (e = get_state(m->state, &d.state, why)) != ERR_OK ||
        (e = msg_get_name(m->staff, &d.staff, "staff", why)) != ERR_OK ||
        (e = check_adoption(&d, why)) != ERR_OK)
        return e;
    *out = d;
    return ERR_OK;
}

#define FIELD_HOLDER 2 /* proto/msg/trust.proto */
#define FIELD_SERIAL 6

enum err adoption_peek(struct bytes document, struct adoption_claim *out)
{
    struct bytes holder;
    struct adoption_claim c = {.serial = 0};
    if (document.len > ADOPTION_MAX_BYTES)
        return ERR_TOO_LARGE;
    enum err e = msg_scan(&sluis__trust__adoption__descriptor, document, NULL);
    if (e != ERR_OK)
        return e;
    if (!msg_peek_bytes(document, FIELD_HOLDER, &holder) ||
        !msg_peek_number(document, FIELD_SERIAL, &c.serial) ||
        agency_id_parse(holder, &c.holder) != ERR_OK)
        return ERR_INVALID;
    *out = c;
    return ERR_OK;
}

enum err adoption_encode(const struct adoption_doc *d, struct buf *out, struct errmsg *why)
{
    enum err e = check_adoption(d, why);
    if (e != ERR_OK)
        return e;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(ADOPTION_ARENA_BYTES);
    if (a == NULL)
        return ERR_NOMEM;
    Sluis__Trust__Adoption m = SLUIS__TRUST__ADOPTION__INIT;
    m.deployment = msg_text(d->deployment.s);
    m.holder = msg_text(d->holder.oin);
    m.policy = msg_data(digest_bytes(&d->policy));
    m.rules = trust_put_names(d->rules, a);
    m.n_rules = d->rules.count;
    m.state = msg_text(adoption_state_id(d->state));
    m.serial = d->serial;
    m.signed_at = d->signed_at;
    m.staff = msg_text(d->staff.s);
    return m.rules == NULL ? ERR_NOMEM : msg_pack(&m.base, out);
}
