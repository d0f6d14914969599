#include "tests/unit/pki/test_core.h"

#include "pki/aead.h"

static struct aead *under(struct secret *key, uint32_t version)
{
    struct aead *a = NULL;
    assert_int_equal(aead_new(key, version, &a), ERR_OK);
    return a;
}

static void sealed_values_of_all_lengths_open(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(AEAD_KEY_BYTES);
    struct aead *CLEANUP(cleanup_aead_free) a = under(key, 7);
    static uint8_t plain[300];
    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (uint8_t)i;
    for (size_t n = 0; n <= sizeof plain; n++) {
        struct buf CLEANUP(buf_free) sealed = buf_new(4096);
        struct buf CLEANUP(buf_free) opened = buf_new(4096);
        struct bytes aad = bytes_of(plain, n / 3);
        assert_int_equal(aead_seal(a, aad, bytes_of(plain, n), &sealed), ERR_OK);
        assert_int_equal(sealed.len, n + AEAD_OVERHEAD_BYTES);
        uint32_t version = 0;
        assert_int_equal(aead_key_version(buf_bytes(&sealed), &version), ERR_OK);
        assert_int_equal(version, 7);
        buf_put_str(&opened, "before");
        assert_int_equal(aead_open(a, aad, buf_bytes(&sealed), &opened), ERR_OK);
        assert_int_equal(opened.len, 6 + n);
        assert_memory_equal(opened.ptr, "before", 6);
        assert_true(bytes_equal(bytes_of(opened.ptr + 6, n), bytes_of(plain, n)));
    }
}

static void every_changed_or_missing_byte_is_refused(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(AEAD_KEY_BYTES);
    struct aead *CLEANUP(cleanup_aead_free) a = under(key, 1);
    struct buf CLEANUP(buf_free) s = buf_new(4096);
    struct buf CLEANUP(buf_free) out = buf_new(4096);
    struct bytes aad = bytes_str("records/17");
    assert_int_equal(aead_seal(a, aad, bytes_str("value"), &s), ERR_OK);
    for (size_t i = 0; i < s.len; i++) {
        s.ptr[i] ^= 1;
        enum err want = i < AEAD_HEADER_BYTES ? ERR_VERSION : ERR_SIGNATURE;
        assert_int_equal(aead_open(a, aad, buf_bytes(&s), &out), want);
        s.ptr[i] ^= 1;
        want = i < AEAD_OVERHEAD_BYTES ? ERR_TRUNCATED : ERR_SIGNATURE;
        assert_int_equal(aead_open(a, aad, bytes_of(s.ptr, i), &out), want);
    }
    assert_int_equal(out.len, 0);
    assert_int_equal(aead_open(a, aad, buf_bytes(&s), &out), ERR_OK);
}

static void key_version_and_place_are_bound(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(AEAD_KEY_BYTES);
    struct secret *CLEANUP(cleanup_secret_free) other = secret_random(AEAD_KEY_BYTES);
    struct aead *CLEANUP(cleanup_aead_free) a = under(key, 1);
    struct aead *CLEANUP(cleanup_aead_free) wrong_key = under(other, 1);
    struct aead *CLEANUP(cleanup_aead_free) next = under(key, 2);
    struct buf CLEANUP(buf_free) s = buf_new(4096);
    struct buf CLEANUP(buf_free) out = buf_new(4096);
    assert_int_equal(aead_seal(a, bytes_str("a"), bytes_str("value"), &s), ERR_OK);
    assert_int_equal(aead_open(a, bytes_str("b"), buf_bytes(&s), &out), ERR_SIGNATURE);
    assert_int_equal(aead_open(a, bytes_str(""), buf_bytes(&s), &out), ERR_SIGNATURE);
    assert_int_equal(aead_open(wrong_key, bytes_str("a"), buf_bytes(&s), &out), ERR_SIGNATURE);
    assert_int_equal(aead_open(next, bytes_str("a"), buf_bytes(&s), &out), ERR_VERSION);
    /* Relabelled as version 2 it is not accepted as such. */
    s.ptr[4] = 2;
    assert_int_equal(aead_open(next, bytes_str("a"), buf_bytes(&s), &out), ERR_SIGNATURE);
    assert_int_equal(out.len, 0);
}

static void nonces_do_not_repeat(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(AEAD_KEY_BYTES);
    struct aead *CLEANUP(cleanup_aead_free) a = under(key, 1);
    struct buf CLEANUP(buf_free) s = buf_new(1 << 20);
    size_t each = AEAD_OVERHEAD_BYTES + 1;
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(aead_seal(a, bytes_str(""), bytes_str("x"), &s), ERR_OK);
        for (size_t j = 0; j < i; j++)
            assert_memory_not_equal(s.ptr + j * each + AEAD_HEADER_BYTES,
                                    s.ptr + i * each + AEAD_HEADER_BYTES, AEAD_NONCE_BYTES);
    }
}

static void a_full_buffer_keeps_its_content(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(AEAD_KEY_BYTES);
    struct aead *CLEANUP(cleanup_aead_free) a = under(key, 1);
    uint8_t room[AEAD_OVERHEAD_BYTES + 5];
    struct buf small = buf_fixed(room, sizeof room);
    assert_int_equal(aead_seal(a, bytes_str(""), bytes_str("123456"), &small), ERR_TOO_LARGE);
    assert_int_equal(small.len, 0);
    buf_reset(&small);
    assert_int_equal(aead_seal(a, bytes_str(""), bytes_str("12345"), &small), ERR_OK);
    uint8_t tiny[4];
    struct buf out = buf_fixed(tiny, sizeof tiny);
    assert_int_equal(aead_open(a, bytes_str(""), buf_bytes(&small), &out), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
}

static void keys_of_another_length_are_refused(void **state)
{
    (void)state;
    struct aead *a = NULL;
    static const size_t lengths[] = {16, 24, 31, 33, 64};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct secret *CLEANUP(cleanup_secret_free) key = secret_random(lengths[i]);
        assert_int_equal(aead_new(key, 1, &a), ERR_INVALID);
    }
    assert_null(a);
    aead_free(NULL);
}

static void version_of_a_value_needs_its_format(void **state)
{
    (void)state;
    uint8_t b[AEAD_OVERHEAD_BYTES] = {1, 0, 0, 1, 2};
    uint32_t version = 99;
    for (size_t n = 0; n < sizeof b; n++)
        assert_int_equal(aead_key_version(bytes_of(b, n), &version), ERR_TRUNCATED);
    b[0] = 2;
    assert_int_equal(aead_key_version(BYTES_OF_ARRAY(b), &version), ERR_VERSION);
    assert_int_equal(version, 99);
    b[0] = 1;
    assert_int_equal(aead_key_version(BYTES_OF_ARRAY(b), &version), ERR_OK);
    assert_int_equal(version, 258);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sealed_values_of_all_lengths_open),
        cmocka_unit_test(every_changed_or_missing_byte_is_refused),
        cmocka_unit_test(key_version_and_place_are_bound),
        cmocka_unit_test(nonces_do_not_repeat),
        cmocka_unit_test(a_full_buffer_keeps_its_content),
        cmocka_unit_test(keys_of_another_length_are_refused),
        cmocka_unit_test(version_of_a_value_needs_its_format),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
