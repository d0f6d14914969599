/* Digests, MACs and HKDF: published answers beside the Wycheproof cases, and how contexts are reused. */
#include "tests/unit/pki/test_core.h"

#include <pthread.h>

#include "pki/digest.h"
#include "pki/hkdf.h"
#include "pki/mac.h"
#include "proto/base/text.h"

static void unhex(const char *hex, uint8_t *out, size_t n)
{
    assert_int_equal(text_get_hex(bytes_str(hex), out, n), ERR_OK);
}

static void digest_of_parts_is_the_digest_of_their_concatenation(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *hex;
    } cases[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
         "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct bytes all = bytes_str(cases[i].text);
        struct digest want;
        unhex(cases[i].hex, want.b, sizeof want.b);
        for (size_t cut = 0; cut <= all.len; cut++) {
            struct bytes parts[] = {bytes_of(all.ptr, cut), bytes_of(NULL, 0),
                                    bytes_of(all.ptr + cut, all.len - cut)};
            struct digest got;
            assert_int_equal(digest_sha256(parts, ARRAY_LEN(parts), &got), ERR_OK);
            assert_true(digest_equal(&got, &want));
        }
    }
}

static void digest_context_starts_over(void **state)
{
    (void)state;
    struct digest_ctx *CLEANUP(cleanup_digest_ctx_free) ctx = digest_ctx_new();
    struct bytes abc = bytes_str("abc");
    struct digest want;
    assert_int_equal(digest_sha256(&abc, 1, &want), ERR_OK);
    for (int i = 0; i < 3; i++) {
        struct digest got;
        assert_int_equal(digest_begin(ctx), ERR_OK);
        assert_int_equal(digest_add(ctx, bytes_str("dropped")), ERR_OK);
        assert_int_equal(digest_begin(ctx), ERR_OK);
        assert_int_equal(digest_add(ctx, bytes_str("a")), ERR_OK);
        assert_int_equal(digest_add(ctx, bytes_str("bc")), ERR_OK);
        assert_int_equal(digest_end(ctx, &got), ERR_OK);
        assert_true(digest_equal(&got, &want));
    }
    digest_ctx_free(NULL);
}

static void *digest_in_thread(void *arg)
{
    struct digest *out = arg;
    struct bytes part = bytes_str("thread");
    for (int i = 0; i < 1000; i++) {
        if (digest_sha256(&part, 1, out) != ERR_OK)
            return NULL;
    }
    return out;
}

static void threads_digest_without_disturbing_each_other(void **state)
{
    (void)state;
    struct bytes part = bytes_str("thread");
    struct digest want;
    struct digest got[4];
    pthread_t threads[ARRAY_LEN(got)];
    assert_int_equal(digest_sha256(&part, 1, &want), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(got); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, digest_in_thread, &got[i]), 0);
    for (size_t i = 0; i < ARRAY_LEN(got); i++) {
        void *done = NULL;
        pthread_join(threads[i], &done);
        assert_ptr_equal(done, &got[i]);
        assert_true(digest_equal(&got[i], &want));
    }
}

/* RFC 4231, test cases 1, 2 and 6 (a key longer than a block). */
static void mac_gives_the_answers_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t key1[20];
    uint8_t key6[131];
    memset(key1, 0x0b, sizeof key1);
    memset(key6, 0xaa, sizeof key6);
    const struct {
        struct bytes key;
        const char *message;
        const char *tag;
    } cases[] = {
        {BYTES_OF_ARRAY(key1), "Hi There",
         "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"},
        {bytes_str("Jefe"), "what do ya want for nothing?",
         "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"},
        {BYTES_OF_ARRAY(key6), "Test Using Larger Than Block-Size Key - Hash Key First",
         "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t want[MAC_BYTES];
        uint8_t got[MAC_BYTES];
        unhex(cases[i].tag, want, sizeof want);
        struct secret *CLEANUP(cleanup_secret_free) key = secret_new(cases[i].key);
        struct mac *CLEANUP(cleanup_mac_free) m = NULL;
        assert_int_equal(mac_new(key, &m), ERR_OK);
        struct bytes part = bytes_str(cases[i].message);
        for (int again = 0; again < 3; again++) {
            assert_int_equal(mac_compute(m, &part, 1, got), ERR_OK);
            assert_memory_equal(got, want, sizeof want);
        }
    }
}

