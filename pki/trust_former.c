/* Certificates that a renewal replaced, and whose signature something is, by the certificate of now or of
 * then (decision 0903). */
#include <stdlib.h>

#include "pki/trust_internal.h"

/* ---- reading ---- */

/* Which uses a holder of keys has, and its name in them. */
struct holder {
    const struct agency_id *oin;
    const enum cert_use *uses;
    size_t use_count;
};

/* The use is in the certificate: the one profile among these that it fits. */
static enum err read_by_profile(const struct trust *t, const struct roster_former *f,
                                const struct holder *of, struct cert **out, struct errmsg *why)
{
    enum err e = ERR_CERT;
    for (size_t i = 0; i < of->use_count; i++) {
        struct cert *fits CLEANUP(cleanup_cert_free) = NULL;
        e = cert_parse(f->cert.der, of->uses[i], &fits, why);
        if (e == ERR_OK) {
            const struct trust_query as = {*of->oin, of->uses[i], 0};
            return trust_read_cert(t, &f->cert, &as, out, why);
        }
        if (e != ERR_CERT)
            break;
    }
    return errmsg_wrap(why, e, "former certificate of %s", of->oin->oin);
}

static void add(struct trust *t, const struct roster_former *f, struct cert *c)
{
    t->former[t->former_count++] = (struct trust_former){f, c};
}

static enum err read_of_member(struct trust *t, const struct roster_member *m, struct errmsg *why)
{
    static const enum cert_use uses[] = {CERT_SIGNING, CERT_SEALING, CERT_TRANSPORT};
    const struct holder of = {&m->id, uses, ARRAY_LEN(uses)};
    for (size_t i = 0; i < m->former.count; i++) {
        struct cert *c = NULL;
        enum err e = read_by_profile(t, &m->former.v[i], &of, &c, why);
        if (e != ERR_OK)
            return e;
        add(t, &m->former.v[i], c);
    }
    return ERR_OK;
}

static enum err read_of_officer(struct trust *t, const struct roster_officer *o, struct errmsg *why)
{
    static const enum cert_use use = CERT_OFFICER;
    const struct holder of = {&o->agency, &use, 1};
    for (size_t i = 0; i < o->former.count; i++) {
        struct cert *c = NULL;
        enum err e = read_by_profile(t, &o->former.v[i], &of, &c, why);
        if (e != ERR_OK)
            return e;
        add(t, &o->former.v[i], c);
        if (strcmp(cert_name(c), o->staff.s) != 0)
            return errmsg_set(why, ERR_CERT, "officer %s of %s: former certificate of another",
                              o->staff.s, o->agency.oin);
    }
    return ERR_OK;
}

static int compare(const void *a, const void *b)
{
    const struct trust_former *x = a;
    const struct trust_former *y = b;
    return bytes_cmp(digest_bytes(&x->listed->cert.fingerprint),
                     digest_bytes(&y->listed->cert.fingerprint));
}

enum err trust_read_formers(struct trust *t, struct errmsg *why)
{
    t->former = calloc(roster_former_count(&t->roster) + 1, sizeof *t->former);
    if (t->former == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < t->roster.member_count; i++)
        e = read_of_member(t, &t->roster.members[i], why);
    for (size_t i = 0; e == ERR_OK && i < t->roster.officer_count; i++)
        e = read_of_officer(t, &t->roster.officers[i], why);
    if (t->former_count > 1)
        qsort(t->former, t->former_count, sizeof *t->former, compare);
    return e;
}

void trust_free_formers(struct trust *t)
{
    for (size_t i = 0; t->former != NULL && i < t->former_count; i++)
        cert_free(t->former[i].cert);
    free(t->former);
}

/* ---- looking up ---- */

const struct cert *trust_former_cert(const struct trust *t, const struct roster_former *f)
{
    const struct trust_former key = {f, NULL};
    if (t->former_count == 0)
        return NULL;
    const struct trust_former *at =
        bsearch(&key, t->former, t->former_count, sizeof *t->former, compare);
    return at == NULL ? NULL : at->cert;
}

/* What it signed counts while it was current, and for the overlap in which its owner may not have heard. */
static struct trust_proof proof_of_former(const struct roster_former *f, const struct cert *c)
{
    const int64_t heard_s = f->replaced_at + ROSTER_OVERLAP_S;
    return (struct trust_proof){
        .fingerprint = f->cert.fingerprint,
        .is_former = true,
        .from_s = cert_not_before(c),
        .until_s = heard_s < cert_not_after(c) ? heard_s : cert_not_after(c),
        .listed_until_s = f->until,
    };
}

static struct trust_proof proof_of_current(const struct cert *c)
{
    return (struct trust_proof){
        .fingerprint = *cert_fingerprint(c),
        .from_s = cert_not_before(c),
        .until_s = cert_not_after(c),
        .listed_until_s = cert_not_after(c),
    };
}

static bool is_over(const struct trust *t, const struct roster_former *f)
{
    return f->until < t->roster.issued_at;
}

