#include "pki/sha256_internal.h"

#include <endian.h>

/* The low-level calls are called deprecated since 3.0, for the sake of providers; the code behind
 * them is the one that the default provider runs. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "pki/ossl.h"
#include "proto/base/attr.h"

#define SHORT_BYTES 512 /* from here on the library's own buffering costs nothing */
#define LENGTH_AT (SHA256_BLOCK_BYTES - 8)

_Static_assert(sizeof(SHA256_CTX) <= sizeof(struct sha256), "the library's state fits");

enum err sha256_block(const uint8_t block[static SHA256_BLOCK_BYTES], struct sha256 *out)
{
    SHA256_CTX *c = (SHA256_CTX *)out->room;
    return SHA256_Init(c) == 1 && SHA256_Update(c, block, SHA256_BLOCK_BYTES) == 1 ? ERR_OK
                                                                                  : ERR_CRYPTO;
}

/* A short message: its blocks are filled here, and only their compression is the library's. */
struct filling {
    SHA256_CTX c; /* of which h alone is used */
    uint8_t block[SHA256_BLOCK_BYTES];
    size_t used;
};

static void fill(struct filling *f, struct bytes data)
{
    while (data.len > 0) {
        size_t n = SHA256_BLOCK_BYTES - f->used;
        if (n > data.len)
            n = data.len;
        memcpy(f->block + f->used, data.ptr, n);
        f->used += n;
        data = bytes_of(data.ptr + n, data.len - n);
        if (f->used == SHA256_BLOCK_BYTES) {
            SHA256_Transform(&f->c, f->block);
            f->used = 0;
        }
    }
}

/* FIPS 180-4, 5.1.1: a one bit, zeros, and the length in bits. */
static void pad(struct filling *f, uint64_t bytes)
{
    f->block[f->used++] = 0x80;
    if (f->used > LENGTH_AT) {
        memset(f->block + f->used, 0, SHA256_BLOCK_BYTES - f->used);
        SHA256_Transform(&f->c, f->block);
        f->used = 0;
    }
    memset(f->block + f->used, 0, LENGTH_AT - f->used);
    const uint64_t bits = htobe64(8 * bytes);
    memcpy(f->block + LENGTH_AT, &bits, sizeof bits);
    SHA256_Transform(&f->c, f->block);
}

static void put_words(const SHA256_CTX *c, uint8_t out[static SHA256_BYTES])
{
    for (size_t i = 0; i < SHA256_BYTES / 4; i++) {
        const uint32_t word = htobe32(c->h[i]);
        memcpy(out + 4 * i, &word, sizeof word);
    }
}

static enum err hash_short(const SHA256_CTX *from, const struct bytes *parts, size_t count,
                           uint8_t out[static SHA256_BYTES])
{
    UNINIT struct filling f;
    uint64_t bytes = from != NULL ? SHA256_BLOCK_BYTES : 0;
    f.used = 0;
    if (from != NULL)
        memcpy(f.c.h, from->h, sizeof f.c.h);
    else if (SHA256_Init(&f.c) != 1)
        return ERR_CRYPTO;
    for (size_t i = 0; i < count; i++) {
        fill(&f, parts[i]);
        bytes += parts[i].len;
    }
    pad(&f, bytes);
    put_words(&f.c, out);
    OPENSSL_cleanse(f.c.h, sizeof f.c.h);
    OPENSSL_cleanse(f.block, sizeof f.block);
    return ERR_OK;
}

static enum err hash_long(const SHA256_CTX *from, const struct bytes *parts, size_t count,
                          uint8_t out[static SHA256_BYTES])
{
    SHA256_CTX c;
    bool ok = true;
    if (from != NULL)
        c = *from;
    else
        ok = SHA256_Init(&c) == 1;
    for (size_t i = 0; ok && i < count; i++)
        ok = parts[i].len == 0 || SHA256_Update(&c, parts[i].ptr, parts[i].len) == 1;
    ok = ok && SHA256_Final(out, &c) == 1;
    OPENSSL_cleanse(&c, sizeof c);
    return ok ? ERR_OK : ERR_CRYPTO;
}

enum err sha256_of(const struct sha256 *from, const struct bytes *parts, size_t count,
                   uint8_t out[static SHA256_BYTES])
{
    const SHA256_CTX *c = from != NULL ? (const SHA256_CTX *)from->room : NULL;
    bool is_short = true;
    for (size_t i = 0, left = SHORT_BYTES; is_short && i < count; left -= parts[i++].len)
        is_short = parts[i].len <= left;
    return is_short ? hash_short(c, parts, count, out) : hash_long(c, parts, count, out);
}
