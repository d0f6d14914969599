/* pki/oin_proof: a certificate of another scheme as proof of an OIN; RSA and P-256, and what is no proof. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "tests/unit/pki/test_core.h"

#include "pki/oin_proof.h"
#include "pki/ossl.h"

#define NOW INT64_C(1795900000)
#define DAY_S INT64_C(86400)
#define DOCUMENT "a request document"
#define OIN "00000099000000002000"

struct party {
    EVP_PKEY *key;
    X509 *cert;
};

/* How one certificate is made. */
struct recipe {
    const char *oin;
    unsigned rsa_bits; /* 0: P-256 */
    const char *usage;
    const char *constraints;
    const EVP_MD *(*digest)(void);
    int64_t from;
    int64_t until;
};

static const struct recipe good = {OIN,        2048,     "critical,digitalSignature",
                                   "CA:FALSE", EVP_sha256, NOW - DAY_S,
                                   NOW + DAY_S};
static const struct recipe authority = {
    "scheme", 2048, "critical,keyCertSign", "critical,CA:TRUE", EVP_sha256, NOW - DAY_S, NOW + DAY_S};

static void add(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static struct party make(const struct recipe *r, const struct party *by)
{
    struct party p = {NULL, X509_new()};
    p.key = r->rsa_bits > 0 ? EVP_RSA_gen(r->rsa_bits) : EVP_EC_gen("P-256");
    assert_non_null(p.key);
    X509 *issuer = by != NULL ? by->cert : p.cert;
    X509_NAME *n = X509_get_subject_name(p.cert);
    static int serial = 1;
    X509_set_version(p.cert, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(p.cert), serial++);
    X509_NAME_add_entry_by_NID(n, NID_commonName, MBSTRING_UTF8, (const uint8_t *)"Agency", -1, -1, 0);
    X509_NAME_add_entry_by_NID(n, NID_serialNumber, V_ASN1_PRINTABLESTRING, (const uint8_t *)r->oin,
                               -1, -1, 0);
    X509_set_issuer_name(p.cert, X509_get_subject_name(issuer));
    ASN1_TIME_set(X509_getm_notBefore(p.cert), (time_t)r->from);
    ASN1_TIME_set(X509_getm_notAfter(p.cert), (time_t)r->until);
    X509_set_pubkey(p.cert, p.key);
    add(p.cert, issuer, NID_basic_constraints, r->constraints);
    if (r->usage != NULL)
        add(p.cert, issuer, NID_key_usage, r->usage);
    assert_true(X509_sign(p.cert, by != NULL ? by->key : p.key, r->digest()) > 0);
    return p;
}

static void party_free(struct party *p)
{
    EVP_PKEY_free(p->key);
    X509_free(p->cert);
}

static void take_text(BIO *b, struct buf *out)
{
    char *text = NULL;
    long n = BIO_get_mem_data(b, &text);
    buf_put(out, bytes_of(text, (size_t)n));
    BIO_free(b);
}

static void put_pem(X509 *x, struct buf *out)
{
    BIO *b = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_X509(b, x), 1);
    take_text(b, out);
}

static void put_key(EVP_PKEY *k, const char *passphrase, struct buf *out)
{
    BIO *b = BIO_new(BIO_s_mem());
    assert_int_equal(PEM_write_bio_PKCS8PrivateKey(b, k, passphrase != NULL ? EVP_aes_256_cbc() : NULL,
                                                   passphrase, passphrase != NULL ? (int)strlen(passphrase) : 0,
                                                   NULL, NULL),
                     1);
    take_text(b, out);
}

/* Signs DOCUMENT as leaf under middle (may be NULL), and verifies it below root. */
static enum err prove(const struct party *leaf, const struct party *middle, const struct party *root,
                      struct errmsg *why)
{
    struct buf pem CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf key CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf roots CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf proof CLEANUP(buf_free) = buf_new(1 << 16);
    struct digest d;
    put_pem(leaf->cert, &pem);
    if (middle != NULL)
        put_pem(middle->cert, &pem);
    put_key(leaf->key, NULL, &key);
    put_pem(root->cert, &roots);
    struct oin_proof_signer s = {buf_bytes(&pem), buf_bytes(&key), NULL};
    struct oin_proof_check c = {bytes_str(DOCUMENT), buf_bytes(&roots), {OIN}, NOW};
    enum err e = oin_proof_make(&s, bytes_str(DOCUMENT), &proof, why);
    assert_int_equal(e, ERR_OK);
    return oin_proof_verify(&c, buf_bytes(&proof), &d, why);
}

