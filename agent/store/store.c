/* Every value lies sealed under a key that is derived from a version of the storage key, and says under
 * which; its associated data names table and key, so that no row can be moved to another place. */
#include <stdlib.h>

#include "agent/store/store_internal.h"
#include "agent/store/store_rewrap.h"
#include "pki/logbook/log_rows.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/host/kv_write.h"

static const char *const table_names[STORE_TABLE_COUNT] = {
#define STORE_NAME(constant, text) [STORE_##constant] = (text),
    STORE_TABLES(STORE_NAME)
#undef STORE_NAME
};

enum err store_put_place(enum store_table t, struct bytes key, struct buf *out)
{
    join_str(out, table_names[t]);
    join_part(out, key);
    return buf_err(out);
}

static enum err seal_value(struct store *s, enum store_table t, struct bytes key,
                           struct bytes plain, struct buf *out)
{
    uint8_t room[KV_KEY_MAX + 64];
    struct buf place = buf_fixed(room, sizeof room);
    enum err bad = store_put_place(t, key, &place);
    return bad == ERR_OK ? vault_seal(s->values, buf_bytes(&place), plain, out) : bad;
}

static enum err open_value(struct store *s, enum store_table t, struct bytes key,
                           struct bytes sealed, struct buf *out)
{
    uint8_t room[KV_KEY_MAX + 64];
    struct buf place = buf_fixed(room, sizeof room);
    enum err bad = store_put_place(t, key, &place);
    return bad == ERR_OK ? vault_open(s->values, buf_bytes(&place), sealed, out) : bad;
}

/* Opens a value straight into the arena. */
static enum err open_into(struct store *s, enum store_table t, struct store_row *row,
                          struct arena *a)
{
    size_t room = row->plain.len;
    uint8_t *mem = arena_alloc(a, room);
    if (mem == NULL)
        return ERR_NOMEM;
    struct buf out = buf_fixed(mem, room);
    enum err bad = open_value(s, t, row->key, row->plain, &out);
    if (bad == ERR_OK)
        row->plain = buf_bytes(&out);
    return bad;
}

enum err store_put(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key,
                   struct bytes plain)
{
    if (plain.len > STORE_VALUE_MAX)
        return ERR_TOO_LARGE;
    CLEANUP(buf_free) struct buf sealed = buf_new(plain.len + AEAD_OVERHEAD_BYTES);
    enum err bad = seal_value(s, t, key, plain, &sealed);
    return bad != ERR_OK ? bad : kv_put(txn, s->tables[t], key, buf_bytes(&sealed));
}

enum err store_get(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key,
                   struct arena *a, struct bytes *plain)
{
    struct store_row row = {.key = key};
    enum err bad = kv_get(txn, s->tables[t], key, &row.plain);
    if (bad == ERR_OK)
        bad = open_into(s, t, &row, a);
    if (bad == ERR_OK)
        *plain = row.plain;
    return bad;
}

enum err store_has(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key)
{
    return kv_has(txn, s->tables[t], key);
}

enum err store_del(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes key)
{
    return kv_del(txn, s->tables[t], key);
}

enum err store_iter(struct store *s, struct kv_txn *txn, enum store_table t, struct bytes prefix,
                    struct kv_iter **out)
{
    return kv_iter_new(txn, s->tables[t], prefix, out);
}

enum err store_next(struct store *s, enum store_table t, struct kv_iter *it, struct arena *a,
                    struct store_row *row)
{
    struct store_row found;
    enum err bad = kv_iter_next(it, &found.key, &found.plain);
    if (bad != ERR_OK)
        return bad;
    found.key = arena_copy(a, found.key);
    if (found.key.ptr == NULL)
        return ERR_NOMEM;
    bad = open_into(s, t, &found, a);
    if (bad == ERR_OK)
        *row = found;
    return bad;
}

