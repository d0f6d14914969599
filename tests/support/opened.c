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

/* Where a sealed value may stand; it ends where the next one starts, or before. What stands in front of a value in the
 * store, a count of pages that is 1, looks like a header too. */
struct spot {
    struct hay_piece piece;
    const uint8_t *start;
    const uint8_t *end;
};

/* All spots of some pieces: looked for once, and opened with each key. */
struct spots {
    struct spot *v;
    size_t count;
    size_t room;
};

static void add_spot(struct spots *s, const struct spot *spot)
{
    if (s->count == s->room) {
        s->room = s->room == 0 ? 1024 : 2 * s->room;
        s->v = realloc(s->v, s->room * sizeof *s->v);
        if (s->v == NULL)
            unlocked_must("memory", ERR_NOMEM);
    }
    s->v[s->count++] = *spot;
}

static struct spots spots_of(const struct haystack *h, size_t first, size_t last)
{
    struct spots s = {.v = NULL};
    for (size_t i = first; i < last; i++) {
        const struct hay_piece piece = haystack_piece(h, i);
        const uint8_t *end = piece.data.ptr + piece.data.len;
        const uint8_t *p = next_header(piece.data.ptr, end);
        while (p < end) {
            const uint8_t *next = next_header(p + 1, end);
            add_spot(&s, &(struct spot){piece, p, next});
            p = next;
        }
    }
    return s;
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

static bool begins_right(const struct opening *o, const struct spot *at, size_t len)
{
    const size_t n = o->start != NULL ? strlen(o->start) : 0;
    if (len < n)
        return false;
    if (n > 0)
        decrypt(o->ctx, at->start, o->plain, n);
    return memcmp(o->plain, o->start != NULL ? o->start : "", n) == 0;
}

static void open_value(struct opening *o, const struct spot *at)
{
    char where[1024];
    size_t len = (size_t)(at->end - at->start);
    if (len <= PREFIX_BYTES)
        return;
    len = len - PREFIX_BYTES < VALUE_MAX ? len - PREFIX_BYTES : VALUE_MAX;
    if (!begins_right(o, at, len))
        return;
    decrypt(o->ctx, at->start, o->plain, len);
    if (is_known(o, at->start, at->end))
        return;
    snprintf(where, sizeof where, "%s%s", at->piece.where, o->how);
    haystack_add(o->h, where, bytes_of(o->plain, len));
}

/* With the key that is set. */
static void open_spots(struct opening *o, const struct spots *s)
{
    for (size_t i = 0; i < s->count; i++)
        open_value(o, &s->v[i]);
}

static void open_layer(struct opening *o, const struct key_ring *r, const struct spots *s)
{
    for (size_t k = 0; k < r->count; k++) {
        unlocked_must("key", secret_lend(r->keys[k], set_key, o));
        open_spots(o, s);
    }
}

/* Whether the value at p lies in the store as a row of 65 bytes under a key of 32: an audit body's key. */
static bool is_wrapped_key(const struct spot *at)
{
    static const uint8_t node[8] = {WRAPPED_BYTES, 0, 0, 0, 0, 0, BODY_PLACE_BYTES, 0};
    const struct bytes d = at->piece.data;
    const size_t offset = (size_t)(at->start - d.ptr);
    return offset >= BODY_PLACE_BYTES + sizeof node && d.len - offset >= WRAPPED_BYTES &&
           memcmp(at->start - BODY_PLACE_BYTES - sizeof node, node, sizeof node) == 0;
}

static void open_bodies_with(struct opening *o, const struct key_ring *r, const uint8_t *wrapped, const struct spots *s)
{
    uint8_t key[AEAD_KEY_BYTES];
    for (size_t k = 0; k < r->count; k++) {
        unlocked_must("key", secret_lend(r->keys[k], set_key, o));
        decrypt(o->ctx, wrapped, key, sizeof key);
        unlocked_must("key", set_key(o, BYTES_OF_ARRAY(key)));
        open_spots(o, s);
    }
}

static void open_bodies(struct opening *o, const struct key_ring *r, const struct spots *s)
{
    for (size_t i = 0; i < s->count; i++)
        if (is_wrapped_key(&s->v[i]))
            open_bodies_with(o, r, s->v[i].start, s);
}

void opened_add(struct haystack *h, size_t first, const struct key_ring *r)
{
    struct opening o = {.h = h, .ctx = EVP_CIPHER_CTX_new(), .plain = malloc(VALUE_MAX)};
    if (o.ctx == NULL || o.plain == NULL)
        unlocked_must("memory", ERR_NOMEM);
    const size_t files = haystack_count(h);
    struct spots outer = spots_of(h, first, files);
    o.how = " (opened)";
    open_layer(&o, r, &outer);
    struct spots inner = spots_of(h, files, haystack_count(h));
    open_layer(&o, r, &inner); /* sealed twice */
    o.how = " (audit body)";
    o.start = "{\"";
    open_bodies(&o, r, &outer);
    free(inner.v);
    free(outer.v);
    EVP_CIPHER_CTX_free(o.ctx);
    free(o.plain);
}
