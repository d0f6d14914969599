#include "agent/ask/asked.h"

#include "agent/ask/keep.h"
#include "agent/outbox_rows.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define FORMAT 1u
#define HEADER_ROW_MAX ((size_t)128 << 10)
#define RESULT_ROW_MAX ((size_t)5 << 20)

const char *ask_state_id(enum ask_state s)
{
    switch (s) {
    case ASK_QUEUED: return "queued";
    case ASK_OPEN: return "open";
    case ASK_REFUSED: return "refused";
    case ASK_CLOSED: return "closed";
    }
    return "?";
}

enum ask_state ask_state_of_both(enum ask_state a, enum ask_state b)
{
    static const enum ask_state first[] = {ASK_OPEN, ASK_QUEUED, ASK_CLOSED};
    for (size_t i = 0; i < ARRAY_LEN(first); i++)
        if (a == first[i] || b == first[i])
            return first[i];
    return ASK_REFUSED;
}

size_t asked_same_holder(const struct asked *asked, size_t i)
{
    size_t n = 1;
    while (i + n < asked->holder_count &&
           agency_id_equal(&asked->holders[i].oin, &asked->holders[i + n].oin))
        n++;
    return n;
}

const char *result_kind_id(enum result_kind k)
{
    switch (k) {
    case RESULT_RELEASED: return "released";
    case RESULT_KNOWN: return "known";
    case RESULT_REFUSED: return "refused";
    case RESULT_REJECTED: return "rejected";
    case RESULT_WAITS: return "waits";
    }
    return "?";
}

static void put_name(struct buf *out, const struct name *n)
{
    join_part(out, name_bytes(n));
}

static void get_name(struct cursor *c, struct name *out)
{
    cursor_fail(c, name_parse(cursor_part(c, NAME_MAX_BYTES), out));
}

static void get_oin(struct cursor *c, struct agency_id *out)
{
    cursor_fail(c, agency_id_parse(cursor_part(c, OIN_CHARS), out));
}

static void put_subjects(struct buf *out, const struct asked *k)
{
    buf_put_u32(out, (uint32_t)k->subject_count);
    for (size_t i = 0; i < k->subject_count; i++) {
        const struct asked_subject *s = &k->subjects[i];
        join_part(out, s->label);
        buf_put_u32(out, (uint32_t)s->identifier_count);
        for (size_t n = 0; n < s->identifier_count; n++) {
            buf_put_u32(out, (uint32_t)s->identifiers[n].type);
            join_part(out, s->identifiers[n].value);
        }
    }
}

static void get_identifiers(struct cursor *c, struct arena *a, struct asked_subject *s)
{
    s->identifier_count = cursor_u32(c);
    if (s->identifier_count > REQUEST_IDENTIFIERS_MAX)
        cursor_fail(c, ERR_INVALID);
    if (c->err != ERR_OK)
        return;
    struct asked_identifier *v = arena_array(a, s->identifier_count, sizeof *v);
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    for (size_t i = 0; c->err == ERR_OK && i < s->identifier_count; i++) {
        uint32_t type = cursor_u32(c);
        if (type == IDENT_NONE || type >= IDENT_TYPE_COUNT)
            cursor_fail(c, ERR_INVALID);
        v[i] = (struct asked_identifier){(enum ident_type)type, cursor_part(c, IDENT_MAX)};
    }
    s->identifiers = v;
}

static void get_subjects(struct cursor *c, struct arena *a, struct asked *k)
{
    k->subject_count = cursor_u32(c);
    if (k->subject_count > REQUEST_GROUPS_MAX)
        cursor_fail(c, ERR_INVALID);
    if (c->err != ERR_OK)
        return;
    struct asked_subject *v = arena_array(a, k->subject_count, sizeof *v);
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    for (size_t i = 0; c->err == ERR_OK && i < k->subject_count; i++) {
        v[i].label = cursor_part(c, SUBJECT_LABEL_MAX);
        get_identifiers(c, a, &v[i]);
    }
    k->subjects = v;
}

static void put_holders(struct buf *out, const struct asked *k)
{
    buf_put_u32(out, (uint32_t)k->holder_count);
    for (size_t i = 0; i < k->holder_count; i++) {
        join_part(out, agency_id_bytes(&k->holders[i].oin));
        buf_put(out, digest_bytes(&k->holders[i].header_digest));
    }
}

