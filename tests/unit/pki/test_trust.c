/* The roster as a party believes it: what a registrar of the fixture signs is taken, and each thing
 * that could be wrong with it is refused; statements, adoptions and dealt keys on top of it. */
#include "tests/unit/pki/trust_world.h"

#include <stdlib.h>

#include "pki/dealt.h"
#include "proto/msg/signed.h"

/* How often a decoder was reached (the linker puts these in front of the real ones). */
static unsigned decoded;

#define COUNTED(name, ...)                                                                         \
    enum err __real_##name(__VA_ARGS__);                                                           \
    enum err __wrap_##name(__VA_ARGS__)

COUNTED(roster_decode, struct bytes document, sha256_fn sha256, struct arena *a, struct roster *out,
        struct errmsg *why);
enum err __wrap_roster_decode(struct bytes document, sha256_fn sha256, struct arena *a,
                              struct roster *out, struct errmsg *why)
{
    decoded++;
    return __real_roster_decode(document, sha256, a, out, why);
}

COUNTED(deal_decode, struct bytes document, struct arena *a, struct deal *out, struct errmsg *why);
enum err __wrap_deal_decode(struct bytes document, struct arena *a, struct deal *out,
                            struct errmsg *why)
{
    decoded++;
    return __real_deal_decode(document, a, out, why);
}

COUNTED(adoption_decode, struct bytes document, struct arena *a, struct adoption_doc *out,
        struct errmsg *why);
enum err __wrap_adoption_decode(struct bytes document, struct arena *a, struct adoption_doc *out,
                                struct errmsg *why)
{
    decoded++;
    return __real_adoption_decode(document, a, out, why);
}

static enum err load(const struct world *w, struct trust **out, struct errmsg *why)
{
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 20);
    world_roster(w, &wire);
    return trust_read(&w->pins, buf_bytes(&wire), 5, out, why);
}

static void a_signed_roster_answers_for_its_members(void **state)
{
    (void)state;
    struct world w;
    struct errmsg why = {""};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    const struct cert *c = NULL;
    const struct roster_member *m = NULL;
    world_new(&w);
    if (load(&w, &t, &why) != ERR_OK)
        fail_msg("load: %s", why.text);
    struct trust_query q = {fix_oin('2'), CERT_SEALING, FIX_NOW};
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_OK);
    assert_true(key_same_public(cert_key(c), w.certs[1][1].key));
    q.oin = fix_oin('1'); /* the broker seals nothing */
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_NOT_FOUND);
    q = (struct trust_query){fix_oin('9'), CERT_SIGNING, FIX_NOW};
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_NOT_FOUND);
    q = (struct trust_query){fix_oin('2'), CERT_SIGNING, FIX_NOW + 31 * FIX_DAY};
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_EXPIRED);
    q.at_s = FIX_NOW - 1;
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_CERT);
    assert_int_equal(trust_peer(t, &w.members[3].curve, FIX_NOW, &m, NULL), ERR_OK);
    assert_string_equal(m->id.oin, "00000099000000000003");
    struct curve_key other = {{1}};
    assert_int_equal(trust_peer(t, &other, FIX_NOW, &m, NULL), ERR_NOT_FOUND);
    struct trust_officer_query o = {fix_oin('2'), {"jansen"}, FUNCTION_MANDATED_OFFICER, FIX_NOW};
    assert_int_equal(trust_officer_cert(t, &o, &c, NULL, NULL), ERR_OK);
    assert_true(key_same_public(cert_key(c), w.officers[0].key));
    o.function = FUNCTION_RELEASE_OFFICER;
    assert_int_equal(trust_officer_cert(t, &o, &c, NULL, NULL), ERR_PERMISSION);
    o.staff = (struct name){"piet"};
    assert_int_equal(trust_officer_cert(t, &o, &c, NULL, NULL), ERR_NOT_FOUND);
    assert_int_equal(trust_check_time(t, FIX_NOW + 7 * FIX_DAY - 1, NULL), ERR_OK);
    assert_int_equal(trust_check_time(t, FIX_NOW + 7 * FIX_DAY, NULL), ERR_EXPIRED);
    assert_int_equal(trust_check_time(t, FIX_NOW - TRUST_SKEW_S, NULL), ERR_OK);
    assert_int_equal(trust_check_time(t, FIX_NOW - TRUST_SKEW_S - 1, NULL), ERR_BEHIND);
    assert_false(trust_ends_soon(t, FIX_NOW + 4 * FIX_DAY - 1));
    assert_true(trust_ends_soon(t, FIX_NOW + 4 * FIX_DAY));
    world_free(&w);
}

