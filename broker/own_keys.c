#include "broker/own_keys.h"

#include "pki/cert.h"
#include "pki/digest.h"

/* The private half behind a verifier key of the roster; NULL: none, or no such key here. */
static const struct key *log_of(const struct own_keys *of, struct bytes text)
{
    struct vkey v;
    if (text.len == 0 || vkey_parse(digest_sha256, text, &v) != ERR_OK || v.type != VKEY_ED25519)
        return NULL;
    return key_ring_raw(&of->keys->log, bytes_of(v.public_key, v.public_len));
}

const struct key *own_signing(const struct own_keys *of)
{
    const struct roster_member *me = view_broker(of->view);
    const struct key *listed = me == NULL ? NULL : view_signing_key(of->view, &me->id);
    return listed == NULL ? NULL : key_ring_same(&of->keys->signing, listed);
}

/* The newest signing key that a renewal replaced and that is still here; NULL: none. */
static const struct key *former_signing(const struct own_keys *of)
{
    const struct roster_member *me = view_broker(of->view);
    const struct key *newest = NULL;
    int64_t replaced_at = 0;
    for (size_t i = 0; me != NULL && i < me->former.count; i++) {
        const struct roster_former *f = &me->former.v[i];
        CLEANUP(cleanup_cert_free) struct cert *c = NULL;
        if (f->replaced_at <= replaced_at || cert_parse(f->cert.der, CERT_SIGNING, &c, NULL) != ERR_OK)
            continue; /* older, or of another use */
        const struct key *k = key_ring_same(&of->keys->signing, cert_key(c));
        if (k == NULL)
            continue;
        newest = k;
        replaced_at = f->replaced_at;
    }
    return newest;
}

const struct key *own_signing_for(const struct own_keys *of, uint64_t known_roster)
{
    const struct key *former =
        known_roster < view_roster(of->view)->serial ? former_signing(of) : NULL;
    return former != NULL ? former : own_signing(of);
}

const struct key *own_transport(const struct own_keys *of)
{
    const struct roster_member *me = view_broker(of->view);
    return me == NULL ? NULL
                      : key_ring_raw(&of->keys->transport, BYTES_OF_ARRAY(me->curve.b));
}

const struct key *own_next_transport(const struct own_keys *of)
{
    const struct roster_member *me = view_broker(of->view);
    if (me == NULL || !roster_has_next(me))
        return NULL;
    return key_ring_raw(&of->keys->transport, BYTES_OF_ARRAY(me->next.curve.b));
}

void own_keys_use(struct broker_keys *keys, const struct view *v)
{
    const struct own_keys of = {keys, v};
    atomic_store(&keys->signs, own_signing(&of));
}

size_t own_logs(const struct own_keys *of, struct bytes origin,
                struct note_signer out[static OWN_LOGS_MAX])
{
    const struct roster *r = view_roster(of->view);
    const struct bytes listed[OWN_LOGS_MAX] = {r->log_key, r->next_log_key};
    size_t n = 0;
    for (size_t i = 0; i < OWN_LOGS_MAX; i++) {
        if (listed[i].len == 0)
            continue;
        const struct key *k = log_of(of, listed[i]);
        if (k == NULL)
            return 0;
        out[n++] = (struct note_signer){.name = origin, .key = k};
    }
    return n;
}

/* One key of the roster: seen where it signed. */
static enum err verify_one(struct bytes text, const struct note *note, size_t *seen)
{
    struct vkey v;
    if (text.len == 0)
        return ERR_OK;
    enum err e = vkey_parse(digest_sha256, text, &v);
    if (e == ERR_OK)
        e = note_verify(note, &v);
    if (e == ERR_NOT_FOUND)
        return ERR_OK;
    *seen += e == ERR_OK;
    return e;
}

enum err own_logs_verify(const struct view *v, const struct note *note)
{
    const struct roster *r = view_roster(v);
    size_t seen = 0;
    enum err e = verify_one(r->log_key, note, &seen);
    if (e == ERR_OK)
        e = verify_one(r->next_log_key, note, &seen);
    for (size_t i = 0; e == ERR_OK && i < r->former_log_count; i++)
        e = verify_one(r->former_logs[i].key, note, &seen);
    if (e != ERR_OK)
        return ERR_SIGNATURE;
    return seen > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static enum err check_logs(const struct own_keys *of, struct errmsg *why)
{
    struct note_signer signers[OWN_LOGS_MAX];
    const struct roster *r = view_roster(of->view);
    if (own_logs(of, r->log_origin, signers) == 0)
        return errmsg_set(why, ERR_MISMATCH, "keys: the roster lists another log key%s",
                          r->next_log_key.len > 0 ? ", or a next one that is not here" : "");
    return ERR_OK;
}

enum err own_keys_check(const struct own_keys *of, const struct agency_id *oin, struct errmsg *why)
{
    const struct roster_member *me = view_broker(of->view);
    if (me == NULL || !agency_id_equal(&me->id, oin))
        return errmsg_set(why, ERR_MISMATCH, "roster: it lists no broker with this oin");
    if (own_signing(of) == NULL)
        return errmsg_set(why, ERR_MISMATCH, "keys: the roster lists another signing key");
    if (own_transport(of) == NULL)
        return errmsg_set(why, ERR_MISMATCH, "keys: the roster lists another transport key");
    if (roster_has_next(me) && own_next_transport(of) == NULL)
        return errmsg_set(why, ERR_MISMATCH,
                          "keys: the roster lists a next transport key that is not here");
    return check_logs(of, why);
}
