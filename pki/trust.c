#include "pki/trust_internal.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/msg/signed.h"

static void free_certs(struct cert **certs, size_t count)
{
    for (size_t i = 0; certs != NULL && i < count; i++)
        cert_free(certs[i]);
    free(certs);
}

void trust_free(struct trust *t)
{
    if (t == NULL)
        return;
    free_certs(t->members, t->roster.member_count * TRUST_MEMBER_CERTS);
    free_certs(t->officers, t->roster.officer_count);
    trust_free_formers(t);
    for (size_t i = 0; i < ROSTER_MAX_ISSUERS; i++)
        cert_free(t->issuers[i]);
    cert_free(t->next);
    cert_free(t->root);
    arena_free(t->arena);
    free(t);
}

static enum err read_pins(struct trust *t, const struct trust_pins *pins)
{
    enum err e = key_fingerprint(pins->roster_key, &t->pins[t->pin_count++]);
    if (e == ERR_OK && pins->next_roster_key != NULL)
        e = key_fingerprint(pins->next_roster_key, &t->pins[t->pin_count++]);
    return e;
}

bool trust_is_by_next(const struct trust *t)
{
    return t->is_by_next;
}

bool trust_pins_key(const struct trust *t, const struct digest *fingerprint)
{
    return digest_equal(&t->pins[0], fingerprint) ||
           (t->pin_count > 1 && digest_equal(&t->pins[1], fingerprint));
}

/* By a pinned key, over the bytes as received; nothing inside them has been looked at yet. */
static enum err check_signature(const struct trust *t, const struct trust_pins *pins,
                                const struct signed_doc *doc, struct errmsg *why)
{
    if (!trust_pins_key(t, &doc->signer))
        return errmsg_set(why, ERR_MISMATCH, "roster: signed with another key than the pinned one");
    const bool is_next = !digest_equal(&t->pins[0], &doc->signer);
    const struct key *by = is_next ? pins->next_roster_key : pins->roster_key;
    enum err e = sign_verify(SIGN_ROSTER, by, doc->document, doc->signature);
    return e == ERR_OK ? e : errmsg_set(why, e, "roster: its signature does not verify");
}

/* The copy of the key that the document carries is for those who have no pin yet: it must be the same. */
static enum err check_copy_of_key(const struct trust *t, const struct digest *signer,
                                  struct errmsg *why)
{
    struct digest have;
    enum err e = digest_sha256(&t->roster.key, 1, &have);
    if (e == ERR_OK && !digest_equal(&have, signer))
        e = errmsg_set(why, ERR_MISMATCH, "roster: names another key than signed it");
    return e;
}

enum err trust_check_handover(const struct roster *next, struct bytes from, struct errmsg *why)
{
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct buf content CLEANUP(buf_free) = buf_new(512);
    enum err e = key_from_spki(from, &key);
    if (e == ERR_OK)
        e = roster_put_handover(&next->deployment, from, next->key, &content);
    if (e == ERR_OK)
        e = sign_verify(SIGN_HANDOVER, key, buf_bytes(&content), next->handover);
    if (e == ERR_OK || e == ERR_NOMEM)
        return e;
    return errmsg_set(why, ERR_MISMATCH,
                      "roster: signed with another key than before, which has not handed over to it");
}

/* The key that comes has no voice before the one that it follows gave it. */
static enum err check_succession(const struct trust *t, const struct trust_pins *pins,
                                 const struct digest *signer, struct errmsg *why)
{
    struct buf from CLEANUP(buf_free) = buf_new(KEY_SPKI_MAX_BYTES);
    if (digest_equal(&t->pins[0], signer))
        return ERR_OK;
    enum err e = key_put_spki(pins->roster_key, &from);
    return e != ERR_OK ? e : trust_check_handover(&t->roster, buf_bytes(&from), why);
}

static enum err decode_roster(struct trust *t, const struct trust_pins *pins,
                              struct bytes document, struct errmsg *why)
{
    enum err e = roster_decode(document, digest_sha256, t->arena, &t->roster, why);
    if (e == ERR_OK)
        e = digest_sha256(&document, 1, &t->digest);
    if (e == ERR_OK && !name_equal(&t->roster.deployment, &pins->deployment))
        e = errmsg_set(why, ERR_MISMATCH, "roster: of deployment %s, not %s",
                       t->roster.deployment.s, pins->deployment.s);
    return e;
}

