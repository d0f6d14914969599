#include "tests/support/opened.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pki/aead.h"
#include "pki/broker_half.h"
#include "pki/hkdf.h"
#include "pki/ossl.h"
#include "proto/base/label.h"
#include "tests/support/haystack.h"
#include "tests/support/unlocked.h"

#define VALUE_MAX ((size_t)1 << 20)
#define PREFIX_BYTES (AEAD_HEADER_BYTES + AEAD_NONCE_BYTES)
#define BODY_PLACE_BYTES 32 /* the key of a row of log_keys */
#define WRAPPED_BYTES (AEAD_KEY_BYTES + AEAD_OVERHEAD_BYTES)

/* Format 1, and a low version of whichever key. */
static const uint8_t header[AEAD_HEADER_BYTES - 1] = {1, 0, 0, 0};
#define VERSION_MOST 9u

void ring_add(struct key_ring *r, struct secret *key)
{
    if (key == NULL)
        return;
    if (r->count == OPENED_KEYS_MAX)
        unlocked_must("too many keys", ERR_LIMIT);
    r->keys[r->count++] = key;
}

void ring_add_storage(struct key_ring *r, const struct secret *storage)
{
    static const char *const labels[] = {LABEL_STORE_RECORDS, LABEL_STORE_MAIL, LABEL_DISTINCT};
    ring_add(r, secret_copy(storage));
    for (size_t i = 0; i < ARRAY_LEN(labels); i++) {
        struct secret *key = NULL;
        unlocked_must("subkey", hkdf_subkey(storage, bytes_str(labels[i]), &key));
        ring_add(r, key);
    }
}

static void add_held(void *ctx, const char *file, const struct keyfile *about, const struct secret *b)
{
    struct secret *held = NULL;
    CLEANUP(cleanup_broker_half_free) struct broker_half *half = NULL;
    (void)file;
    unlocked_must("half", broker_half_new(b, &about->purpose, about->epoch, &half));
    unlocked_must("held key", broker_half_held_key(half, &held));
    ring_add(ctx, held);
}

static void add_storage(void *ctx, const char *file, const struct keyfile *about,
                        const struct secret *storage)
{
    (void)file;
    (void)about;
    ring_add_storage(ctx, storage);
}

void ring_add_folder(struct key_ring *r, const char *folder)
{
    unlocked_each(folder, "storage", add_storage, r);
    unlocked_each(folder, "half-", add_held, r);
}

void ring_free(struct key_ring *r)
{
    for (size_t i = 0; i < r->count; i++)
        secret_free(r->keys[i]);
    r->count = 0;
}

static void must_cipher(int ok)
{
    if (ok != 1)
        unlocked_must("cipher", ERR_CRYPTO);
}


/* The bytes behind a header: GCM's cipher is counter mode that starts at 2. */
static void decrypt(EVP_CIPHER_CTX *ctx, const uint8_t *sealed, uint8_t *out, size_t len)
{
    uint8_t iv[16] = {[15] = 2};
    int n = 0;
    memcpy(iv, sealed + AEAD_HEADER_BYTES, AEAD_NONCE_BYTES);
    must_cipher(EVP_DecryptInit_ex(ctx, NULL, NULL, NULL, iv));
    must_cipher(EVP_DecryptUpdate(ctx, out, &n, sealed + PREFIX_BYTES, (int)len));
}

/* The next header at or behind p, or the end. */
static const uint8_t *next_header(const uint8_t *p, const uint8_t *end)
{
    for (; p < end; p++) {
        p = memmem(p, (size_t)(end - p), header, sizeof header);
        if (p == NULL || p + PREFIX_BYTES >= end)
            return end;
        if (p[sizeof header] >= 1 && p[sizeof header] <= VERSION_MOST)
            return p;
    }
    return end;
}

struct opening {
    struct haystack *h;
    EVP_CIPHER_CTX *ctx;
    uint8_t *plain; /* VALUE_MAX */
    const char *how;
    const char *start; /* what a plain text must begin with; NULL: anything */
    uint64_t key;      /* which key is set */
};

/* Whether the same bytes were opened before with the same key: every copy of a store has them. */
static bool is_known(const struct opening *o, const uint8_t *sealed, const uint8_t *end)
{
    uint64_t sum = 0xcbf29ce484222325u ^ o->key;
    for (const uint8_t *p = sealed; p < end; p++)
        sum = (sum ^ *p) * 0x100000001b3u;
    return haystack_is_seen(o->h, sum);
}

