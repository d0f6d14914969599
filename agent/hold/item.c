#include "agent/hold/item.h"

#include "proto/base/cursor.h"
#include "proto/base/join.h"

#define ITEM_ROW 4u
#define ITEM_ROW_BEFORE_TWINS 3u /* of another epoch's question: handle and digest alone */
#define ITEM_ROW_BEFORE_EPOCHS 2u
#define ITEM_ROW_BEFORE_COMPARTMENTS 1u
#define PART_MAX ((size_t)1 << 20)
#define NUMBER_BYTES 8
#define DUE_BYTES 16
#define LINK_BYTES 24

const char *item_state_id(enum item_state s)
{
    switch (s) {
    case ITEM_OPEN: return "open";
    case ITEM_DECIDED: return "decided";
    case ITEM_SENT: return "sent";
    case ITEM_SETTLED: return "settled";
    case ITEM_FAILED: return "failed";
    case ITEM_ENDED: return "ended";
    }
    return "?";
}

const char *comparison_id(enum comparison r)
{
    switch (r) {
    case COMPARED_ABSENT: return "absent";
    case COMPARED_EQUAL: return "equal";
    case COMPARED_DIFFERS: return "differs";
    }
    return "?";
}

static void put_consents(struct buf *b, const struct hold_item *i)
{
    buf_put_u8(b, (uint8_t)i->consent_count);
    for (size_t k = 0; k < i->consent_count; k++) {
        join_part(b, i->consents[k].consent);
        join_part(b, i->consents[k].signature);
        buf_put(b, digest_bytes(&i->consents[k].fingerprint));
    }
}

static void put_matched(struct buf *b, const struct matched_place *v, size_t count)
{
    buf_put_u8(b, (uint8_t)count);
    for (size_t k = 0; k < count; k++) {
        buf_put_u8(b, v[k].place);
        buf_put_u8(b, (uint8_t)v[k].type);
    }
}

static void put_twin(struct buf *b, const struct item_twin *t)
{
    buf_put(b, BYTES_OF_ARRAY(t->handle.b));
    buf_put(b, digest_bytes(&t->header_digest));
    join_part(b, t->header);
    buf_put(b, digest_bytes(&t->record_leaf));
    put_matched(b, t->matched, t->matched_count);
}

static void encode(const struct hold_item *i, struct buf *b)
{
    buf_put_u8(b, ITEM_ROW);
    buf_put_u8(b, (uint8_t)i->state);
    buf_put_u8(b, i->emptied);
    buf_put(b, BYTES_OF_ARRAY(i->nonce.b));
    buf_put_u64(b, (uint64_t)i->arrived_s);
    buf_put_u64(b, (uint64_t)i->due_s);
    buf_put_u32(b, i->keep_hit);
    buf_put_u32(b, i->keep_release);
    join_part(b, name_bytes(&i->claimed_by));
    buf_put_u32(b, i->folded);
    join_part(b, i->header);
    buf_put(b, digest_bytes(&i->header_digest));
    buf_put_u32(b, i->group);
    buf_put(b, BYTES_OF_ARRAY(i->handle.b));
    buf_put(b, digest_bytes(&i->record_leaf));
    buf_put(b, digest_bytes(&i->content));
    join_part(b, name_bytes(&i->function));
    put_matched(b, i->matched, i->matched_count);
    buf_put_u8(b, (uint8_t)i->control_name);
    buf_put_u8(b, (uint8_t)i->control_birth);
    join_part(b, i->sealed);
    put_consents(b, i);
    join_part(b, i->refusal);
    join_part(b, name_bytes(&i->compartment));
    put_twin(b, &i->twin);
}

static void get_consents(struct cursor *c, struct hold_item *i)
{
    i->consent_count = cursor_u8(c);
    if (i->consent_count > ARRAY_LEN(i->consents)) {
        cursor_fail(c, ERR_INVALID);
        i->consent_count = 0;
    }
    for (size_t k = 0; k < i->consent_count; k++) {
        i->consents[k].consent = cursor_part(c, PART_MAX);
        i->consents[k].signature = cursor_part(c, PART_MAX);
        cursor_copy(c, i->consents[k].fingerprint.b, sizeof i->consents[k].fingerprint.b);
    }
}

static void get_name(struct cursor *c, struct name *out)
{
    struct bytes text = cursor_part(c, NAME_MAX_BYTES);
    if (text.len > 0)
        cursor_fail(c, name_parse(text, out));
}