/* Reads a sealed u64; fixed storage, so that no arena is needed. */
enum err store_get_number(struct store *s, struct kv_txn *txn, const char *key, uint64_t *out)
{
    struct bytes sealed;
    enum err bad = kv_get(txn, s->tables[STORE_META], bytes_str(key), &sealed);
    if (bad == ERR_NOT_FOUND) {
        *out = 0;
        return ERR_OK;
    }
    uint8_t room[8];
    struct buf plain = buf_fixed(room, sizeof room);
    if (bad == ERR_OK)
        bad = open_value(s, STORE_META, bytes_str(key), sealed, &plain);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(buf_bytes(&plain));
    uint64_t value = cursor_u64(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = value;
    return bad;
}

enum err store_put_number(struct store *s, struct kv_txn *txn, const char *key, uint64_t value)
{
    uint8_t room[8];
    struct buf plain = buf_fixed(room, sizeof room);
    buf_put_u64(&plain, value);
    return store_put(s, txn, STORE_META, bytes_str(key), buf_bytes(&plain));
}

enum err store_count(struct store *s, struct kv_txn *txn, const char *key)
{
    uint64_t n = 0;
    enum err bad = store_get_number(s, txn, key, &n);
    return bad == ERR_OK ? store_put_number(s, txn, key, n + 1) : bad;
}

const char *store_table_name(enum store_table t)
{
    return table_names[t];
}

struct kv *store_kv(struct store *s)
{
    return s->kv;
}

struct kv_table store_kv_table(const struct store *s, enum store_table t)
{
    return s->tables[t];
}

void store_log(const struct store *s, struct log_tables *out)
{
    *out = (struct log_tables){
        .state = s->tables[STORE_LOG_STATE],
        .pending = s->tables[STORE_LOG_PENDING],
        .entries = s->tables[STORE_LOG_ENTRIES],
        .nodes = s->tables[STORE_LOG_NODES],
        .rows = s->tables[STORE_LOG_ROWS],
        .keys = s->tables[STORE_LOG_KEYS],
        .bodies = s->tables[STORE_LOG_BODIES],
        .proofs = s->tables[STORE_LOG_PROOFS],
        .due = s->tables[STORE_LOG_DUE],
        .index = s->tables[STORE_LOG_INDEX],
        .named = s->tables[STORE_LOG_NAMED],
    };
}

struct vault *store_vault(const struct store *s)
{
    return s->values;
}

static enum err open_tables(struct store *s)
{
    for (size_t i = 0; i < STORE_TABLE_COUNT; i++) {
        enum err bad = kv_table_open(s->kv, table_names[i], &s->tables[i]);
        if (bad != ERR_OK)
            return bad;
    }
    return ERR_OK;
}

/* The schema number lies open, so that a program with another storage key can tell the version. */
static enum err check_schema(struct store *s, struct kv_txn *txn, uint32_t *out, struct errmsg *why)
{
    struct bytes value;
    enum err bad = kv_get(txn, s->tables[STORE_META], bytes_str("schema"), &value);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(value);
    uint32_t schema = cursor_u32(&c);
    if (cursor_done(&c) != ERR_OK || schema == 0)
        return errmsg_set(why, ERR_INVALID, "store: its schema number is not readable");
    if (schema > STORE_SCHEMA)
        return errmsg_set(why, ERR_VERSION,
                          "store: schema %u is newer than %u, which this program knows; install the "
                          "newer program or restore the backup made before its update",
                          schema, STORE_SCHEMA);
    if (schema < STORE_SCHEMA_OLDEST)
        return errmsg_set(why, ERR_VERSION,
                          "store: schema %u is older than %u: this program makes its handles and salts "
                          "in another way; keep the program that wrote it, or begin with an empty store",
                          schema, STORE_SCHEMA_OLDEST);
    *out = schema;
    return ERR_OK;
}

static enum err check_owner(struct store *s, struct kv_txn *txn, const struct agency_id *agency,
                            struct errmsg *why)
{
    struct bytes sealed;
    enum err bad = kv_get(txn, s->tables[STORE_META], bytes_str("agency"), &sealed);
    uint8_t room[OIN_CHARS];
    struct buf plain = buf_fixed(room, sizeof room);
    if (bad == ERR_OK)
        bad = open_value(s, STORE_META, bytes_str("agency"), sealed, &plain);
    if (bad == ERR_SIGNATURE)
        return errmsg_set(why, bad, "store: the storage key in the key folder is not the one that "
                                    "this store was written with");
    if (bad == ERR_VERSION)
        return errmsg_set(why, bad, "store: the version of the storage key that it was written with is "
                                    "not in the key folder");
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the row that says whose it is cannot be read");
    if (!bytes_equal(buf_bytes(&plain), agency_id_bytes(agency)))
        return errmsg_set(why, ERR_MISMATCH, "store: it belongs to another agency than %s",
                          agency->oin);
    return ERR_OK;
}

static enum err put_schema(struct store *s, struct kv_txn *txn)
{
    uint8_t room[4];
    struct buf schema = buf_fixed(room, sizeof room);
    buf_put_u32(&schema, STORE_SCHEMA);
    return kv_put(txn, s->tables[STORE_META], bytes_str("schema"), buf_bytes(&schema));
}

/* A store of an older schema that this program can go on with: from now on no older program does. */
static enum err raise_schema(struct store *s)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *txn = NULL;
    enum err bad = kv_write_begin(s->kv, &txn);
    if (bad == ERR_OK)
        bad = put_schema(s, txn);
    return bad == ERR_OK ? kv_write_commit(take(txn)) : bad;
}

