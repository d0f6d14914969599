/* Every case of the Wycheproof files: "valid" must be accepted, "invalid" refused. */
#include "tests/unit/pki/test_core.h"

#include <jansson.h>
#include <stdlib.h>

#include "pki/aead_internal.h"
#include "pki/hkdf.h"
#include "pki/mac.h"
#include "pki/secret_internal.h"
#include "pki/sign_internal.h"
#include "proto/base/text.h"

#define FOLDER TEST_DATA "/vectors/wycheproof/"
#define MOST 12000 /* bytes of the longest value in these files */

/* A hex member of a case, decoded. */
struct value {
    uint8_t b[MOST];
    size_t len;
};

static struct bytes hex_member(json_t *object, const char *name, struct value *out)
{
    const char *hex = json_string_value(json_object_get(object, name));
    assert_non_null(hex);
    out->len = strlen(hex) / 2;
    assert_true(out->len <= sizeof out->b);
    assert_int_equal(text_get_hex(bytes_str(hex), out->b, out->len), ERR_OK);
    return bytes_of(out->b, out->len);
}

/* Runs one case; true where the code under test accepts it. */
typedef bool (*accepts_fn)(json_t *group, json_t *test);

static void judge(json_t *test, bool accepted, unsigned counts[2])
{
    const char *result = json_string_value(json_object_get(test, "result"));
    assert_non_null(result);
    counts[accepted]++;
    if (strcmp(result, "acceptable") == 0 || (strcmp(result, "valid") == 0) == accepted)
        return;
    fail_msg("case %d (%s) is %s", (int)json_integer_value(json_object_get(test, "tcId")),
             json_string_value(json_object_get(test, "comment")), result);
}

static void run_file(const char *path, accepts_fn accepts, unsigned total)
{
    json_t *file = json_load_file(path, 0, NULL);
    assert_non_null(file);
    unsigned counts[2] = {0, 0};
    size_t i;
    size_t j;
    json_t *group;
    json_t *test;
    json_array_foreach(json_object_get(file, "testGroups"), i, group)
        json_array_foreach(json_object_get(group, "tests"), j, test)
            judge(test, accepts(group, test), counts);
    print_message("%s: %u accepted, %u refused\n", path, counts[1], counts[0]);
    assert_int_equal(counts[0] + counts[1], total);
    assert_true(counts[0] > 0 && counts[1] > 0);
    json_decref(file);
}

/* A truncated tag (tagSize 128) is compared at its length here, because the cases want it; mac_verify
 * itself only takes whole tags, which the cases of tagSize 256 go through. */
static bool hmac_accepts(json_t *group, json_t *test)
{
    static struct value key;
    static struct value msg;
    static struct value tag;
    struct secret *CLEANUP(cleanup_secret_free) k = secret_new(hex_member(test, "key", &key));
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    assert_int_equal(mac_new(k, &m), ERR_OK);
    struct bytes message = hex_member(test, "msg", &msg);
    struct bytes want = hex_member(test, "tag", &tag);
    if (json_integer_value(json_object_get(group, "tagSize")) == 256)
        return mac_verify(m, &message, 1, want) == ERR_OK;
    uint8_t full[MAC_BYTES];
    assert_int_equal(mac_verify(m, &message, 1, want), ERR_SIGNATURE);
    assert_int_equal(mac_compute(m, &message, 1, full), ERR_OK);
    return secret_equal_bytes(bytes_of(full, want.len), want);
}

static void hmac_cases(void **state)
{
    (void)state;
    run_file(FOLDER "hmac_sha256_test.json", hmac_accepts, 174);
}

/* HKDF-Extract (RFC 5869 section 2.2), which the product does not have. */
static struct secret *extract(struct bytes salt, struct bytes ikm)
{
    static const uint8_t zeros[MAC_BYTES];
    struct secret *CLEANUP(cleanup_secret_free) k =
        secret_new(salt.len > 0 ? salt : BYTES_OF_ARRAY(zeros));
    struct mac *CLEANUP(cleanup_mac_free) m = NULL;
    uint8_t prk[MAC_BYTES];
    assert_int_equal(mac_new(k, &m), ERR_OK);
    assert_int_equal(mac_compute(m, &ikm, 1, prk), ERR_OK);
    return secret_new(BYTES_OF_ARRAY(prk));
}

static bool hkdf_accepts(json_t *group, json_t *test)
{
    (void)group;
    static struct value ikm;
    static struct value salt;
    static struct value info;
    static struct value okm;
    static uint8_t got[MOST];
    struct secret *CLEANUP(cleanup_secret_free) prk =
        extract(hex_member(test, "salt", &salt), hex_member(test, "ikm", &ikm));
    size_t size = (size_t)json_integer_value(json_object_get(test, "size"));
    struct bytes want = hex_member(test, "okm", &okm);
    assert_true(size <= sizeof got);
    return hkdf_expand(prk, hex_member(test, "info", &info), got, size) == ERR_OK &&
           bytes_equal(bytes_of(got, size), want);
}

