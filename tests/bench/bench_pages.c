/* The live pages of a store that no process has open. usage: bench_pages FOLDER. Prints their bytes, and those of the
 * file. */
#include <lmdb.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TABLES_MAX 128
#define NAME_BYTES 128

static void need(int result, const char *what)
{
    if (result != 0) {
        fprintf(stderr, "bench_pages: %s: %s\n", what, mdb_strerror(result));
        exit(1);
    }
}

static size_t pages_of(MDB_txn *t, MDB_dbi dbi)
{
    MDB_stat s;
    need(mdb_stat(t, dbi, &s), "mdb_stat");
    return s.ms_branch_pages + s.ms_leaf_pages + s.ms_overflow_pages;
}

/* The keys of the unnamed table are the names of the others. */
static size_t named_pages(MDB_txn *t, MDB_dbi names)
{
    MDB_cursor *c = NULL;
    MDB_val k;
    MDB_val v;
    size_t pages = 0;
    need(mdb_cursor_open(t, names, &c), "mdb_cursor_open");
    int result = mdb_cursor_get(c, &k, &v, MDB_FIRST);
    for (; result == 0; result = mdb_cursor_get(c, &k, &v, MDB_NEXT)) {
        char name[NAME_BYTES];
        MDB_dbi dbi = 0;
        if (k.mv_size >= sizeof name)
            need(MDB_BAD_VALSIZE, "a table's name");
        memcpy(name, k.mv_data, k.mv_size);
        name[k.mv_size] = '\0';
        need(mdb_dbi_open(t, name, 0, &dbi), name);
        pages += pages_of(t, dbi);
    }
    if (result != MDB_NOTFOUND)
        need(result, "mdb_cursor_get");
    mdb_cursor_close(c);
    return pages;
}

int main(int argc, char **argv)
{
    MDB_env *env = NULL;
    MDB_txn *t = NULL;
    MDB_dbi names = 0;
    MDB_envinfo info;
    MDB_stat s;
    if (argc != 2)
        return 64;
    need(mdb_env_create(&env), "mdb_env_create");
    need(mdb_env_set_maxdbs(env, TABLES_MAX), "mdb_env_set_maxdbs");
    need(mdb_env_open(env, argv[1], MDB_RDONLY, 0600), argv[1]);
    need(mdb_txn_begin(env, NULL, MDB_RDONLY, &t), "mdb_txn_begin");
    need(mdb_dbi_open(t, NULL, 0, &names), "mdb_dbi_open");
    need(mdb_env_stat(env, &s), "mdb_env_stat");
    need(mdb_env_info(env, &info), "mdb_env_info");
    size_t pages = 2 + pages_of(t, names) + named_pages(t, names);
    printf("%zu %zu\n", pages * s.ms_psize, (info.me_last_pgno + 1) * s.ms_psize);
    mdb_txn_abort(t);
    mdb_env_close(env);
    return 0;
}
