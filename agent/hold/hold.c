#include "agent/hold/hold.h"

enum err hold_member_cert(const struct view *view, const struct agency_id *id, enum cert_use use,
                          struct cert **out)
{
    const struct roster_member *m = roster_member_of(view_roster(view), id);
    if (m == NULL)
        return ERR_NOT_FOUND;
    const struct roster_cert *c = use == CERT_SEALING ? &m->sealing : &m->signing;
    return c->der.len == 0 ? ERR_NOT_FOUND : cert_parse(c->der, use, out, NULL);
}

bool hold_is_trouble(enum err e)
{
    return e == ERR_NOMEM || e == ERR_CRYPTO || e == ERR_IO || e == ERR_NO_SPACE || e == ERR_AGAIN;
}
