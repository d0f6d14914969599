#include "pki/key_internal.h"

#include "pki/digest.h"
#include "pki/ossl.h"
#include "pki/secret_internal.h"

#define P256_SCALAR_BYTES 32
#define P256_POINT_BYTES 65 /* 0x04, x, y */
#define P256_PRIVATE_BYTES (P256_SCALAR_BYTES + P256_POINT_BYTES)
#define RAW_PRIVATE_BYTES 32

struct key {
    enum key_type type;
    bool has_private;
    EVP_PKEY *pkey;
};

/* Drops the library's error queue, so that a refusal here is not reported by a later call. */
static enum err refuse(enum err e)
{
    ERR_clear_error();
    return e;
}

/* Takes pkey, also on failure. */
static enum err wrap(enum key_type type, bool has_private, EVP_PKEY *pkey, struct key **out)
{
    if (pkey == NULL)
        return refuse(ERR_CRYPTO);
    struct key *k = OPENSSL_zalloc(sizeof *k);
    if (k == NULL) {
        EVP_PKEY_free(pkey);
        return refuse(ERR_NOMEM);
    }
    *k = (struct key){.type = type, .has_private = has_private, .pkey = pkey};
    *out = k;
    return ERR_OK;
}

/* The library's number for an Edwards or Montgomery type; EVP_PKEY_NONE for any other. */
static int raw_type_id(enum key_type type)
{
    switch (type) {
    case KEY_TYPE_ED25519:
        return EVP_PKEY_ED25519;
    case KEY_TYPE_X25519:
        return EVP_PKEY_X25519;
    case KEY_TYPE_NONE:
    case KEY_TYPE_P256:
        break;
    }
    return EVP_PKEY_NONE;
}

enum err key_generate(enum key_type type, struct key **out)
{
    switch (type) {
    case KEY_TYPE_P256:
        return wrap(type, true, EVP_EC_gen("P-256"), out);
    case KEY_TYPE_ED25519:
        return wrap(type, true, EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), out);
    case KEY_TYPE_X25519:
        return wrap(type, true, EVP_PKEY_Q_keygen(NULL, NULL, "X25519"), out);
    case KEY_TYPE_NONE:
        break;
    }
    return ERR_UNKNOWN;
}

void key_free(struct key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    OPENSSL_free(k);
}

enum key_type key_type(const struct key *k)
{
    return k->type;
}

bool key_has_private(const struct key *k)
{
    return k->has_private;
}

EVP_PKEY *key_evp(const struct key *k)
{
    return k->pkey;
}

