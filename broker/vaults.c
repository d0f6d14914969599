#include "broker/vaults.h"

#include <stdlib.h>

#include "proto/base/label.h"

enum err vaults_new(const struct storage_keys *keys, uint32_t current, struct vaults **out)
{
    CLEANUP(cleanup_vaults_free) struct vaults *v = calloc(1, sizeof *v);
    if (v == NULL)
        return ERR_NOMEM;
    enum err e = vault_new(keys, LABEL_STORE_RECORDS, current, &v->records);
    if (e == ERR_OK)
        e = vault_new(keys, LABEL_STORE_MAIL, current, &v->mail);
    if (e == ERR_OK)
        e = vault_new(keys, LABEL_DISTINCT, current, &v->distinct);
    if (e == ERR_OK)
        *out = take(v);
    return e;
}

void vaults_free(struct vaults *v)
{
    if (v == NULL)
        return;
    vault_free(v->records);
    vault_free(v->mail);
    vault_free(v->distinct);
    free(v);
}

enum err vaults_set(struct vaults *v, const struct storage_keys *keys, uint32_t current)
{
    enum err e = vault_set(v->records, keys, current);
    if (e == ERR_OK)
        e = vault_set(v->mail, keys, current);
    return e == ERR_OK ? vault_set(v->distinct, keys, current) : e;
}
