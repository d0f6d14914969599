#include "tests/unit/pki/test_core.h"

#include "pki/key.h"
#include "pki/sign.h"

static struct key *generate(enum key_type type)
{
    struct key *k = NULL;
    assert_int_equal(key_generate(type, &k), ERR_OK);
    return k;
}

static void document_signature_binds_kind_key_and_every_byte(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct key *CLEANUP(cleanup_key_free) other = generate(KEY_TYPE_P256);
    uint8_t doc[] = "who may know what";
    struct bytes d = BYTES_OF_ARRAY(doc);
    struct signature s;
    assert_int_equal(sign_document(SIGN_BATCH, k, d, &s), ERR_OK);
    assert_true(s.len <= SIGN_P256_MAX_BYTES);
    assert_int_equal(sign_verify(SIGN_BATCH, k, d, signature_bytes(&s)), ERR_OK);
    for (int kind = 1; kind < SIGN_KIND_COUNT; kind++) {
        enum err want = kind == SIGN_BATCH ? ERR_OK : ERR_SIGNATURE;
        assert_int_equal(sign_verify((enum sign_kind)kind, k, d, signature_bytes(&s)), want);
    }
    assert_int_equal(sign_verify(SIGN_BATCH, other, d, signature_bytes(&s)), ERR_SIGNATURE);
    for (size_t i = 0; i < sizeof doc; i++) {
        doc[i] ^= 1;
        assert_int_equal(sign_verify(SIGN_BATCH, k, d, signature_bytes(&s)), ERR_SIGNATURE);
        doc[i] ^= 1;
    }
    for (size_t n = 0; n < s.len; n++)
        assert_int_equal(sign_verify(SIGN_BATCH, k, d, bytes_of(s.b, n)), ERR_SIGNATURE);
}

static void signature_over_the_size_cap_is_refused(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct signature s;
    assert_int_equal(sign_document(SIGN_ACT, k, bytes_str("x"), &s), ERR_OK);
    uint8_t big[SIGN_P256_MAX_BYTES + 1] = {0};
    memcpy(big, s.b, s.len);
    assert_int_equal(sign_verify(SIGN_ACT, k, bytes_str("x"), BYTES_OF_ARRAY(big)), ERR_SIGNATURE);
    uint8_t trailing[SIGN_P256_MAX_BYTES + 1] = {0};
    memcpy(trailing, s.b, s.len);
    assert_int_equal(sign_verify(SIGN_ACT, k, bytes_str("x"), bytes_of(trailing, s.len + 1)),
                     ERR_SIGNATURE);
}

static void only_a_p256_pair_signs_documents(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) p = generate(KEY_TYPE_P256);
    struct key *CLEANUP(cleanup_key_free) ed = generate(KEY_TYPE_ED25519);
    struct key *CLEANUP(cleanup_key_free) x = generate(KEY_TYPE_X25519);
    uint8_t room[KEY_SPKI_MAX_BYTES];
    struct buf spki = buf_fixed(room, sizeof room);
    assert_int_equal(key_put_spki(p, &spki), ERR_OK);
    struct key *CLEANUP(cleanup_key_free) public_half = NULL;
    assert_int_equal(key_from_spki(buf_bytes(&spki), &public_half), ERR_OK);
    struct signature s = {.len = 7};
    struct bytes d = bytes_str("d");
    assert_int_equal(sign_document(SIGN_ACT, public_half, d, &s), ERR_STATE);
    assert_int_equal(sign_document(SIGN_ACT, ed, d, &s), ERR_STATE);
    assert_int_equal(sign_document(SIGN_ACT, x, d, &s), ERR_STATE);
    assert_int_equal(sign_document(SIGN_NONE, p, d, &s), ERR_UNKNOWN);
    assert_int_equal(sign_document(SIGN_KIND_COUNT, p, d, &s), ERR_UNKNOWN);
    assert_int_equal(s.len, 7);
    assert_int_equal(sign_document(SIGN_ACT, p, d, &s), ERR_OK);
    assert_int_equal(sign_verify(SIGN_ACT, public_half, d, signature_bytes(&s)), ERR_OK);
    assert_int_equal(sign_verify(SIGN_ACT, ed, d, signature_bytes(&s)), ERR_STATE);
    assert_int_equal(sign_verify(SIGN_NONE, p, d, signature_bytes(&s)), ERR_UNKNOWN);
}

static void an_empty_document_can_be_signed(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct signature s;
    assert_int_equal(sign_document(SIGN_ACT, k, bytes_of(NULL, 0), &s), ERR_OK);
    assert_int_equal(sign_verify(SIGN_ACT, k, bytes_of(NULL, 0), signature_bytes(&s)), ERR_OK);
    assert_int_equal(sign_verify(SIGN_ACT, k, bytes_str("x"), signature_bytes(&s)), ERR_SIGNATURE);
}

static void ed25519_signature_binds_key_and_every_byte(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_ED25519);
    struct key *CLEANUP(cleanup_key_free) p = generate(KEY_TYPE_P256);
    uint8_t s[SIGN_ED25519_BYTES];
    struct bytes d = bytes_str("checkpoint");
    assert_int_equal(sign_ed25519(k, d, s), ERR_OK);
    assert_int_equal(sign_ed25519_verify(k, d, BYTES_OF_ARRAY(s)), ERR_OK);
    assert_int_equal(sign_ed25519_verify(k, bytes_str("checkpoinu"), BYTES_OF_ARRAY(s)),
                     ERR_SIGNATURE);
    for (size_t i = 0; i < sizeof s; i++) {
        s[i] ^= 4;
        assert_int_equal(sign_ed25519_verify(k, d, BYTES_OF_ARRAY(s)), ERR_SIGNATURE);
        s[i] ^= 4;
        assert_int_equal(sign_ed25519_verify(k, d, bytes_of(s, i)), ERR_SIGNATURE);
    }
    assert_int_equal(sign_ed25519(p, d, s), ERR_STATE);
    assert_int_equal(sign_ed25519_verify(p, d, BYTES_OF_ARRAY(s)), ERR_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document_signature_binds_kind_key_and_every_byte),
        cmocka_unit_test(signature_over_the_size_cap_is_refused),
        cmocka_unit_test(only_a_p256_pair_signs_documents),
        cmocka_unit_test(an_empty_document_can_be_signed),
        cmocka_unit_test(ed25519_signature_binds_key_and_every_byte),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
