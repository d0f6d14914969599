/* Sealing and detached signatures: what we make we open; whatever is weaker, unsigned, signed by
 * another, for another or changed is refused. Bad envelopes are made with the library itself. */
#include "tests/unit/pki/ca_fixture.h"

#include <stdlib.h>

#include "pki/cert_internal.h"
#include "pki/cms_detached.h"
#include "pki/cms_signed.h"
#include "pki/envelope_der.h"
#include "pki/seal.h"

struct parties {
    struct fix_pki f;
    struct fix_party sender;
    struct fix_party other;
    struct fix_party receiver;
    struct fix_party second;
};

static int setup(void **state)
{
    static struct parties p;
    if (setup_secret_heap(NULL) != 0)
        return -1;
    fix_new(&p.f);
    p.sender = fix_leaf(&p.f, CERT_SIGNING, '2');
    p.other = fix_leaf(&p.f, CERT_SIGNING, '2');
    p.receiver = fix_leaf(&p.f, CERT_SEALING, '3');
    p.second = fix_leaf(&p.f, CERT_SEALING, '4');
    *state = &p;
    return 0;
}

static int teardown(void **state)
{
    struct parties *p = *state;
    fix_party_free(&p->sender);
    fix_party_free(&p->other);
    fix_party_free(&p->receiver);
    fix_party_free(&p->second);
    fix_free(&p->f);
    return 0;
}

static struct bytes sealed_for(const struct parties *p, struct bytes content, struct buf *out)
{
    const struct cert *to[] = {p->receiver.cert};
    struct seal_params s = {p->sender.key, p->sender.cert, to, 1, 0};
    assert_int_equal(seal(&s, content, out), ERR_OK);
    return buf_bytes(out);
}

static enum err open_with(const struct parties *p, const struct fix_party *to, struct bytes sealed,
                          struct errmsg *why)
{
    struct seal_open_params o = {to->key, to->cert, p->sender.cert};
    struct buf out CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES);
    enum err e = seal_open(&o, sealed, &out, why);
    assert_true(e == ERR_OK || out.len == 0);
    return e;
}

static void what_is_sealed_opens_for_each_receiver(void **state)
{
    struct parties *p = *state;
    const struct cert *to[] = {p->receiver.cert, p->second.cert};
    struct seal_params s = {p->sender.key, p->sender.cert, to, 2, 0};
    const struct fix_party *all[] = {&p->receiver, &p->second};
    struct buf sealed CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    assert_int_equal(seal(&s, bytes_str("geheim"), &sealed), ERR_OK);
    assert_int_equal(envelope_der_check(buf_bytes(&sealed), NULL), ERR_OK);
    assert_null(memmem(sealed.ptr, sealed.len, "geheim", 6));
    for (size_t i = 0; i < 2; i++) {
        struct seal_open_params o = {all[i]->key, all[i]->cert, p->sender.cert};
        struct buf out CLEANUP(buf_free) = buf_new(100);
        assert_int_equal(seal_open(&o, buf_bytes(&sealed), &out, NULL), ERR_OK);
        assert_true(bytes_is(buf_bytes(&out), "geheim"));
    }
}

static void sizes_tell_the_class_only(void **state)
{
    struct parties *p = *state;
    static const size_t sizes[] = {0, 1, 17, 300, 400};
    uint8_t content[4096] = {7};
    size_t small = 0;
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
        size_t n = sealed_for(p, bytes_of(content, sizes[i]), &b).len;
        assert_true(small == 0 || n == small);
        small = n;
    }
    const struct cert *to[] = {p->receiver.cert};
    struct seal_params s = {p->sender.key, p->sender.cert, to, 1, 4096};
    struct buf one CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct buf two CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    assert_int_equal(seal(&s, bytes_of(content, 1), &one), ERR_OK);
    assert_int_equal(seal(&s, bytes_of(content, 3000), &two), ERR_OK);
    assert_int_equal(one.len, two.len);
    assert_true(one.len > small);
}

