#include "pki/cli/pki/store_row.h"

#include <stdio.h>

#include "proto/host/file.h"
#include "proto/host/kv.h"

enum err store_row_place(struct work *w, char store[static WORK_PATH_MAX])
{
    const int n = w->o->store != NULL ? snprintf(store, WORK_PATH_MAX, "%s", w->o->store)
                                      : snprintf(store, WORK_PATH_MAX, "%s/store", w->o->dir);
    return n > 0 && n < WORK_PATH_MAX ? ERR_OK : ERR_TOO_LARGE;
}

static enum err read_meta(struct kv *kv, const char *name, struct buf *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct kv_table meta;
    struct bytes row = {NULL, 0};
    enum err e = kv_table_open(kv, "meta", &meta);
    if (e == ERR_OK)
        e = kv_read_begin(kv, &txn);
    if (e == ERR_OK)
        e = kv_get(txn, meta, bytes_str(name), &row);
    if (e == ERR_OK)
        buf_put(out, row);
    return e == ERR_OK ? buf_err(out) : e;
}

enum err store_row_read(struct work *w, const struct store_row *row, struct buf *out)
{
    char data[WORK_PATH_MAX + 16];
    CLEANUP(cleanup_kv_free) struct kv *kv = NULL;
    snprintf(data, sizeof data, "%s/data.mdb", row->store);
    if (!file_exists(data))
        return errmsg_set(&w->why, ERR_NOT_FOUND,
                          "%s: no store of a daemon; say with --store where it is (store.dir of its "
                          "configuration)",
                          row->store);
    const struct kv_params p = {.dir = row->store};
    const enum err e = kv_open(&p, &kv, &w->why);
    return e == ERR_OK ? read_meta(kv, row->name, out) : e;
}
