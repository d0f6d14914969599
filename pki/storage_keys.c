#include "pki/storage_keys.h"

#include <stdlib.h>

#include "proto/base/text.h"

#define WORD "storage-"

struct storage_keys {
    struct {
        uint32_t version;
        struct secret *key;
    } v[STORAGE_VERSIONS_MAX]; /* ascending */
    size_t count;
};

struct storage_keys *storage_keys_new(void)
{
    return calloc(1, sizeof(struct storage_keys));
}

void storage_keys_free(struct storage_keys *k)
{
    if (k == NULL)
        return;
    for (size_t i = 0; i < k->count; i++)
        secret_free(k->v[i].key);
    free(k);
}

enum err storage_keys_version_of(const struct name *id, uint32_t *out)
{
    const char *dot = strrchr(id->s, '.');
    const struct bytes word = bytes_str(dot != NULL ? dot + 1 : id->s);
    const size_t skip = sizeof WORD - 1;
    uint64_t version = 1;
    if (word.len < skip || !bytes_is(bytes_of(word.ptr, skip), WORD)) {
        *out = 1;
        return ERR_OK;
    }
    const struct bytes number = bytes_of(word.ptr + skip, word.len - skip);
    if (number.len == 0 || number.ptr[0] == '0' ||
        text_get_u64(number, STORAGE_VERSION_MAX, &version) != ERR_OK || version < 2)
        return ERR_INVALID;
    *out = (uint32_t)version;
    return ERR_OK;
}

enum err storage_keys_add(struct storage_keys *k, uint32_t version, struct secret *key)
{
    CLEANUP(cleanup_secret_free) struct secret *mine = key;
    if (mine == NULL)
        return ERR_NOMEM;
    if (version == 0 || version > STORAGE_VERSION_MAX || secret_len(mine) != STORAGE_KEY_BYTES)
        return ERR_INVALID;
    if (storage_keys_get(k, version) != NULL)
        return ERR_DUPLICATE;
    if (k->count == STORAGE_VERSIONS_MAX)
        return ERR_LIMIT;
    size_t at = k->count++;
    for (; at > 0 && k->v[at - 1].version > version; at--)
        k->v[at] = k->v[at - 1];
    k->v[at].version = version;
    k->v[at].key = take(mine);
    return ERR_OK;
}

enum err storage_keys_copy(const struct storage_keys *from, struct storage_keys **out)
{
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *copy = storage_keys_new();
    enum err e = copy != NULL ? ERR_OK : ERR_NOMEM;
    for (size_t i = 0; e == ERR_OK && i < from->count; i++)
        e = storage_keys_add(copy, from->v[i].version, secret_copy(from->v[i].key));
    if (e == ERR_OK)
        *out = take(copy);
    return e;
}

size_t storage_keys_count(const struct storage_keys *k)
{
    return k->count;
}

uint32_t storage_keys_at(const struct storage_keys *k, size_t i)
{
    return i < k->count ? k->v[i].version : 0;
}

uint32_t storage_keys_lowest(const struct storage_keys *k)
{
    return storage_keys_at(k, 0);
}

uint32_t storage_keys_newest(const struct storage_keys *k)
{
    return k->count > 0 ? k->v[k->count - 1].version : 0;
}

const struct secret *storage_keys_get(const struct storage_keys *k, uint32_t version)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->v[i].version == version)
            return k->v[i].key;
    return NULL;
}