static void the_wrong_receiver_or_signer_is_refused(void **state)
{
    struct parties *p = *state;
    struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct bytes sealed = sealed_for(p, bytes_str("x"), &b);
    assert_int_equal(open_with(p, &p->receiver, sealed, NULL), ERR_OK);
    assert_int_equal(open_with(p, &p->second, sealed, NULL), ERR_SIGNATURE);
    struct fix_party mixed = {p->second.key, p->receiver.cert};
    assert_int_equal(open_with(p, &mixed, sealed, NULL), ERR_SIGNATURE);
    struct seal_open_params o = {p->receiver.key, p->receiver.cert, p->other.cert};
    struct buf out CLEANUP(buf_free) = buf_new(1000);
    assert_int_equal(seal_open(&o, sealed, &out, NULL), ERR_SIGNATURE);
    o.recipient = p->sender.cert;
    assert_int_equal(seal_open(&o, sealed, &out, NULL), ERR_STATE);
}

static void parameters_of_the_wrong_use_are_refused(void **state)
{
    struct parties *p = *state;
    const struct cert *signing[] = {p->other.cert};
    const struct cert *sealing[] = {p->receiver.cert};
    struct buf out CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct seal_params s = {p->sender.key, p->sender.cert, signing, 1, 0};
    assert_int_equal(seal(&s, bytes_str("x"), &out), ERR_STATE);
    s = (struct seal_params){p->sender.key, p->sender.cert, sealing, 0, 0};
    assert_int_equal(seal(&s, bytes_str("x"), &out), ERR_STATE);
    s = (struct seal_params){p->sender.key, p->receiver.cert, sealing, 1, 0};
    assert_int_equal(seal(&s, bytes_str("x"), &out), ERR_STATE);
    s = (struct seal_params){p->other.key, p->sender.cert, sealing, 1, 0};
    assert_int_equal(seal(&s, bytes_str("x"), &out), ERR_MISMATCH);
    assert_int_equal(out.len, 0);
}

static void no_byte_may_change(void **state)
{
    struct parties *p = *state;
    struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct bytes sealed = sealed_for(p, bytes_str("x"), &b);
    for (size_t i = 0; i < sealed.len; i++) {
        b.ptr[i] ^= 1;
        if (open_with(p, &p->receiver, sealed, NULL) == ERR_OK)
            fail_msg("byte %zu of %zu may be changed", i, sealed.len);
        b.ptr[i] ^= 1;
    }
    for (size_t n = 0; n < sealed.len; n += 7)
        assert_int_not_equal(open_with(p, &p->receiver, bytes_of(sealed.ptr, n), NULL), ERR_OK);
    assert_int_equal(open_with(p, &p->receiver, sealed, NULL), ERR_OK);
}

/* Takes n bytes from the three outermost lengths, which all have two length bytes here. */
static void shrink_outer(uint8_t *der, size_t n)
{
    static const size_t at[] = {2, 19, 23}; /* ContentInfo, [0], AuthEnvelopedData */
    for (size_t i = 0; i < ARRAY_LEN(at); i++) {
        assert_int_equal(der[at[i] - 1], 0x82);
        size_t len = (size_t)der[at[i]] << 8 | der[at[i] + 1];
        len -= n;
        der[at[i]] = (uint8_t)(len >> 8);
        der[at[i] + 1] = (uint8_t)len;
    }
}

static void a_short_tag_is_refused(void **state)
{
    struct parties *p = *state;
    struct errmsg why = {""};
    struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    struct bytes sealed = sealed_for(p, bytes_str("x"), &b);
    uint8_t *icv = memmem(b.ptr, b.len, "\x02\x01\x10\x80", 4);
    assert_non_null(icv);
    icv[2] = 4;
    assert_int_equal(open_with(p, &p->receiver, sealed, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "ICVlen"));
    icv[2] = 16;
    uint8_t *tag = b.ptr + b.len - 18;
    assert_int_equal(tag[0], 0x04);
    assert_int_equal(tag[1], 0x10);
    tag[1] = 4;
    shrink_outer(b.ptr, 12);
    assert_int_equal(open_with(p, &p->receiver, bytes_of(b.ptr, b.len - 12), &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "tag"));
}

/* An envelope around any bytes, with what a careless sender would choose. */
struct careless {
    const EVP_CIPHER *cipher;
    const char *kdf;
};

