#include "pki/aead_internal.h"

#include "pki/ossl.h"
#include "pki/random.h"
#include "pki/secret_internal.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define FORMAT 1
#define AAD_PREFIX_BYTES 64

struct aead {
    uint32_t key_version;
    EVP_CIPHER_CTX *seal; /* keyed once; each message only sets a nonce */
    EVP_CIPHER_CTX *open;
    struct random_pool *nonces;
};

enum err aead_new(const struct secret *key, uint32_t key_version, struct aead **out)
{
    if (secret_len(key) != AEAD_KEY_BYTES)
        return ERR_INVALID;
    struct aead *CLEANUP(cleanup_aead_free) a = OPENSSL_zalloc(sizeof *a);
    if (a == NULL)
        return ERR_NOMEM;
    a->key_version = key_version;
    a->seal = EVP_CIPHER_CTX_new();
    a->open = EVP_CIPHER_CTX_new();
    a->nonces = random_pool_new();
    if (a->seal == NULL || a->open == NULL || a->nonces == NULL) {
        ERR_clear_error();
        return ERR_NOMEM;
    }
    const uint8_t *k = secret_bytes(key).ptr;
    if (EVP_EncryptInit_ex(a->seal, EVP_aes_256_gcm(), NULL, k, NULL) != 1 ||
        EVP_DecryptInit_ex(a->open, EVP_aes_256_gcm(), NULL, k, NULL) != 1) {
        ERR_clear_error();
        return ERR_CRYPTO;
    }
    *out = take(a);
    return ERR_OK;
}

void aead_free(struct aead *a)
{
    if (a == NULL)
        return;
    EVP_CIPHER_CTX_free(a->seal);
    EVP_CIPHER_CTX_free(a->open);
    random_pool_free(a->nonces);
    OPENSSL_free(a);
}

static bool sizes_fit(const struct aead_message *m)
{
    return m->in.len <= AEAD_MAX_BYTES && m->aad[0].len <= AEAD_MAX_BYTES &&
           m->aad[1].len <= AEAD_MAX_BYTES;
}

/* Nonce, associated data and body through either direction. */
static bool run(EVP_CIPHER_CTX *ctx, const struct aead_message *m, uint8_t *out)
{
    int n = 0;
    if (EVP_CipherInit_ex(ctx, NULL, NULL, NULL, m->nonce, -1) != 1)
        return false;
    for (size_t i = 0; i < ARRAY_LEN(m->aad); i++) {
        if (m->aad[i].len > 0 &&
            EVP_CipherUpdate(ctx, NULL, &n, m->aad[i].ptr, (int)m->aad[i].len) != 1)
            return false;
    }
    if (m->in.len == 0)
        return true;
    return EVP_CipherUpdate(ctx, out, &n, m->in.ptr, (int)m->in.len) == 1 &&
           (size_t)n == m->in.len;
}

enum err aead_gcm_seal(struct aead *a, const struct aead_message *m, uint8_t *out,
                       uint8_t tag[static AEAD_TAG_BYTES])
{
    if (!sizes_fit(m))
        return ERR_TOO_LARGE;
    int n = 0;
    uint8_t none[1];
    if (run(a->seal, m, out) && EVP_EncryptFinal_ex(a->seal, none, &n) == 1 &&
        EVP_CIPHER_CTX_ctrl(a->seal, EVP_CTRL_AEAD_GET_TAG, AEAD_TAG_BYTES, tag) == 1)
        return ERR_OK;
    ERR_clear_error();
    return ERR_CRYPTO;
}