static void only_the_whole_tag_verifies(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(32);
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    assert_int_equal(mac_new(key, &m), ERR_OK);
    struct bytes parts[] = {bytes_str("a"), bytes_str("b")};
    uint8_t tag[MAC_BYTES + 1] = {0};
    assert_int_equal(mac_compute(m, parts, 2, tag), ERR_OK);
    assert_int_equal(mac_verify(m, parts, 2, bytes_of(tag, MAC_BYTES)), ERR_OK);
    assert_int_equal(mac_verify(m, parts, 1, bytes_of(tag, MAC_BYTES)), ERR_SIGNATURE);
    assert_int_equal(mac_verify(m, parts, 2, BYTES_OF_ARRAY(tag)), ERR_SIGNATURE);
    for (size_t i = 0; i < MAC_BYTES; i++) {
        assert_int_equal(mac_verify(m, parts, 2, bytes_of(tag, i)), ERR_SIGNATURE);
        tag[i] ^= 1;
        assert_int_equal(mac_verify(m, parts, 2, bytes_of(tag, MAC_BYTES)), ERR_SIGNATURE);
        tag[i] ^= 1;
    }
    mac_free(NULL);
}

/* RFC 5869, appendix A.1: the PRK and its expansion. */
static void expand_gives_the_answer_of_rfc_5869(void **state)
{
    (void)state;
    uint8_t prk[32];
    uint8_t info[10];
    uint8_t want[42];
    uint8_t got[42];
    unhex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5", prk, sizeof prk);
    unhex("f0f1f2f3f4f5f6f7f8f9", info, sizeof info);
    unhex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
          want, sizeof want);
    struct secret *CLEANUP(cleanup_secret_free) key = secret_new(BYTES_OF_ARRAY(prk));
    for (size_t n = 1; n <= sizeof want; n++) {
        assert_int_equal(hkdf_expand(key, BYTES_OF_ARRAY(info), got, n), ERR_OK);
        assert_memory_equal(got, want, n);
    }
}

static void expand_refuses_short_keys_and_bad_lengths(void **state)
{
    (void)state;
    static uint8_t out[HKDF_MAX_BYTES + 1];
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(32);
    struct secret *CLEANUP(cleanup_secret_free) weak = secret_random(31);
    struct secret *sub = NULL;
    assert_int_equal(hkdf_expand(key, bytes_str("i"), out, 0), ERR_RANGE);
    assert_int_equal(hkdf_expand(key, bytes_str("i"), out, HKDF_MAX_BYTES + 1), ERR_RANGE);
    assert_int_equal(hkdf_expand(key, bytes_str("i"), out, HKDF_MAX_BYTES), ERR_OK);
    assert_int_equal(hkdf_expand(weak, bytes_str("i"), out, 32), ERR_INVALID);
    assert_int_equal(hkdf_subkey(weak, bytes_str("i"), &sub), ERR_INVALID);
    assert_null(sub);
}

static void subkeys_of_two_uses_differ(void **state)
{
    (void)state;
    struct secret *CLEANUP(cleanup_secret_free) key = secret_random(32);
    struct secret *CLEANUP(cleanup_secret_free) a = NULL;
    struct secret *CLEANUP(cleanup_secret_free) b = NULL;
    struct secret *CLEANUP(cleanup_secret_free) a2 = NULL;
    assert_int_equal(hkdf_subkey(key, bytes_str("a"), &a), ERR_OK);
    assert_int_equal(hkdf_subkey(key, bytes_str("b"), &b), ERR_OK);
    assert_int_equal(hkdf_subkey(key, bytes_str("a"), &a2), ERR_OK);
    assert_true(secret_equal(a, a2));
    assert_false(secret_equal(a, b));
    assert_false(secret_equal(a, key));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digest_of_parts_is_the_digest_of_their_concatenation),
        cmocka_unit_test(digest_context_starts_over),
        cmocka_unit_test(threads_digest_without_disturbing_each_other),
        cmocka_unit_test(mac_gives_the_answers_of_rfc_4231),
        cmocka_unit_test(only_the_whole_tag_verifies),
        cmocka_unit_test(expand_gives_the_answer_of_rfc_5869),
        cmocka_unit_test(expand_refuses_short_keys_and_bad_lengths),
        cmocka_unit_test(subkeys_of_two_uses_differ),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
