#include "pki/backup.h"

#include "pki/aead.h"
#include "pki/random.h"
#include "pki/secret_internal.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define MAGIC "SLUISBAK"
#define FORMAT 1
#define KEY_VERSION 1
#define AAD_MAX 1024
#define SEALED_MAX (BACKUP_FILE_MAX + AEAD_OVERHEAD_BYTES)
#define PAYLOAD_MAX 256
#define ENTRY_MIN_BYTES 27u /* each part with its length */
#define INNER_MAX (PAYLOAD_MAX + NAME_MAX_BYTES + 8)

/* ---- reading ---- */

static bool is_wrapped(enum keyfile_kind kind)
{
    return kind == KEYFILE_PURPOSE || kind == KEYFILE_BROKER_HALF;
}

/* What opens a backup is never in one. */
static bool may_be_kept(enum keyfile_kind kind)
{
    return kind > KEYFILE_NONE && kind < KEYFILE_SHARE;
}

static enum err check_entry(const struct backup_entry *e)
{
    struct name n;
    if (e->kind != BACKUP_KEY && e->kind != BACKUP_FILE)
        return ERR_UNKNOWN;
    if (e->name.len == 0)
        return ERR_INVALID;
    if (e->kind == BACKUP_FILE)
        return e->header.kind == KEYFILE_NONE && e->header.epoch == 0 &&
                       e->header.purpose.s[0] == '\0' && e->header.created_s == 0
                   ? ERR_OK
                   : ERR_INVALID;
    if (!may_be_kept(e->header.kind) || name_parse(e->name, &n) != ERR_OK)
        return ERR_INVALID;
    return is_wrapped(e->header.kind) == (e->header.purpose.s[0] != '\0') ? ERR_OK : ERR_INVALID;
}

static void read_entry(struct cursor *c, enum backup_kind kind, struct backup_entry *out)
{
    const uint8_t *from = c->pos - 1;
    *out = (struct backup_entry){.kind = kind};
    out->name = cursor_part(c, BACKUP_NAME_MAX);
    out->header.kind = (enum keyfile_kind)cursor_u8(c);
    const uint64_t created = cursor_u64(c);
    const struct bytes purpose = cursor_part(c, NAME_MAX_BYTES);
    out->header.epoch = cursor_u32(c);
    if (created > INT64_MAX ||
        (purpose.len > 0 && name_parse(purpose, &out->header.purpose) != ERR_OK))
        cursor_fail(c, ERR_INVALID);
    out->header.created_s = (int64_t)created;
    if (c->err == ERR_OK)
        out->head = bytes_of(from, (size_t)(c->pos - from));
    out->sealed = cursor_part(c, SEALED_MAX);
    if (c->err != ERR_OK)
        return;
    const enum err e = check_entry(out);
    if (e != ERR_OK)
        cursor_fail(c, e);
    else if (kind == BACKUP_KEY)
        cursor_fail(c, name_parse(out->name, &out->header.id));
}

static void read_head(struct cursor *c, struct bytes data, struct backup *out)
{
    const struct bytes magic = cursor_bytes(c, strlen(MAGIC));
    if (c->err == ERR_OK && !bytes_is(magic, MAGIC))
        cursor_fail(c, ERR_INVALID);
    if (cursor_u8(c) != FORMAT && c->err == ERR_OK)
        cursor_fail(c, ERR_VERSION);
    cursor_copy(c, out->id, sizeof out->id);
    const uint64_t created = cursor_u64(c);
    if (created > INT64_MAX)
        cursor_fail(c, ERR_RANGE);
    out->created_s = (int64_t)created;
    if (c->err == ERR_OK)
        out->head = bytes_of(data.ptr, data.len - c->left);
}

/* No more than there is room for in the file. */
static size_t most_entries(struct bytes data)
{
    const size_t most = data.len / ENTRY_MIN_BYTES + 1;
    return most < BACKUP_ENTRIES_MAX ? most : BACKUP_ENTRIES_MAX;
}

