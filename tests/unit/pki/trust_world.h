/* Registrar, broker and two agencies with a mandated officer each, for tests of what a party believes. */
#ifndef SLUIS_TEST_TRUST_WORLD_H
#define SLUIS_TEST_TRUST_WORLD_H

#include "tests/unit/pki/ca_fixture.h"

#include "pki/trust_docs.h"

#define MEMBERS 3
#define AGENCY_CERTS 3

/* Registrar, broker and two agencies with an officer each; every part may be changed before signing. */
struct world {
    bool is_standing; /* statements are read as accepted before */
    struct fix_pki f;
    struct fix_party roster_key;
    const struct key *signs; /* the roster; other than the pinned key where a test says so */
    struct fix_party certs[MEMBERS][AGENCY_CERTS]; /* broker, agency 2, agency 3 */
    struct fix_party officers[2];
    struct roster_member members[MEMBERS + 1];
    struct roster_officer officer_list[2];
    struct roster_cert issuer;
    struct agency_id ids[2];
    struct name purpose;
    struct buf spki;
    struct roster r;
    struct trust_pins pins;
};

static inline struct roster_cert entry(const struct fix_party *p)
{
    return (struct roster_cert){cert_der(p->cert), *cert_fingerprint(p->cert)};
}

static inline struct roster_member world_member(struct world *w, size_t i)
{
    char last = (char)('1' + i);
    struct roster_member m = {.id = fix_oin(last), .name = bytes_str("m"), .host = fix_oin(last)};
    w->certs[i][0] = fix_leaf(&w->f, CERT_SIGNING, last);
    w->certs[i][1] = fix_leaf(&w->f, CERT_SEALING, last);
    w->certs[i][2] = fix_leaf(&w->f, CERT_TRANSPORT, last);
    m.signing = entry(&w->certs[i][0]);
    m.transport = entry(&w->certs[i][2]);
    assert_int_equal(key_raw_public(w->certs[i][2].key, m.curve.b), ERR_OK);
    if (i == 0) {
        m.kind = MEMBER_BROKER;
        m.endpoint = bytes_str("tcp://127.0.0.1:1");
        return m;
    }
    m.kind = MEMBER_AGENCY;
    m.sealing = entry(&w->certs[i][1]);
    m.controllers = &w->ids[i - 1];
    m.controller_count = 1;
    m.regime = REGIME_AVG;
    m.purposes = (struct name_list){&w->purpose, 1};
    return m;
}

static inline void world_new(struct world *w)
{
    *w = (struct world){.purpose = {"riec"}, .ids = {fix_oin('2'), fix_oin('3')}};
    fix_new(&w->f);
    w->roster_key = fix_self(CERT_PINNED, "roster key");
    w->signs = w->roster_key.key;
    w->members[0] = (struct roster_member){
        .id = fix_oin('0'), .kind = MEMBER_REGISTRAR, .name = bytes_str("r"), .host = fix_oin('0')};
    for (size_t i = 0; i < MEMBERS; i++)
        w->members[i + 1] = world_member(w, i);
    for (size_t i = 0; i < 2; i++) {
        struct ca_request r = fix_request(CERT_OFFICER, (char)('2' + i), "jansen");
        w->officers[i] = fix_issue(&w->f.issuer, &r);
        w->officer_list[i] = (struct roster_officer){
            w->ids[i], {"jansen"}, {"p1"}, UINT32_C(1) << FUNCTION_MANDATED_OFFICER,
            entry(&w->officers[i]), {NULL, 0}};
    }
    w->issuer = entry(&w->f.issuer);
    w->spki = buf_new(256);
    assert_int_equal(key_put_spki(w->roster_key.key, &w->spki), ERR_OK);
    w->r = (struct roster){.deployment = {"demo"},
                           .serial = 5,
                           .issued_at = FIX_NOW,
                           .not_after = FIX_NOW + 7 * FIX_DAY,
                           .issuers = &w->issuer,
                           .issuer_count = 1,
                           .members = w->members,
                           .member_count = MEMBERS + 1,
                           .officers = w->officer_list,
                           .officer_count = 2,
                           .log_key = bytes_str("k"),
                           .log_origin = bytes_str("o"),
                           .key = buf_bytes(&w->spki)};
    w->pins = (struct trust_pins){.deployment = {"demo"},
                                  .root = cert_der(w->f.root.cert),
                                  .roster_key = w->roster_key.key};
}

static inline void world_free(struct world *w)
{
    for (size_t i = 0; i < MEMBERS * AGENCY_CERTS; i++)
        fix_party_free(&w->certs[i / AGENCY_CERTS][i % AGENCY_CERTS]);
    fix_party_free(&w->officers[0]);
    fix_party_free(&w->officers[1]);
    fix_party_free(&w->roster_key);
    buf_free(&w->spki);
    fix_free(&w->f);
}

/* Appends the signed roster as it stands in w. */
static inline void world_roster(const struct world *w, struct buf *wire)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 20);
    struct trust_signer s = {.kind = SIGN_ROSTER, .key = w->signs};
    struct errmsg why = {""};
    assert_int_equal(key_fingerprint(s.key, &s.fingerprint), ERR_OK);
    if (roster_encode(&w->r, &doc, &why) != ERR_OK)
        fail_msg("encode: %s", why.text);
    assert_int_equal(trust_sign(&s, buf_bytes(&doc), wire), ERR_OK);
}

/* What the mandated officer of agency i says of one rule, with serial 1. */
static inline struct adoption_doc world_adopts(const struct world *w, size_t i,
                                               const struct name *rule)
{
    return (struct adoption_doc){.deployment = {"demo"},
                                 .holder = w->ids[i],
                                 .rules = {rule, 1},
                                 .state = ADOPTION_STATE_ADOPTED,
                                 .serial = 1,
                                 .signed_at = FIX_NOW,
                                 .staff = {"jansen"}};
}

/* Appends d, signed by the officer of agency by. */
static inline void world_adoption(const struct world *w, const struct adoption_doc *d, size_t by,
                                  struct buf *wire)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    assert_int_equal(adoption_encode(d, &doc, &why), ERR_OK);
    assert_int_equal(
        trust_sign_adoption(w->officers[by].key, w->officers[by].cert, buf_bytes(&doc), wire), ERR_OK);
}

#endif
