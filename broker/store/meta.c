#include "broker/store/meta.h"

#include "proto/base/cursor.h"

#define ROW_SCHEMA "schema"
#define ROW_IDENTITY "identity"
#define ROW_SERIALS "serials"
#define ROW_TIME "time"
#define ROW_RESTORED "restored"
#define ROW_REOPENED "reopened"
#define ROW_ADOPTION "adoption/"
#define ROW_VERSION "version/"
#define ROW_STATES "states/"
#define ROW_HEARD "heard/"

#define VERSION_ROWS_MAX 64
#define VERSION_ROW_MAX_BYTES ((size_t)8 << 20)

enum err meta_get(struct store *s, struct kv_txn *txn, const char *name, struct bytes *out)
{
    return kv_get(txn, s->meta, bytes_str(name), out);
}

enum err meta_put(struct store *s, struct kv_txn *txn, const char *name, struct bytes value)
{
    return kv_put(txn, s->meta, bytes_str(name), value);
}

static enum err put_schema(struct store *s, struct kv_txn *txn)
{
    uint8_t storage[4];
    struct buf b = buf_fixed(storage, sizeof storage);
    buf_put_u32(&b, STORE_SCHEMA);
    return meta_put(s, txn, ROW_SCHEMA, buf_bytes(&b));
}

static void identity_text(const struct meta_identity *id, struct buf *out)
{
    buf_put(out, agency_id_bytes(&id->oin));
    buf_put(out, name_bytes(&id->deployment));
}

static enum err check_schema(struct bytes row, uint32_t *out, struct errmsg *why)
{
    struct cursor c = cursor_of(row);
    const uint32_t schema = cursor_u32(&c);
    *out = schema;
    if (cursor_done(&c) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "store: its schema row is damaged; restore a backup");
    if (schema < STORE_SCHEMA_OLDEST || schema > STORE_SCHEMA)
        return errmsg_set(why, ERR_VERSION,
                          "store: schema %u, this program knows %u; use a program as new as the "
                          "store",
                          schema, STORE_SCHEMA);
    return ERR_OK;
}

enum err meta_check(struct store *s, struct kv_txn *txn, const struct meta_identity *id,
                    bool *is_new, struct errmsg *why)
{
    char storage[OIN_CHARS + NAME_MAX_BYTES];
    struct buf mine = buf_fixed(storage, sizeof storage);
    identity_text(id, &mine);
    struct bytes row;
    uint32_t schema = 0;
    enum err e = meta_get(s, txn, ROW_SCHEMA, &row);
    if (e == ERR_NOT_FOUND) {
        *is_new = true;
        e = put_schema(s, txn);
        return e == ERR_OK ? meta_put(s, txn, ROW_IDENTITY, buf_bytes(&mine)) : e;
    }
    if (e == ERR_OK)
        e = check_schema(row, &schema, why);
    if (e == ERR_OK)
        e = meta_get(s, txn, ROW_IDENTITY, &row);
    if (e != ERR_OK)
        return e;
    *is_new = false;
    if (!bytes_equal(row, buf_bytes(&mine)))
        return errmsg_set(why, ERR_MISMATCH,
                          "store: it belongs to another deployment or broker; compare deployment, "
                          "oin and store.dir");
    return schema == STORE_SCHEMA ? ERR_OK : put_schema(s, txn); /* from now on no older program goes on with it */
}

