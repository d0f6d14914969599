/* Certificates: what our CA makes passes its own profile, and nothing else does. Foreign
 * certificates come from tests/vectors/certs, made by an independent tool (make_certs there). */
#include "tests/unit/pki/ca_fixture.h"

#include <stdio.h>
#include <stdlib.h>

#include "pki/csr.h"
#include "proto/base/text.h"

static void each_use_passes_its_own_profile_and_no_other(void **state)
{
    (void)state;
    struct fix_pki f;
    fix_new(&f);
    for (enum cert_use use = CERT_SIGNING; use <= CERT_OFFICER; use++) {
        struct fix_party p = fix_leaf(&f, use, '2');
        struct errmsg why = {""};
        assert_int_equal(cert_check_chain(p.cert, &f.anchors, &why), ERR_OK);
        assert_string_equal(cert_oin(p.cert)->oin, "00000099000000000002");
        assert_string_equal(cert_name(p.cert), "leaf");
        for (enum cert_use as = CERT_ROOT; as < CERT_USE_COUNT; as++) {
            struct cert *again = NULL;
            enum err e = cert_parse(cert_der(p.cert), as, &again, &why);
            if (e != (as == use ? ERR_OK : ERR_CERT))
                fail_msg("%s as %s: %d", cert_use_id(use), cert_use_id(as), e);
            cert_free(again);
        }
        fix_party_free(&p);
    }
    fix_free(&f);
}

static void pem_and_der_are_the_same_certificate(void **state)
{
    (void)state;
    struct fix_party p = fix_self(CERT_PINNED, "jurist \xc3\xa9");
    struct buf pem CLEANUP(buf_free) = buf_new(8192);
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    assert_int_equal(cert_put_pem(p.cert, &pem), ERR_OK);
    assert_int_equal(cert_parse_pem(buf_bytes(&pem), CERT_PINNED, &c, NULL), ERR_OK);
    assert_true(digest_equal(cert_fingerprint(c), cert_fingerprint(p.cert)));
    assert_int_equal(cert_check_self(c, NULL), ERR_OK);
    assert_int_equal(cert_put_pem(p.cert, &pem), ERR_OK);
    struct cert *none = NULL;
    assert_int_equal(cert_parse_pem(buf_bytes(&pem), CERT_PINNED, &none, NULL), ERR_INVALID);
    fix_party_free(&p);
}

static void a_chain_to_another_root_is_refused(void **state)
{
    (void)state;
    struct fix_pki ours;
    struct fix_pki theirs;
    fix_new(&ours);
    fix_new(&theirs);
    struct fix_party p = fix_leaf(&theirs, CERT_SIGNING, '2');
    struct errmsg why = {""};
    struct cert_anchors mixed = {ours.root.cert, theirs.issuers, 1};
    struct cert_anchors none = {ours.root.cert, NULL, 0};
    assert_int_equal(cert_check_chain(p.cert, &theirs.anchors, &why), ERR_OK);
    assert_int_equal(cert_check_chain(p.cert, &ours.anchors, &why), ERR_CERT);
    assert_int_equal(cert_check_chain(p.cert, &mixed, &why), ERR_CERT);
    assert_int_equal(cert_check_chain(p.cert, &none, &why), ERR_CERT);
    fix_party_free(&p);
    fix_free(&theirs);
    fix_free(&ours);
}

