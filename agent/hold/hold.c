#include "agent/hold/hold.h"

#include "proto/base/log.h"

enum err hold_member_cert(const struct view *view, const struct agency_id *id, enum cert_use use,
                          struct cert **out)
{
    const struct roster_member *m = roster_member_of(view_roster(view), id);
    if (m == NULL)
        return ERR_NOT_FOUND;
    const struct roster_cert *c = use == CERT_SEALING ? &m->sealing : &m->signing;
    return c->der.len == 0 ? ERR_NOT_FOUND : cert_parse(c->der, use, out, NULL);
}

struct own_entry hold_entry_of(const struct request_header *h, const struct digest *header_digest, enum audit_event event,
                               const struct name *staff)
{
    return (struct own_entry){
        .event = event,
        .staff = staff,
        .peer = &h->requester,
        .rule = &h->rule,
        .rule_version = h->rule_version,
        .policy = &h->policy_digest,
        .key_version = h->epoch,
        .request = header_digest,
        .case_id = &h->case_id,
    };
}

struct own_touch hold_touch_of(uint64_t number, const char *outcome)
{
    return (struct own_touch){touch_of_item(number), TOUCH_GROUP_ALL, outcome};
}

enum err hold_pass_over(uint64_t number, enum err e)
{
    if (e == ERR_OK || hold_is_trouble(e))
        return e;
    log_err("hold.item_not_read item=%llu error=\"%s\": it is passed over", (unsigned long long)number,
            err_text(e));
    return ERR_OK;
}

bool hold_is_trouble(enum err e)
{
    return e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO || e == ERR_NO_SPACE || e == ERR_AGAIN;
}
