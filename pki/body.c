#include "pki/body.h"

#include "pki/digest.h"
#include "pki/secret_internal.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

/* A body's key never changes: one key, one body. */
#define BODY_KEY_VERSION 1

/* What both parts are bound to. */
struct place {
    uint8_t b[96];
    size_t len;
};

static struct place place_of(const char *label, const struct digest *entry)
{
    struct place p;
    struct buf b = buf_fixed(p.b, sizeof p.b);
    join_str(&b, label);
    join_part(&b, digest_bytes(entry));
    p.len = b.len;
    return p;
}

static enum err wrap(struct vault *storage, const struct digest *entry, const struct secret *key,
                     struct buf *out)
{
    const struct place aad = place_of(LABEL_BODY_KEY, entry);
    return vault_seal(storage, bytes_of(aad.b, aad.len), secret_bytes(key), out);
}

/* The key is in plain memory only between here and the copy. */
static enum err unwrap(struct vault *storage, const struct digest *entry, struct bytes wrapped,
                       struct secret **out)
{
    const struct place aad = place_of(LABEL_BODY_KEY, entry);
    uint8_t raw[AEAD_KEY_BYTES];
    struct buf b = buf_fixed(raw, sizeof raw);
    enum err e = vault_open(storage, bytes_of(aad.b, aad.len), wrapped, &b);
    if (e == ERR_OK && b.len != sizeof raw)
        e = ERR_SIGNATURE;
    struct secret *key = e == ERR_OK ? secret_new(BYTES_OF_ARRAY(raw)) : NULL;
    secret_wipe(raw, sizeof raw);
    if (e == ERR_OK && key == NULL)
        e = ERR_NOMEM;
    if (e == ERR_OK)
        *out = key;
    return e;
}

static enum err seal_under(const struct secret *key, const struct digest *entry, struct bytes body,
                           struct buf *out)
{
    struct aead *a CLEANUP(cleanup_aead_free) = NULL;
    const struct place aad = place_of(LABEL_BODY, entry);
    enum err e = aead_new(key, BODY_KEY_VERSION, &a);
    return e == ERR_OK ? aead_seal(a, bytes_of(aad.b, aad.len), body, out) : e;
}

enum err body_seal(struct vault *storage, const struct digest *entry, struct bytes body,
                   struct buf *wrapped, struct buf *sealed)
{
    if (body.len > ENTRY_BODY_MAX)
        return ERR_TOO_LARGE;
    struct secret *key CLEANUP(cleanup_secret_free) = secret_random(AEAD_KEY_BYTES);
    if (key == NULL)
        return ERR_NOMEM;
    enum err e = seal_under(key, entry, body, sealed);
    return e == ERR_OK ? wrap(storage, entry, key, wrapped) : e;
}

enum err body_open(struct vault *storage, const struct digest *entry,
                   const struct body_parts *parts, struct buf *out)
{
    struct secret *key CLEANUP(cleanup_secret_free) = NULL;
    struct aead *a CLEANUP(cleanup_aead_free) = NULL;
    const struct place aad = place_of(LABEL_BODY, entry);
    size_t before = out->len;
    enum err e = unwrap(storage, entry, parts->wrapped, &key);
    if (e == ERR_OK)
        e = aead_new(key, BODY_KEY_VERSION, &a);
    if (e == ERR_OK)
        e = aead_open(a, bytes_of(aad.b, aad.len), parts->sealed, out);
    if (e != ERR_OK)
        return e;
    struct digest again;
    e = entry_hash(digest_sha256, bytes_of(out->ptr + before, out->len - before), &again);
    if (e == ERR_OK && !digest_equal(&again, entry))
        e = ERR_MISMATCH;
    if (e != ERR_OK)
        out->len = before;
    return e;
}

enum err body_rewrap(struct vault *storage, const struct digest *entry, struct bytes wrapped,
                     struct buf *out)
{
    const struct place aad = place_of(LABEL_BODY_KEY, entry);
    return vault_renew(storage, bytes_of(aad.b, aad.len), wrapped, out);
}
