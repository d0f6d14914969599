#include "broker/agency_vouch.h"

#include "pki/digest.h"
#include "pki/sign.h"
#include "proto/msg/signed.h"

/* It is of this machine, not of what came. */
static bool is_local(enum err e)
{
    return e == ERR_NOMEM || e == ERR_CRYPTO;
}

/* ---- whose word it is ---- */

/* Why a signature of that certificate over the document does not count; NULL: it does. */
static const char *fault_of_signer(const struct agency_vouch_reading *r, const struct signed_doc *d)
{
    const struct roster_officer *o = view_officer(r->view, &d->signer, r->agency, r->now_s);
    const struct key *key = o != NULL ? view_officer_key(r->view, &d->signer) : NULL;
    if (key == NULL)
        return "no officer of that agency whom the roster lists signed the word for its key";
    if (!roster_officer_has(o, FUNCTION_SECURITY_OFFICER))
        return "who signed the word for its key is no security officer";
    return sign_verify(SIGN_LOG_VOUCH, key, d->document, d->signature) == ERR_OK
               ? NULL
               : "the signature of the officer's word does not verify";
}

static const char *fault_of_content(const struct agency_vouch_reading *r, const struct log_vouch *v)
{
    if (!name_equal(&v->deployment, r->deployment) || !agency_id_equal(&v->agency, r->agency))
        return "the officer's word is of another agency";
    if (v->issued_at_s > r->now_s + LOG_VOUCH_LIFE_S || v->issued_at_s < r->now_s - LOG_VOUCH_LIFE_S)
        return "the officer's word is more than five minutes off";
    return NULL;
}

/* The signature first, then what it is over. */
static enum err read_signed(const struct agency_vouch_reading *r, struct agency_vouch *v)
{
    struct signed_doc d;
    enum err e = signed_doc_decode(v->wire, LOG_VOUCH_MAX_BYTES, r->arena, &d, NULL);
    if (e != ERR_OK)
        return e;
    v->fault = fault_of_signer(r, &d);
    if (v->fault != NULL)
        return ERR_OK;
    struct log_vouch said;
    e = log_vouch_decode(d.document, r->arena, &said, NULL);
    if (e == ERR_OK)
        e = digest_sha256(&d.document, 1, &v->digest);
    if (e != ERR_OK)
        return e;
    v->fault = fault_of_content(r, &said);
    if (v->fault == NULL)
        v->said = said;
    return ERR_OK;
}

enum err agency_vouch_read(const struct agency_vouch_reading *r, struct bytes wire, struct agency_vouch *out)
{
    struct agency_vouch v = {.wire = wire};
    const enum err e = wire.len > 0 ? read_signed(r, &v) : ERR_OK;
    if (is_local(e))
        return e;
    if (e != ERR_OK)
        v.fault = "the officer's word cannot be read";
    *out = v;
    return ERR_OK;
}

/* ---- what it is about ---- */

static bool is_lost(const struct log_vouch *v, const struct digest *key)
{
    for (size_t i = 0; i < v->lost_count; i++)
        if (digest_equal(&v->lost[i], key))
            return true;
    return false;
}

/* *fits: the keys that signed the newest head are those that it names, and no others. */
static enum err compare_keys(const struct log_vouch *v, const struct agency_vouch_known *known, bool *fits)
{
    struct note note;
    size_t signers = 0;
    bool all = true;
    enum err e = note_parse(known->log->note, known->arena, &note, NULL);
    for (size_t i = 0; e == ERR_OK && i < known->log->key_count; i++) {
        struct digest key;
        e = note_verify(&note, &known->keys[i]);
        if (e == ERR_NOT_FOUND) { /* a next one that did not sign lately */
            e = ERR_OK;
            continue;
        }
        if (e == ERR_OK)
            e = digest_sha256(&known->log->keys[i], 1, &key);
        if (e == ERR_OK)
            all = is_lost(v, &key) && all;
        signers++;
    }
    if (e != ERR_OK)
        return is_local(e) ? e : ERR_INVALID;
    *fits = all && signers == v->lost_count;
    return ERR_OK;
}

enum err agency_vouch_fits(const struct agency_vouch *v, const struct agency_vouch_known *known,
                           const struct agency_head *offered, const char **fault)
{
    const struct log_vouch *said = &v->said;
    bool fits = false;
    *fault = v->fault;
    if (v->fault != NULL)
        return ERR_OK;
    if (offered->key_count != 1 || !bytes_equal(offered->keys[0], said->key))
        *fault = "the officer's word is for another key";
    else if (said->size != known->log->size || !digest_equal(&said->root, &known->log->root))
        *fault = "the officer's word names another head than the newest that was cosigned";
    if (*fault != NULL)
        return ERR_OK;
    const enum err e = compare_keys(said, known, &fits);
    if (e == ERR_OK && !fits)
        *fault = "the officer's word names other keys as lost than those that signed the newest head";
    return e;
}