/* Size, frame, signature over the exact bytes, and only then the decoder (decision 0304). */
static enum err read_roster(struct trust *t, const struct trust_pins *pins, struct bytes wire,
                            struct errmsg *why)
{
    struct signed_doc doc;
    t->arena = arena_new(ROSTER_ARENA_BYTES + 2 * ROSTER_MAX_BYTES);
    if (t->arena == NULL)
        return ERR_NOMEM;
    enum err e = read_pins(t, pins);
    if (e == ERR_OK)
        e = signed_doc_decode(wire, ROSTER_MAX_BYTES, t->arena, &doc, why);
    if (e == ERR_OK)
        e = check_signature(t, pins, &doc, why);
    if (e == ERR_OK)
        e = decode_roster(t, pins, doc.document, why);
    t->is_by_next = e == ERR_OK && !digest_equal(&t->pins[0], &doc.signer);
    if (e == ERR_OK)
        e = check_copy_of_key(t, &doc.signer, why);
    return e == ERR_OK ? check_succession(t, pins, &doc.signer, why) : e;
}

static enum err read_anchors(struct trust *t, const struct trust_pins *pins, struct errmsg *why)
{
    enum err e = cert_parse(pins->root, CERT_ROOT, &t->root, why);
    if (e == ERR_OK)
        e = cert_check_self(t->root, why);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "root certificate");
    struct cert_anchors root_only = {t->root, NULL, 0};
    for (size_t i = 0; e == ERR_OK && i < t->roster.issuer_count; i++) {
        e = cert_parse(t->roster.issuers[i].der, CERT_ISSUER, &t->issuers[i], why);
        if (e == ERR_OK)
            e = cert_check_chain(t->issuers[i], &root_only, why);
    }
    return e == ERR_OK ? e : errmsg_wrap(why, e, "issuing CA");
}

enum err trust_read_cert(const struct trust *t, const struct roster_cert *from,
                         const struct trust_query *as, struct cert **out, struct errmsg *why)
{
    struct cert_anchors anchors = {t->root, t->issuers, t->roster.issuer_count};
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    enum err e = cert_parse(from->der, as->use, &c, why);
    if (e == ERR_OK)
        e = cert_check_chain(c, &anchors, why);
    if (e == ERR_OK && !agency_id_equal(cert_oin(c), &as->oin))
        e = errmsg_set(why, ERR_CERT, "certificate names %s", cert_oin(c)->oin);
    if (e != ERR_OK)
        return errmsg_wrap(why, e, "%s of %s", cert_use_id(as->use), as->oin.oin);
    *out = take(c);
    return ERR_OK;
}

static enum err check_curve(const struct agency_id *oin, const struct curve_key *curve,
                            const struct cert *transport, struct errmsg *why)
{
    uint8_t raw[KEY_RAW_PUBLIC_BYTES];
    if (transport == NULL)
        return ERR_OK;
    if (key_raw_public(cert_key(transport), raw) != ERR_OK ||
        !bytes_equal(BYTES_OF_ARRAY(raw), BYTES_OF_ARRAY(curve->b)))
        return errmsg_set(why, ERR_CERT, "transport of %s: not the CURVE key of the roster", oin->oin);
    return ERR_OK;
}

/* The broker's transport certificate that comes. */
static enum err read_next(struct trust *t, const struct roster_member *m, struct errmsg *why)
{
    const struct trust_query as = {m->id, CERT_TRANSPORT, 0};
    if (!roster_has_next(m))
        return ERR_OK;
    enum err e = trust_read_cert(t, &m->next.transport, &as, &t->next, why);
    return e == ERR_OK ? check_curve(&m->id, &m->next.curve, t->next, why) : e;
}

static enum err read_member(struct trust *t, size_t i, struct errmsg *why)
{
    const struct roster_member *m = &t->roster.members[i];
    const struct roster_cert *from[TRUST_MEMBER_CERTS] = {&m->signing, &m->sealing, &m->transport};
    static const enum cert_use uses[TRUST_MEMBER_CERTS] = {CERT_SIGNING, CERT_SEALING, CERT_TRANSPORT};
    struct cert **to = &t->members[i * TRUST_MEMBER_CERTS];
    for (size_t k = 0; k < TRUST_MEMBER_CERTS; k++) {
        struct trust_query as = {m->id, uses[k], 0};
        enum err e = from[k]->der.len > 0 ? trust_read_cert(t, from[k], &as, &to[k], why) : ERR_OK;
        if (e != ERR_OK)
            return e;
    }
    enum err e = check_curve(&m->id, &m->curve, to[2], why);
    return e == ERR_OK ? read_next(t, m, why) : e;
}

