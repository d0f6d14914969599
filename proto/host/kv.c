#include "proto/host/kv.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proto/host/file.h"
#include "proto/host/kv_fault.h"
#include "proto/host/kv_internal.h"
#include "proto/host/kv_write.h"

#define TABLES_DEFAULT 64u
#define READERS_DEFAULT 126u
#define FULL_BELOW_BYTES (1u << 20)

enum err kv_map_error(int rc)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_KEYEXIST:
        return ERR_EXISTS;
    case MDB_MAP_FULL:
    case ENOSPC:
    case EDQUOT:
        return ERR_NO_SPACE;
    case MDB_TXN_FULL:
        return ERR_TOO_LARGE;
    case MDB_READERS_FULL:
    case MDB_DBS_FULL:
        return ERR_LIMIT;
    case MDB_BAD_VALSIZE:
        return ERR_INVALID;
    case MDB_VERSION_MISMATCH:
    case MDB_INVALID:
        return ERR_VERSION;
    case EACCES:
    case EPERM:
        return ERR_PERMISSION;
    case ENOMEM:
        return ERR_NOMEM;
    default:
        return ERR_IO;
    }
}

void kv_fault_set(struct kv *k, unsigned nth, enum err e)
{
    k->fault = e;
    atomic_store(&k->calls, 0);
    atomic_store(&k->fault_in, nth);
}

unsigned kv_fault_calls(const struct kv *k)
{
    return atomic_load(&k->calls);
}

enum err kv_count_call(struct kv *k)
{
    atomic_fetch_add(&k->calls, 1);
    if (atomic_load(&k->fault_in) != 0 && atomic_fetch_sub(&k->fault_in, 1) == 1)
        return k->fault;
    return ERR_OK;
}

static bool key_fits(struct bytes key)
{
    return key.len > 0 && key.len <= KV_KEY_MAX;
}

static enum err open_env(MDB_env *env, const struct kv_params *p)
{
    uint64_t map = p->map_bytes != 0 ? p->map_bytes : KV_MAP_DEFAULT;
    int rc = mdb_env_set_mapsize(env, map);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(env, p->max_tables != 0 ? p->max_tables : TABLES_DEFAULT);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(env, p->max_readers != 0 ? p->max_readers : READERS_DEFAULT);
    /* NOTLS: snapshots belong to their object, not to a thread. Never any flag that relaxes sync.
     */
    if (rc == 0)
        rc = mdb_env_open(env, p->dir, MDB_NOTLS, 0600);
    unsigned flags = 0;
    if (rc == 0)
        rc = mdb_env_get_flags(env, &flags);
    if (rc == 0 && (flags & (MDB_NOSYNC | MDB_NOMETASYNC | MDB_MAPASYNC | MDB_WRITEMAP)) != 0)
        return ERR_STATE;
    if (rc == 0 && mdb_env_get_maxkeysize(env) < KV_KEY_MAX)
        return ERR_UNSUPPORTED;
    return kv_map_error(rc);
}

/* LMDB maps its lock file and leaves it sparse: with a full disk the first touch of a page of it would
 * be a SIGBUS. All of it is there before anything is read. */
static enum err fill_lock_file(const struct kv_params *p)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof path, "%s/lock.mdb", p->dir);
    if (n < 0 || (size_t)n >= sizeof path)
        return ERR_RANGE;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    struct stat st;
    if (fd < 0)
        return ERR_IO;
    int rc = fstat(fd, &st) == 0 ? posix_fallocate(fd, 0, st.st_size) : EIO;
    close(fd);
    return kv_map_error(rc);
}

/* LMDB syncs what is in its file, and not that the file is there. */
static enum err sync_name(const struct kv_params *p, struct errmsg *why)
{
    char path[PATH_MAX];
    const int n = snprintf(path, sizeof path, "%s/data.mdb", p->dir);
    return n > 0 && (size_t)n < sizeof path ? file_sync_parent(path, why) : ERR_RANGE;
}

enum err kv_open(const struct kv_params *p, struct kv **out, struct errmsg *why)
{
    enum err e = file_make_dir(p->dir, why);
    if (e != ERR_OK)
        return e;
    CLEANUP(cleanup_kv_free) struct kv *k = calloc(1, sizeof *k);
    if (k == NULL || mdb_env_create(&k->env) != 0)
        return errmsg_set(why, ERR_NOMEM, "%s: no memory for the store", p->dir);
    e = open_env(k->env, p);
    if (e == ERR_OK)
        e = fill_lock_file(p);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: cannot open the store: %s", p->dir, err_text(e));
    e = sync_name(p, why);
    if (e != ERR_OK)
        return e;
    unsigned cleared = 0;
    e = kv_reader_check(k, &cleared);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: cannot check readers: %s", p->dir, err_text(e));
    *out = take(k);
    return ERR_OK;
}

void kv_free(struct kv *k)
{
    if (k == NULL)
        return;
    if (k->env != NULL)
        mdb_env_close(k->env);
    free(k);
}

