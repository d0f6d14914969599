/* Keys that name things of this agency for as long as its store lives: what is contributed, handles and salts,
 * protected persons, what was asked, its staff. Each was derived from the version of the storage key that the
 * store began with (HKDF, its label), and lies sealed in the row `identity` from then on, under the current
 * version as any value: a rotation changes no name, and a version of the storage key that is gone says none. */
#include "agent/store/store_internal.h"
#include "pki/aead.h"
#include "pki/hkdf.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/host/kv_write.h"

#define ROW "identity"
#define ROW_MAX 1024u
#define LABEL_MAX 64u

static const char *const labels[STORE_IDENTITIES] = {
    LABEL_STORE_LIVE, LABEL_STORE_HANDLE, LABEL_PROTECTED, LABEL_DISTINCT, LABEL_PSEUDONYM,
};

void store_identities_free(struct store *s)
{
    for (size_t i = 0; i < STORE_IDENTITIES; i++) {
        secret_free(s->identities[i]);
        s->identities[i] = NULL;
    }
}

enum err store_derive(struct store *s, const char *label, struct secret **out)
{
    for (size_t i = 0; i < STORE_IDENTITIES; i++) {
        if (strcmp(labels[i], label) != 0)
            continue;
        struct secret *copy = secret_copy(s->identities[i]);
        if (copy == NULL)
            return ERR_NOMEM;
        *out = copy;
        return ERR_OK;
    }
    return ERR_UNKNOWN;
}

/* Every label in its place, and nothing else. */
static enum err parse(struct bytes row, struct store *s)
{
    struct cursor c = cursor_of(row);
    for (size_t i = 0; i < STORE_IDENTITIES; i++) {
        const struct bytes label = cursor_part(&c, LABEL_MAX);
        const struct bytes key = cursor_part(&c, STORAGE_KEY_BYTES);
        if (c.err != ERR_OK || !bytes_is(label, labels[i]) || key.len != STORAGE_KEY_BYTES)
            return ERR_INVALID;
        s->identities[i] = secret_new(key);
        if (s->identities[i] == NULL)
            return ERR_NOMEM;
    }
    return cursor_done(&c);
}

static enum err read_row(struct store *s, struct kv_txn *txn)
{
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * (size_t)ROW_MAX);
    struct bytes row = {NULL, 0};
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_META, bytes_str(ROW), a, &row);
    return bad == ERR_OK ? parse(row, s) : bad;
}

/* The version that the store began with: of the row that says whose it is, where nothing was sealed anew yet. */
static enum err first_version(struct store *s, struct kv_txn *txn, uint32_t *out)
{
    struct bytes sealed;
    enum err bad = kv_get(txn, s->tables[STORE_META], bytes_str("agency"), &sealed);
    return bad == ERR_OK ? aead_key_version(sealed, out) : bad;
}

static enum err put_part_of(void *arg, struct bytes view)
{
    join_part(arg, view);
    return buf_err(arg);
}

static enum err make(struct store *s, struct kv_txn *txn)
{
    uint8_t room[ROW_MAX];
    struct buf row = buf_fixed(room, sizeof room);
    uint32_t version = 0;
    enum err bad = first_version(s, txn, &version);
    const struct secret *key = storage_keys_get(s->keys, version);
    if (bad == ERR_OK && key == NULL)
        bad = ERR_NOT_FOUND;
    for (size_t i = 0; bad == ERR_OK && i < STORE_IDENTITIES; i++) {
        bad = hkdf_subkey(key, bytes_str(labels[i]), &s->identities[i]);
        join_str(&row, labels[i]);
        if (bad == ERR_OK)
            bad = secret_lend(s->identities[i], put_part_of, &row);
    }
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_META, bytes_str(ROW), buf_bytes(&row));
    secret_wipe(room, sizeof room);
    return bad;
}

static enum err make_row(struct store *s)
{
    CLEANUP(cleanup_kv_write_abort) struct kv_txn *txn = NULL;
    enum err bad = kv_write_begin(s->kv, &txn);
    if (bad == ERR_OK)
        bad = make(s, txn);
    return bad == ERR_OK ? kv_write_commit(take(txn)) : bad;
}

static enum err read_once(struct store *s)
{
    CLEANUP(cleanup_kv_read_end) struct kv_txn *txn = NULL;
    enum err bad = kv_read_begin(s->kv, &txn);
    return bad == ERR_OK ? read_row(s, txn) : bad;
}

enum err store_identities_open(struct store *s, struct errmsg *why)
{
    enum err bad = read_once(s);
    if (bad == ERR_NOT_FOUND)
        bad = make_row(s);
    if (bad == ERR_OK)
        return ERR_OK;
    return errmsg_set(why, bad, "store: the row of the keys that no rotation changes: %s", err_text(bad));
}