static enum err read_officer(struct trust *t, size_t i, struct errmsg *why)
{
    const struct roster_officer *o = &t->roster.officers[i];
    struct trust_query as = {o->agency, CERT_OFFICER, 0};
    enum err e = trust_read_cert(t, &o->cert, &as, &t->officers[i], why);
    if (e == ERR_OK && strcmp(cert_name(t->officers[i]), o->staff.s) != 0)
        e = errmsg_set(why, ERR_CERT, "officer %s of %s: certificate of another", o->staff.s,
                       o->agency.oin);
    return e;
}

static enum err read_certs(struct trust *t, struct errmsg *why)
{
    t->members = calloc(t->roster.member_count * TRUST_MEMBER_CERTS + 1, sizeof *t->members);
    t->officers = calloc(t->roster.officer_count + 1, sizeof *t->officers);
    if (t->members == NULL || t->officers == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < t->roster.member_count; i++)
        e = read_member(t, i, why);
    for (size_t i = 0; e == ERR_OK && i < t->roster.officer_count; i++)
        e = read_officer(t, i, why);
    return e == ERR_OK ? trust_read_formers(t, why) : e;
}

static int compare_digests(const void *a, const void *b)
{
    return bytes_cmp(digest_bytes(a), digest_bytes(b));
}

