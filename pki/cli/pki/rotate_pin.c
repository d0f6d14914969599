/* rotate --key roster in the folder of a party: which roster keys it pins. Nothing here comes from the network: the
 * certificate is handed over, its fingerprint compared by voice, and the roster only agrees. */
#include "pki/cli/pki/draft.h"
#include "pki/cli/pki/roster_key.h"
#include "pki/cli/pki/rotate.h"
#include "pki/cli/pki/version.h"

#include <stdio.h>

/* The configuration follows by hand, so that nobody changes it but the operator. */
static void put_config(struct work *w, const struct roster_pins *pins)
{
    buf_put_str(&w->out, "configuration: roster_key: ");
    buf_put_str(&w->out, pins->count > 1 ? "[" : "");
    for (size_t i = 0; i < pins->count; i++)
        buf_printf(&w->out, "%s%s.pem", i > 0 ? ", " : "", version_id_of(ROSTER_CERT, pins->version[i]).s);
    buf_put_str(&w->out, pins->count > 1 ? "]; then restart the daemon\n" : "; then restart the daemon\n");
}

static enum err show(struct work *w)
{
    struct roster_pins pins CLEANUP(roster_pins_free) = {.count = 0};
    enum err e = roster_pins_load(w, &pins);
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "{\"key\":\"roster\",\"pins\":[");
    for (size_t i = 0; e == ERR_OK && i < pins.count; i++) {
        if (w->o->json)
            buf_printf(&w->out, "%s{\"version\":%u,\"fingerprint\":\"", i > 0 ? "," : "", pins.version[i]);
        else
            buf_printf(&w->out, "pinned %s.pem ", version_id_of(ROSTER_CERT, pins.version[i]).s);
        e = roster_key_put_pin(pins.v[i], &w->out);
        buf_put_str(&w->out, w->o->json ? "\"}" : "\n");
    }
    if (e == ERR_OK && w->o->json)
        buf_put_str(&w->out, "]}\n");
    else if (e == ERR_OK)
        put_config(w, &pins);
    return e != ERR_OK ? e : buf_err(&w->out);
}

static enum err load_given(struct work *w, struct cert **out)
{
    struct bytes pem = {NULL, 0};
    enum err e = work_read(w, w->o->pin, CERT_PEM_MAX_BYTES, &pem);
    if (e == ERR_OK)
        e = cert_parse_pem(pem, CERT_PINNED, out, &w->why);
    if (e == ERR_OK)
        e = cert_check_self(*out, &w->why);
    return e == ERR_OK ? e : errmsg_wrap(&w->why, e, "%s", w->o->pin);
}

/* The roster that this party believes announces the very key that it is about to pin. */
static enum err check_announced(struct work *w, const struct cert *c)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct buf spki CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    if (w->o->roster == NULL)
        return errmsg_set(&w->why, ERR_CONFIG,
                          "rotate --pin needs --roster, which announces the key (or --lost); see --help");
    enum err e = draft_trust(w, w->o->roster, &t);
    if (e == ERR_OK)
        e = key_put_spki(cert_key(c), &spki);
    if (e == ERR_OK && !bytes_equal(trust_roster(t)->next_key, buf_bytes(&spki)))
        e = errmsg_set(&w->why, ERR_MISMATCH, "%s: not the key that roster %llu announces", w->o->pin,
                       (unsigned long long)trust_roster(t)->serial);
    return e;
}

/* After a loss the new pin stands alone. */
static enum err drop_all(struct work *w, const struct roster_pins *pins)
{
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && w->o->lost && i < pins->count; i++)
        e = roster_key_unpin(w, pins->version[i]);
    return e;
}

static enum err pin(struct work *w)
{
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct roster_pins pins CLEANUP(roster_pins_free) = {.count = 0};
    struct buf spki CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    enum err e = load_given(w, &c);
    if (e == ERR_OK)
        e = roster_pins_load(w, &pins);
    if (e == ERR_OK)
        e = key_put_spki(cert_key(c), &spki);
    if (e != ERR_OK)
        return e;
    if (roster_pins_version(&pins, buf_bytes(&spki)) != 0 && !w->o->lost)
        return show(w); /* given again */
    if (!w->o->lost && pins.count == ROSTER_PINS_MAX)
        return errmsg_set(&w->why, ERR_LIMIT, "two roster keys are pinned already; --retire the older first");
    e = w->o->lost ? ERR_OK : check_announced(w, c);
    unsigned n = pins.version[pins.count - 1] + 1;
    if (e == ERR_OK && !w->o->dry_run)
        e = work_save_cert(w, version_id_of(ROSTER_CERT, n).s, c);
    if (e == ERR_OK && !w->o->dry_run)
        e = drop_all(w, &pins);
    if (e != ERR_OK)
        return e;
    if (!w->o->json)
        buf_put_str(&w->out, w->o->dry_run ? "would pin; " : "compare by voice, and read out to the registrar: ");
    if (!w->o->json && (e = roster_key_put_pin(c, &w->out)) == ERR_OK)
        buf_put_str(&w->out, "\n");
    return e != ERR_OK ? e : show(w);
}

/* The old pin goes once the new key signs. */
static enum err unpin(struct work *w)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct roster_pins pins CLEANUP(roster_pins_free) = {.count = 0};
    const struct work_need needs[] = {{"roster", w->o->roster}, {NULL, NULL}};
    unsigned n = (unsigned)w->o->retire;
    enum err e = work_needs(w, needs);
    if (e == ERR_OK)
        e = roster_pins_load(w, &pins);
    if (e == ERR_OK && roster_pins_cert(&pins, n) == NULL)
        e = errmsg_set(&w->why, ERR_NOT_FOUND, "roster key %u is not pinned here", n);
    if (e == ERR_OK && pins.count < 2)
        e = errmsg_set(&w->why, ERR_STATE, "roster key %u is the only one that is pinned here", n);
    if (e == ERR_OK)
        e = draft_trust(w, w->o->roster, &t);
    if (e == ERR_OK && roster_pins_version(&pins, trust_roster(t)->key) == n)
        e = errmsg_set(&w->why, ERR_STATE, "roster key %u signs still: roster %llu is by it", n,
                       (unsigned long long)trust_roster(t)->serial);
    if (e == ERR_OK && !w->o->dry_run)
        e = roster_key_unpin(w, n);
    return e != ERR_OK ? e : show(w);
}

enum err rotate_pin(struct work *w)
{
    if (w->o->switch_over || w->o->confirm)
        return errmsg_set(&w->why, ERR_CONFIG, "rotate --key roster: the registrar alone switches and confirms");
    if (w->o->remains)
        return show(w);
    if (w->o->retire > 0)
        return unpin(w);
    return w->o->pin != NULL ? pin(w)
                             : errmsg_set(&w->why, ERR_CONFIG, "rotate --key roster needs --pin here; see --help");
}