static void a_revoked_certificate_answers_for_nobody(void **state)
{
    (void)state;
    struct world w;
    struct errmsg why = {""};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    const struct cert *c = NULL;
    const struct roster_member *m = NULL;
    world_new(&w);
    struct digest transport = w.members[2].transport.fingerprint;
    w.r.revoked = &transport;
    w.r.revoked_count = 1;
    assert_int_equal(load(&w, &t, &why), ERR_OK);
    assert_int_equal(trust_peer(t, &w.members[2].curve, FIX_NOW, &m, NULL), ERR_CERT);
    assert_int_equal(trust_peer(t, &w.members[3].curve, FIX_NOW, &m, NULL), ERR_OK);
    struct trust_query q = {fix_oin('2'), CERT_SIGNING, FIX_NOW};
    assert_int_equal(trust_member_cert(t, &q, &c, NULL), ERR_OK);
    world_free(&w);
}

typedef void (*spoil_fn)(struct world *w);

#define SPOIL(name, statement)                                                                     \
    static void name(struct world *w)                                                              \
    {                                                                                              \
        statement;                                                                                 \
    }
SPOIL(leave, (void)w)
SPOIL(other_deployment, w->pins.deployment = (struct name){"prod"})
SPOIL(other_pin, w->pins.roster_key = w->certs[1][0].key)
SPOIL(no_copy_of_the_key, w->r.key.len--)
SPOIL(older_serial, w->r.serial = 4)
SPOIL(signed_by_another, w->signs = w->certs[1][0].key)
SPOIL(wrong_use, struct roster_cert s = w->members[2].signing;
      w->members[2].signing = w->members[2].sealing; w->members[2].sealing = s)
SPOIL(wrong_oin, struct roster_cert s = w->members[2].signing;
      w->members[2].signing = w->members[3].signing; w->members[3].signing = s)
SPOIL(wrong_curve, w->members[2].curve.b[0] ^= 1)
SPOIL(wrong_staff, w->officer_list[0].staff = (struct name){"piet"})
SPOIL(wrong_agency, struct roster_cert s = w->officer_list[0].cert;
      w->officer_list[0].cert = w->officer_list[1].cert; w->officer_list[1].cert = s)
SPOIL(not_a_certificate, w->members[2].signing.der.len--)

static void other_authority(struct world *w)
{
    struct fix_pki theirs;
    fix_new(&theirs);
    struct fix_party p = fix_leaf(&theirs, CERT_SIGNING, '2');
    fix_party_free(&w->certs[1][0]);
    w->certs[1][0] = p;
    w->members[2].signing = entry(&p);
    fix_free(&theirs);
}

static void one_key_twice(struct world *w)
{
    struct ca_request r = fix_request(CERT_OFFICER, '2', "jansen");
    struct ca_issuer by = {w->f.issuer.cert, w->f.issuer.key};
    cert_free(w->officers[0].cert);
    assert_int_equal(ca_issue(&r, &by, w->certs[1][0].key, &w->officers[0].cert, NULL), ERR_OK);
    w->officer_list[0].cert = entry(&w->officers[0]);
}

/* ---- the broker's transport key that comes ---- */

static struct fix_party coming; /* freed by whoever loads */

