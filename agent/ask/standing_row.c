#include "agent/ask/standing_row.h"

#include "agent/ask/prefix.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define FORMAT 1u
#define HEAD_MAX 2048
#define HOLDERS_MAX 64u
#define CONTROL_NAME_MAX 512
#define DATE_MAX 10

/* Texts of a subject in the order in which they stand. */
#define TEXTS 6
static const struct {
    size_t at;
    size_t max;
} texts[TEXTS] = {
    {offsetof(struct subject, necessity), NECESSITY_MAX_BYTES},
    {offsetof(struct subject, proportionality), NECESSITY_MAX_BYTES},
    {offsetof(struct subject, subsidiarity), NECESSITY_MAX_BYTES},
    {offsetof(struct subject, concrete_signal), NECESSITY_MAX_BYTES},
    {offsetof(struct subject, control_name), CONTROL_NAME_MAX},
    {offsetof(struct subject, control_birth_date), DATE_MAX},
};

static struct bytes *text_at(struct subject *s, size_t i)
{
    return (void *)((char *)s + texts[i].at);
}

static void put_name(struct buf *out, const struct name *n)
{
    join_part(out, name_bytes(n));
}

/* May be empty. */
static void get_name(struct cursor *c, struct name *out)
{
    const struct bytes text = cursor_part(c, NAME_MAX_BYTES);
    if (text.len > 0)
        cursor_fail(c, name_parse(text, out));
}

static size_t get_count(struct cursor *c, size_t most)
{
    const size_t n = cursor_u32(c);
    if (n > most)
        cursor_fail(c, ERR_INVALID);
    return c->err == ERR_OK ? n : 0;
}

static void *get_array(struct cursor *c, struct arena *a, size_t count, size_t size)
{
    void *v = c->err == ERR_OK ? arena_array(a, count, size) : NULL;
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    return v;
}

/* ---- the head ---- */

enum err standing_row_room(struct store *s, struct kv_txn *txn, struct errmsg *why)
{
    struct kv_table_stats stats;
    enum err bad = kv_table_stats(txn, store_kv_table(s, STORE_STANDING), &stats);
    if (bad == ERR_OK && stats.entries >= STANDING_MAX)
        return errmsg_set(why, ERR_LIMIT,
                          "this agency has %u standing requests, the most that it may have; end one first", STANDING_MAX);
    return bad;
}

enum err standing_row_put(struct store *s, struct kv_txn *txn, const struct standing_row *k)
{
    CLEANUP(buf_free) struct buf out = buf_new(HEAD_MAX);
    buf_put_u32(&out, FORMAT);
    buf_put(&out, BYTES_OF_ARRAY(k->id.b));
    buf_put(&out, BYTES_OF_ARRAY(k->case_id.b));
    put_name(&out, &k->rule);
    buf_put_u32(&out, k->rule_version);
    put_name(&out, &k->purpose);
    put_name(&out, &k->begun_by);
    put_name(&out, &k->asked_by);
    join_part(&out, k->label);
    buf_put_u64(&out, (uint64_t)k->begun_s);
    buf_put_u64(&out, (uint64_t)k->until_s);
    buf_put_u32(&out, k->every_days);
    buf_put_u32(&out, k->askings);
    buf_put(&out, BYTES_OF_ARRAY(k->request.b));
    buf_put_u64(&out, (uint64_t)k->asked_s);
    buf_put_u64(&out, (uint64_t)k->deadline_s);
    buf_put_u32(&out, (uint32_t)k->epoch_count);
    for (size_t i = 0; i < k->epoch_count; i++)
        buf_put_u32(&out, k->epochs[i]);
    buf_put_u32(&out, (uint32_t)k->refused_count);
    for (size_t i = 0; i < k->refused_count; i++)
        buf_put_u32(&out, k->refused[i]);
    const enum err bad = buf_err(&out);
    return bad != ERR_OK ? bad
                         : store_put(s, txn, STORE_STANDING, BYTES_OF_ARRAY(k->id.b), buf_bytes(&out));
}

static void get_times(struct cursor *c, struct standing_row *k)
{
    k->begun_s = (int64_t)cursor_u64(c);
    k->until_s = (int64_t)cursor_u64(c);
    k->every_days = cursor_u32(c);
    if (k->every_days < 1 || k->every_days > STANDING_DAYS_MAX)
        cursor_fail(c, ERR_INVALID);
    k->askings = cursor_u32(c);
    cursor_copy(c, k->request.b, sizeof k->request.b);
    k->asked_s = (int64_t)cursor_u64(c);
    k->deadline_s = (int64_t)cursor_u64(c);
    k->epoch_count = get_count(c, VIEW_ACTIVE_MAX);
    for (size_t i = 0; i < k->epoch_count; i++)
        k->epochs[i] = cursor_u32(c);
    k->refused_count = get_count(c, VIEW_ACTIVE_MAX);
    for (size_t i = 0; i < k->refused_count; i++)
        k->refused[i] = cursor_u32(c);
}