static struct bytes enveloped(const struct parties *p, const struct careless *c, struct bytes inner,
                              struct buf *out)
{
    struct buf padded CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES);
    assert_int_equal(pad_put(&padded, inner, 0), ERR_OK);
    CMS_ContentInfo *cms = EVP_CIPHER_get_mode(c->cipher) == EVP_CIPH_GCM_MODE
                               ? CMS_AuthEnvelopedData_create(c->cipher)
                               : CMS_EnvelopedData_create(c->cipher);
    assert_non_null(cms);
    CMS_RecipientInfo *ri =
        CMS_add1_recipient_cert(cms, cert_x509(p->receiver.cert), CMS_USE_KEYID | CMS_KEY_PARAM);
    assert_non_null(ri);
    assert_true(EVP_PKEY_CTX_ctrl_str(CMS_RecipientInfo_get0_pkey_ctx(ri), "ecdh_kdf_md", c->kdf) >
                0);
    BIO *in = BIO_new_mem_buf(padded.ptr, (int)padded.len);
    assert_int_equal(CMS_set_detached(cms, 0), 1);
    assert_int_equal(CMS_final(cms, in, NULL, CMS_BINARY), 1);
    uint8_t *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);
    assert_true(n > 0);
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    return buf_bytes(out);
}

static void weak_envelopes_are_refused(void **state)
{
    struct parties *p = *state;
    const struct careless cases[] = {
        {EVP_aes_256_gcm(), "sha256"}, {EVP_aes_128_gcm(), "sha256"},
        {EVP_aes_192_gcm(), "sha256"}, {EVP_aes_256_gcm(), "sha1"},
        {EVP_aes_256_gcm(), "sha512"}, {EVP_aes_256_cbc(), "sha256"},
    };
    struct buf inner CLEANUP(buf_free) = buf_new(10000);
    struct cms_signing s = {p->sender.key, p->sender.cert, CMS_CONTENT_INSIDE};
    assert_int_equal(cms_signed_make(&s, bytes_str("x"), &inner), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
        enum err e = open_with(p, &p->receiver, enveloped(p, &cases[i], buf_bytes(&inner), &b), NULL);
        if (e != (i == 0 ? ERR_OK : ERR_INVALID))
            fail_msg("case %zu: %d", i, e);
    }
}

/* SignedData by the given parties, with these flags. */
static struct bytes signed_by(const struct fix_party *const *by, size_t count, unsigned flags,
                              struct buf *out)
{
    flags |= CMS_BINARY | CMS_NOCERTS;
    CMS_ContentInfo *cms = CMS_sign(NULL, NULL, NULL, NULL, flags | CMS_PARTIAL);
    assert_non_null(cms);
    for (size_t i = 0; i < count; i++)
        assert_non_null(CMS_add1_signer(cms, cert_x509(by[i]->cert), key_evp(by[i]->key),
                                        EVP_sha256(), flags));
    BIO *in = BIO_new_mem_buf("x", 1);
    if (count > 0) {
        assert_int_equal(CMS_final(cms, in, NULL, flags), 1);
    } else { /* the library does not finish one that nobody signs */
        ASN1_OCTET_STRING **content = CMS_get0_content(cms);
        ASN1_OCTET_STRING_free(*content);
        *content = ASN1_OCTET_STRING_new();
        assert_int_equal(ASN1_OCTET_STRING_set(*content, (const uint8_t *)"x", 1), 1);
    }
    uint8_t *der = NULL;
    int n = i2d_CMS_ContentInfo(cms, &der);
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    BIO_free(in);
    CMS_ContentInfo_free(cms);
    return buf_bytes(out);
}

static void weak_signatures_inside_are_refused(void **state)
{
    struct parties *p = *state;
    const struct fix_party *one[] = {&p->sender};
    const struct fix_party *two[] = {&p->sender, &p->other};
    const struct fix_party *twice[] = {&p->sender, &p->sender};
    const struct fix_party *wrong[] = {&p->other};
    const struct {
        const char *name;
        const struct fix_party *const *by;
        size_t count;
        unsigned flags;
        enum err want;
    } cases[] = {
        {"good", one, 1, CMS_CADES, ERR_OK},
        {"nobody", one, 0, CMS_CADES, ERR_SIGNATURE},
        {"two", two, 2, CMS_CADES, ERR_SIGNATURE},
        {"one twice", twice, 2, CMS_CADES, ERR_SIGNATURE},
        {"another", wrong, 1, CMS_CADES, ERR_SIGNATURE},
        {"no signing-certificate", one, 1, 0, ERR_SIGNATURE},
        {"no signed attributes", one, 1, CMS_NOATTR, ERR_SIGNATURE},
        {"detached inside", one, 1, CMS_CADES | CMS_DETACHED, ERR_SIGNATURE},
    };
    const struct careless good = {EVP_aes_256_gcm(), "sha256"};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf inner CLEANUP(buf_free) = buf_new(10000);
        struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
        struct bytes s = signed_by(cases[i].by, cases[i].count, cases[i].flags, &inner);
        enum err e = open_with(p, &p->receiver, enveloped(p, &good, s, &b), NULL);
        if (e != cases[i].want)
            fail_msg("%s: %d", cases[i].name, e);
    }
    struct buf b CLEANUP(buf_free) = buf_new(SEAL_MAX_BYTES);
    assert_int_equal(open_with(p, &p->receiver, enveloped(p, &good, bytes_str("x"), &b), NULL),
                     ERR_INVALID);
}