static void get_holders(struct cursor *c, struct arena *a, struct asked *k)
{
    k->holder_count = cursor_u32(c);
    if (k->holder_count > ASK_HEADERS_MAX)
        cursor_fail(c, ERR_INVALID);
    if (c->err != ERR_OK)
        return;
    struct asked_holder *v = arena_array(a, k->holder_count, sizeof *v);
    if (v == NULL)
        cursor_fail(c, ERR_NOMEM);
    for (size_t i = 0; c->err == ERR_OK && i < k->holder_count; i++) {
        get_oin(c, &v[i].oin);
        cursor_copy(c, v[i].header_digest.b, sizeof v[i].header_digest.b);
    }
    k->holders = v;
}

enum err asked_put(struct store *s, struct kv_txn *txn, const struct asked *k)
{
    CLEANUP(buf_free) struct buf out = buf_new(ASKED_MAX_BYTES);
    buf_put_u32(&out, FORMAT);
    buf_put(&out, BYTES_OF_ARRAY(k->id.b));
    buf_put(&out, BYTES_OF_ARRAY(k->case_id.b));
    put_name(&out, &k->staff);
    put_name(&out, &k->rule);
    buf_put_u32(&out, k->rule_version);
    put_name(&out, &k->purpose);
    buf_put_u32(&out, k->epoch);
    buf_put_u32(&out, (uint32_t)k->outcome);
    buf_put_u64(&out, (uint64_t)k->issued_at_s);
    buf_put_u64(&out, (uint64_t)k->deadline_s);
    buf_put_u32(&out, k->keep_days);
    put_subjects(&out, k);
    put_holders(&out, k);
    enum err bad = buf_err(&out);
    return bad != ERR_OK ? bad
                         : store_put(s, txn, STORE_ASK, BYTES_OF_ARRAY(k->id.b), buf_bytes(&out));
}

