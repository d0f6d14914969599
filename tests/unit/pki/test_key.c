#include "tests/unit/pki/test_core.h"

#include "pki/key.h"
#include "pki/key_internal.h"
#include "pki/secret_internal.h"
#include "pki/sign.h"

static const enum key_type types[] = {KEY_TYPE_P256, KEY_TYPE_ED25519, KEY_TYPE_X25519};

static struct key *generate(enum key_type type)
{
    struct key *k = NULL;
    assert_int_equal(key_generate(type, &k), ERR_OK);
    return k;
}

static struct buf spki_of(const struct key *k)
{
    struct buf b = buf_new(4096);
    assert_int_equal(key_put_spki(k, &b), ERR_OK);
    return b;
}

static void private_half_survives_a_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct key *CLEANUP(cleanup_key_free) k = generate(types[i]);
        struct key *CLEANUP(cleanup_key_free) again = NULL;
        struct secret *CLEANUP(cleanup_secret_free) s = NULL;
        struct secret *CLEANUP(cleanup_secret_free) s2 = NULL;
        assert_int_equal(key_private(k, &s), ERR_OK);
        assert_int_equal(secret_len(s), types[i] == KEY_TYPE_P256 ? KEY_PRIVATE_MAX_BYTES : 32);
        assert_int_equal(key_from_private(types[i], s, &again), ERR_OK);
        assert_true(key_has_private(again));
        assert_int_equal(key_type(again), types[i]);
        assert_true(key_same_public(k, again));
        assert_int_equal(key_private(again, &s2), ERR_OK);
        assert_true(secret_equal(s, s2));
    }
}

static void public_half_survives_a_round_trip_without_the_private_one(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct key *CLEANUP(cleanup_key_free) k = generate(types[i]);
        struct key *CLEANUP(cleanup_key_free) pub = NULL;
        struct key *CLEANUP(cleanup_key_free) wrapped = NULL;
        struct secret *s = NULL;
        struct buf CLEANUP(buf_free) der = spki_of(k);
        assert_int_equal(key_from_spki(buf_bytes(&der), &pub), ERR_OK);
        assert_true(key_same_public(k, pub));
        assert_false(key_has_private(pub));
        assert_int_equal(key_private(pub, &s), ERR_STATE);
        assert_null(s);
        assert_int_equal(key_from_evp_public(key_evp(k), &wrapped), ERR_OK);
        assert_false(key_has_private(wrapped));
        struct digest a;
        struct digest b;
        assert_int_equal(key_fingerprint(k, &a), ERR_OK);
        assert_int_equal(key_fingerprint(wrapped, &b), ERR_OK);
        assert_true(digest_equal(&a, &b));
    }
}

static void two_keys_differ_in_public_half_and_fingerprint(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct key *CLEANUP(cleanup_key_free) k = generate(types[i]);
        struct digest a;
        assert_int_equal(key_fingerprint(k, &a), ERR_OK);
        for (size_t j = 0; j < ARRAY_LEN(types); j++) {
            struct key *CLEANUP(cleanup_key_free) other = generate(types[j]);
            struct digest b;
            assert_false(key_same_public(k, other));
            assert_int_equal(key_fingerprint(other, &b), ERR_OK);
            assert_false(digest_equal(&a, &b));
        }
    }
}

static void raw_public_form_is_for_32_byte_types_only(void **state)
{
    (void)state;
    uint8_t raw[KEY_RAW_PUBLIC_BYTES + 1];
    struct key *CLEANUP(cleanup_key_free) p = generate(KEY_TYPE_P256);
    struct key *none = NULL;
    assert_int_equal(key_raw_public(p, raw), ERR_STATE);
    for (size_t i = 1; i < ARRAY_LEN(types); i++) {
        struct key *CLEANUP(cleanup_key_free) k = generate(types[i]);
        struct key *CLEANUP(cleanup_key_free) again = NULL;
        assert_int_equal(key_raw_public(k, raw), ERR_OK);
        assert_int_equal(key_from_raw_public(types[i], bytes_of(raw, 32), &again), ERR_OK);
        assert_true(key_same_public(k, again));
        assert_int_equal(key_from_raw_public(types[i], bytes_of(raw, 31), &none), ERR_INVALID);
        assert_int_equal(key_from_raw_public(types[i], bytes_of(raw, 33), &none), ERR_INVALID);
    }
    assert_int_equal(key_from_raw_public(KEY_TYPE_P256, bytes_of(raw, 32), &none), ERR_UNKNOWN);
    assert_int_equal(key_from_raw_public(KEY_TYPE_NONE, bytes_of(raw, 32), &none), ERR_UNKNOWN);
    assert_int_equal(key_generate(KEY_TYPE_NONE, &none), ERR_UNKNOWN);
    assert_null(none);
}

static void a_truncated_or_longer_spki_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        struct key *CLEANUP(cleanup_key_free) k = generate(types[i]);
        struct key *none = NULL;
        struct buf CLEANUP(buf_free) der = spki_of(k);
        for (size_t n = 0; n < der.len; n++)
            assert_int_equal(key_from_spki(bytes_of(der.ptr, n), &none), ERR_INVALID);
        buf_put_u8(&der, 0);
        enum err e = key_from_spki(buf_bytes(&der), &none);
        assert_true(e == ERR_INVALID || e == ERR_TOO_LARGE);
        assert_null(none);
    }
}

