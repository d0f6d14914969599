#include "pki/share.h"

#include <string.h>

#include "pki/secret_internal.h"

/* Where part p stands in share n; p is not n. */
static size_t place_of(unsigned n, unsigned p)
{
    const unsigned before = p - (p > n);
    return before * SHARE_SECRET_BYTES;
}

static void put_xor(uint8_t *to, const uint8_t *from)
{
    for (size_t i = 0; i < SHARE_SECRET_BYTES; i++)
        to[i] ^= from[i];
}

static enum err make_parts(const struct secret *secret, struct secret *parts[static SHARE_COUNT])
{
    parts[0] = secret_random(SHARE_SECRET_BYTES);
    parts[1] = secret_random(SHARE_SECRET_BYTES);
    parts[2] = secret_copy(secret);
    if (parts[0] == NULL || parts[1] == NULL || parts[2] == NULL)
        return ERR_NOMEM;
    put_xor(secret_data(parts[2]), secret_bytes(parts[0]).ptr);
    put_xor(secret_data(parts[2]), secret_bytes(parts[1]).ptr);
    return ERR_OK;
}

static void free_all(struct secret *list[static SHARE_COUNT])
{
    for (unsigned i = 0; i < SHARE_COUNT; i++)
        secret_free(list[i]);
}

static struct secret *make_share(struct secret *const parts[static SHARE_COUNT], unsigned n)
{
    struct secret *share = secret_zeroed(SHARE_BYTES);
    for (unsigned p = 0; share != NULL && p < SHARE_COUNT; p++)
        if (p != n)
            memcpy(secret_data(share) + place_of(n, p), secret_bytes(parts[p]).ptr,
                   SHARE_SECRET_BYTES);
    return share;
}

enum err share_split(const struct secret *secret, struct secret *shares[static SHARE_COUNT])
{
    struct secret *parts[SHARE_COUNT] = {NULL};
    struct secret *made[SHARE_COUNT] = {NULL};
    if (secret_len(secret) != SHARE_SECRET_BYTES)
        return ERR_INVALID;
    enum err e = make_parts(secret, parts);
    for (unsigned n = 0; e == ERR_OK && n < SHARE_COUNT; n++) {
        made[n] = make_share(parts, n);
        e = made[n] != NULL ? ERR_OK : ERR_NOMEM;
    }
    free_all(parts);
    if (e != ERR_OK) {
        free_all(made);
        return e;
    }
    memcpy(shares, made, sizeof made);
    return ERR_OK;
}

enum err share_join(const struct secret *a, unsigned i, const struct secret *b, unsigned j,
                    struct secret **out)
{
    if (i >= SHARE_COUNT || j >= SHARE_COUNT || i == j || secret_len(a) != SHARE_BYTES ||
        secret_len(b) != SHARE_BYTES)
        return ERR_INVALID;
    const unsigned common = SHARE_COUNT - i - j;
    const uint8_t *of_a = secret_bytes(a).ptr;
    const uint8_t *of_b = secret_bytes(b).ptr;
    if (!secret_equal_bytes(bytes_of(of_a + place_of(i, common), SHARE_SECRET_BYTES),
                            bytes_of(of_b + place_of(j, common), SHARE_SECRET_BYTES)))
        return ERR_MISMATCH;
    struct secret *s = secret_zeroed(SHARE_SECRET_BYTES);
    if (s == NULL)
        return ERR_NOMEM;
    put_xor(secret_data(s), of_a + place_of(i, common));
    put_xor(secret_data(s), of_a + place_of(i, j));
    put_xor(secret_data(s), of_b + place_of(j, i));
    *out = s;
    return ERR_OK;
}