static enum err get_u64(struct store *s, struct kv_txn *txn, const char *name, uint64_t *out)
{
    struct bytes row;
    enum err e = meta_get(s, txn, name, &row);
    if (e == ERR_NOT_FOUND) {
        *out = 0;
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(row);
    *out = cursor_u64(&c);
    return cursor_done(&c) == ERR_OK ? ERR_OK : ERR_INVALID;
}

static enum err put_u64(struct store *s, struct kv_txn *txn, const char *name, uint64_t value)
{
    uint8_t room[8];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u64(&b, value);
    return meta_put(s, txn, name, buf_bytes(&b));
}

static enum err get_adoption(struct bytes key, struct bytes value, struct view_marks *out)
{
    if (out->adoption_count == VIEW_MARK_HOLDERS_MAX)
        return ERR_LIMIT;
    struct cursor k = cursor_of(key);
    struct cursor c = cursor_of(value);
    (void)cursor_bytes(&k, strlen(ROW_ADOPTION));
    const struct bytes oin = cursor_bytes(&k, OIN_CHARS);
    const uint64_t serial = cursor_u64(&c);
    if (cursor_done(&k) != ERR_OK || cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    enum err e = agency_id_parse(oin, &out->adoptions[out->adoption_count].holder);
    if (e == ERR_OK)
        out->adoptions[out->adoption_count++].serial = serial;
    return e;
}

static enum err get_adoptions(struct store *s, struct kv_txn *txn, struct view_marks *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, s->meta, bytes_str(ROW_ADOPTION), &it);
    struct bytes key;
    struct bytes value;
    while (e == ERR_OK && (e = kv_iter_next(it, &key, &value)) == ERR_OK)
        e = get_adoption(key, value, out);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

/* Key: the purpose; row: u64 serial, digest of the document. */
static enum err get_states(struct bytes key, struct bytes value, struct view_marks *out)
{
    if (out->state_count == VIEW_MARK_PURPOSES_MAX)
        return ERR_LIMIT;
    struct view_states_mark *m = &out->states[out->state_count];
    struct cursor k = cursor_of(key);
    struct cursor c = cursor_of(value);
    (void)cursor_bytes(&k, strlen(ROW_STATES));
    const struct bytes purpose = cursor_bytes(&k, k.left);
    m->serial = cursor_u64(&c);
    cursor_copy(&c, m->digest.b, sizeof m->digest.b);
    if (cursor_done(&k) != ERR_OK || cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    enum err e = name_parse(purpose, &m->purpose);
    out->state_count += e == ERR_OK;
    return e;
}

static enum err get_all_states(struct store *s, struct kv_txn *txn, struct view_marks *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    enum err e = kv_iter_new(txn, s->meta, bytes_str(ROW_STATES), &it);
    struct bytes key;
    struct bytes value;
    while (e == ERR_OK && (e = kv_iter_next(it, &key, &value)) == ERR_OK)
        e = get_states(key, value, out);
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

static enum err put_states(struct store *s, struct kv_txn *txn, const struct view_states_mark *m)
{
    char key_storage[sizeof ROW_STATES + NAME_MAX_BYTES];
    uint8_t value_storage[8 + sizeof m->digest.b];
    struct buf key = buf_fixed(key_storage, sizeof key_storage);
    struct buf value = buf_fixed(value_storage, sizeof value_storage);
    buf_put_str(&key, ROW_STATES);
    buf_put(&key, name_bytes(&m->purpose));
    buf_put_u64(&value, m->serial);
    buf_put(&value, digest_bytes(&m->digest));
    return kv_put(txn, s->meta, buf_bytes(&key), buf_bytes(&value));
}

enum err meta_get_marks(struct store *s, struct kv_txn *txn, struct view_marks *out)
{
    *out = (struct view_marks){0};
    uint64_t time_s = 0;
    enum err e = get_u64(s, txn, ROW_TIME, &time_s);
    out->time_s = (int64_t)time_s;
    struct bytes row;
    if (e == ERR_OK)
        e = meta_get(s, txn, ROW_SERIALS, &row);
    if (e != ERR_OK)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(row);
    out->roster_serial = cursor_u64(&c);
    out->policy_serial = cursor_u64(&c);
    if (cursor_done(&c) != ERR_OK)
        return ERR_INVALID;
    e = get_adoptions(s, txn, out);
    return e == ERR_OK ? get_all_states(s, txn, out) : e;
}

static enum err put_adoption(struct store *s, struct kv_txn *txn, const struct agency_id *holder,
                             uint64_t serial)
{
    char key_storage[sizeof ROW_ADOPTION + OIN_CHARS];
    uint8_t value_storage[8];
    struct buf key = buf_fixed(key_storage, sizeof key_storage);
    struct buf value = buf_fixed(value_storage, sizeof value_storage);
    buf_put_str(&key, ROW_ADOPTION);
    buf_put(&key, agency_id_bytes(holder));
    buf_put_u64(&value, serial);
    return kv_put(txn, s->meta, buf_bytes(&key), buf_bytes(&value));
}

enum err meta_raise_time(struct store *s, struct kv_txn *txn, int64_t now_s)
{
    uint64_t have = 0;
    enum err e = get_u64(s, txn, ROW_TIME, &have);
    if (e != ERR_OK || now_s <= (int64_t)have)
        return e;
    return put_u64(s, txn, ROW_TIME, (uint64_t)now_s);
}

enum err meta_put_marks(struct store *s, struct kv_txn *txn, const struct view_marks *marks)
{
    uint8_t storage[16];
    struct buf b = buf_fixed(storage, sizeof storage);
    buf_put_u64(&b, marks->roster_serial);
    buf_put_u64(&b, marks->policy_serial);
    enum err e = meta_put(s, txn, ROW_SERIALS, buf_bytes(&b));
    for (size_t i = 0; e == ERR_OK && i < marks->adoption_count; i++)
        e = put_adoption(s, txn, &marks->adoptions[i].holder, marks->adoptions[i].serial);
    for (size_t i = 0; e == ERR_OK && i < marks->state_count; i++)
        e = put_states(s, txn, &marks->states[i]);
    return e == ERR_OK ? meta_raise_time(s, txn, marks->time_s) : e;
}

enum err meta_keep_document(struct store *s, struct kv_txn *txn, const struct digest *digest,
                            struct bytes document)
{
    enum err e = kv_put_new(txn, s->documents, digest_bytes(digest), document);
    return e == ERR_EXISTS ? ERR_OK : e;
}

enum err meta_get_document(struct store *s, struct kv_txn *txn, const struct digest *digest,
                           struct bytes *out)
{
    return kv_get(txn, s->documents, digest_bytes(digest), out);
}

/* A row: u64 time of its end here, then the version as it travels. */
static enum err put_version(struct store *s, struct kv_txn *txn, size_t i,
                            const struct view_version *version)
{
    char key_storage[sizeof ROW_VERSION + 4];
    struct buf key = buf_fixed(key_storage, sizeof key_storage);
    CLEANUP(buf_free) struct buf value = buf_new(VERSION_ROW_MAX_BYTES);
    buf_put_str(&key, ROW_VERSION);
    buf_put_u32(&key, (uint32_t)i);
    buf_put_u64(&value, (uint64_t)version->ended_s);
    enum err e = view_version_encode(version, &value);
    return e == ERR_OK ? kv_put(txn, s->meta, buf_bytes(&key), buf_bytes(&value)) : e;
}

enum err meta_put_versions(struct store *s, struct kv_txn *txn, const struct view *view)
{
    const struct view_files *f = view_files(view);
    const struct view_version now = {.policy = f->policy,
                                     .signatures = f->policy_signatures,
                                     .signature_count = f->policy_signature_count};
    size_t gone = 0;
    enum err e = kv_del_prefix(txn, s->meta, bytes_str(ROW_VERSION), SIZE_MAX, &gone);
    if (e == ERR_OK)
        e = put_version(s, txn, 0, &now);
    for (size_t i = 0; e == ERR_OK && i < f->version_count; i++)
        e = put_version(s, txn, i + 1, &f->versions[i]);
    return e;
}

static enum err get_version(struct bytes row, struct arena *a, struct view_version *out)
{
    const struct bytes copy = arena_copy(a, row);
    struct cursor c = cursor_of(copy);
    if (copy.ptr == NULL)
        return ERR_NOMEM;
    const int64_t ended_s = (int64_t)cursor_u64(&c);
    const struct bytes version = cursor_bytes(&c, c.left);
    enum err e = cursor_done(&c);
    if (e == ERR_OK)
        e = view_version_decode(version, a, out);
    out->ended_s = ended_s;
    return e == ERR_OK || e == ERR_NOMEM ? e : ERR_INVALID;
}

enum err meta_get_versions(struct store *s, struct kv_txn *txn, struct arena *a,
                           const struct view_version **out, size_t *count)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct view_version *list = arena_array(a, VERSION_ROWS_MAX, sizeof *list);
    struct bytes key;
    struct bytes row;
    size_t n = 0;
    if (list == NULL)
        return ERR_NOMEM;
    enum err e = kv_iter_new(txn, s->meta, bytes_str(ROW_VERSION), &it);
    while (e == ERR_OK && n < VERSION_ROWS_MAX && (e = kv_iter_next(it, &key, &row)) == ERR_OK)
        e = get_version(row, a, &list[n++]);
    *out = list;
    *count = n;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err meta_is_restored(struct store *s, struct kv_txn *txn, bool *out)
{
    enum err e = kv_has(txn, s->meta, bytes_str(ROW_RESTORED));
    *out = e == ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err meta_set_restored(struct store *s, struct kv_txn *txn, int64_t copied_s)
{
    return put_u64(s, txn, ROW_RESTORED, (uint64_t)copied_s);
}

enum err meta_get_copied(struct store *s, struct kv_txn *txn, int64_t *out)
{
    struct bytes value;
    enum err e = meta_get(s, txn, ROW_RESTORED, &value);
    *out = 0;
    if (e != ERR_OK || value.len != 8)
        return e == ERR_NOT_FOUND ? ERR_OK : e;
    struct cursor c = cursor_of(value);
    *out = (int64_t)cursor_u64(&c);
    return cursor_done(&c);
}

enum err meta_put_reopened(struct store *s, struct kv_txn *txn, int64_t at_s)
{
    return put_u64(s, txn, ROW_REOPENED, (uint64_t)at_s);
}

enum err meta_get_reopened(struct store *s, struct kv_txn *txn, int64_t *out)
{
    uint64_t at_s = 0;
    const enum err e = get_u64(s, txn, ROW_REOPENED, &at_s);
    if (e == ERR_OK)
        *out = (int64_t)at_s;
    return e;
}

static struct bytes heard_key(const struct agency_id *agency, struct buf *b)
{
    buf_put_str(b, ROW_HEARD);
    buf_put(b, agency_id_bytes(agency));
    return buf_bytes(b);
}

enum err meta_put_heard(struct store *s, struct kv_txn *txn, const struct agency_id *agency)
{
    char room[sizeof ROW_HEARD + OIN_CHARS];
    struct buf key = buf_fixed(room, sizeof room);
    return kv_put(txn, s->meta, heard_key(agency, &key), bytes_of(NULL, 0));
}

enum err meta_was_heard(struct store *s, struct kv_txn *txn, const struct agency_id *agency, bool *out)
{
    char room[sizeof ROW_HEARD + OIN_CHARS];
    struct buf key = buf_fixed(room, sizeof room);
    int64_t reopened_s = 0;
    enum err e = meta_get_reopened(s, txn, &reopened_s);
    *out = reopened_s == 0;
    if (e != ERR_OK || *out)
        return e;
    e = kv_has(txn, s->meta, heard_key(agency, &key));
    *out = e == ERR_OK;
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}

enum err meta_drop_heard(struct store *s, struct kv_txn *txn)
{
    size_t gone = 0;
    return kv_del_prefix(txn, s->meta, bytes_str(ROW_HEARD), SIZE_MAX, &gone);
}

enum err meta_clear_restored(struct store *s, struct kv_txn *txn)
{
    enum err e = kv_del(txn, s->meta, bytes_str(ROW_RESTORED));
    return e == ERR_NOT_FOUND ? ERR_OK : e;
}