/* SPKI of a key that the library can make and this module must not take. */
static struct buf foreign_spki(EVP_PKEY *pkey)
{
    uint8_t *der = NULL;
    assert_non_null(pkey);
    int n = i2d_PUBKEY(pkey, &der);
    assert_true(n > 0);
    struct buf b = buf_new(4096);
    buf_put(&b, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    EVP_PKEY_free(pkey);
    return b;
}

/* A P-256 key whose encoding parameter (point format or curve form) has another value. */
static EVP_PKEY *odd_p256(const char *name, const char *value)
{
    EVP_PKEY *pkey = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_set_utf8_string_param(pkey, name, value), 1);
    return pkey;
}

static void other_algorithms_curves_and_encodings_are_refused(void **state)
{
    (void)state;
    struct buf cases[] = {
        foreign_spki(EVP_EC_gen("P-384")),
        foreign_spki(EVP_EC_gen("secp256k1")),
        foreign_spki(EVP_EC_gen("brainpoolP256r1")),
        foreign_spki(EVP_PKEY_Q_keygen(NULL, NULL, "ED448")),
        foreign_spki(EVP_PKEY_Q_keygen(NULL, NULL, "X448")),
        foreign_spki(EVP_RSA_gen(1024)),
        foreign_spki(odd_p256(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "compressed")),
        foreign_spki(odd_p256(OSSL_PKEY_PARAM_EC_POINT_CONVERSION_FORMAT, "hybrid")),
        foreign_spki(odd_p256(OSSL_PKEY_PARAM_EC_ENCODING, "explicit")),
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct key *none = NULL;
        enum err e = key_from_spki(buf_bytes(&cases[i]), &none);
        assert_true(e == ERR_UNSUPPORTED || e == ERR_INVALID || e == ERR_TOO_LARGE);
        assert_null(none);
        buf_free(&cases[i]);
    }
}

static void a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct key *none = NULL;
    struct buf CLEANUP(buf_free) der = spki_of(k);
    for (size_t i = der.len - 64; i < der.len; i += 7) {
        der.ptr[i] ^= 1;
        assert_int_equal(key_from_spki(buf_bytes(&der), &none), ERR_INVALID);
        der.ptr[i] ^= 1;
    }
    memset(der.ptr + der.len - 64, 0, 64);
    assert_int_equal(key_from_spki(buf_bytes(&der), &none), ERR_INVALID);
    assert_null(none);
}

static void private_bytes_of_another_form_are_refused(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct key *CLEANUP(cleanup_key_free) other = generate(KEY_TYPE_P256);
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    struct secret *CLEANUP(cleanup_secret_free) t = NULL;
    struct key *none = NULL;
    assert_int_equal(key_private(k, &s), ERR_OK);
    assert_int_equal(key_private(other, &t), ERR_OK);
    assert_int_equal(key_from_private(KEY_TYPE_ED25519, s, &none), ERR_INVALID);
    assert_int_equal(key_from_private(KEY_TYPE_NONE, s, &none), ERR_UNKNOWN);
    uint8_t saved[KEY_PRIVATE_MAX_BYTES];
    memcpy(saved, secret_data(s), sizeof saved);
    /* The scalar of one pair with the point of another. */
    memcpy(secret_data(s), secret_data(t), 32);
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    /* Scalars out of range: zero, and over the order. */
    memset(secret_data(s), 0, 32);
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    memset(secret_data(s), 0xff, 32);
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    /* A point that is not uncompressed, and one that is off the curve. */
    memcpy(secret_data(s), saved, sizeof saved);
    secret_data(s)[32] = 0x06;
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    secret_data(s)[32] = 0x04;
    secret_data(s)[96] ^= 1;
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    secret_data(s)[96] ^= 1;
    secret_cut(s, 96);
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &none), ERR_INVALID);
    assert_null(none);
    OPENSSL_cleanse(saved, sizeof saved);
}

static void a_reopened_key_signs_for_the_same_public_half(void **state)
{
    (void)state;
    struct key *CLEANUP(cleanup_key_free) k = generate(KEY_TYPE_P256);
    struct key *CLEANUP(cleanup_key_free) again = NULL;
    struct secret *CLEANUP(cleanup_secret_free) s = NULL;
    struct signature sig;
    assert_int_equal(key_private(k, &s), ERR_OK);
    assert_int_equal(key_from_private(KEY_TYPE_P256, s, &again), ERR_OK);
    assert_int_equal(sign_document(SIGN_ACT, again, bytes_str("x"), &sig), ERR_OK);
    assert_int_equal(sign_verify(SIGN_ACT, k, bytes_str("x"), signature_bytes(&sig)), ERR_OK);
}

static void refusals_leave_no_error_behind(void **state)
{
    (void)state;
    struct key *none = NULL;
    ERR_clear_error();
    assert_int_equal(key_from_spki(bytes_str("no key"), &none), ERR_INVALID);
    assert_int_equal(ERR_peek_error(), 0);
    key_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(private_half_survives_a_round_trip),
        cmocka_unit_test(public_half_survives_a_round_trip_without_the_private_one),
        cmocka_unit_test(two_keys_differ_in_public_half_and_fingerprint),
        cmocka_unit_test(raw_public_form_is_for_32_byte_types_only),
        cmocka_unit_test(a_truncated_or_longer_spki_is_refused),
        cmocka_unit_test(other_algorithms_curves_and_encodings_are_refused),
        cmocka_unit_test(a_point_off_the_curve_is_refused),
        cmocka_unit_test(private_bytes_of_another_form_are_refused),
        cmocka_unit_test(a_reopened_key_signs_for_the_same_public_half),
        cmocka_unit_test(refusals_leave_no_error_behind),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
