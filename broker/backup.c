#include "broker/backup.h"

#include "broker/store/meta.h"
#include "broker/store/store.h"
#include "proto/host/kv_write.h"

/* The mark lies in the copy only. */
static enum err mark(const char *dir, int64_t copied_s, struct errmsg *why)
{
    CLEANUP(cleanup_kv_free) struct kv *copy = NULL;
    CLEANUP(cleanup_store_free) struct store *s = NULL;
    const struct kv_params p = {.dir = dir};
    struct kv_txn *txn = NULL;
    enum err e = kv_open(&p, &copy, why);
    if (e == ERR_OK)
        e = store_new(copy, &s, why);
    if (e == ERR_OK)
        e = kv_write_begin(copy, &txn);
    if (e != ERR_OK)
        return e;
    e = meta_set_restored(s, txn, copied_s);
    if (e != ERR_OK) {
        kv_write_abort(txn);
        return e;
    }
    return kv_write_commit(txn);
}

enum err backup_make(struct kv *kv, const char *dir, int64_t now_s, struct errmsg *why)
{
    const enum err e = kv_backup(kv, dir, why);
    return e == ERR_OK ? mark(dir, now_s, why) : e;
}
