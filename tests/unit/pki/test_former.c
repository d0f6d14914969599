/* Certificates that a renewal replaced: what they are still good for and until when, and the renewal itself
 * (decision 0903). */
#include "tests/unit/pki/trust_world.h"

#include <stdlib.h>

#include "pki/renewal.h"
#include "proto/msg/signed.h"

#define REPLACED FIX_NOW /* the world's certificates are valid for 30 days from then */
#define OVERLAP_END (REPLACED + ROSTER_OVERLAP_S)
#define FORMER_UNTIL (REPLACED + 400 * FIX_DAY)
#define TRANSPORT_UNTIL (REPLACED + 7 * FIX_DAY)

/* A world in which the agency with OIN …2 and its officer have one former certificate of each use. */
struct renewed_world {
    struct world w;
    struct fix_party old[4]; /* signing, sealing, transport, officer */
    struct roster_former of_member[3];
    struct roster_former of_officer;
    struct trust *trust;
};

static int by_fingerprint(const void *a, const void *b)
{
    const struct roster_former *x = a;
    const struct roster_former *y = b;
    return bytes_cmp(digest_bytes(&x->cert.fingerprint), digest_bytes(&y->cert.fingerprint));
}

static void lay_out(struct renewed_world *r)
{
    for (size_t i = 0; i < 3; i++)
        r->of_member[i] = (struct roster_former){entry(&r->old[i]), REPLACED,
                                                 i == 2 ? TRANSPORT_UNTIL : FORMER_UNTIL};
    qsort(r->of_member, 3, sizeof r->of_member[0], by_fingerprint);
    r->of_officer = (struct roster_former){entry(&r->old[3]), REPLACED, FORMER_UNTIL};
    r->w.members[2].former = (struct former_list){r->of_member, 3};
    r->w.officer_list[0].former = (struct former_list){&r->of_officer, 1};
}

static enum err read_back(struct renewed_world *r)
{
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 20);
    struct errmsg why = {""};
    trust_free(r->trust);
    r->trust = NULL;
    world_roster(&r->w, &wire);
    return trust_read(&r->w.pins, buf_bytes(&wire), 5, &r->trust, &why);
}

static void renewed_new(struct renewed_world *r)
{
    static const enum cert_use uses[] = {CERT_SIGNING, CERT_SEALING, CERT_TRANSPORT};
    *r = (struct renewed_world){.trust = NULL};
    world_new(&r->w);
    for (size_t i = 0; i < 3; i++)
        r->old[i] = fix_leaf(&r->w.f, uses[i], '2');
    struct ca_request officer = fix_request(CERT_OFFICER, '2', "jansen");
    r->old[3] = fix_issue(&r->w.f.issuer, &officer);
    lay_out(r);
}

static void renewed_free(struct renewed_world *r)
{
    trust_free(r->trust);
    for (size_t i = 0; i < 4; i++)
        fix_party_free(&r->old[i]);
    world_free(&r->w);
}

static struct signature signed_by(const struct fix_party *p)
{
    struct signature s;
    assert_int_equal(sign_document(SIGN_BATCH, p->key, bytes_str("header"), &s), ERR_OK);
    return s;
}

static enum err verify_at(const struct renewed_world *r, const struct signature *s, int64_t at_s)
{
    struct trust_signed of = {SIGN_BATCH, fix_oin('2'), bytes_str("header"), signature_bytes(s), at_s};
    return trust_verify(r->trust, &of, NULL);
}

static void what_a_former_key_signed_counts_until_the_overlap_is_over(void **state)
{
    (void)state;
    struct renewed_world r;
    renewed_new(&r);
    assert_int_equal(read_back(&r), ERR_OK);
    struct signature old = signed_by(&r.old[0]);
    struct signature now = signed_by(&r.w.certs[1][0]);
    struct signature others = signed_by(&r.w.certs[2][0]);
    struct signature sealing = signed_by(&r.old[1]);
    assert_int_equal(verify_at(&r, &now, REPLACED + 29 * FIX_DAY), ERR_OK);
    assert_int_equal(verify_at(&r, &old, REPLACED), ERR_OK);
    assert_int_equal(verify_at(&r, &old, OVERLAP_END), ERR_OK);
    assert_int_equal(verify_at(&r, &old, OVERLAP_END + 1), ERR_EXPIRED);
    assert_int_equal(verify_at(&r, &old, FIX_NOW - 2 * FIX_DAY), ERR_CERT); /* before it was issued */
    assert_int_equal(verify_at(&r, &others, REPLACED), ERR_SIGNATURE);
    assert_int_equal(verify_at(&r, &sealing, REPLACED), ERR_SIGNATURE); /* another profile */
    for (size_t i = 0; i < 3; i++)
        r.of_member[i].until = REPLACED + 1;
    r.w.r.issued_at = REPLACED + 2;
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(verify_at(&r, &old, REPLACED), ERR_SIGNATURE); /* over for anything */
    assert_int_equal(verify_at(&r, &now, REPLACED), ERR_OK);
    renewed_free(&r);
}