const struct cert *trust_signing_cert_at(const struct trust *t, const struct agency_id *oin, size_t i,
                                         struct trust_proof *out)
{
    const struct roster_member *m = roster_member_of(&t->roster, oin);
    const struct cert *current = trust_listed_cert(t, oin, CERT_SIGNING);
    if (m == NULL || current == NULL)
        return NULL;
    if (!roster_is_revoked(&t->roster, cert_fingerprint(current))) {
        if (i == 0) {
            *out = proof_of_current(current);
            return current;
        }
        i--;
    }
    for (size_t k = 0; k < m->former.count; k++) {
        const struct cert *c = trust_former_cert(t, &m->former.v[k]);
        if (c == NULL || cert_use_of(c) != CERT_SIGNING || is_over(t, &m->former.v[k]))
            continue;
        if (i > 0) {
            i--;
            continue;
        }
        *out = proof_of_former(&m->former.v[k], c);
        return c;
    }
    return NULL;
}

enum err trust_proof_of(const struct trust *t, const struct trust_signed *s,
                        struct trust_proof *out, struct errmsg *why)
{
    struct trust_proof p;
    if (trust_listed_cert(t, &s->by, CERT_SIGNING) == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "%s is not on the roster for this", s->by.oin);
    enum err e = ERR_SIGNATURE;
    const struct cert *c = NULL;
    for (size_t i = 0;
         e == ERR_SIGNATURE && (c = trust_signing_cert_at(t, &s->by, i, &p)) != NULL; i++)
        e = sign_verify(s->kind, cert_key(c), s->document, s->signature);
    if (e != ERR_OK)
        return errmsg_set(why, e, "not the signature of %s", s->by.oin);
    *out = p;
    return ERR_OK;
}

enum err trust_signing_officer(const struct trust *t, const struct digest *fingerprint,
                               struct trust_officer_proof *out, struct errmsg *why)
{
    const struct roster_former *f = NULL;
    const struct roster_officer *o = roster_officer_with(&t->roster, fingerprint, &f);
    if (o == NULL || (f != NULL && is_over(t, f)))
        return errmsg_set(why, ERR_NOT_FOUND, "signed by no officer of the roster");
    if (f == NULL && roster_is_revoked(&t->roster, fingerprint))
        return errmsg_set(why, ERR_CERT, "certificate of %s is revoked", o->staff.s);
    const struct cert *c = f == NULL ? trust_listed_officer(t, o) : trust_former_cert(t, f);
    if (c == NULL)
        return ERR_NOT_FOUND;
    *out = (struct trust_officer_proof){
        .officer = o,
        .cert = c,
        .proof = f == NULL ? proof_of_current(c) : proof_of_former(f, c),
    };
    return ERR_OK;
}

const struct cert *trust_sealing_cert(const struct trust *t, const struct agency_id *oin,
                                      const struct digest *fingerprint,
                                      const struct trust_sealed_at *at)
{
    const struct roster_member *m = roster_member_of(&t->roster, oin);
    const struct cert *current = trust_listed_cert(t, oin, CERT_SEALING);
    if (m == NULL || roster_is_revoked(&t->roster, fingerprint))
        return NULL;
    if (current != NULL && digest_equal(cert_fingerprint(current), fingerprint))
        return current;
    const struct roster_former *f = roster_former_of(&m->former, fingerprint);
    const struct cert *c = f != NULL ? trust_former_cert(t, f) : NULL;
    if (c == NULL || cert_use_of(c) != CERT_SEALING || at->now_s > f->until ||
        at->issued_at_s > f->replaced_at + ROSTER_OVERLAP_S)
        return NULL;
    return c;
}

/* ---- the CURVE key of a connection ---- */

static bool curve_of(const struct cert *c, struct curve_key *out)
{
    return cert_use_of(c) == CERT_TRANSPORT && key_raw_public(cert_key(c), out->b) == ERR_OK;
}

static bool is_its_key(const struct cert *c, const struct curve_key *key)
{
    struct curve_key own;
    return curve_of(c, &own) && bytes_equal(BYTES_OF_ARRAY(own.b), BYTES_OF_ARRAY(key->b));
}

bool trust_former_curve_at(const struct trust *t, size_t i, struct curve_key *out)
{
    for (size_t k = 0; k < t->former_count; k++) {
        struct curve_key own;
        if (!curve_of(t->former[k].cert, &own))
            continue;
        if (i-- == 0) {
            *out = own;
            return true;
        }
    }
    return false;
}

enum err trust_former_peer(const struct trust *t, const struct curve_key *key, int64_t at_s,
                           const struct roster_member **out, struct errmsg *why)
{
    for (size_t i = 0; i < t->former_count; i++) {
        const struct trust_former *f = &t->former[i];
        const struct roster_former *listed = NULL;
        if (!is_its_key(f->cert, key))
            continue;
        if (at_s > f->listed->until)
            return errmsg_set(why, ERR_EXPIRED,
                              "a transport key that %s replaced; it counts no more",
                              cert_oin(f->cert)->oin);
        enum err e = cert_check_time(f->cert, at_s, why);
        if (e == ERR_OK)
            *out = roster_member_with(&t->roster, &f->listed->cert.fingerprint, &listed);
        return e;
    }
    return errmsg_set(why, ERR_NOT_FOUND, "no member of the roster has this CURVE key");
}