static void rsa_and_elliptic_curves_prove(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct party root = make(&authority, NULL);
    struct recipe between = authority;
    between.oin = "between";
    struct party middle = make(&between, &root);
    for (unsigned bits = 0; bits <= 2048; bits += 2048) {
        struct recipe r = good;
        r.rsa_bits = bits;
        struct party leaf = make(&r, &middle);
        if (prove(&leaf, &middle, &root, &why) != ERR_OK)
            fail_msg("%u bits: %s", bits, why.text);
        assert_int_equal(prove(&leaf, NULL, &root, &why), ERR_CERT); /* the chain has a gap */
        party_free(&leaf);
    }
    party_free(&middle);
    party_free(&root);
}

/* One thing changed in the good recipe, and what the refusal says. */
static void whatever_proves_nothing_is_refused(void **state)
{
    (void)state;
    const struct {
        const char *says;
        struct recipe r;
    } cases[] = {
        {"another OIN", {"00000099000000003000", 2048, good.usage, "CA:FALSE", EVP_sha256, good.from, good.until}},
        {"expired", {OIN, 2048, good.usage, "CA:FALSE", EVP_sha256, good.from, NOW - 1}},
        {"not yet valid", {OIN, 2048, good.usage, "CA:FALSE", EVP_sha256, NOW + 60, good.until}},
        {"key usage", {OIN, 2048, "critical,keyEncipherment", "CA:FALSE", EVP_sha256, good.from, good.until}},
        {"key usage", {OIN, 2048, NULL, "CA:FALSE", EVP_sha256, good.from, good.until}},
        {"a CA's certificate", {OIN, 2048, "critical,digitalSignature,keyCertSign", "critical,CA:TRUE", EVP_sha256,
                                good.from, good.until}},
        {"key too weak", {OIN, 1024, good.usage, "CA:FALSE", EVP_sha256, good.from, good.until}},
        {"digest algorithm too weak", {OIN, 2048, good.usage, "CA:FALSE", EVP_sha1, good.from, good.until}},
    };
    struct party root = make(&authority, NULL);
    struct party stranger = make(&authority, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct errmsg why = {""};
        struct party leaf = make(&cases[i].r, &root);
        assert_int_equal(prove(&leaf, NULL, &root, &why), ERR_CERT);
        if (strstr(why.text, cases[i].says) == NULL)
            fail_msg("case %zu: '%s' does not say '%s'", i, why.text, cases[i].says);
        party_free(&leaf);
    }
    struct errmsg why = {""};
    struct party leaf = make(&good, &root);
    assert_int_equal(prove(&leaf, NULL, &stranger, &why), ERR_CERT);
    party_free(&leaf);
    party_free(&stranger);
    party_free(&root);
}

static void a_proof_is_of_one_document(void **state)
{
    (void)state;
    struct errmsg why = {""};
    struct party root = make(&authority, NULL);
    struct party leaf = make(&good, &root);
    struct party other = make(&good, &root);
    struct buf pem CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf roots CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf key CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf wrong CLEANUP(buf_free) = buf_new(1 << 16);
    struct buf proof CLEANUP(buf_free) = buf_new(1 << 16);
    struct secret *passphrase CLEANUP(cleanup_secret_free) = secret_new(bytes_str("open"));
    struct secret *bad CLEANUP(cleanup_secret_free) = secret_new(bytes_str("shut"));
    struct digest d;
    put_pem(leaf.cert, &pem);
    put_pem(root.cert, &roots);
    put_key(leaf.key, "open", &key);
    put_key(other.key, NULL, &wrong);
    struct oin_proof_signer s = {buf_bytes(&pem), buf_bytes(&key), bad};
    assert_int_equal(oin_proof_make(&s, bytes_str(DOCUMENT), &proof, &why), ERR_PERMISSION);
    s.passphrase = passphrase;
    assert_int_equal(oin_proof_make(&s, bytes_str(DOCUMENT), &proof, &why), ERR_OK);
    struct oin_proof_check c = {bytes_str(DOCUMENT), buf_bytes(&roots), {OIN}, NOW};
    assert_int_equal(oin_proof_verify(&c, buf_bytes(&proof), &d, &why), ERR_OK);
    c.document = bytes_str("another request");
    assert_int_equal(oin_proof_verify(&c, buf_bytes(&proof), &d, &why), ERR_SIGNATURE);
    c.document = bytes_str(DOCUMENT);
    c.roots = bytes_str("no PEM");
    assert_int_equal(oin_proof_verify(&c, buf_bytes(&proof), &d, &why), ERR_INVALID);
    assert_int_equal(oin_proof_verify(&c, bytes_str("no CMS"), &d, &why), ERR_INVALID);
    s.key = buf_bytes(&wrong);
    assert_int_equal(oin_proof_make(&s, bytes_str(DOCUMENT), &proof, &why), ERR_MISMATCH);
    party_free(&other);
    party_free(&leaf);
    party_free(&root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rsa_and_elliptic_curves_prove),
        cmocka_unit_test(whatever_proves_nothing_is_refused),
        cmocka_unit_test(a_proof_is_of_one_document),
    };
    return cmocka_run_group_tests(tests, setup_secret_heap, NULL);
}