static void a_former_transport_key_is_its_owners_until_its_end(void **state)
{
    (void)state;
    struct renewed_world r;
    const struct roster_member *m = NULL;
    struct curve_key key;
    renewed_new(&r);
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(key_raw_public(r.old[2].key, key.b), ERR_OK);
    assert_int_equal(trust_peer(r.trust, &key, TRANSPORT_UNTIL, &m, NULL), ERR_OK);
    assert_string_equal(m->id.oin, fix_oin('2').oin);
    assert_int_equal(trust_peer(r.trust, &key, TRANSPORT_UNTIL + 1, &m, NULL), ERR_EXPIRED);
    assert_int_equal(trust_peer(r.trust, &r.w.members[2].curve, REPLACED + 29 * FIX_DAY, &m, NULL),
                     ERR_OK);
    renewed_free(&r);
}

static bool seals(const struct renewed_world *r, const struct fix_party *p, int64_t issued_at_s,
                  int64_t now_s)
{
    const struct agency_id of = fix_oin('2');
    const struct trust_sealed_at at = {issued_at_s, now_s};
    return trust_sealing_cert(r->trust, &of, cert_fingerprint(p->cert), &at) != NULL;
}

static void a_former_sealing_certificate_receives_what_was_issued_before(void **state)
{
    (void)state;
    struct renewed_world r;
    renewed_new(&r);
    assert_int_equal(read_back(&r), ERR_OK);
    assert_true(seals(&r, &r.w.certs[1][1], REPLACED + 20 * FIX_DAY, REPLACED + 20 * FIX_DAY));
    assert_true(seals(&r, &r.old[1], REPLACED, FORMER_UNTIL));
    assert_true(seals(&r, &r.old[1], OVERLAP_END, FORMER_UNTIL));
    assert_false(seals(&r, &r.old[1], OVERLAP_END + 1, FORMER_UNTIL));
    assert_false(seals(&r, &r.old[1], REPLACED, FORMER_UNTIL + 1));
    assert_false(seals(&r, &r.old[0], REPLACED, REPLACED)); /* a signing certificate */
    assert_false(seals(&r, &r.w.certs[2][1], REPLACED, REPLACED)); /* another's */
    renewed_free(&r);
}

static enum err adopted(const struct renewed_world *r, int64_t signed_at_s, int64_t at_s)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct name rule = {"riec.release"};
    struct adoption_doc d = world_adopts(&r->w, 0, &rule);
    struct adoption_doc got;
    d.signed_at = signed_at_s;
    assert_int_equal(adoption_encode(&d, &doc, NULL), ERR_OK);
    assert_int_equal(trust_sign_adoption(r->old[3].key, r->old[3].cert, buf_bytes(&doc), &wire), ERR_OK);
    struct trust_reading reading = {.trust = r->trust, .at_s = at_s, .arena = a};
    return trust_read_adoption(&reading, buf_bytes(&wire), &got, NULL);
}

static void what_an_officer_adopted_before_a_renewal_holds_until_the_former_key_is_over(void **state)
{
    (void)state;
    struct renewed_world r;
    renewed_new(&r);
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(adopted(&r, REPLACED, REPLACED + 300 * FIX_DAY), ERR_OK);
    assert_int_equal(adopted(&r, REPLACED, FORMER_UNTIL + 1), ERR_EXPIRED);
    assert_int_equal(adopted(&r, OVERLAP_END + 1, REPLACED + 10 * FIX_DAY), ERR_EXPIRED);
    r.w.officer_list[0].functions = UINT32_C(1) << FUNCTION_CASE_WORKER;
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(adopted(&r, REPLACED, REPLACED), ERR_PERMISSION);
    struct digest revoked = *cert_fingerprint(r.old[3].cert);
    r.w.officer_list[0].former.count = 0;
    r.w.r.revoked = &revoked;
    r.w.r.revoked_count = 1;
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(adopted(&r, REPLACED, REPLACED), ERR_NOT_FOUND);
    renewed_free(&r);
}

static enum err stated(const struct renewed_world *r, int64_t issued_at_s)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf doc CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf wire CLEANUP(buf_free) = buf_new(1 << 16);
    struct epoch_entry one = {.epoch = 1, .state = EPOCH_ACTIVE, .since_s = 1};
    struct epoch_states d = {.deployment = {"demo"}, .purpose = {"riec"}, .serial = 1,
                             .issued_at = issued_at_s, .custodian = fix_oin('2'),
                             .epochs = &one, .epoch_count = 1};
    struct trust_signer s = {SIGN_EPOCH_STATES, r->old[0].key, *cert_fingerprint(r->old[0].cert)};
    struct epoch_states got;
    struct bytes document;
    assert_int_equal(epoch_states_encode(&d, &doc, NULL), ERR_OK);
    assert_int_equal(trust_sign(&s, buf_bytes(&doc), &wire), ERR_OK);
    struct trust_reading reading = {.trust = r->trust, .at_s = REPLACED + 60 * FIX_DAY, .arena = a};
    return trust_read_epoch_states(&reading, buf_bytes(&wire), &got, &document, NULL);
}