enum err asked_decode(struct bytes row, struct arena *a, struct asked *out)
{
    struct cursor c = cursor_of(row);
    struct asked k = {0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    cursor_copy(&c, k.id.b, sizeof k.id.b);
    cursor_copy(&c, k.case_id.b, sizeof k.case_id.b);
    get_name(&c, &k.staff);
    get_name(&c, &k.rule);
    k.rule_version = cursor_u32(&c);
    get_name(&c, &k.purpose);
    k.epoch = cursor_u32(&c);
    k.outcome = (enum outcome)cursor_u32(&c);
    if (k.outcome < OUTCOME_SEALED || k.outcome > OUTCOME_REASONED)
        cursor_fail(&c, ERR_INVALID);
    k.issued_at_s = (int64_t)cursor_u64(&c);
    k.deadline_s = (int64_t)cursor_u64(&c);
    k.keep_days = cursor_u32(&c);
    get_subjects(&c, a, &k);
    get_holders(&c, a, &k);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = k;
    return bad;
}

enum err asked_get(struct store *s, struct kv_txn *txn, const struct request_id *id,
                   struct arena *a, struct asked *out)
{
    struct bytes row;
    enum err bad = store_get(s, txn, STORE_ASK, BYTES_OF_ARRAY(id->b), a, &row);
    return bad == ERR_OK ? asked_decode(row, a, out) : bad;
}

enum err asked_header_put(struct store *s, struct kv_txn *txn, const struct digest *digest,
                          const struct asked_header *h)
{
    CLEANUP(buf_free) struct buf out = buf_new(HEADER_ROW_MAX);
    buf_put_u32(&out, FORMAT);
    buf_put(&out, BYTES_OF_ARRAY(h->request.b));
    join_part(&out, agency_id_bytes(&h->holder));
    join_part(&out, h->header);
    buf_put_u32(&out, (uint32_t)h->state);
    buf_put_u64(&out, (uint64_t)h->since_s);
    join_part(&out, h->refusal);
    join_part(&out, h->closed);
    enum err bad = buf_err(&out);
    return bad != ERR_OK
               ? bad
               : store_put(s, txn, STORE_ASK_HEADER, digest_bytes(digest), buf_bytes(&out));
}

static enum err decode_header(struct bytes row, struct asked_header *out)
{
    struct cursor c = cursor_of(row);
    struct asked_header h = {0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    cursor_copy(&c, h.request.b, sizeof h.request.b);
    get_oin(&c, &h.holder);
    h.header = cursor_part(&c, HEADER_ROW_MAX);
    h.state = (enum ask_state)cursor_u32(&c);
    if (h.state < ASK_QUEUED || h.state > ASK_CLOSED)
        cursor_fail(&c, ERR_INVALID);
    h.since_s = (int64_t)cursor_u64(&c);
    h.refusal = cursor_part(&c, HEADER_ROW_MAX);
    h.closed = cursor_part(&c, HEADER_ROW_MAX);
    const enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = h;
    return bad;
}

enum err asked_header_get(struct store *s, struct kv_txn *txn, const struct digest *digest,
                          struct arena *a, struct asked_header *out)
{
    struct bytes row;
    const enum err bad = store_get(s, txn, STORE_ASK_HEADER, digest_bytes(digest), a, &row);
    return bad == ERR_OK ? decode_header(row, out) : bad;
}

enum err asked_header_next(struct store *s, struct kv_txn *txn, const struct digest *after, struct arena *a,
                           struct digest *digest, struct asked_header *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct store_row row;
    const struct digest from = *after;
    enum err bad = store_iter(s, txn, STORE_ASK_HEADER, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_after(it, digest_bytes(&from));
    if (bad == ERR_OK)
        bad = store_next(s, STORE_ASK_HEADER, it, a, &row);
    if (bad == ERR_OK && row.key.len != sizeof digest->b)
        bad = ERR_INVALID;
    if (bad != ERR_OK)
        return bad;
    memcpy(digest->b, row.key.ptr, sizeof digest->b);
    return decode_header(row.plain, out);
}

void asked_header_judge(struct asked_header *h, const struct asked *k, int64_t now_s)
{
    static const char unsaid[] = "the broker never said that it is over: it may have lost this question; ask it again";
    if (h->state != ASK_OPEN || now_s <= k->deadline_s + ASKED_LATE_S)
        return;
    h->state = ASK_CLOSED;
    h->refusal = bytes_str(unsaid);
}

/* Results lie under the header's digest and the consent's. */
static struct bytes result_key(uint8_t key[static 64], const struct digest *header,
                               const struct digest *consent)
{
    memcpy(key, header->b, 32);
    memcpy(key + 32, consent->b, 32);
    return bytes_of(key, 64);
}

enum err result_put(struct store *s, struct kv_txn *txn, const struct digest *header,
                    const struct digest *consent, const struct result *r)
{
    uint8_t room[64];
    struct bytes key = result_key(room, header, consent);
    const bool is_new = r->kind == RESULT_REJECTED || r->kind == RESULT_WAITS;
    enum err bad = is_new ? store_has(s, txn, STORE_ASK_RESULT, key) : ERR_NOT_FOUND;
    if (bad != ERR_NOT_FOUND)
        return bad;
    CLEANUP(buf_free) struct buf out = buf_new(RESULT_ROW_MAX);
    buf_put_u32(&out, FORMAT);
    buf_put_u32(&out, (uint32_t)r->kind);
    buf_put_u64(&out, (uint64_t)r->received_s);
    join_part(&out, r->settled);
    join_part(&out, r->content);
    join_part(&out, r->reason);
    bad = buf_err(&out);
    return bad != ERR_OK ? bad : store_put(s, txn, STORE_ASK_RESULT, key, buf_bytes(&out));
}

static enum err decode_result(struct bytes plain, struct result *out)
{
    struct cursor c = cursor_of(plain);
    struct result r = {0};
    if (cursor_u32(&c) != FORMAT)
        cursor_fail(&c, ERR_VERSION);
    r.kind = (enum result_kind)cursor_u32(&c);
    if (r.kind < RESULT_RELEASED || r.kind > RESULT_WAITS)
        cursor_fail(&c, ERR_INVALID);
    r.received_s = (int64_t)cursor_u64(&c);
    r.settled = cursor_part(&c, RESULT_ROW_MAX);
    r.content = cursor_part(&c, RESULT_ROW_MAX);
    r.reason = cursor_part(&c, RESULT_ROW_MAX);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK)
        *out = r;
    return bad;
}

enum err result_stands(struct store *s, struct kv_txn *txn, const struct digest *header, const struct digest *consent,
                       bool *out)
{
    uint8_t room[64];
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * STORE_VALUE_MAX);
    struct bytes plain;
    struct result r = {.kind = RESULT_WAITS};
    if (a == NULL)
        return ERR_NOMEM;
    enum err bad = store_get(s, txn, STORE_ASK_RESULT, result_key(room, header, consent), a, &plain);
    if (bad == ERR_OK)
        bad = decode_result(plain, &r);
    if (bad != ERR_OK && bad != ERR_NOT_FOUND)
        return bad;
    *out = r.kind != RESULT_REJECTED && r.kind != RESULT_WAITS;
    return ERR_OK;
}

enum err result_iter(struct store *s, struct kv_txn *txn, const struct digest *header,
                     struct kv_iter **out)
{
    return store_iter(s, txn, STORE_ASK_RESULT, digest_bytes(header), out);
}

enum err result_next(struct store *s, struct kv_iter *it, struct arena *a, struct result *out)
{
    struct store_row row;
    enum err bad = store_next(s, STORE_ASK_RESULT, it, a, &row);
    return bad == ERR_OK ? decode_result(row.plain, out) : bad;
}

enum err result_answers(struct store *s, struct kv_txn *txn, const struct digest *header,
                        uint64_t *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    CLEANUP(cleanup_arena_free) struct arena *a = arena_new(2 * STORE_VALUE_MAX);
    struct result r;
    uint64_t n = 0;
    enum err bad = a != NULL ? result_iter(s, txn, header, &it) : ERR_NOMEM;
    while (bad == ERR_OK && (bad = result_next(s, it, a, &r)) == ERR_OK) {
        n += r.kind == RESULT_RELEASED || r.kind == RESULT_KNOWN;
        arena_reset(a);
    }
    if (bad != ERR_NOT_FOUND)
        return bad;
    *out = n;
    return ERR_OK;
}

enum err result_next_waiting(struct store *s, struct kv_txn *txn, const struct result_place *after,
                             struct arena *a, struct result_place *at, struct result *out)
{
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    const struct result_place from = *after;
    enum err bad = store_iter(s, txn, STORE_ASK_RESULT, bytes_of(NULL, 0), &it);
    if (bad == ERR_OK)
        bad = kv_iter_after(it, BYTES_OF_ARRAY(from.key));
    while (bad == ERR_OK) {
        struct store_row row;
        arena_reset(a);
        bad = store_next(s, STORE_ASK_RESULT, it, a, &row);
        if (bad == ERR_OK && row.key.len != sizeof at->key)
            bad = ERR_INVALID;
        if (bad == ERR_OK)
            bad = decode_result(row.plain, out);
        if (bad != ERR_OK || out->kind != RESULT_WAITS)
            continue;
        memcpy(at->key, row.key.ptr, sizeof at->key);
        return ERR_OK;
    }
    return bad;
}

enum err result_del(struct store *s, struct kv_txn *txn, const struct result_place *at)
{
    return store_del(s, txn, STORE_ASK_RESULT, BYTES_OF_ARRAY(at->key));
}

static enum err delete_results(struct store *s, struct kv_txn *txn, const struct digest *header)
{
    size_t deleted = 0;
    enum err bad;
    do {
        bad = kv_del_prefix(txn, store_kv_table(s, STORE_ASK_RESULT), digest_bytes(header), 256,
                            &deleted);
    } while (bad == ERR_OK && deleted == 256);
    return bad;
}

static bool is_of(const struct asked *k, struct bytes tag)
{
    for (size_t i = 0; i < k->holder_count; i++)
        if (bytes_equal(tag, digest_bytes(&k->holders[i].header_digest)))
            return true;
    return false;
}

/* What the broker never answered is not sent after this. */
static enum err delete_unsent(struct store *s, struct kv_txn *txn, const struct asked *k)
{
    struct outbox_head entry = {.id = {0}};
    enum err bad = ERR_OK;
    while (bad == ERR_OK && (bad = outbox_rows_after(s, txn, entry.id, &entry)) == ERR_OK)
        if (entry.kind == MSG_REQUEST && is_of(k, outbox_tag(&entry)))
            bad = outbox_rows_remove(s, txn, entry.id);
    return bad == ERR_NOT_FOUND ? ERR_OK : bad;
}

enum err asked_delete(struct store *s, struct kv_txn *txn, const struct asked *k)
{
    for (size_t i = 0; i < k->holder_count; i++) {
        const struct digest *header = &k->holders[i].header_digest;
        enum err bad = delete_results(s, txn, header);
        if (bad == ERR_OK)
            bad = store_del(s, txn, STORE_ASK_HEADER, digest_bytes(header));
        if (bad != ERR_OK && bad != ERR_NOT_FOUND)
            return bad;
    }
    enum err bad = delete_unsent(s, txn, k);
    if (bad == ERR_OK)
        bad = keep_delete(s, txn, &k->id);
    return bad == ERR_OK ? store_del(s, txn, STORE_ASK, BYTES_OF_ARRAY(k->id.b)) : bad;
}