static enum err write_identity(struct store *s, const struct agency_id *agency)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *txn = NULL;
    enum err bad = kv_write_begin(s->kv, &txn);
    if (bad == ERR_OK)
        bad = put_schema(s, txn);
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_META, bytes_str("agency"), agency_id_bytes(agency));
    return bad == ERR_OK ? kv_write_commit(take(txn)) : bad;
}

/* A store without a schema row is new; anything else must be ours. */
static enum err identify(struct store *s, const struct agency_id *agency, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    uint32_t schema = 0;
    enum err bad = kv_read_begin(s->kv, &txn);
    if (bad == ERR_OK)
        bad = check_schema(s, txn, &schema, why);
    if (bad == ERR_NOT_FOUND) {
        kv_read_end(take(txn));
        bad = write_identity(s, agency);
        return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "store: its first row cannot be written");
    }
    if (bad == ERR_OK)
        bad = check_owner(s, txn, agency, why);
    if (bad != ERR_OK || schema == STORE_SCHEMA)
        return bad;
    kv_read_end(take(txn));
    bad = raise_schema(s);
    return bad == ERR_OK ? ERR_OK : errmsg_set(why, bad, "store: its schema number cannot be raised");
}

/* Values are opened under the versions at hand and sealed under the one that the store says. */
static enum err open_values(struct store *s, struct errmsg *why)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    struct rewrap state;
    enum err bad = kv_read_begin(s->kv, &txn);
    if (bad == ERR_OK)
        bad = store_rewrap_read(s, txn, &state);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: the row of its storage keys: %s", err_text(bad));
    if (rewrap_lacks(&state, s->keys) != 0)
        return errmsg_set(why, ERR_NOT_FOUND,
                          "store: values lie under version %u of the storage key, which is not in the key "
                          "folder; put its file back (a backup of the keys has it)",
                          rewrap_lacks(&state, s->keys));
    return vault_new(s->keys, LABEL_STORE_RECORDS, state.target, &s->values);
}

enum err agent_store_open(const struct store_params *p, struct store **out, struct errmsg *why)
{
    CLEANUP(cleanup_agent_store_free) struct store *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    const struct kv_params kp = {.dir = p->dir, .map_bytes = p->map_bytes};
    enum err bad = storage_keys_copy(p->keys, &s->keys);
    if (bad == ERR_OK)
        bad = kv_open(&kp, &s->kv, why);
    if (bad != ERR_OK)
        return bad;
    bad = open_tables(s);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "store: its tables cannot be opened");
    bad = open_values(s, why);
    if (bad == ERR_OK)
        bad = identify(s, p->agency, why);
    if (bad == ERR_OK)
        bad = store_identities_open(s, why);
    if (bad == ERR_OK)
        *out = take(s);
    return bad;
}

void agent_store_free(struct store *s)
{
    if (s == NULL)
        return;
    kv_free(s->kv);
    vault_free(s->values);
    store_identities_free(s);
    storage_keys_free(s->keys);
    free(s);
}