static void padding_is_a_class_and_zeros(void **state)
{
    (void)state;
    struct bytes got;
    struct buf b CLEANUP(buf_free) = buf_new(PAD_MAX_BYTES * 2);
    assert_int_equal(pad_class(0, 0), 1024);
    assert_int_equal(pad_class(1020, 0), 1024);
    assert_int_equal(pad_class(1021, 0), 2048);
    assert_int_equal(pad_class(10, 3000), 4096);
    assert_int_equal(pad_class(PAD_MAX_BYTES - 3, 0), 0);
    assert_int_equal(pad_put(&b, bytes_str("abc"), 0), ERR_OK);
    assert_int_equal(pad_get(buf_bytes(&b), &got), ERR_OK);
    assert_true(bytes_is(got, "abc"));
    b.ptr[1023] = 1;
    assert_int_equal(pad_get(buf_bytes(&b), &got), ERR_INVALID);
    b.ptr[1023] = 0;
    assert_int_equal(pad_get(bytes_of(b.ptr, 1023), &got), ERR_INVALID);
    assert_int_equal(pad_get(bytes_of(b.ptr, 3), &got), ERR_INVALID);
    assert_int_equal(pad_get(bytes_of(b.ptr, 0), &got), ERR_INVALID);
    b.ptr[2] = 4; /* says 1027 bytes */
    assert_int_equal(pad_get(buf_bytes(&b), &got), ERR_INVALID);
}

static void a_detached_signature_holds_for_one_file_and_one_signer(void **state)
{
    struct parties *p = *state;
    struct fix_party jurist = fix_self(CERT_PINNED, "jurist");
    struct fix_party owner = fix_self(CERT_PINNED, "owner");
    struct buf sig CLEANUP(buf_free) = buf_new(CMS_DETACHED_MAX_BYTES);
    struct cert *c CLEANUP(cleanup_cert_free) = NULL;
    struct bytes policy = bytes_str("serial: 1\r\nrules: []\n");
    assert_int_equal(cms_detached_sign(policy, jurist.key, jurist.cert, &sig), ERR_OK);
    struct bytes s = buf_bytes(&sig);
    assert_int_equal(cms_detached_verify(policy, s, jurist.cert, NULL), ERR_OK);
    assert_int_equal(cms_detached_verify(policy, s, owner.cert, NULL), ERR_SIGNATURE);
    assert_int_equal(cms_detached_verify(bytes_str("serial: 1\nrules: []\n"), s, jurist.cert, NULL),
                     ERR_SIGNATURE);
    assert_int_equal(cms_detached_signer(s, CERT_PINNED, &c, NULL), ERR_OK);
    assert_true(key_same_public(cert_key(c), jurist.key));
    struct cert *none = NULL;
    assert_int_equal(cms_detached_signer(s, CERT_OFFICER, &none, NULL), ERR_CERT);
    assert_int_equal(cms_detached_verify(policy, bytes_of(s.ptr, s.len - 1), jurist.cert, NULL),
                     ERR_INVALID);
    assert_int_equal(cms_detached_sign(policy, p->receiver.key, p->receiver.cert, &sig), ERR_STATE);
    fix_party_free(&jurist);
    fix_party_free(&owner);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_for_each_receiver),
        cmocka_unit_test(sizes_tell_the_class_only),
        cmocka_unit_test(the_wrong_receiver_or_signer_is_refused),
        cmocka_unit_test(parameters_of_the_wrong_use_are_refused),
        cmocka_unit_test(no_byte_may_change),
        cmocka_unit_test(a_short_tag_is_refused),
        cmocka_unit_test(weak_envelopes_are_refused),
        cmocka_unit_test(weak_signatures_inside_are_refused),
        cmocka_unit_test(padding_is_a_class_and_zeros),
        cmocka_unit_test(a_detached_signature_holds_for_one_file_and_one_signer),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