static enum err set_key(void *ctx, struct bytes key)
{
    struct opening *o = ctx;
    must_cipher(EVP_DecryptInit_ex(o->ctx, EVP_aes_256_ctr(), NULL, key.ptr, NULL));
    memcpy(&o->key, key.ptr, sizeof o->key);
    return ERR_OK;
}

static void open_value(struct opening *o, const struct hay_piece *from, const uint8_t *sealed,
                       const uint8_t *end)
{
    char where[1024];
    size_t len = (size_t)(end - sealed) - PREFIX_BYTES;
    if (len > VALUE_MAX)
        len = VALUE_MAX;
    if (o->start != NULL) {
        const size_t n = strlen(o->start);
        if (len < n)
            return;
        decrypt(o->ctx, sealed, o->plain, n);
        if (memcmp(o->plain, o->start, n) != 0)
            return;
    }
    decrypt(o->ctx, sealed, o->plain, len);
    if (is_known(o, sealed, end))
        return;
    snprintf(where, sizeof where, "%s%s", from->where, o->how);
    haystack_add(o->h, where, bytes_of(o->plain, len));
}

/* With the key that is set: every value in the pieces from first to last. */
static void open_pieces(struct opening *o, size_t first, size_t last)
{
    for (size_t i = first; i < last; i++) {
        const struct hay_piece piece = haystack_piece(o->h, i);
        const uint8_t *end = piece.data.ptr + piece.data.len;
        const uint8_t *p = next_header(piece.data.ptr, end);
        while (p < end) {
            /* The value ends where the next one starts, or before. What stands in front of a value in
             * the store, a count of pages that is 1, looks like a header too. */
            const uint8_t *next = next_header(p + 1, end);
            if ((size_t)(next - p) > PREFIX_BYTES)
                open_value(o, &piece, p, next);
            p = next;
        }
    }
}

static void open_layer(struct opening *o, const struct key_ring *r, size_t first, size_t last)
{
    for (size_t k = 0; k < r->count; k++) {
        unlocked_must("key", secret_lend(r->keys[k], set_key, o));
        open_pieces(o, first, last);
    }
}

/* Whether the value at p lies in the store as a row of 65 bytes under a key of 32: an audit body's key. */
static bool is_wrapped_key(const struct bytes d, const uint8_t *p)
{
    static const uint8_t node[8] = {WRAPPED_BYTES, 0, 0, 0, 0, 0, BODY_PLACE_BYTES, 0};
    const size_t at = (size_t)(p - d.ptr);
    return at >= BODY_PLACE_BYTES + sizeof node && d.len - at >= WRAPPED_BYTES &&
           memcmp(p - BODY_PLACE_BYTES - sizeof node, node, sizeof node) == 0;
}

static void open_bodies_with(struct opening *o, const struct key_ring *r, const uint8_t *wrapped,
                             size_t first, size_t files)
{
    uint8_t key[AEAD_KEY_BYTES];
    for (size_t k = 0; k < r->count; k++) {
        unlocked_must("key", secret_lend(r->keys[k], set_key, o));
        decrypt(o->ctx, wrapped, key, sizeof key);
        unlocked_must("key", set_key(o, BYTES_OF_ARRAY(key)));
        open_pieces(o, first, files);
    }
}

static void open_bodies(struct opening *o, const struct key_ring *r, size_t first, size_t files)
{
    for (size_t i = first; i < files; i++) {
        const struct hay_piece piece = haystack_piece(o->h, i);
        const uint8_t *end = piece.data.ptr + piece.data.len;
        for (const uint8_t *p = next_header(piece.data.ptr, end); p < end;
             p = next_header(p + 1, end))
            if (is_wrapped_key(piece.data, p))
                open_bodies_with(o, r, p, first, files);
    }
}

void opened_add(struct haystack *h, size_t first, const struct key_ring *r)
{
    struct opening o = {.h = h, .ctx = EVP_CIPHER_CTX_new(), .plain = malloc(VALUE_MAX)};
    if (o.ctx == NULL || o.plain == NULL)
        unlocked_must("memory", ERR_NOMEM);
    const size_t files = haystack_count(h);
    o.how = " (opened)";
    open_layer(&o, r, first, files);
    const size_t opened = haystack_count(h);
    o.how = " (opened)"; /* twice, as the place says */
    open_layer(&o, r, files, opened);
    o.how = " (audit body)";
    o.start = "{\"";
    open_bodies(&o, r, first, files);
    EVP_CIPHER_CTX_free(o.ctx);
    free(o.plain);
}