static void a_leaf_issues_nothing(void **state)
{
    (void)state;
    struct fix_pki f;
    fix_new(&f);
    struct fix_party leaf = fix_leaf(&f, CERT_SIGNING, '2');
    struct ca_request r = fix_request(CERT_SIGNING, '3', "x");
    struct ca_issuer by_leaf = {leaf.cert, leaf.key};
    struct ca_issuer by_root = {f.root.cert, f.root.key};
    struct ca_issuer wrong_key = {f.issuer.cert, f.root.key};
    struct cert *c = NULL;
    assert_int_equal(ca_issue(&r, &by_leaf, leaf.key, &c, NULL), ERR_INVALID);
    assert_int_equal(ca_issue(&r, &by_root, leaf.key, &c, NULL), ERR_INVALID);
    assert_int_equal(ca_issue(&r, &wrong_key, leaf.key, &c, NULL), ERR_MISMATCH);
    struct ca_issuer good = {f.issuer.cert, f.issuer.key};
    r.not_after = FIX_NOW + 31 * FIX_DAY;
    assert_int_equal(ca_issue(&r, &good, leaf.key, &c, NULL), ERR_INVALID);
    r = fix_request(CERT_TRANSPORT, '3', "x");
    assert_int_equal(ca_issue(&r, &good, leaf.key, &c, NULL), ERR_CERT); /* P-256 as transport */
    assert_int_equal(ca_self_sign(&r, leaf.key, &c, NULL), ERR_INVALID);
    assert_null(c);
    fix_party_free(&leaf);
    fix_free(&f);
}

static void validity_has_two_ends(void **state)
{
    (void)state;
    struct fix_pki f;
    fix_new(&f);
    struct fix_party p = fix_leaf(&f, CERT_SIGNING, '2');
    assert_int_equal(cert_check_time(p.cert, FIX_NOW, NULL), ERR_OK);
    assert_int_equal(cert_check_time(p.cert, FIX_NOW + 30 * FIX_DAY, NULL), ERR_OK);
    assert_int_equal(cert_check_time(p.cert, FIX_NOW - 1, NULL), ERR_CERT);
    assert_int_equal(cert_check_time(p.cert, FIX_NOW + 30 * FIX_DAY + 1, NULL), ERR_EXPIRED);
    fix_party_free(&p);
    fix_free(&f);
}

static void every_flipped_byte_is_refused(void **state)
{
    (void)state;
    struct fix_pki f;
    fix_new(&f);
    struct fix_party p = fix_leaf(&f, CERT_SIGNING, '2');
    struct bytes der = cert_der(p.cert);
    uint8_t *copy = malloc(der.len);
    assert_non_null(copy);
    for (size_t i = 0; i < der.len; i++) {
        memcpy(copy, der.ptr, der.len);
        copy[i] ^= 1;
        struct cert *c = NULL;
        enum err e = cert_parse(bytes_of(copy, der.len), CERT_SIGNING, &c, NULL);
        if (e == ERR_OK)
            e = cert_check_chain(c, &f.anchors, NULL);
        if (e == ERR_OK)
            fail_msg("byte %zu may be changed", i);
        cert_free(c);
    }
    for (size_t n = 0; n < der.len; n++) {
        struct cert *c = NULL;
        assert_int_equal(cert_parse(bytes_of(der.ptr, n), CERT_SIGNING, &c, NULL), ERR_INVALID);
    }
    free(copy);
    fix_party_free(&p);
    fix_free(&f);
}

static struct bytes read_vector(const char *name, struct buf *out)
{
    char path[512];
    uint8_t block[4096];
    snprintf(path, sizeof path, "%s/vectors/certs/%s", TEST_DATA, name);
    FILE *in = fopen(path, "rb");
    if (in == NULL)
        fail_msg("%s is missing", path);
    buf_put(out, bytes_of(block, fread(block, 1, sizeof block, in)));
    fclose(in);
    return buf_bytes(out);
}