static void list_coming(struct world *w, enum cert_use use, char oin)
{
    coming = fix_leaf(&w->f, use, oin);
    w->members[1].next = (struct roster_next){.transport = entry(&coming),
                                              .curve = {{1}},
                                              .endpoint = bytes_str("tcp://127.0.0.1:2")};
    if (use == CERT_TRANSPORT)
        assert_int_equal(key_raw_public(coming.key, w->members[1].next.curve.b), ERR_OK);
}
SPOIL(next_key, list_coming(w, CERT_TRANSPORT, '1'))
SPOIL(next_key_of_another, list_coming(w, CERT_TRANSPORT, '2'))
SPOIL(next_key_of_another_use, list_coming(w, CERT_SIGNING, '1'))
SPOIL(next_key_is_another, list_coming(w, CERT_TRANSPORT, '1'); w->members[1].next.curve.b[3] ^= 1)

static void next_key_of_another_authority(struct world *w)
{
    struct fix_pki theirs;
    fix_new(&theirs);
    list_coming(w, CERT_TRANSPORT, '1');
    fix_party_free(&coming);
    coming = fix_leaf(&theirs, CERT_TRANSPORT, '1');
    w->members[1].next.transport = entry(&coming);
    assert_int_equal(key_raw_public(coming.key, w->members[1].next.curve.b), ERR_OK);
    fix_free(&theirs);
}

static void whatever_is_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        spoil_fn spoil;
        enum err want;
    } cases[] = {
        {"nothing", leave, ERR_OK},
        {"next transport key", next_key, ERR_OK},
        {"next transport key of another", next_key_of_another, ERR_CERT},
        {"next transport key of another use", next_key_of_another_use, ERR_CERT},
        {"next transport key is another", next_key_is_another, ERR_CERT},
        {"next transport key of another CA", next_key_of_another_authority, ERR_CERT},
        {"other deployment", other_deployment, ERR_MISMATCH},
        {"other pin", other_pin, ERR_MISMATCH},
        {"another copy of the key", no_copy_of_the_key, ERR_MISMATCH},
        {"older serial", older_serial, ERR_BEHIND},
        {"signed by another", signed_by_another, ERR_MISMATCH},
        {"wrong use", wrong_use, ERR_CERT},
        {"wrong OIN", wrong_oin, ERR_CERT},
        {"wrong CURVE key", wrong_curve, ERR_CERT},
        {"wrong staff", wrong_staff, ERR_CERT},
        {"officer of another agency", wrong_agency, ERR_CERT},
        {"not a certificate", not_a_certificate, ERR_INVALID},
        {"of another CA", other_authority, ERR_CERT},
        {"one key twice", one_key_twice, ERR_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct world w;
        struct errmsg why = {""};
        struct trust *t = NULL;
        world_new(&w);
        cases[i].spoil(&w);
        enum err e = load(&w, &t, &why);
        if (e != cases[i].want)
            fail_msg("%s: %d (%s)", cases[i].name, e, why.text);
        assert_true((t != NULL) == (e == ERR_OK));
        trust_free(t);
        fix_party_free(&coming);
        coming = (struct fix_party){NULL, NULL};
        world_free(&w);
    }
}

static struct deal world_deal(const struct world *w, struct deal_participant two[static 2])
{
    for (size_t i = 0; i < 2; i++)
        two[i] = (struct deal_participant){w->ids[i], w->members[i + 2].sealing.fingerprint};
    struct deal d = {.deployment = {"demo"},
                     .purpose = {"riec"},
                     .epoch = 1,
                     .suite = SUITE_HK1,
                     .participants = two,
                     .participant_count = 2,
                     .custodian = w->ids[0],
                     .issued_at = FIX_NOW};
    d.norms[IDENT_BSN] = 1;
    return d;
}

/* d, signed with the signing key of agency 2 + by. */
static void sign_deal(const struct world *w, const struct deal *d, size_t by, struct buf *wire)
{
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    const struct fix_party *p = &w->certs[by + 1][0];
    struct trust_signer s = {SIGN_EPOCH, p->key, *cert_fingerprint(p->cert)};
    assert_int_equal(deal_encode(d, &doc, &why), ERR_OK);
    assert_int_equal(trust_sign(&s, buf_bytes(&doc), wire), ERR_OK);
}