static size_t get_matched(struct cursor *c, struct matched_place v[static ITEM_MATCHED_MAX])
{
    size_t count = cursor_u8(c);
    if (count > ITEM_MATCHED_MAX) {
        cursor_fail(c, ERR_INVALID);
        count = 0;
    }
    for (size_t k = 0; k < count; k++) {
        v[k].place = cursor_u8(c);
        v[k].type = (enum ident_type)cursor_u8(c);
        if (v[k].type <= IDENT_NONE || v[k].type >= IDENT_TYPE_COUNT)
            cursor_fail(c, ERR_INVALID);
    }
    return count;
}

static void get_twin(struct cursor *c, uint8_t format, struct item_twin *t)
{
    if (format < ITEM_ROW_BEFORE_TWINS)
        return;
    cursor_copy(c, t->handle.b, sizeof t->handle.b);
    cursor_copy(c, t->header_digest.b, sizeof t->header_digest.b);
    if (format == ITEM_ROW_BEFORE_TWINS)
        return;
    t->header = cursor_part(c, PART_MAX);
    cursor_copy(c, t->record_leaf.b, sizeof t->record_leaf.b);
    t->matched_count = get_matched(c, t->matched);
}

static enum err decode(struct bytes row, struct hold_item *out)
{
    struct cursor c = cursor_of(row);
    struct hold_item i = {.number = out->number};
    uint8_t format = cursor_u8(&c);
    if (format < ITEM_ROW_BEFORE_COMPARTMENTS || format > ITEM_ROW)
        return ERR_INVALID;
    i.state = (enum item_state)cursor_u8(&c);
    i.emptied = cursor_u8(&c) != 0;
    cursor_copy(&c, i.nonce.b, sizeof i.nonce.b);
    i.arrived_s = (int64_t)cursor_u64(&c);
    i.due_s = (int64_t)cursor_u64(&c);
    i.keep_hit = cursor_u32(&c);
    i.keep_release = cursor_u32(&c);
    get_name(&c, &i.claimed_by);
    i.folded = cursor_u32(&c);
    i.header = cursor_part(&c, PART_MAX);
    cursor_copy(&c, i.header_digest.b, sizeof i.header_digest.b);
    i.group = cursor_u32(&c);
    cursor_copy(&c, i.handle.b, sizeof i.handle.b);
    cursor_copy(&c, i.record_leaf.b, sizeof i.record_leaf.b);
    cursor_copy(&c, i.content.b, sizeof i.content.b);
    get_name(&c, &i.function);
    i.matched_count = get_matched(&c, i.matched);
    i.control_name = (enum comparison)cursor_u8(&c);
    i.control_birth = (enum comparison)cursor_u8(&c);
    i.sealed = cursor_part(&c, PART_MAX);
    get_consents(&c, &i);
    i.refusal = cursor_part(&c, PART_MAX);
    if (format >= ITEM_ROW_BEFORE_EPOCHS)
        get_name(&c, &i.compartment);
    get_twin(&c, format, &i.twin);
    enum err bad = cursor_done(&c);
    if (bad == ERR_OK && (i.state < ITEM_OPEN || i.state > ITEM_ENDED))
        bad = ERR_INVALID;
    if (bad == ERR_OK)
        *out = i;
    return bad;
}

static struct bytes number_key(uint64_t number, uint8_t room[static NUMBER_BYTES])
{
    struct buf b = buf_fixed(room, NUMBER_BYTES);
    buf_put_u64(&b, number);
    return buf_bytes(&b);
}

static struct bytes due_key(const struct hold_item *i, uint8_t room[static DUE_BYTES])
{
    struct buf b = buf_fixed(room, DUE_BYTES);
    buf_put_u64(&b, (uint64_t)i->due_s);
    buf_put_u64(&b, i->number);
    return buf_bytes(&b);
}

static struct bytes link_key(const struct request_id *request, uint64_t number,
                             uint8_t room[static LINK_BYTES])
{
    struct buf b = buf_fixed(room, LINK_BYTES);
    buf_put(&b, BYTES_OF_ARRAY(request->b));
    buf_put_u64(&b, number);
    return buf_bytes(&b);
}

enum err item_put(struct store *s, struct kv_txn *txn, const struct hold_item *item,
                  const struct hold_item *old)
{
    uint8_t room[DUE_BYTES];
    CLEANUP(buf_free) struct buf row = buf_new(STORE_VALUE_MAX);
    encode(item, &row);
    enum err bad = buf_err(&row);
    if (bad == ERR_OK && old != NULL)
        bad = store_del(s, txn, STORE_HOLD_DUE, due_key(old, room));
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_HOLD_ITEM, number_key(item->number, room), buf_bytes(&row));
    if (bad == ERR_OK)
        bad = store_put(s, txn, STORE_HOLD_DUE, due_key(item, room), bytes_of(NULL, 0));
    return bad;
}