/* The parameters of a P-256 pair from its scalar and point; NULL without memory. */
static OSSL_PARAM *p256_params(struct bytes scalar, struct bytes point)
{
    OSSL_PARAM *params = NULL;
    BIGNUM *d = BN_secure_new();
    OSSL_PARAM_BLD *bld = OSSL_PARAM_BLD_new();
    if (d != NULL && bld != NULL && BN_bin2bn(scalar.ptr, (int)scalar.len, d) != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(bld, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
        OSSL_PARAM_BLD_push_BN_pad(bld, OSSL_PKEY_PARAM_PRIV_KEY, d, P256_SCALAR_BYTES) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(bld, OSSL_PKEY_PARAM_PUB_KEY, point.ptr, point.len) == 1)
        params = OSSL_PARAM_BLD_to_param(bld);
    OSSL_PARAM_BLD_free(bld);
    BN_clear_free(d);
    return params;
}

/* Whether range, curve and the two halves of the pair are right. */
static bool pair_is_consistent(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_check(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

static enum err p256_from_private(struct bytes raw, struct key **out)
{
    if (raw.len != P256_PRIVATE_BYTES || raw.ptr[P256_SCALAR_BYTES] != POINT_CONVERSION_UNCOMPRESSED)
        return ERR_INVALID;
    OSSL_PARAM *params = p256_params(bytes_of(raw.ptr, P256_SCALAR_BYTES),
                                     bytes_of(raw.ptr + P256_SCALAR_BYTES, P256_POINT_BYTES));
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *pkey = NULL;
    enum err e = ERR_OK;
    if (params == NULL || ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1)
        e = ERR_NOMEM;
    else if (EVP_PKEY_fromdata(ctx, &pkey, EVP_PKEY_KEYPAIR, params) != 1 ||
             !pair_is_consistent(pkey))
        e = ERR_INVALID;
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_free(params);
    if (e == ERR_OK)
        return wrap(KEY_TYPE_P256, true, pkey, out);
    EVP_PKEY_free(pkey);
    return refuse(e);
}

enum err key_from_private(enum key_type type, const struct secret *private_half, struct key **out)
{
    struct bytes raw = secret_bytes(private_half);
    if (type == KEY_TYPE_P256)
        return p256_from_private(raw, out);
    int id = raw_type_id(type);
    if (id == EVP_PKEY_NONE)
        return ERR_UNKNOWN;
    if (raw.len != RAW_PRIVATE_BYTES)
        return ERR_INVALID;
    return wrap(type, true, EVP_PKEY_new_raw_private_key(id, NULL, raw.ptr, raw.len), out);
}

/* Scalar and point of a P-256 pair into b, which has room for both. */
static enum err p256_put_private(const struct key *k, uint8_t *b)
{
    BIGNUM *d = BN_secure_new();
    size_t n = 0;
    enum err e = ERR_OK;
    if (d == NULL)
        e = ERR_NOMEM;
    else if (EVP_PKEY_get_bn_param(k->pkey, OSSL_PKEY_PARAM_PRIV_KEY, &d) != 1 ||
             BN_bn2binpad(d, b, P256_SCALAR_BYTES) != P256_SCALAR_BYTES ||
             EVP_PKEY_get_octet_string_param(k->pkey, OSSL_PKEY_PARAM_PUB_KEY,
                                             b + P256_SCALAR_BYTES, P256_POINT_BYTES, &n) != 1 ||
             n != P256_POINT_BYTES)
        e = ERR_CRYPTO;
    BN_clear_free(d);
    return e == ERR_OK ? ERR_OK : refuse(e);
}

enum err key_private(const struct key *k, struct secret **out)
{
    if (!k->has_private)
        return ERR_STATE;
    size_t len = k->type == KEY_TYPE_P256 ? P256_PRIVATE_BYTES : RAW_PRIVATE_BYTES;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(len);
    if (s == NULL)
        return ERR_NOMEM;
    enum err e = ERR_OK;
    if (k->type == KEY_TYPE_P256)
        e = p256_put_private(k, secret_data(s));
    else if (EVP_PKEY_get_raw_private_key(k->pkey, secret_data(s), &len) != 1)
        e = refuse(ERR_CRYPTO);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

/* Whether an EC key lies on P-256, as a named curve. */
static bool is_named_p256(const EVP_PKEY *pkey)
{
    char group[32];
    char encoding[32];
    return EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_GROUP_NAME, group, sizeof group,
                                          NULL) == 1 &&
           strcmp(group, "prime256v1") == 0 &&
           EVP_PKEY_get_utf8_string_param(pkey, OSSL_PKEY_PARAM_EC_ENCODING, encoding,
                                          sizeof encoding, NULL) == 1 &&
           strcmp(encoding, "named_curve") == 0;
}

/* The type of a key that came from outside; KEY_TYPE_NONE where it is not one of ours. */
static enum key_type classify(const EVP_PKEY *pkey)
{
    if (EVP_PKEY_is_a(pkey, "EC") == 1)
        return is_named_p256(pkey) ? KEY_TYPE_P256 : KEY_TYPE_NONE;
    if (EVP_PKEY_is_a(pkey, "ED25519") == 1)
        return KEY_TYPE_ED25519;
    return EVP_PKEY_is_a(pkey, "X25519") == 1 ? KEY_TYPE_X25519 : KEY_TYPE_NONE;
}

/* Whether the library would write pkey as exactly der, which refuses BER and bytes that the parser
 * skipped. The library remembers the form of a point, so that one is looked at by itself: it is the
 * end of the encoding. */
static bool is_canonical(enum key_type type, EVP_PKEY *pkey, struct bytes der)
{
    if (type == KEY_TYPE_P256 &&
        (der.len != KEY_SPKI_MAX_BYTES ||
         der.ptr[der.len - P256_POINT_BYTES] != POINT_CONVERSION_UNCOMPRESSED))
        return false;
    uint8_t *again = NULL;
    int n = i2d_PUBKEY(pkey, &again);
    bool same = n > 0 && bytes_equal(bytes_of(again, (size_t)n), der);
    OPENSSL_free(again);
    return same;
}

/* Whether a P-256 point is on the curve and not at infinity. */
static bool point_is_usable(EVP_PKEY *pkey)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
    bool ok = ctx != NULL && EVP_PKEY_public_check_quick(ctx) == 1;
    EVP_PKEY_CTX_free(ctx);
    return ok;
}

enum err key_from_spki(struct bytes der, struct key **out)
{
    if (der.len > KEY_SPKI_MAX_BYTES)
        return ERR_TOO_LARGE;
    const uint8_t *p = der.ptr;
    EVP_PKEY *pkey = d2i_PUBKEY(NULL, &p, (long)der.len);
    if (pkey == NULL)
        return refuse(ERR_INVALID);
    enum err e = ERR_OK;
    enum key_type type = classify(pkey);
    if (type == KEY_TYPE_NONE)
        e = ERR_UNSUPPORTED;
    else if (!is_canonical(type, pkey, der) || (type == KEY_TYPE_P256 && !point_is_usable(pkey)))
        e = ERR_INVALID;
    if (e == ERR_OK)
        return wrap(type, false, pkey, out);
    EVP_PKEY_free(pkey);
    return refuse(e);
}

enum err key_from_evp_public(const EVP_PKEY *pkey, struct key **out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(pkey, &der);
    if (n <= 0)
        return refuse(ERR_INVALID);
    enum err e = key_from_spki(bytes_of(der, (size_t)n), out);
    OPENSSL_free(der);
    return e;
}

/* An engine's object does not tell its encoding: the curve is read from the public half as it is written. */
enum err key_from_evp_held(EVP_PKEY *pkey, struct key **out)
{
    struct key *public_half CLEANUP(cleanup_key_free) = NULL;
    enum err e = key_from_evp_public(pkey, &public_half);
    if (e == ERR_OK && public_half->type != KEY_TYPE_P256)
        e = ERR_UNSUPPORTED;
    if (e == ERR_OK)
        return wrap(KEY_TYPE_P256, true, pkey, out);
    EVP_PKEY_free(pkey);
    return e;
}

enum err key_from_raw_public(enum key_type type, struct bytes raw, struct key **out)
{
    int id = raw_type_id(type);
    if (id == EVP_PKEY_NONE)
        return ERR_UNKNOWN;
    if (raw.len != KEY_RAW_PUBLIC_BYTES)
        return ERR_INVALID;
    return wrap(type, false, EVP_PKEY_new_raw_public_key(id, NULL, raw.ptr, raw.len), out);
}

enum err key_put_spki(const struct key *k, struct buf *out)
{
    uint8_t *der = NULL;
    int n = i2d_PUBKEY(k->pkey, &der);
    if (n <= 0)
        return refuse(ERR_CRYPTO);
    buf_put(out, bytes_of(der, (size_t)n));
    OPENSSL_free(der);
    return buf_err(out);
}

enum err key_raw_public(const struct key *k, uint8_t out[static KEY_RAW_PUBLIC_BYTES])
{
    if (k->type == KEY_TYPE_P256)
        return ERR_STATE;
    uint8_t raw[KEY_RAW_PUBLIC_BYTES];
    size_t n = sizeof raw;
    if (EVP_PKEY_get_raw_public_key(k->pkey, raw, &n) != 1 || n != sizeof raw)
        return refuse(ERR_CRYPTO);
    memcpy(out, raw, sizeof raw);
    return ERR_OK;
}

enum err key_fingerprint(const struct key *k, struct digest *out)
{
    uint8_t room[KEY_SPKI_MAX_BYTES];
    struct buf spki = buf_fixed(room, sizeof room);
    enum err e = key_put_spki(k, &spki);
    if (e != ERR_OK)
        return e;
    struct bytes part = buf_bytes(&spki);
    return digest_sha256(&part, 1, out);
}

bool key_same_public(const struct key *a, const struct key *b)
{
    return a->type == b->type && EVP_PKEY_eq(a->pkey, b->pkey) == 1;
}
