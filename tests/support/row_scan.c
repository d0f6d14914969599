/* Which texts stand in any row of an agency's store, opened with its own key: what its program can still
 * read. usage: row_scan STORE AGENCY-FOLDER OIN
 * Standard input: one text a line. Out: number of the line, table. STORE is a copy that no program has open.
 * Synthetic data only. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/store/store.h"
#include "pki/body.h"
#include "pki/logbook/log_rows.h"
#include "proto/json/audit_body.h"
#include "tests/support/unlocked.h"

#define LINE_MAX_BYTES 1024u
#define TEXTS_MAX 64u

struct texts {
    char v[TEXTS_MAX][LINE_MAX_BYTES];
    size_t count;
};

static const char *const tables[STORE_TABLE_COUNT] = {
#define NAME_OF(constant, text) [STORE_##constant] = text,
    STORE_TABLES(NAME_OF)
#undef NAME_OF
};

static bool has(struct bytes in, const char *text)
{
    return in.len > 0 && memmem(in.ptr, in.len, text, strlen(text)) != NULL;
}

static void look(const struct texts *t, enum store_table table, struct bytes key, struct bytes plain)
{
    for (size_t i = 0; i < t->count; i++)
        if (has(plain, t->v[i]) || has(key, t->v[i]))
            printf("%zu\t%s\n", i, tables[table]);
}

/* Rows of the agency's own log are not sealed in the way of the others. */
static bool is_of_log(enum store_table t)
{
    return t >= STORE_LOG_STATE && t <= STORE_LOG_NAMED;
}

/* The body of an entry, opened; where its table is another, or it does not open, the row as it lies. */
static struct bytes opened_body(struct store *s, struct kv_txn *txn, struct bytes key, struct arena *a)
{
    CLEANUP(buf_free) struct buf body = buf_new(AUDIT_BODY_MAX);
    struct log_tables tables_of;
    struct digest entry;
    struct body_parts parts;
    store_log(s, &tables_of);
    memcpy(entry.b, key.ptr, sizeof entry.b);
    unlocked_must("log", log_body(&tables_of, txn, &entry, &parts.wrapped, &parts.sealed));
    unlocked_must("body", body_open(store_vault(s), &entry, &parts, &body));
    return arena_copy(a, buf_bytes(&body));
}

/* A value that does not open lies open: the schema, and what is contributed. */
static size_t scan_table(struct store *s, struct kv_txn *txn, enum store_table t,
                         const struct texts *texts)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new((size_t)64 << 20);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    struct bytes raw;
    struct bytes plain;
    size_t n = 0;
    unlocked_must("rows", kv_iter_new(txn, store_kv_table(s, t), bytes_of(NULL, 0), &it));
    while (kv_iter_next(it, &key, &raw) == ERR_OK) {
        arena_reset(a);
        enum err e = is_of_log(t) ? ERR_NOT_FOUND : store_get(s, txn, t, key, a, &plain);
        if (t == STORE_LOG_BODIES)
            raw = opened_body(s, txn, key, a);
        if (!is_of_log(t) && e != ERR_OK && t != STORE_LIVE && t != STORE_GONE && t != STORE_META)
            unlocked_must(tables[t], e);
        look(texts, t, key, e == ERR_OK ? plain : raw);
        n++;
    }
    return n;
}

int main(int argc, char **argv)
{
    static struct texts texts;
    struct agency_id agency;
    struct errmsg why = {""};
    struct store *s = NULL;
    struct kv_txn *txn = NULL;
    if (argc != 4 || secret_init() == ERR_NOMEM)
        return 64;
    while (texts.count < TEXTS_MAX && fgets(texts.v[texts.count], LINE_MAX_BYTES, stdin) != NULL) {
        texts.v[texts.count][strcspn(texts.v[texts.count], "\n")] = '\0';
        texts.count++;
    }
    CLEANUP(cleanup_storage_keys_free) struct storage_keys *storage = unlocked_storage(argv[2]);
    unlocked_must("OIN", agency_id_parse(bytes_str(argv[3]), &agency));
    const struct store_params p = {argv[1], UINT64_C(4) << 30, storage, &agency};
    enum err e = agent_store_open(&p, &s, &why);
    if (e != ERR_OK)
        fprintf(stderr, "%s\n", why.text);
    unlocked_must("store", e);
    unlocked_must("snapshot", kv_read_begin(store_kv(s), &txn));
    size_t rows = 0;
    for (int t = 0; t < STORE_TABLE_COUNT; t++)
        rows += scan_table(s, txn, (enum store_table)t, &texts);
    printf("rows\t%zu\n", rows);
    kv_read_end(txn);
    agent_store_free(s);
    return ferror(stdin) || fflush(stdout) != 0 ? 74 : 0;
}