static enum err begin(struct kv *k, struct kv_txn *parent, bool writes, struct kv_txn **out)
{
    enum err e = kv_count_call(k);
    if (e != ERR_OK)
        return e;
    struct kv_txn *t = malloc(sizeof *t);
    if (t == NULL)
        return ERR_NOMEM;
    *t = (struct kv_txn){.kv = k, .writes = writes};
    e = kv_map_error(mdb_txn_begin(k->env, parent != NULL ? parent->txn : NULL,
                                   writes ? 0u : MDB_RDONLY, &t->txn));
    if (e != ERR_OK) {
        free(t);
        return e;
    }
    *out = t;
    return ERR_OK;
}

enum err kv_read_begin(struct kv *k, struct kv_txn **out)
{
    return begin(k, NULL, false, out);
}

void kv_read_end(struct kv_txn *t)
{
    kv_write_abort(t);
}

enum err kv_write_begin(struct kv *k, struct kv_txn **out)
{
    return begin(k, NULL, true, out);
}

enum err kv_write_child(struct kv_txn *parent, struct kv_txn **out)
{
    if (!parent->writes)
        return ERR_STATE;
    return begin(parent->kv, parent, true, out);
}

/* A write that the disk took only in part is EIO to LMDB: with next to nothing left it was a full
 * disk. */
static enum err commit_error(struct kv *k, int rc)
{
    mdb_filehandle_t fd = -1;
    struct statvfs fs;
    if (rc == EIO && mdb_env_get_fd(k->env, &fd) == 0 && fstatvfs(fd, &fs) == 0 &&
        (uint64_t)fs.f_bavail * fs.f_frsize < FULL_BELOW_BYTES)
        return ERR_NO_SPACE;
    return kv_map_error(rc);
}

enum err kv_write_commit(struct kv_txn *t)
{
    enum err e = kv_count_call(t->kv);
    if (e != ERR_OK) {
        kv_write_abort(t);
        return e;
    }
    struct kv *k = t->kv;
    e = commit_error(k, mdb_txn_commit(t->txn));
    free(t);
    return e;
}

void kv_write_abort(struct kv_txn *t)
{
    if (t == NULL)
        return;
    mdb_txn_abort(t->txn);
    free(t);
}

enum err kv_table_open(struct kv *k, const char *name, struct kv_table *out)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *t = NULL;
    enum err e = kv_write_begin(k, &t);
    if (e != ERR_OK)
        return e;
    MDB_dbi dbi = 0;
    e = kv_map_error(mdb_dbi_open(t->txn, name, MDB_CREATE, &dbi));
    if (e == ERR_OK)
        e = kv_write_commit(take(t));
    if (e == ERR_OK)
        *out = (struct kv_table){dbi};
    return e;
}

enum err kv_get(struct kv_txn *t, struct kv_table table, struct bytes key, struct bytes *value)
{
    enum err e = kv_count_call(t->kv);
    if (e != ERR_OK)
        return e;
    if (!key_fits(key))
        return ERR_INVALID;
    MDB_val k = kv_val(key);
    MDB_val v = {0};
    e = kv_map_error(mdb_get(t->txn, table.id, &k, &v));
    if (e == ERR_OK)
        *value = kv_bytes(v);
    return e;
}

enum err kv_has(struct kv_txn *t, struct kv_table table, struct bytes key)
{
    struct bytes ignored;
    return kv_get(t, table, key, &ignored);
}

static enum err put(struct kv_txn *t, struct kv_table table, struct bytes key, struct bytes value,
                    unsigned flags)
{
    if (!t->writes)
        return ERR_STATE;
    enum err e = kv_count_call(t->kv);
    if (e != ERR_OK)
        return e;
    if (!key_fits(key))
        return ERR_INVALID;
    MDB_val k = kv_val(key);
    MDB_val v = kv_val(value);
    return kv_map_error(mdb_put(t->txn, table.id, &k, &v, flags));
}

enum err kv_put(struct kv_txn *t, struct kv_table table, struct bytes key, struct bytes value)
{
    return put(t, table, key, value, 0);
}

enum err kv_put_new(struct kv_txn *t, struct kv_table table, struct bytes key, struct bytes value)
{
    return put(t, table, key, value, MDB_NOOVERWRITE);
}

enum err kv_append(struct kv_txn *t, struct kv_table table, struct bytes key, struct bytes value)
{
    return put(t, table, key, value, MDB_APPEND);
}

enum err kv_del(struct kv_txn *t, struct kv_table table, struct bytes key)
{
    if (!t->writes)
        return ERR_STATE;
    enum err e = kv_count_call(t->kv);
    if (e != ERR_OK)
        return e;
    if (!key_fits(key))
        return ERR_INVALID;
    MDB_val k = kv_val(key);
    return kv_map_error(mdb_del(t->txn, table.id, &k, NULL));
}

enum err kv_clear(struct kv_txn *t, struct kv_table table)
{
    if (!t->writes)
        return ERR_STATE;
    const enum err e = kv_count_call(t->kv);
    return e == ERR_OK ? kv_map_error(mdb_drop(t->txn, table.id, 0)) : e;
}