/* A key in two certificates would let one party's signature count as another's. */
static enum err check_distinct_keys(const struct trust *t, struct errmsg *why)
{
    size_t members = t->roster.member_count * TRUST_MEMBER_CERTS;
    size_t room = members + t->roster.officer_count + t->former_count + 1;
    struct digest *all = arena_array(t->arena, room, sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    size_t n = 0;
    enum err e = ERR_OK;
    for (size_t i = 0; e == ERR_OK && i < members; i++) {
        if (t->members[i] != NULL)
            e = key_fingerprint(cert_key(t->members[i]), &all[n++]);
    }
    for (size_t i = 0; e == ERR_OK && i < t->roster.officer_count; i++)
        e = key_fingerprint(cert_key(t->officers[i]), &all[n++]);
    if (e == ERR_OK && t->next != NULL)
        e = key_fingerprint(cert_key(t->next), &all[n++]);
    for (size_t i = 0; e == ERR_OK && i < t->former_count; i++)
        e = key_fingerprint(cert_key(t->former[i].cert), &all[n++]);
    if (n > 1)
        qsort(all, n, sizeof *all, compare_digests);
    for (size_t i = 1; e == ERR_OK && i < n; i++) {
        if (digest_equal(&all[i - 1], &all[i]))
            e = errmsg_set(why, ERR_DUPLICATE, "roster: one public key stands at two places");
    }
    return e;
}

enum err trust_read(const struct trust_pins *pins, struct bytes signed_roster,
                    uint64_t serial_floor, struct trust **out, struct errmsg *why)
{
    struct trust *t CLEANUP(cleanup_trust_free) = calloc(1, sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    enum err e = read_roster(t, pins, signed_roster, why);
    if (e == ERR_OK && t->roster.serial < serial_floor)
        e = errmsg_set(why, ERR_BEHIND, "roster: serial %llu, but %llu was seen before",
                       (unsigned long long)t->roster.serial, (unsigned long long)serial_floor);
    if (e == ERR_OK)
        e = read_anchors(t, pins, why);
    if (e == ERR_OK)
        e = read_certs(t, why);
    if (e == ERR_OK)
        e = check_distinct_keys(t, why);
    if (e == ERR_OK)
        *out = take(t);
    return e;
}

const struct roster *trust_roster(const struct trust *t)
{
    return &t->roster;
}

const struct cert *trust_root_cert(const struct trust *t)
{
    return t->root;
}

const struct cert *trust_issuer_cert(const struct trust *t, size_t i)
{
    return i < t->roster.issuer_count ? t->issuers[i] : NULL;
}

const struct digest *trust_digest(const struct trust *t)
{
    return &t->digest;
}

/* Revoked or out of its time, the chain above it included. */
static enum err check_usable(const struct trust *t, const struct cert *c, int64_t at_s,
                             struct errmsg *why)
{
    if (roster_is_revoked(&t->roster, cert_fingerprint(c)))
        return errmsg_set(why, ERR_CERT, "certificate of %s is revoked", cert_oin(c)->oin);
    return cert_check_time(c, at_s, why);
}

static enum err not_member(const struct agency_id *oin, struct errmsg *why)
{
    return errmsg_set(why, ERR_NOT_FOUND, "%s is not on the roster for this", oin->oin);
}

const struct cert *trust_listed_cert(const struct trust *t, const struct agency_id *oin,
                                     enum cert_use use)
{
    const struct roster_member *m = roster_member_of(&t->roster, oin);
    if (m == NULL || use < CERT_SIGNING || use > CERT_TRANSPORT)
        return NULL;
    return t->members[(size_t)(m - t->roster.members) * TRUST_MEMBER_CERTS + (use - CERT_SIGNING)];
}

const struct cert *trust_listed_officer(const struct trust *t, const struct roster_officer *o)
{
    return t->officers[o - t->roster.officers];
}

enum err trust_member_cert(const struct trust *t, const struct trust_query *q,
                           const struct cert **out, struct errmsg *why)
{
    const struct cert *c = trust_listed_cert(t, &q->oin, q->use);
    if (c == NULL)
        return not_member(&q->oin, why);
    enum err e = check_usable(t, c, q->at_s, why);
    if (e == ERR_OK)
        *out = c;
    return e;
}

enum err trust_officer_cert(const struct trust *t, const struct trust_officer_query *q,
                            const struct cert **out, const struct roster_officer **officer,
                            struct errmsg *why)
{
    const struct roster_officer *o = roster_officer_of(&t->roster, &q->agency, &q->staff);
    if (o == NULL)
        return errmsg_set(why, ERR_NOT_FOUND, "no officer %s of %s on the roster", q->staff.s,
                          q->agency.oin);
    if (q->function != FUNCTION_NONE && !roster_officer_has(o, q->function))
        return errmsg_set(why, ERR_PERMISSION, "%s of %s is no %s", q->staff.s, q->agency.oin,
                          officer_function_id(q->function));
    const struct cert *c = t->officers[o - t->roster.officers];
    enum err e = check_usable(t, c, q->at_s, why);
    if (e != ERR_OK)
        return e;
    *out = c;
    if (officer != NULL)
        *officer = o;
    return ERR_OK;
}

enum err trust_peer(const struct trust *t, const struct curve_key *key, int64_t at_s,
                    const struct roster_member **out, struct errmsg *why)
{
    const struct roster_member *m = roster_member_by_curve(&t->roster, key);
    if (m == NULL)
        return trust_former_peer(t, key, at_s, out, why);
    struct trust_query q = {m->id, CERT_TRANSPORT, at_s};
    const struct cert *c = NULL;
    enum err e = trust_member_cert(t, &q, &c, why);
    if (e == ERR_OK)
        *out = m;
    return e;
}

enum err trust_verify(const struct trust *t, const struct trust_signed *s, struct errmsg *why)
{
    struct trust_proof by;
    enum err e = trust_proof_of(t, s, &by, why);
    if (e == ERR_OK && !trust_proof_counts(&by, s->at_s))
        e = errmsg_set(why, s->at_s < by.from_s ? ERR_CERT : ERR_EXPIRED,
                       "signed by %s with a certificate that does not count at that time", s->by.oin);
    return e;
}

enum err trust_check_time(const struct trust *t, int64_t now_s, struct errmsg *why)
{
    if (now_s >= t->roster.not_after)
        return errmsg_set(why, ERR_EXPIRED, "roster %llu is over; fetch a newer one",
                          (unsigned long long)t->roster.serial);
    if (now_s < t->roster.issued_at - TRUST_SKEW_S)
        return errmsg_set(why, ERR_BEHIND, "this clock is behind the time of the roster");
    return ERR_OK;
}

bool trust_ends_soon(const struct trust *t, int64_t now_s)
{
    return now_s >= t->roster.not_after - TRUST_WARN_S;
}