enum err standing_row_decode(struct bytes row, struct standing_row *out)
{
    struct cursor c = cursor_of(row);
    struct standing_row k = {.askings = 0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    cursor_copy(&c, k.id.b, sizeof k.id.b);
    cursor_copy(&c, k.case_id.b, sizeof k.case_id.b);
    get_name(&c, &k.rule);
    k.rule_version = cursor_u32(&c);
    get_name(&c, &k.purpose);
    get_name(&c, &k.begun_by);
    get_name(&c, &k.asked_by);
    k.label = cursor_part(&c, SUBJECT_LABEL_MAX);
    get_times(&c, &k);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = k;
    return bad;
}

enum err standing_row_get(struct store *s, struct kv_txn *txn, const struct standing_id *id, struct arena *a,
                          struct standing_row *out)
{
    struct bytes row;
    enum err bad = store_get(s, txn, STORE_STANDING, BYTES_OF_ARRAY(id->b), a, &row);
    return bad == ERR_OK ? standing_row_decode(row, out) : bad;
}

enum err standing_row_find(struct store *s, struct kv_txn *txn, struct bytes prefix, struct arena *a,
                           struct standing_row *out, struct errmsg *why)
{
    struct standing_id id;
    const struct prefix_search q = {store_kv_table(s, STORE_STANDING), "standing request", prefix};
    enum err bad = prefix_find(&q, txn, id.b, why);
    return bad == ERR_OK ? standing_row_get(s, txn, &id, a, out) : bad;
}

bool standing_is_damage(enum err e)
{
    return e != ERR_OK && e != ERR_NOMEM && e != ERR_CRYPTO && e != ERR_IO && e != ERR_NO_SPACE && e != ERR_AGAIN;
}

/* The id behind another, from the key, which needs no reading. */
static enum err next_id(const struct standing_walk *w, struct standing_id *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    enum err bad = store_iter(w->store, w->txn, STORE_STANDING, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_after(it, BYTES_OF_ARRAY(w->at.b));
    if (bad == ERR_OK)
        bad = kv_iter_next(it, &key, NULL);
    if (bad == ERR_OK && key.len != sizeof out->b)
        return ERR_IO;
    if (bad == ERR_OK)
        memcpy(out->b, key.ptr, key.len);
    return bad;
}

enum err standing_row_next(struct standing_walk *w, struct arena *a, struct standing_row *out)
{
    struct standing_id id;
    enum err bad;
    while ((bad = next_id(w, &id)) == ERR_OK) {
        w->at = id;
        arena_reset(a);
        bad = standing_row_get(w->store, w->txn, &id, a, out);
        if (!standing_is_damage(bad))
            return bad;
        w->unread++;
    }
    return bad;
}

enum err standing_row_del(struct store *s, struct kv_txn *txn, const struct standing_id *id)
{
    enum err bad = store_del(s, txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id->b));
    return bad == ERR_OK || bad == ERR_NOT_FOUND ? store_del(s, txn, STORE_STANDING, BYTES_OF_ARRAY(id->b)) : bad;
}

/* ---- the words ---- */

/* Of one size, however long the value is: that of somebody protected has another length than the one it stands for, and
 * the size of a row lies open. */
static void put_value(struct buf *out, struct bytes value)
{
    static const uint8_t zeros[IDENT_MAX];
    buf_put_u8(out, (uint8_t)value.len);
    buf_put(out, value);
    buf_put(out, bytes_of(zeros, sizeof zeros - value.len));
}

static struct bytes get_value(struct cursor *c)
{
    const size_t len = cursor_u8(c);
    const struct bytes field = cursor_bytes(c, IDENT_MAX);
    for (size_t i = len; i < field.len; i++)
        if (field.ptr[i] != 0)
            cursor_fail(c, ERR_INVALID);
    return bytes_of(field.ptr, c->err == ERR_OK ? len : 0);
}

static void put_identifiers(struct buf *out, const struct standing_words *w)
{
    const struct subject *s = &w->subject;
    buf_put_u32(out, (uint32_t)s->identifier_count);
    for (size_t i = 0; i < s->identifier_count; i++) {
        const struct standing_mark *m = &w->marks[i];
        buf_put_u32(out, (uint32_t)s->identifiers[i].type);
        put_value(out, ident_value(&s->identifiers[i]));
        buf_put_u32(out, m->norm_version);
        buf_put(out, BYTES_OF_ARRAY(m->touched.b));
        buf_put(out, BYTES_OF_ARRAY(m->counted.b));
        buf_put(out, BYTES_OF_ARRAY(m->listed.b));
    }
}

enum err standing_words_put(struct store *s, struct kv_txn *txn, const struct standing_id *id,
                            const struct standing_words *w)
{
    CLEANUP(buf_free) struct buf out = buf_new(STANDING_WORDS_MAX);
    struct subject subject = w->subject;
    buf_put_u32(&out, FORMAT);
    join_part(&out, agency_id_bytes(&w->on_behalf_of));
    buf_put_u32(&out, (uint32_t)w->holder_count);
    for (size_t i = 0; i < w->holder_count; i++)
        join_part(&out, agency_id_bytes(&w->holders[i]));
    buf_put_u32(&out, (uint32_t)w->fields.count);
    for (size_t i = 0; i < w->fields.count; i++)
        put_name(&out, &w->fields.v[i]);
    buf_put_u64(&out, (uint64_t)w->term_s);
    put_name(&out, &subject.aim);
    put_name(&out, &subject.phenomenon);
    for (size_t i = 0; i < TEXTS; i++)
        join_part(&out, *text_at(&subject, i));
    put_identifiers(&out, w);
    const enum err bad = buf_err(&out);
    return bad != ERR_OK ? bad
                         : store_put(s, txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id->b), buf_bytes(&out));
}