static enum err read_deal(const struct world *w, const struct deal *d, size_t by)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    struct deal got;
    assert_int_equal(load(w, &t, &why), ERR_OK);
    sign_deal(w, d, by, &wire);
    struct trust_reading r = {.trust = t, .at_s = FIX_NOW, .arena = a, .is_standing = w->is_standing};
    return trust_read_deal(&r, buf_bytes(&wire), &got, NULL, &why);
}

static void a_statement_must_agree_with_the_roster(void **state)
{
    (void)state;
    struct world w;
    struct deal_participant two[2];
    world_new(&w);
    struct deal d = world_deal(&w, two);
    assert_int_equal(read_deal(&w, &d, 0), ERR_OK);
    assert_int_equal(read_deal(&w, &d, 1), ERR_SIGNATURE); /* by a participant, not the custodian */
    two[1].sealing.b[0] ^= 1;
    assert_int_equal(read_deal(&w, &d, 0), ERR_MISMATCH);
    d = world_deal(&w, two);
    d.purpose = (struct name){"fec"};
    assert_int_equal(read_deal(&w, &d, 0), ERR_NOT_FOUND);
    d = world_deal(&w, two);
    d.deployment = (struct name){"prod"};
    assert_int_equal(read_deal(&w, &d, 0), ERR_MISMATCH);
    /* who has left the roster cannot be dealt a key, and does not spoil what was dealt to others */
    d = world_deal(&w, two);
    assert_int_equal(agency_id_parse(bytes_str("00000099000000009000"), &two[1].id), ERR_OK);
    assert_int_equal(read_deal(&w, &d, 0), ERR_NOT_FOUND);
    w.is_standing = true;
    assert_int_equal(read_deal(&w, &d, 0), ERR_OK);
    /* nor does one who renewed its sealing certificate since; what the custodian signed stays */
    two[0].sealing.b[0] ^= 1;
    assert_int_equal(read_deal(&w, &d, 0), ERR_OK);
    assert_int_equal(read_deal(&w, &d, 1), ERR_SIGNATURE);
    world_free(&w);
}

static enum err read_adoption(const struct world *w, const struct adoption_doc *d, size_t by)
{
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct errmsg why = {""};
    struct adoption_doc got;
    assert_int_equal(load(w, &t, &why), ERR_OK);
    world_adoption(w, d, by, &wire);
    struct trust_reading r = {.trust = t, .at_s = FIX_NOW, .arena = a};
    return trust_read_adoption(&r, buf_bytes(&wire), &got, &why);
}

static void an_adoption_is_by_a_mandated_officer_of_the_holder(void **state)
{
    (void)state;
    struct world w;
    struct name rule = {"riec.release"};
    world_new(&w);
    struct adoption_doc d = world_adopts(&w, 0, &rule);
    assert_int_equal(read_adoption(&w, &d, 0), ERR_OK);
    assert_int_equal(read_adoption(&w, &d, 1), ERR_SIGNATURE); /* the other agency's Jansen */
    w.officer_list[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    assert_int_equal(read_adoption(&w, &d, 0), ERR_PERMISSION);
    world_free(&w);
}

static void a_dealt_key_arrives_with_its_statement(void **state)
{
    (void)state;
    struct world w;
    world_new(&w);
    struct secret *k CLEANUP(cleanup_secret_free) = secret_random(DEALT_KEY_BYTES);
    struct secret *short_key CLEANUP(cleanup_secret_free) = secret_random(16);
    struct secret *got CLEANUP(cleanup_secret_free) = NULL;
    struct secret *none = NULL;
    struct buf sealed CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct buf said CLEANUP(buf_free) = buf_new(1000);
    const struct cert *to = w.certs[2][1].cert;
    struct seal_params s = {w.certs[1][0].key, w.certs[1][0].cert, &to, 1, 0};
    struct seal_open_params o = {w.certs[2][1].key, to, w.certs[1][0].cert};
    assert_int_equal(dealt_seal(&s, bytes_str("statement"), short_key, &sealed), ERR_INVALID);
    assert_int_equal(dealt_seal(&s, bytes_str("statement"), k, &sealed), ERR_OK);
    assert_int_equal(dealt_open(&o, buf_bytes(&sealed), &said, &got, NULL), ERR_OK);
    assert_true(bytes_is(buf_bytes(&said), "statement"));
    assert_true(secret_equal(got, k));
    o.signer = w.certs[2][0].cert;
    assert_int_equal(dealt_open(&o, buf_bytes(&sealed), &said, &none, NULL), ERR_SIGNATURE);
    struct buf plain CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    assert_int_equal(seal(&s, bytes_str("no key at all"), &plain), ERR_OK);
    o.signer = w.certs[1][0].cert;
    assert_int_equal(dealt_open(&o, buf_bytes(&plain), &said, &none, NULL), ERR_INVALID);
    assert_null(none);
    world_free(&w);
}

typedef enum err (*reread_fn)(const struct world *w, const struct trust *t, struct bytes wire);

static enum err reread_roster(const struct world *w, const struct trust *t, struct bytes wire)
{
    struct trust *got CLEANUP(cleanup_trust_free) = NULL;
    (void)t;
    return trust_read(&w->pins, wire, 5, &got, NULL);
}

static enum err reread_deal(const struct world *w, const struct trust *t, struct bytes wire)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct deal got;
    struct trust_reading r = {.trust = t, .at_s = FIX_NOW, .arena = a};
    (void)w;
    return trust_read_deal(&r, wire, &got, NULL, NULL);
}

