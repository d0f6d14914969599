#include "pki/cert_internal.h"

#include <stdlib.h>

#include "pki/digest.h"
#include "proto/base/when.h"

struct cert {
    enum cert_use use;
    X509 *x;
    struct key *key;
    uint8_t *der;
    size_t der_len;
    struct digest fingerprint;
    struct cert_subject subject;
    int64_t not_before;
    int64_t not_after;
};

void cert_free(struct cert *c)
{
    if (c == NULL)
        return;
    X509_free(c->x);
    key_free(c->key);
    OPENSSL_free(c->der);
    free(c);
}

static enum err read_time(const ASN1_TIME *t, int64_t *out)
{
    struct tm tm;
    if (t == NULL || ASN1_TIME_to_tm(t, &tm) != 1)
        return ERR_CERT;
    int32_t day = when_day_of_date(tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    *out = (int64_t)day * 86400 + tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec;
    return ERR_OK;
}

/* Fills c from its X.509 object. */
static enum err fill(struct cert *c, struct errmsg *why)
{
    int n = i2d_X509(c->x, &c->der);
    if (n <= 0)
        return ERR_CRYPTO;
    c->der_len = (size_t)n;
    struct bytes der = cert_der(c);
    enum err e = digest_sha256(&der, 1, &c->fingerprint);
    if (e == ERR_OK)
        e = cert_read_subject(X509_get_subject_name(c->x), &c->subject, why);
    if (e != ERR_OK)
        return e;
    if (key_from_evp_public(X509_get0_pubkey(c->x), &c->key) != ERR_OK)
        return errmsg_set(why, ERR_CERT, "key: not P-256 or X25519 in its one encoding");
    if (read_time(X509_get0_notBefore(c->x), &c->not_before) != ERR_OK ||
        read_time(X509_get0_notAfter(c->x), &c->not_after) != ERR_OK ||
        c->not_after <= c->not_before)
        return errmsg_set(why, ERR_CERT, "validity: not a span of time");
    return ERR_OK;
}

enum err cert_wrap(X509 *x, enum cert_use use, struct cert **out, struct errmsg *why)
{
    struct cert *c = calloc(1, sizeof *c);
    if (c == NULL) {
        X509_free(x);
        return ERR_NOMEM;
    }
    c->use = use;
    c->x = x;
    enum err e = fill(c, why);
    if (e == ERR_OK)
        e = cert_check_profile(c, why);
    ERR_clear_error();
    if (e != ERR_OK)
        cert_free(c);
    else
        *out = c;
    return e;
}

enum err cert_parse(struct bytes der, enum cert_use use, struct cert **out, struct errmsg *why)
{
    if (der.len > CERT_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "certificate: over %d bytes", CERT_MAX_BYTES);
    const uint8_t *pos = der.ptr;
    X509 *x = d2i_X509(NULL, &pos, (long)der.len);
    if (x == NULL || pos != der.ptr + der.len) {
        X509_free(x);
        ERR_clear_error();
        return errmsg_set(why, ERR_INVALID, "no certificate, or bytes behind it");
    }
    struct cert *c = NULL;
    enum err e = cert_wrap(x, use, &c, why);
    if (e != ERR_OK)
        return e;
    if (!bytes_equal(cert_der(c), der)) {
        cert_free(c);
        return errmsg_set(why, ERR_CERT, "certificate: not DER");
    }
    *out = c;
    return ERR_OK;
}

enum err cert_parse_pem(struct bytes pem, enum cert_use use, struct cert **out, struct errmsg *why)
{
    if (pem.len > CERT_PEM_MAX_BYTES)
        return errmsg_set(why, ERR_TOO_LARGE, "certificate: over %d bytes", CERT_PEM_MAX_BYTES);
    BIO *in = BIO_new_mem_buf(pem.ptr, (int)pem.len);
    X509 *x = in != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    X509 *second = x != NULL ? PEM_read_bio_X509(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    ERR_clear_error();
    if (x == NULL || second != NULL) {
        X509_free(x);
        X509_free(second);
        return errmsg_set(why, ERR_INVALID, "must hold exactly one PEM certificate");
    }
    return cert_wrap(x, use, out, why);
}

enum err cert_put_pem(const struct cert *c, struct buf *out)
{
    BIO *mem = BIO_new(BIO_s_mem());
    char *text = NULL;
    long n = 0;
    if (mem != NULL && PEM_write_bio_X509(mem, c->x) == 1)
        n = BIO_get_mem_data(mem, &text);
    if (n > 0)
        buf_put(out, bytes_of(text, (size_t)n));
    BIO_free(mem);
    ERR_clear_error();
    return n > 0 ? buf_err(out) : ERR_CRYPTO;
}

X509 *cert_x509(const struct cert *c)
{
    return c->x;
}

enum cert_use cert_use_of(const struct cert *c)
{
    return c->use;
}

struct bytes cert_der(const struct cert *c)
{
    return bytes_of(c->der, c->der_len);
}

const struct digest *cert_fingerprint(const struct cert *c)
{
    return &c->fingerprint;
}

const struct key *cert_key(const struct cert *c)
{
    return c->key;
}

const struct agency_id *cert_oin(const struct cert *c)
{
    return &c->subject.oin;
}

const char *cert_name(const struct cert *c)
{
    return c->subject.name;
}

int64_t cert_not_before(const struct cert *c)
{
    return c->not_before;
}

int64_t cert_not_after(const struct cert *c)
{
    return c->not_after;
}

enum err cert_check_time(const struct cert *c, int64_t at_s, struct errmsg *why)
{
    char text[WHEN_TEXT_SIZE];
    if (at_s > c->not_after) {
        when_text(c->not_after, text);
        return errmsg_set(why, ERR_EXPIRED, "certificate of %s expired at %s", c->subject.oin.oin,
                          text);
    }
    if (at_s < c->not_before) {
        when_text(c->not_before, text);
        return errmsg_set(why, ERR_CERT, "certificate of %s is valid from %s on",
                          c->subject.oin.oin, text);
    }
    return ERR_OK;
}