static void hkdf_cases(void **state)
{
    (void)state;
    run_file(FOLDER "hkdf_sha256_test.json", hkdf_accepts, 86);
}

static bool ecdsa_accepts(json_t *group, json_t *test)
{
    static struct value der;
    static struct value msg;
    static struct value sig;
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    assert_int_equal(key_from_spki(hex_member(group, "publicKeyDer", &der), &k), ERR_OK);
    struct bytes message = hex_member(test, "msg", &msg);
    enum err e = sign_p256_verify_parts(k, &message, 1, hex_member(test, "sig", &sig));
    assert_true(e == ERR_OK || e == ERR_SIGNATURE);
    return e == ERR_OK;
}

static void ecdsa_p256_cases(void **state)
{
    (void)state;
    run_file(FOLDER "ecdsa_secp256r1_sha256_test.json", ecdsa_accepts, 484);
}

static bool ed25519_accepts(json_t *group, json_t *test)
{
    static struct value der;
    static struct value msg;
    static struct value sig;
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    assert_int_equal(key_from_spki(hex_member(group, "publicKeyDer", &der), &k), ERR_OK);
    struct bytes message = hex_member(test, "msg", &msg);
    enum err e = sign_ed25519_verify(k, message, hex_member(test, "sig", &sig));
    assert_true(e == ERR_OK || e == ERR_SIGNATURE);
    return e == ERR_OK;
}

static void ed25519_cases(void **state)
{
    (void)state;
    run_file(FOLDER "ed25519_test.json", ed25519_accepts, 151);
}

/* Seals the plain text of a valid case and compares. */
static void seal_agrees(struct aead *a, const struct aead_message *opened, struct bytes msg,
                        const uint8_t *want_tag)
{
    static uint8_t out[MOST];
    uint8_t tag[AEAD_TAG_BYTES];
    struct aead_message m = *opened;
    m.in = msg;
    assert_int_equal(aead_gcm_seal(a, &m, out, tag), ERR_OK);
    assert_true(bytes_equal(bytes_of(out, msg.len), opened->in));
    assert_memory_equal(tag, want_tag, sizeof tag);
}

static unsigned gcm_cases_of_our_sizes;

static bool gcm_accepts(json_t *group, json_t *test)
{
    static struct value v[6];
    static uint8_t out[MOST];
    struct secret *CLEANUP(cleanup_secret_free) key = secret_new(hex_member(test, "key", &v[0]));
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    bool ours = json_integer_value(json_object_get(group, "keySize")) == 256 &&
                json_integer_value(json_object_get(group, "ivSize")) == 96;
    enum err e = aead_new(key, 1, &a);
    assert_int_equal(e, secret_len(key) == AEAD_KEY_BYTES ? ERR_OK : ERR_INVALID);
    struct bytes iv = hex_member(test, "iv", &v[1]);
    struct bytes tag = hex_member(test, "tag", &v[5]);
    if (!ours) {
        /* Another key or nonce size has no way in; the file's verdict does not matter. */
        return strcmp(json_string_value(json_object_get(test, "result")), "valid") == 0;
    }
    gcm_cases_of_our_sizes++;
    assert_int_equal(tag.len, AEAD_TAG_BYTES);
    struct bytes msg = hex_member(test, "msg", &v[3]);
    struct aead_message m = {
        .nonce = iv.ptr,
        .aad = {hex_member(test, "aad", &v[2])},
        .in = hex_member(test, "ct", &v[4]),
    };
    memset(out, 0x5a, sizeof out);
    e = aead_gcm_open(a, &m, tag.ptr, out);
    if (e == ERR_OK) {
        assert_true(bytes_equal(bytes_of(out, m.in.len), msg));
        seal_agrees(a, &m, msg, tag.ptr);
        return true;
    }
    assert_int_equal(e, ERR_SIGNATURE);
    for (size_t i = 0; i < m.in.len; i++)
        assert_int_equal(out[i], 0);
    return false;
}

static void aes_gcm_cases(void **state)
{
    (void)state;
    run_file(FOLDER "aes_gcm_test.json", gcm_accepts, 316);
    assert_int_equal(gcm_cases_of_our_sizes, 66);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hmac_cases),      cmocka_unit_test(hkdf_cases),
        cmocka_unit_test(ecdsa_p256_cases), cmocka_unit_test(ed25519_cases),
        cmocka_unit_test(aes_gcm_cases),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
