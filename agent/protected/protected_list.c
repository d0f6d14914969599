#include "agent/protected/protected_list.h"

#include <pthread.h>
#include <stdlib.h>

#include "pki/mac.h"
#include "proto/base/label.h"

struct protected_list {
    struct store *store;
    pthread_mutex_t lock; /* of mac */
    struct mac *mac;
};

enum err protected_list_new(struct store *s, struct protected_list **out)
{
    CLEANUP(cleanup_protected_list_free) struct protected_list *l = calloc(1, sizeof *l);
    CLEANUP(cleanup_secret_free) struct secret *key = NULL;
    if (l == NULL)
        return ERR_NOMEM;
    pthread_mutex_init(&l->lock, NULL);
    l->store = s;
    enum err bad = store_derive(s, LABEL_PROTECTED, &key);
    if (bad == ERR_OK)
        bad = mac_new(key, &l->mac);
    if (bad == ERR_OK)
        *out = take(l);
    return bad;
}

void protected_list_free(struct protected_list *l)
{
    if (l == NULL)
        return;
    mac_free(l->mac);
    pthread_mutex_destroy(&l->lock);
    free(l);
}

static enum err key_of(struct protected_list *l, const struct norm_ident *ident,
                       uint8_t out[static MAC_BYTES])
{
    const uint8_t type = (uint8_t)ident->type;
    const struct bytes parts[] = {bytes_of(&type, 1), ident_value(ident)};
    pthread_mutex_lock(&l->lock);
    enum err bad = mac_compute(l->mac, parts, ARRAY_LEN(parts), out);
    pthread_mutex_unlock(&l->lock);
    return bad;
}

_Static_assert(PROTECTED_KEY_BYTES == MAC_BYTES, "a key of the list is a MAC");

enum err protected_list_key(struct protected_list *l, const struct norm_ident *ident, struct protected_key *out)
{
    return key_of(l, ident, out->b);
}

enum err protected_list_find(struct protected_list *l, struct kv_txn *txn, const struct protected_key *key)
{
    return store_has(l->store, txn, STORE_PROTECTED, BYTES_OF_ARRAY(key->b));
}

bool protected_list_has(struct protected_list *l, struct kv_txn *txn,
                        const struct norm_ident *ident)
{
    uint8_t key[MAC_BYTES];
    enum err bad = key_of(l, ident, key);
    if (bad == ERR_OK)
        bad = store_has(l->store, txn, STORE_PROTECTED, bytes_of(key, sizeof key));
    return bad != ERR_NOT_FOUND;
}

enum err protected_list_add(struct protected_list *l, struct kv_txn *txn,
                            const struct norm_ident *ident, bool *changed)
{
    uint8_t key[MAC_BYTES];
    enum err bad = key_of(l, ident, key);
    const struct bytes k = bytes_of(key, sizeof key);
    if (bad == ERR_OK)
        bad = store_has(l->store, txn, STORE_PROTECTED, k);
    if (bad == ERR_OK) {
        *changed = false;
        return ERR_OK;
    }
    if (bad == ERR_NOT_FOUND)
        bad = store_put(l->store, txn, STORE_PROTECTED, k, bytes_of(NULL, 0));
    if (bad == ERR_OK)
        *changed = true;
    return bad;
}

enum err protected_list_remove(struct protected_list *l, struct kv_txn *txn,
                               const struct norm_ident *ident, bool *changed)
{
    uint8_t key[MAC_BYTES];
    enum err bad = key_of(l, ident, key);
    if (bad == ERR_OK)
        bad = store_del(l->store, txn, STORE_PROTECTED, bytes_of(key, sizeof key));
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    *changed = bad == ERR_OK;
    return ERR_OK;
}

enum err protected_list_count(struct protected_list *l, struct kv_txn *txn, uint64_t *out)
{
    struct kv_table_stats stats;
    enum err bad = kv_table_stats(txn, store_kv_table(l->store, STORE_PROTECTED), &stats);
    if (bad == ERR_OK)
        *out = stats.entries;
    return bad;
}