static enum err reread_adoption(const struct world *w, const struct trust *t, struct bytes wire)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct adoption_doc got;
    struct trust_reading r = {.trust = t, .at_s = FIX_NOW, .arena = a};
    (void)w;
    return trust_read_adoption(&r, wire, &got, NULL);
}

/* Read as it is: believed, after one decoding. With any byte altered: refused, before any. */
static void check_altered(const struct world *w, const struct trust *t, struct buf *wire,
                          reread_fn reread)
{
    struct bytes good = buf_bytes(wire);
    uint8_t *copy = malloc(good.len);
    assert_non_null(copy);
    memcpy(copy, good.ptr, good.len);
    decoded = 0;
    assert_int_equal(reread(w, t, good), ERR_OK);
    assert_int_equal(decoded, 1);
    for (size_t i = 0; i < good.len; i++) {
        copy[i] ^= 0x01;
        decoded = 0;
        if (reread(w, t, bytes_of(copy, good.len)) == ERR_OK)
            fail_msg("byte %zu altered: believed", i);
        if (decoded != 0)
            fail_msg("byte %zu altered: reached the decoder", i);
        copy[i] ^= 0x01;
    }
    free(copy);
}

/* Invariant 13: size, signature over the exact bytes, and only then the decoder. */
static void altered_bytes_never_reach_a_decoder(void **state)
{
    (void)state;
    struct world w;
    struct deal_participant two[2];
    struct name rule = {"riec.release"};
    struct trust *t CLEANUP(cleanup_trust_free) = NULL;
    struct buf roster CLEANUP(buf_free) = buf_new(1 << 20);
    struct buf deal CLEANUP(buf_free) = buf_new(1 << 20);
    struct buf adoption CLEANUP(buf_free) = buf_new(1 << 20);
    world_new(&w);
    assert_int_equal(load(&w, &t, NULL), ERR_OK);
    world_roster(&w, &roster);
    check_altered(&w, t, &roster, reread_roster);
    struct deal d = world_deal(&w, two);
    sign_deal(&w, &d, 0, &deal);
    check_altered(&w, t, &deal, reread_deal);
    struct adoption_doc says = world_adopts(&w, 0, &rule);
    world_adoption(&w, &says, 0, &adoption);
    check_altered(&w, t, &adoption, reread_adoption);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signed_roster_answers_for_its_members),
        cmocka_unit_test(a_revoked_certificate_answers_for_nobody),
        cmocka_unit_test(whatever_is_wrong_is_refused),
        cmocka_unit_test(a_statement_must_agree_with_the_roster),
        cmocka_unit_test(an_adoption_is_by_a_mandated_officer_of_the_holder),
        cmocka_unit_test(a_dealt_key_arrives_with_its_statement),
        cmocka_unit_test(altered_bytes_never_reach_a_decoder),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