static void get_asked(struct cursor *c, struct arena *a, struct standing_words *w)
{
    cursor_fail(c, agency_id_parse(cursor_part(c, OIN_CHARS), &w->on_behalf_of));
    w->holder_count = get_count(c, HOLDERS_MAX);
    struct agency_id *holders = get_array(c, a, w->holder_count, sizeof *holders);
    for (size_t i = 0; c->err == ERR_OK && i < w->holder_count; i++)
        cursor_fail(c, agency_id_parse(cursor_part(c, OIN_CHARS), &holders[i]));
    const size_t count = get_count(c, REQUEST_FIELDS_MAX);
    struct name *fields = get_array(c, a, count, sizeof *fields);
    for (size_t i = 0; c->err == ERR_OK && i < count; i++)
        cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), &fields[i]));
    w->holders = holders;
    w->fields = (struct name_list){fields, count};
    w->term_s = (int64_t)cursor_u64(c);
}

static void get_identifier(struct cursor *c, struct norm_ident *id, struct standing_mark *m)
{
    const uint32_t type = cursor_u32(c);
    const struct bytes value = get_value(c);
    if (type == IDENT_NONE || type >= IDENT_TYPE_COUNT || value.len == 0)
        cursor_fail(c, ERR_INVALID);
    m->norm_version = cursor_u32(c);
    cursor_copy(c, m->touched.b, sizeof m->touched.b);
    cursor_copy(c, m->counted.b, sizeof m->counted.b);
    cursor_copy(c, m->listed.b, sizeof m->listed.b);
    if (c->err != ERR_OK)
        return;
    *id = (struct norm_ident){.type = (enum ident_type)type, .len = (uint8_t)value.len};
    memcpy(id->value, value.ptr, value.len);
}

static void get_identifiers(struct cursor *c, struct arena *a, struct standing_words *w)
{
    struct subject *s = &w->subject;
    s->identifier_count = get_count(c, REQUEST_IDENTIFIERS_MAX);
    if (s->identifier_count == 0)
        cursor_fail(c, ERR_INVALID);
    s->identifiers = get_array(c, a, s->identifier_count, sizeof *s->identifiers);
    w->marks = get_array(c, a, s->identifier_count, sizeof *w->marks);
    if (s->identifiers == NULL || w->marks == NULL)
        return;
    for (size_t i = 0; c->err == ERR_OK && i < s->identifier_count; i++)
        get_identifier(c, &s->identifiers[i], &w->marks[i]);
}

static enum err decode_words(struct bytes row, struct arena *a, struct standing_words *out)
{
    struct cursor c = cursor_of(row);
    struct standing_words w = {.term_s = 0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    get_asked(&c, a, &w);
    get_name(&c, &w.subject.aim);
    get_name(&c, &w.subject.phenomenon);
    for (size_t i = 0; i < TEXTS; i++)
        *text_at(&w.subject, i) = cursor_part(&c, texts[i].max);
    get_identifiers(&c, a, &w);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = w;
    return bad;
}

enum err standing_words_get(struct store *s, struct kv_txn *txn, const struct standing_id *id, struct arena *a,
                            struct standing_words *out)
{
    struct bytes row;
    enum err bad = store_get(s, txn, STORE_STANDING_WORDS, BYTES_OF_ARRAY(id->b), a, &row);
    return bad == ERR_OK ? decode_words(row, a, out) : bad;
}