enum err aead_gcm_open(struct aead *a, const struct aead_message *m,
                       const uint8_t tag[static AEAD_TAG_BYTES], uint8_t *out)
{
    if (!sizes_fit(m))
        return ERR_TOO_LARGE;
    uint8_t own_tag[AEAD_TAG_BYTES]; /* the library's parameter is not const */
    memcpy(own_tag, tag, sizeof own_tag);
    int n = 0;
    uint8_t none[1];
    enum err e = ERR_OK;
    if (!run(a->open, m, out) ||
        EVP_CIPHER_CTX_ctrl(a->open, EVP_CTRL_AEAD_SET_TAG, AEAD_TAG_BYTES, own_tag) != 1)
        e = ERR_CRYPTO;
    else if (EVP_DecryptFinal_ex(a->open, none, &n) != 1)
        e = ERR_SIGNATURE;
    if (e != ERR_OK) {
        secret_wipe(out, m->in.len);
        ERR_clear_error();
    }
    return e;
}

/* The associated data in front of the caller's: with it, join(label, header, aad). */
static struct bytes aad_prefix(struct bytes header, size_t aad_len, uint8_t room[AAD_PREFIX_BYTES])
{
    struct buf b = buf_fixed(room, AAD_PREFIX_BYTES);
    join_str(&b, LABEL_AEAD);
    join_part(&b, header);
    buf_put_u32(&b, (uint32_t)aad_len);
    return buf_bytes(&b);
}

enum err aead_seal(struct aead *a, struct bytes aad, struct bytes plain, struct buf *out)
{
    if (plain.len > AEAD_MAX_BYTES || aad.len > AEAD_MAX_BYTES)
        return ERR_TOO_LARGE;
    size_t start = out->len;
    uint8_t *p = buf_reserve(out, plain.len + AEAD_OVERHEAD_BYTES);
    if (p == NULL)
        return buf_err(out);
    struct buf header = buf_fixed(p, AEAD_HEADER_BYTES);
    buf_put_u8(&header, FORMAT);
    buf_put_u32(&header, a->key_version);
    uint8_t *nonce = p + AEAD_HEADER_BYTES;
    uint8_t *body = nonce + AEAD_NONCE_BYTES;
    uint8_t room[AAD_PREFIX_BYTES];
    struct aead_message m = {
        .nonce = nonce,
        .aad = {aad_prefix(buf_bytes(&header), aad.len, room), aad},
        .in = plain,
    };
    enum err e = random_pool_take(a->nonces, nonce, AEAD_NONCE_BYTES);
    if (e == ERR_OK)
        e = aead_gcm_seal(a, &m, body, body + plain.len);
    if (e != ERR_OK)
        out->len = start;
    return e;
}

enum err aead_key_version(struct bytes sealed, uint32_t *out)
{
    struct cursor c = cursor_of(sealed);
    uint8_t format = cursor_u8(&c);
    uint32_t version = cursor_u32(&c);
    if (sealed.len < AEAD_OVERHEAD_BYTES)
        return ERR_TRUNCATED;
    if (format != FORMAT)
        return ERR_VERSION;
    *out = version;
    return ERR_OK;
}

enum err aead_open(struct aead *a, struct bytes aad, struct bytes sealed, struct buf *out)
{
    uint32_t version = 0;
    enum err e = aead_key_version(sealed, &version);
    if (e != ERR_OK)
        return e;
    if (version != a->key_version)
        return ERR_VERSION;
    size_t n = sealed.len - AEAD_OVERHEAD_BYTES;
    if (n > AEAD_MAX_BYTES || aad.len > AEAD_MAX_BYTES)
        return ERR_TOO_LARGE;
    size_t start = out->len;
    uint8_t *p = buf_reserve(out, n);
    if (p == NULL && buf_err(out) != ERR_OK)
        return buf_err(out);
    uint8_t none[1];
    uint8_t room[AAD_PREFIX_BYTES];
    struct bytes header = bytes_of(sealed.ptr, AEAD_HEADER_BYTES);
    const uint8_t *nonce = sealed.ptr + AEAD_HEADER_BYTES;
    struct aead_message m = {
        .nonce = nonce,
        .aad = {aad_prefix(header, aad.len, room), aad},
        .in = bytes_of(nonce + AEAD_NONCE_BYTES, n),
    };
    e = aead_gcm_open(a, &m, m.in.ptr + n, n == 0 ? none : p);
    if (e != ERR_OK)
        out->len = start;
    return e;
}