static void foreign_certificates_are_refused_for_what_is_wrong_with_them(void **state)
{
    (void)state;
    static const struct {
        const char *file;
        enum err want;
        const char *says;
    } cases[] = {
        {"good.der", ERR_OK, ""},
        {"sha1.der", ERR_CERT, "signature:"},
        {"sha384.der", ERR_CERT, "signature:"},
        {"p384.der", ERR_CERT, "key:"},
        {"rsa.der", ERR_CERT, "key:"},
        {"ca_true.der", ERR_CERT, "basic constraints:"},
        {"usage_more.der", ERR_CERT, "key usage:"},
        {"usage_sealing.der", ERR_CERT, "key usage:"},
        {"ext_usage_any.der", ERR_CERT, "extended key usage:"},
        {"ext_usage_other.der", ERR_CERT, "extended key usage:"},
        {"no_ext_usage.der", ERR_CERT, "extensions:"},
        {"alt_name.der", ERR_CERT, "extensions:"},
        {"no_oin.der", ERR_CERT, "subject:"},
        {"short_oin.der", ERR_CERT, "subject:"},
        {"two_names.der", ERR_CERT, "subject:"},
        {"short_serial.der", ERR_CERT, "serial number:"},
        {"self_signed.der", ERR_CERT, "issuer:"},
        {"trailing.der", ERR_INVALID, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b CLEANUP(buf_free) = buf_new(8192);
        struct errmsg why = {""};
        struct cert *c = NULL;
        enum err e = cert_parse(read_vector(cases[i].file, &b), CERT_SIGNING, &c, &why);
        cert_free(c);
        if (e != cases[i].want || strstr(why.text, cases[i].says) == NULL)
            fail_msg("%s: %d (%s)", cases[i].file, e, why.text);
    }
}

static void a_request_asks_for_a_name_and_a_key(void **state)
{
    (void)state;
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    struct key *got CLEANUP(cleanup_key_free) = NULL;
    struct key *curve CLEANUP(cleanup_key_free) = NULL;
    struct buf der CLEANUP(buf_free) = buf_new(4096);
    struct agency_id oin = fix_oin('2');
    struct agency_id other = fix_oin('3');
    assert_int_equal(key_generate(KEY_TYPE_P256, &key), ERR_OK);
    assert_int_equal(key_generate(KEY_TYPE_X25519, &curve), ERR_OK);
    assert_int_equal(csr_make(curve, &oin, "RIEC", &der), ERR_STATE);
    assert_int_equal(csr_make(key, &oin, "", &der), ERR_INVALID);
    assert_int_equal(csr_make(key, &oin, "RIEC", &der), ERR_OK);
    assert_int_equal(csr_check(buf_bytes(&der), &oin, "RIEC", &got, NULL), ERR_OK);
    assert_true(key_same_public(got, key));
    struct key *none = NULL;
    assert_int_equal(csr_check(buf_bytes(&der), &other, "RIEC", &none, NULL), ERR_CERT);
    assert_int_equal(csr_check(buf_bytes(&der), &oin, "LIEC", &none, NULL), ERR_CERT);
    for (size_t i = 0; i < der.len; i++) {
        der.ptr[i] ^= 1;
        assert_int_not_equal(csr_check(buf_bytes(&der), &oin, "RIEC", &none, NULL), ERR_OK);
        der.ptr[i] ^= 1;
    }
    assert_null(none);
}

static void a_request_that_asks_for_more_is_refused(void **state)
{
    (void)state;
    static const char *const files[] = {"csr_ca.der", "csr_alt_name.der", "csr_p384.der",
                                        "csr_sha1.der", "csr_rsa.der"};
    struct agency_id oin = fix_oin('2');
    for (size_t i = 0; i < ARRAY_LEN(files); i++) {
        struct buf b CLEANUP(buf_free) = buf_new(8192);
        struct key *none = NULL;
        if (csr_check(read_vector(files[i], &b), &oin, "leaf", &none, NULL) != ERR_CERT)
            fail_msg("%s was not refused", files[i]);
    }
    struct buf good CLEANUP(buf_free) = buf_new(8192);
    struct key *key CLEANUP(cleanup_key_free) = NULL;
    assert_int_equal(csr_check(read_vector("csr_good.der", &good), &oin, "leaf", &key, NULL),
                     ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_use_passes_its_own_profile_and_no_other),
        cmocka_unit_test(pem_and_der_are_the_same_certificate),
        cmocka_unit_test(a_chain_to_another_root_is_refused),
        cmocka_unit_test(a_leaf_issues_nothing),
        cmocka_unit_test(validity_has_two_ends),
        cmocka_unit_test(every_flipped_byte_is_refused),
        cmocka_unit_test(foreign_certificates_are_refused_for_what_is_wrong_with_them),
        cmocka_unit_test(a_request_asks_for_a_name_and_a_key),
        cmocka_unit_test(a_request_that_asks_for_more_is_refused),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