enum err backup_read(struct bytes data, struct arena *a, struct backup *out)
{
    if (data.len > BACKUP_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct cursor c = cursor_of(data);
    const size_t most = most_entries(data);
    struct backup b = {.entries = arena_array(a, most, sizeof *b.entries)};
    if (b.entries == NULL)
        return ERR_NOMEM;
    read_head(&c, data, &b);
    for (;;) {
        const enum backup_kind kind = (enum backup_kind)cursor_u8(&c);
        if (c.err != ERR_OK || kind == BACKUP_NONE)
            break;
        if (b.count == most)
            return ERR_LIMIT;
        read_entry(&c, kind, &b.entries[b.count++]);
    }
    b.end = cursor_part(&c, AEAD_OVERHEAD_BYTES);
    const enum err e = cursor_done(&c);
    if (e == ERR_OK)
        *out = b;
    return e;
}

/* ---- sealing ---- */

static struct bytes aad_of(struct buf *room, struct bytes head, uint32_t place, struct bytes entry)
{
    join_str(room, LABEL_BACKUP);
    join_part(room, head);
    buf_put_u32(room, place);
    join_part(room, entry);
    return buf_bytes(room);
}

static enum err seal(const struct secret *key, struct bytes aad, struct bytes plain,
                     struct buf *out)
{
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    const enum err e = aead_new(key, KEY_VERSION, &a);
    return e == ERR_OK ? aead_seal(a, aad, plain, out) : e;
}

static enum err open_sealed(const struct secret *key, struct bytes aad, struct bytes sealed,
                            struct buf *out)
{
    struct aead *CLEANUP(cleanup_aead_free) a = NULL;
    const enum err e = aead_new(key, KEY_VERSION, &a);
    return e == ERR_OK ? aead_open(a, aad, sealed, out) : e;
}

/* Appends the sealed part of `plain` behind an entry's head. */
static enum err put_sealed(struct backup_writer *w, struct bytes entry, struct bytes plain)
{
    uint8_t room[AAD_MAX];
    struct buf aad = buf_fixed(room, sizeof room);
    CLEANUP(buf_free) struct buf sealed = buf_new(SEALED_MAX);
    const struct bytes bound = aad_of(&aad, w->head, w->count, entry);
    enum err e = buf_err(&aad);
    if (e == ERR_OK)
        e = seal(w->key, bound, plain, &sealed);
    if (e != ERR_OK)
        return e;
    buf_put(w->out, entry);
    join_part(w->out, buf_bytes(&sealed));
    w->count++;
    return buf_err(w->out);
}

static struct bytes put_entry(struct buf *room, enum backup_kind kind, struct bytes name,
                              const struct keyfile *header)
{
    buf_put_u8(room, (uint8_t)kind);
    join_part(room, name);
    buf_put_u8(room, (uint8_t)header->kind);
    buf_put_u64(room, (uint64_t)header->created_s);
    join_part(room, name_bytes(&header->purpose));
    buf_put_u32(room, header->epoch);
    return buf_bytes(room);
}

enum err backup_begin(struct backup_writer *w, const struct secret *key, int64_t created_s,
                      struct buf *out)
{
    uint8_t id[BACKUP_ID_BYTES];
    *w = (struct backup_writer){.key = key, .out = out};
    const enum err e = random_fill(id, sizeof id);
    if (e != ERR_OK)
        return e;
    struct buf head = buf_fixed(w->room, sizeof w->room);
    buf_put_str(&head, MAGIC);
    buf_put_u8(&head, FORMAT);
    buf_put(&head, BYTES_OF_ARRAY(id));
    buf_put_u64(&head, (uint64_t)created_s);
    w->head = buf_bytes(&head);
    buf_put(out, w->head);
    return buf_err(out);
}

enum err backup_put_key(struct backup_writer *w, const struct keyfile *header,
                        const struct secret *payload, const struct backup_wrapping *wrapping)
{
    uint8_t room[AAD_MAX];
    uint8_t sealed_room[PAYLOAD_MAX];
    uint8_t inner_room[INNER_MAX];
    struct buf entry = buf_fixed(room, sizeof room);
    struct buf sealed = buf_fixed(sealed_room, sizeof sealed_room);
    struct buf inner = buf_fixed(inner_room, sizeof inner_room);
    const struct bytes head = put_entry(&entry, BACKUP_KEY, name_bytes(&header->id), header);
    if (!may_be_kept(header->kind) || is_wrapped(header->kind) != (wrapping != NULL))
        return ERR_STATE;
    if (wrapping == NULL)
        return put_sealed(w, head, secret_bytes(payload));
    const enum err e = seal(wrapping->key, head, secret_bytes(payload), &sealed);
    join_part(&inner, name_bytes(&wrapping->id));
    join_part(&inner, buf_bytes(&sealed));
    return e == ERR_OK ? put_sealed(w, head, buf_bytes(&inner)) : e;
}

enum err backup_put_file(struct backup_writer *w, struct bytes name, struct bytes data)
{
    static const struct keyfile none;
    uint8_t room[AAD_MAX];
    struct buf entry = buf_fixed(room, sizeof room);
    if (name.len == 0 || name.len > BACKUP_NAME_MAX)
        return ERR_INVALID;
    if (data.len > BACKUP_FILE_MAX)
        return ERR_TOO_LARGE;
    return put_sealed(w, put_entry(&entry, BACKUP_FILE, name, &none), data);
}

enum err backup_end(struct backup_writer *w)
{
    static const uint8_t none[] = {BACKUP_NONE};
    return put_sealed(w, BYTES_OF_ARRAY(none), bytes_of(none, 0));
}

/* ---- opening ---- */

enum err backup_check(const struct backup *b, const struct secret *key)
{
    static const uint8_t none[] = {BACKUP_NONE};
    uint8_t room[AAD_MAX];
    uint8_t nothing[1];
    struct buf aad = buf_fixed(room, sizeof room);
    struct buf out = buf_fixed(nothing, sizeof nothing);
    return open_sealed(key, aad_of(&aad, b->head, (uint32_t)b->count, BYTES_OF_ARRAY(none)), b->end,
                       &out);
}

static enum err open_entry(const struct backup *b, size_t i, const struct secret *key,
                           struct buf *out)
{
    uint8_t room[AAD_MAX];
    struct buf aad = buf_fixed(room, sizeof room);
    const struct backup_entry *e = &b->entries[i];
    return open_sealed(key, aad_of(&aad, b->head, (uint32_t)i, e->head), e->sealed, out);
}

/* Into the secure heap from the first byte. */
static enum err open_secret(const struct secret *key, struct bytes aad, struct bytes sealed,
                            struct secret **out)
{
    if (sealed.len <= AEAD_OVERHEAD_BYTES || sealed.len > PAYLOAD_MAX)
        return ERR_INVALID;
    const size_t n = sealed.len - AEAD_OVERHEAD_BYTES;
    struct secret *CLEANUP(cleanup_secret_free) s = secret_zeroed(n);
    if (s == NULL)
        return ERR_NOMEM;
    struct buf room = buf_fixed(secret_data(s), n);
    const enum err e = open_sealed(key, aad, sealed, &room);
    if (e == ERR_OK)
        *out = take(s);
    return e;
}

/* What is sealed once more, and under which wrapping key; the view is of inner. */
struct wrapped {
    struct name id;
    struct bytes sealed;
};

static enum err open_wrapped(const struct backup *b, size_t i, const struct secret *key, struct buf *inner,
                             struct wrapped *out)
{
    enum err e = open_entry(b, i, key, inner);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(buf_bytes(inner));
    const struct bytes id = cursor_part(&c, NAME_MAX_BYTES);
    out->sealed = cursor_part(&c, PAYLOAD_MAX);
    e = cursor_done(&c);
    return e == ERR_OK ? name_parse(id, &out->id) : e;
}

enum err backup_wrapping_id(const struct backup *b, size_t i, const struct secret *key, struct name *out)
{
    uint8_t room[INNER_MAX];
    struct buf inner = buf_fixed(room, sizeof room);
    struct wrapped of;
    if (b->entries[i].kind != BACKUP_KEY || !is_wrapped(b->entries[i].header.kind))
        return ERR_INVALID;
    const enum err e = open_wrapped(b, i, key, &inner, &of);
    if (e == ERR_OK)
        *out = of.id;
    return e;
}

enum err backup_open_key(const struct backup *b, size_t i, const struct secret *key,
                         const struct backup_wrapping *wrapping, struct secret **out)
{
    const struct backup_entry *entry = &b->entries[i];
    uint8_t room[AAD_MAX];
    struct buf aad = buf_fixed(room, sizeof room);
    if (entry->kind != BACKUP_KEY)
        return ERR_INVALID;
    if (!is_wrapped(entry->header.kind))
        return open_secret(key, aad_of(&aad, b->head, (uint32_t)i, entry->head), entry->sealed,
                           out);
    if (wrapping == NULL)
        return ERR_STATE;
    uint8_t inner_room[INNER_MAX];
    struct buf inner = buf_fixed(inner_room, sizeof inner_room);
    struct wrapped of;
    const enum err e = open_wrapped(b, i, key, &inner, &of);
    if (e == ERR_OK && !name_equal(&of.id, &wrapping->id))
        return ERR_MISMATCH;
    return e == ERR_OK ? open_secret(wrapping->key, entry->head, of.sealed, out) : e;
}

enum err backup_open_file(const struct backup *b, size_t i, const struct secret *key,
                          struct buf *out)
{
    return b->entries[i].kind == BACKUP_FILE ? open_entry(b, i, key, out) : ERR_INVALID;
}
