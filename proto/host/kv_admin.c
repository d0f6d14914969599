/* kv: what an operator needs: readers, copies, figures. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "proto/base/log.h"
#include "proto/host/file.h"
#include "proto/host/kv_internal.h"

#define FREE_LIST_DBI 0u /* LMDB's own table of freed pages */

enum err kv_reader_check(struct kv *k, unsigned *cleared)
{
    int dead = 0;
    enum err e = kv_map_error(mdb_reader_check(k->env, &dead));
    if (e == ERR_OK)
        *cleared = dead > 0 ? (unsigned)dead : 0;
    return e;
}

static enum err refuse_name(void *arg, const char *name)
{
    (void)arg;
    (void)name;
    return ERR_EXISTS;
}

/* LMDB writes the copy without fsync. */
static enum err sync_path(const char *path, int flags)
{
    int fd = open(path, flags | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    int rc = fsync(fd);
    close(fd);
    return rc == 0 ? ERR_OK : ERR_IO;
}

static enum err sync_copy(const char *dir, const char *file)
{
    const enum err e = sync_path(file, O_RDWR);
    return e != ERR_OK ? e : sync_path(dir, O_RDONLY | O_DIRECTORY);
}

/* LMDB compacts no store in which some page is neither in use nor on the free list, which harms nobody: such a one is copied
 * page by page. */
static int copy_pages(struct kv *k, const char *dir, const char *file)
{
    const int rc = mdb_env_copy2(k->env, dir, MDB_CP_COMPACT);
    if (rc != MDB_INCOMPATIBLE)
        return rc;
    log_warn("store.copy_not_compact dir=%s reason=\"%s\"", dir, mdb_strerror(rc));
    return unlink(file) == 0 ? mdb_env_copy2(k->env, dir, 0) : errno;
}

static enum err copy(struct kv *k, const char *dir, struct errmsg *why)
{
    char file[PATH_MAX];
    const int n = snprintf(file, sizeof file, "%s/" KV_DATA_FILE, dir);
    if (n < 0 || (size_t)n >= sizeof file)
        return ERR_RANGE;
    const int rc = copy_pages(k, dir, file);
    if (rc == 0)
        return sync_copy(dir, file);
    (void)unlink(file); /* half a copy is none, and would be in the way of the next */
    return errmsg_set(why, kv_map_error(rc), "%s: cannot copy the store: %s", dir, mdb_strerror(rc));
}

enum err kv_backup(struct kv *k, const char *dir, struct errmsg *why)
{
    enum err e = file_make_dir(dir, why);
    if (e != ERR_OK)
        return e;
    e = file_list(dir, refuse_name, NULL);
    if (e != ERR_OK)
        return errmsg_set(why, e, "%s: the folder for the copy must be empty", dir);
    e = kv_count_call(k);
    if (e == ERR_OK)
        e = copy(k, dir, why);
    if (e != ERR_OK && why->text[0] == '\0')
        return errmsg_set(why, e, "%s: cannot copy the store: %s", dir, err_text(e));
    return e;
}

/* Each value of the free list starts with a count of the pages that it lists. */
static enum err count_free(struct kv_txn *t, uint64_t *out)
{
    MDB_cursor *c = NULL;
    int rc = mdb_cursor_open(t->txn, FREE_LIST_DBI, &c);
    if (rc != 0)
        return kv_map_error(rc);
    uint64_t n = 0;
    MDB_val k = {0};
    MDB_val v = {0};
    for (rc = mdb_cursor_get(c, &k, &v, MDB_FIRST); rc == 0;
         rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        size_t pages = 0;
        if (v.mv_size >= sizeof pages)
            memcpy(&pages, v.mv_data, sizeof pages);
        n += pages;
    }
    mdb_cursor_close(c);
    if (rc != MDB_NOTFOUND)
        return kv_map_error(rc);
    *out = n;
    return ERR_OK;
}

enum err kv_stats(struct kv *k, struct kv_stats *out)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *t = NULL;
    enum err e = kv_read_begin(k, &t);
    if (e != ERR_OK)
        return e;
    MDB_envinfo info;
    MDB_stat stat;
    int rc = mdb_env_info(k->env, &info);
    if (rc == 0)
        rc = mdb_env_stat(k->env, &stat);
    if (rc != 0)
        return kv_map_error(rc);
    uint64_t free_pages = 0;
    e = count_free(t, &free_pages);
    if (e != ERR_OK)
        return e;
    *out = (struct kv_stats){
        .page_bytes = stat.ms_psize,
        .used_pages = info.me_last_pgno + 1,
        .free_pages = free_pages,
        .map_pages = info.me_mapsize / stat.ms_psize,
        .last_txn = info.me_last_txnid,
        .readers = info.me_numreaders,
    };
    return ERR_OK;
}

static enum err disk_room(struct kv *k, uint64_t *bytes)
{
    mdb_filehandle_t fd = -1;
    struct statvfs fs;
    if (mdb_env_get_fd(k->env, &fd) != 0 || fstatvfs(fd, &fs) != 0)
        return ERR_IO;
    *bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
    return ERR_OK;
}

enum err kv_room(struct kv *k, uint64_t *bytes)
{
    struct kv_stats s;
    uint64_t disk = 0;
    enum err e = kv_stats(k, &s);
    if (e == ERR_OK)
        e = disk_room(k, &disk);
    if (e != ERR_OK)
        return e;
    const uint64_t map = (s.map_pages - s.used_pages) * s.page_bytes;
    *bytes = (map < disk ? map : disk) + s.free_pages * s.page_bytes;
    return ERR_OK;
}

bool kv_has_room(struct kv *k)
{
    uint64_t room = 0;
    struct kv_stats s;
    if (kv_stats(k, &s) != ERR_OK || kv_room(k, &room) != ERR_OK)
        return false;
    const uint64_t part = s.map_pages * s.page_bytes / 16;
    return room >= (part < KV_ROOM_BYTES ? part : KV_ROOM_BYTES);
}

enum err kv_table_stats(struct kv_txn *t, struct kv_table table, struct kv_table_stats *out)
{
    MDB_stat s;
    enum err e = kv_map_error(mdb_stat(t->txn, table.id, &s));
    if (e == ERR_OK)
        *out = (struct kv_table_stats){
            .entries = s.ms_entries,
            .pages = s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages,
        };
    return e;
}
