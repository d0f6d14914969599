#include "proto/host/link_keys.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "proto/host/link.h"

struct link_keys {
    pthread_mutex_t lock;
    struct link_key *sorted;
    size_t count;
};

struct link_keys *link_keys_new(void)
{
    struct link_keys *k = calloc(1, sizeof *k);
    if (k != NULL)
        pthread_mutex_init(&k->lock, NULL);
    return k;
}

void link_keys_free(struct link_keys *k)
{
    if (k == NULL)
        return;
    pthread_mutex_destroy(&k->lock);
    free(k->sorted);
    free(k);
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_cmp(bytes_of(a, LINK_KEY_BYTES), bytes_of(b, LINK_KEY_BYTES));
}

enum err link_keys_set(struct link_keys *k, const struct link_key *keys, size_t count)
{
    struct link_key *sorted = NULL;
    if (count > 0) {
        sorted = reallocarray(NULL, count, sizeof *sorted);
        if (sorted == NULL)
            return ERR_NOMEM;
        memcpy(sorted, keys, count * sizeof *sorted);
        qsort(sorted, count, sizeof *sorted, by_bytes);
    }
    pthread_mutex_lock(&k->lock);
    struct link_key *old = k->sorted;
    k->sorted = sorted;
    k->count = count;
    pthread_mutex_unlock(&k->lock);
    free(old);
    return ERR_OK;
}

bool link_keys_has(struct link_keys *k, const struct link_key *key)
{
    pthread_mutex_lock(&k->lock);
    bool has =
        k->count > 0 && bsearch(key, k->sorted, k->count, sizeof *k->sorted, by_bytes) != NULL;
    pthread_mutex_unlock(&k->lock);
    return has;
}
