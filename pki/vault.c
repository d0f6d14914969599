#include "pki/vault.h"

#include <pthread.h>
#include <stdlib.h>

#include "pki/hkdf.h"

/* A set of versions, made whole before it takes the place of another. */
struct set {
    struct {
        uint32_t version;
        struct aead *aead;
    } v[STORAGE_VERSIONS_MAX];
    size_t count;
    uint32_t current;
};

struct vault {
    const char *label;
    pthread_mutex_t lock; /* of set: aead serves one thread at a time */
    struct set set;
    uint64_t taken;
};

static void set_clear(struct set *s)
{
    for (size_t i = 0; i < s->count; i++)
        aead_free(s->v[i].aead);
    *s = (struct set){.count = 0};
}

static struct aead *find(const struct set *s, uint32_t version)
{
    for (size_t i = 0; i < s->count; i++)
        if (s->v[i].version == version)
            return s->v[i].aead;
    return NULL;
}

static enum err add(struct set *s, const struct storage_keys *keys, uint32_t version,
                    const char *label)
{
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    struct aead *aead = NULL;
    enum err e = hkdf_subkey(storage_keys_get(keys, version), bytes_str(label), &key);
    if (e == ERR_OK)
        e = aead_new(key, version, &aead);
    if (e != ERR_OK)
        return e;
    s->v[s->count].version = version;
    s->v[s->count++].aead = aead;
    return ERR_OK;
}

static enum err set_make(struct set *s, const struct storage_keys *keys, const char *label,
                         uint32_t current)
{
    enum err e = storage_keys_get(keys, current) != NULL ? ERR_OK : ERR_NOT_FOUND;
    *s = (struct set){.current = current};
    for (size_t i = 0; e == ERR_OK && i < storage_keys_count(keys); i++)
        e = add(s, keys, storage_keys_at(keys, i), label);
    if (e != ERR_OK)
        set_clear(s);
    return e;
}

enum err vault_new(const struct storage_keys *keys, const char *label, uint32_t current,
                   struct vault **out)
{
    struct vault *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    v->label = label;
    pthread_mutex_init(&v->lock, NULL);
    enum err e = set_make(&v->set, keys, label, current);
    if (e == ERR_OK)
        *out = v;
    else
        vault_free(v);
    return e;
}

void vault_free(struct vault *v)
{
    if (v == NULL)
        return;
    set_clear(&v->set);
    pthread_mutex_destroy(&v->lock);
    free(v);
}

enum err vault_set(struct vault *v, const struct storage_keys *keys, uint32_t current)
{
    struct set new;
    enum err e = set_make(&new, keys, v->label, current);
    if (e != ERR_OK)
        return e;
    pthread_mutex_lock(&v->lock);
    struct set old = v->set;
    v->set = new;
    v->taken++;
    pthread_mutex_unlock(&v->lock);
    set_clear(&old);
    return ERR_OK;
}

uint32_t vault_current(struct vault *v)
{
    pthread_mutex_lock(&v->lock);
    const uint32_t current = v->set.current;
    pthread_mutex_unlock(&v->lock);
    return current;
}

bool vault_has(struct vault *v, uint32_t version)
{
    pthread_mutex_lock(&v->lock);
    const bool has = find(&v->set, version) != NULL;
    pthread_mutex_unlock(&v->lock);
    return has;
}

uint64_t vault_taken(struct vault *v)
{
    pthread_mutex_lock(&v->lock);
    const uint64_t taken = v->taken;
    pthread_mutex_unlock(&v->lock);
    return taken;
}

enum err vault_seal(struct vault *v, struct bytes aad, struct bytes plain, struct buf *out)
{
    pthread_mutex_lock(&v->lock);
    enum err e = aead_seal(find(&v->set, v->set.current), aad, plain, out);
    pthread_mutex_unlock(&v->lock);
    return e;
}

enum err vault_open(struct vault *v, struct bytes aad, struct bytes sealed, struct buf *out)
{
    uint32_t version = 0;
    enum err e = aead_key_version(sealed, &version);
    if (e != ERR_OK)
        return e;
    pthread_mutex_lock(&v->lock);
    struct aead *aead = find(&v->set, version);
    e = aead != NULL ? aead_open(aead, aad, sealed, out) : ERR_VERSION;
    pthread_mutex_unlock(&v->lock);
    return e;
}

enum err vault_renew(struct vault *v, struct bytes aad, struct bytes sealed, struct buf *out)
{
    uint32_t version = 0;
    enum err e = aead_key_version(sealed, &version);
    if (e == ERR_OK && version == vault_current(v))
        return ERR_EXISTS;
    CLEANUP(buf_free) struct buf plain = buf_new(sealed.len);
    if (e == ERR_OK)
        e = vault_open(v, aad, sealed, &plain);
    if (e == ERR_OK)
        e = vault_seal(v, aad, buf_bytes(&plain), out);
    if (plain.ptr != NULL)
        secret_wipe(plain.ptr, plain.len);
    return e;
}