static void a_custodians_word_outlives_its_key(void **state)
{
    (void)state;
    struct renewed_world r;
    renewed_new(&r);
    assert_int_equal(read_back(&r), ERR_OK);
    assert_int_equal(stated(&r, REPLACED), ERR_OK);
    assert_int_equal(stated(&r, OVERLAP_END + 1), ERR_EXPIRED);
    renewed_free(&r);
}

typedef void (*spoil_fn)(struct renewed_world *r);

static void fine(struct renewed_world *r)
{
    (void)r;
}

static void of_another(struct renewed_world *r)
{
    fix_party_free(&r->old[0]);
    r->old[0] = fix_leaf(&r->w.f, CERT_SIGNING, '3');
}

static void of_another_person(struct renewed_world *r)
{
    struct ca_request piet = fix_request(CERT_OFFICER, '2', "piet");
    fix_party_free(&r->old[3]);
    r->old[3] = fix_issue(&r->w.f.issuer, &piet);
}

static void officers_at_a_member(struct renewed_world *r)
{
    struct ca_request jansen = fix_request(CERT_OFFICER, '2', "jansen");
    fix_party_free(&r->old[0]);
    r->old[0] = fix_issue(&r->w.f.issuer, &jansen);
}

static void of_another_authority(struct renewed_world *r)
{
    struct fix_pki theirs;
    fix_new(&theirs);
    fix_party_free(&r->old[0]);
    r->old[0] = fix_leaf(&theirs, CERT_SIGNING, '2');
    fix_free(&theirs);
}

/* The same key again under a certificate of its own. */
static void the_key_of_now(struct renewed_world *r)
{
    struct ca_request again = fix_request(CERT_SIGNING, '2', "again");
    struct ca_issuer by = {r->w.f.issuer.cert, r->w.f.issuer.key};
    cert_free(r->old[0].cert);
    assert_int_equal(ca_issue(&again, &by, r->w.certs[1][0].key, &r->old[0].cert, NULL), ERR_OK);
}

static void a_roster_whose_former_certificates_are_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        spoil_fn spoil;
        enum err want;
    } cases[] = {
        {"fine", fine, ERR_OK},
        {"of another member", of_another, ERR_CERT},
        {"of another person", of_another_person, ERR_CERT},
        {"an officer's at a member", officers_at_a_member, ERR_CERT},
        {"of another authority", of_another_authority, ERR_CERT},
        {"the key of now", the_key_of_now, ERR_DUPLICATE},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct renewed_world r;
        renewed_new(&r);
        cases[i].spoil(&r);
        lay_out(&r);
        enum err e = read_back(&r);
        if (e != cases[i].want)
            fail_msg("%s: got %d, want %d", cases[i].name, e, cases[i].want);
        renewed_free(&r);
    }
}

/* ---- the renewal ---- */

struct asking {
    struct fix_party next[3];
    struct renewal_making making;
};

static void asking_new(struct asking *a, const struct fix_party *signer)
{
    static const enum key_type types[] = {KEY_TYPE_P256, KEY_TYPE_P256, KEY_TYPE_X25519};
    *a = (struct asking){.making = {.deployment = {"demo"}, .oin = fix_oin('2'), .name = "m",
                                    .now_s = FIX_NOW, .signer = signer->key,
                                    .signer_fingerprint = *cert_fingerprint(signer->cert)}};
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(key_generate(types[i], &a->next[i].key), ERR_OK);
    a->making.signing = a->next[0].key;
    a->making.sealing = a->next[1].key;
    a->making.transport = a->next[2].key;
}

static void asking_free(struct asking *a)
{
    for (size_t i = 0; i < 3; i++)
        fix_party_free(&a->next[i]);
}

static enum err opened(const struct renewed_world *r, struct bytes wire, int64_t now_s,
                       struct arena *a, struct renewal_asked *out)
{
    const struct renewal_reading of = {&r->w.r, now_s, a};
    return renewal_open(&of, wire, out, NULL);
}

