#include "broker/backup.h"

#include <limits.h>
#include <stdio.h>

#include "broker/store/meta.h"
#include "broker/store/store.h"
#include "proto/host/file.h"
#include "proto/host/kv_write.h"
#include "proto/host/staged_dir.h"

/* The mark lies in the copy only, and the copy has no name before it is marked. */
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

static enum err refuse_name(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return ERR_EXISTS;
}

/* The folder is there, and empty but for what an earlier copy that was broken off left. */
static enum err make_room(const char *dir, const char *copy, struct errmsg *why)
{
    enum err e = file_make_dir(dir, why);
    if (e == ERR_OK)
        e = staged_dir_remove_left(copy, why);
    if (e == ERR_OK && (e = file_list(dir, refuse_name, NULL)) != ERR_OK)
        e = errmsg_set(why, e, "%s: the folder for the copy must be empty", dir);
    return e;
}

/* "DIR/name". */
static enum err inside(const char *dir, const char *name, char out[static PATH_MAX], struct errmsg *why)
{
    const int n = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_MAX ? ERR_OK : errmsg_set(why, ERR_RANGE, "%s: too long a name", dir);
}

enum err backup_make(struct kv *kv, const char *dir, int64_t now_s, struct errmsg *why)
{
    CLEANUP(cleanup_staged_dir_free) struct staged_dir *made = NULL;
    char copy[PATH_MAX];
    char data[PATH_MAX];
    enum err e = inside(dir, "copy", copy, why);
    if (e == ERR_OK)
        e = inside(dir, KV_DATA_FILE, data, why);
    if (e == ERR_OK)
        e = make_room(dir, copy, why);
    if (e == ERR_OK)
        e = staged_dir_new(copy, &made, why);
    if (e == ERR_OK)
        e = kv_backup(kv, staged_dir_path(made), why);
    if (e == ERR_OK)
        e = mark(staged_dir_path(made), now_s, why);
    return e == ERR_OK ? staged_dir_take(made, KV_DATA_FILE, data, why) : e;
}