enum err item_next_number(struct store *s, struct kv_txn *txn, uint64_t *out)
{
    uint64_t last = 0;
    enum err bad = store_get_number(s, txn, "hold_item", &last);
    if (bad == ERR_OK)
        bad = store_put_number(s, txn, "hold_item", last + 1);
    if (bad == ERR_OK)
        *out = last + 1;
    return bad;
}

enum err item_get(struct store *s, struct kv_txn *txn, uint64_t number, struct arena *a,
                  struct hold_item *out)
{
    uint8_t room[NUMBER_BYTES];
    struct bytes row;
    struct hold_item found = {.number = number};
    enum err bad = store_get(s, txn, STORE_HOLD_ITEM, number_key(number, room), a, &row);
    if (bad == ERR_OK)
        bad = decode(row, &found);
    if (bad == ERR_OK)
        *out = found;
    return bad;
}

enum err item_delete(struct store *s, struct kv_txn *txn, const struct hold_item *item,
                     const struct request_id *request)
{
    uint8_t room[LINK_BYTES];
    enum err bad = store_del(s, txn, STORE_HOLD_ITEM, number_key(item->number, room));
    if (bad == ERR_OK)
        bad = store_del(s, txn, STORE_HOLD_DUE, due_key(item, room));
    if (bad == ERR_OK)
        bad = store_del(s, txn, STORE_HOLD_ASK, link_key(request, item->number, room));
    return bad;
}

enum err item_link(struct store *s, struct kv_txn *txn, const struct request_id *request,
                   uint64_t number)
{
    uint8_t room[LINK_BYTES];
    return store_put(s, txn, STORE_HOLD_ASK, link_key(request, number, room), bytes_of(NULL, 0));
}

enum err item_iter_all(struct store *s, struct kv_txn *txn, struct item_iter *out)
{
    out->skip = 0;
    return store_iter(s, txn, STORE_HOLD_ITEM, bytes_of(NULL, 0), &out->rows);
}

enum err item_iter_request(struct store *s, struct kv_txn *txn, const struct request_id *request,
                           struct item_iter *out)
{
    out->skip = sizeof request->b;
    return store_iter(s, txn, STORE_HOLD_ASK, BYTES_OF_ARRAY(request->b), &out->rows);
}

enum err item_iter_next(struct item_iter *it, uint64_t *number)
{
    struct bytes key;
    enum err bad = kv_iter_next(it->rows, &key, NULL);
    if (bad != ERR_OK)
        return bad;
    struct cursor c = cursor_of(key);
    cursor_bytes(&c, it->skip);
    uint64_t found = cursor_u64(&c);
    bad = cursor_done(&c);
    if (bad == ERR_OK)
        *number = found;
    return bad;
}

void item_iter_end(struct item_iter *it)
{
    kv_iter_free(take(it->rows));
}

enum err item_first_due(struct store *s, struct kv_txn *txn, int64_t now_s, uint64_t *number)
{
    struct item_iter it = {.skip = 0};
    struct bytes key;
    enum err bad = store_iter(s, txn, STORE_HOLD_DUE, bytes_of(NULL, 0), &it.rows);
    if (bad == ERR_OK)
        bad = kv_iter_next(it.rows, &key, NULL);
    if (bad == ERR_OK) {
        struct cursor c = cursor_of(key);
        int64_t due = (int64_t)cursor_u64(&c);
        uint64_t found = cursor_u64(&c);
        bad = cursor_done(&c);
        if (bad == ERR_OK && due > now_s)
            bad = ERR_NOT_FOUND;
        if (bad == ERR_OK)
            *number = found;
    }
    item_iter_end(&it);
    return bad;
}

bool item_has_twin(const struct hold_item *item)
{
    static const struct handle none;
    return !bytes_equal(BYTES_OF_ARRAY(item->twin.handle.b), BYTES_OF_ARRAY(none.b));
}

void item_empty(struct hold_item *item)
{
    item->emptied = true;
    item->sealed = bytes_of(NULL, 0);
    item->matched_count = 0;
    item->twin.header = bytes_of(NULL, 0);
    item->twin.matched_count = 0;
}