static void a_renewal_names_who_signed_it_and_its_new_keys(void **state)
{
    (void)state;
    struct renewed_world r;
    struct asking ask;
    struct renewal_asked got;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    struct buf wire CLEANUP(buf_free) = buf_new(RENEWAL_WIRE_MAX_BYTES);
    renewed_new(&r);
    asking_new(&ask, &r.w.certs[1][0]);
    assert_int_equal(renewal_make(&ask.making, &wire, NULL), ERR_OK);
    assert_int_equal(opened(&r, buf_bytes(&wire), FIX_NOW, a, &got), ERR_OK);
    assert_ptr_equal(got.member, &r.w.members[2]);
    assert_false(got.is_former);
    assert_int_equal(got.renewal.item_count, 3);
    for (size_t i = 0; i < 3; i++) {
        struct key *key CLEANUP(cleanup_key_free) = NULL;
        struct key *none = NULL;
        const struct renewal_item *item = &got.renewal.items[i];
        const struct agency_id other = fix_oin('3');
        assert_int_equal(renewal_key(item, &got.renewal.oin, "m", &key, NULL), ERR_OK);
        assert_true(key_same_public(key, ask.next[i].key));
        if (item->use != RENEWAL_TRANSPORT)
            assert_int_equal(renewal_key(item, &other, "m", &none, NULL), ERR_CERT);
    }
    assert_int_equal(opened(&r, buf_bytes(&wire), FIX_NOW + 31 * FIX_DAY, a, &got), ERR_EXPIRED);
    for (size_t i = 0; i < wire.len; i++) {
        wire.ptr[i] ^= 1;
        assert_int_not_equal(opened(&r, buf_bytes(&wire), FIX_NOW, a, &got), ERR_OK);
        wire.ptr[i] ^= 1;
    }
    asking_free(&ask);
    renewed_free(&r);
}

static enum err ask_as(struct renewed_world *r, const struct fix_party *signer,
                       const struct name *staff, struct renewal_asked *got, struct arena *a)
{
    struct asking ask;
    struct buf wire CLEANUP(buf_free) = buf_new(RENEWAL_WIRE_MAX_BYTES);
    asking_new(&ask, signer);
    if (staff != NULL) {
        ask.making.officer = ask.making.signing;
        ask.making.signing = ask.making.sealing = ask.making.transport = NULL;
        ask.making.staff = staff;
        ask.making.name = staff->s;
    }
    assert_int_equal(renewal_make(&ask.making, &wire, NULL), ERR_OK);
    enum err e = opened(r, buf_bytes(&wire), FIX_NOW, a, got);
    asking_free(&ask);
    return e;
}

static void who_may_ask_for_new_keys(void **state)
{
    (void)state;
    struct renewed_world r;
    struct renewal_asked got;
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(1 << 20);
    const struct name jansen = {"jansen"};
    const struct name piet = {"piet"};
    renewed_new(&r);
    assert_int_equal(ask_as(&r, &r.w.officers[0], &jansen, &got, a), ERR_OK);
    assert_ptr_equal(got.officer, &r.w.officer_list[0]);
    assert_int_equal(ask_as(&r, &r.w.officers[0], &piet, &got, a), ERR_MISMATCH);
    assert_int_equal(ask_as(&r, &r.w.officers[0], NULL, &got, a), ERR_MISMATCH);
    assert_int_equal(ask_as(&r, &r.w.certs[1][0], &jansen, &got, a), ERR_MISMATCH);
    assert_int_equal(ask_as(&r, &r.w.certs[2][0], NULL, &got, a), ERR_MISMATCH); /* of another OIN */
    assert_int_equal(ask_as(&r, &r.w.certs[1][1], NULL, &got, a), ERR_CERT); /* the sealing key */
    assert_int_equal(ask_as(&r, &r.old[0], NULL, &got, a), ERR_OK);
    assert_true(got.is_former);
    struct fix_party stranger = fix_leaf(&r.w.f, CERT_SIGNING, '2');
    assert_int_equal(ask_as(&r, &stranger, NULL, &got, a), ERR_NOT_FOUND);
    fix_party_free(&stranger);
    struct digest revoked = r.w.members[2].signing.fingerprint;
    r.w.r.revoked = &revoked;
    r.w.r.revoked_count = 1;
    assert_int_equal(ask_as(&r, &r.w.certs[1][0], NULL, &got, a), ERR_CERT);
    renewed_free(&r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_former_key_signed_counts_until_the_overlap_is_over),
        cmocka_unit_test(a_former_transport_key_is_its_owners_until_its_end),
        cmocka_unit_test(a_former_sealing_certificate_receives_what_was_issued_before),
        cmocka_unit_test(what_an_officer_adopted_before_a_renewal_holds_until_the_former_key_is_over),
        cmocka_unit_test(a_custodians_word_outlives_its_key),
        cmocka_unit_test(a_roster_whose_former_certificates_are_wrong_is_refused),
        cmocka_unit_test(a_renewal_names_who_signed_it_and_its_new_keys),
        cmocka_unit_test(who_may_ask_for_new_keys),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
