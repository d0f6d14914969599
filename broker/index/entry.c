#include "broker/index/entry.h"

#include <stdlib.h>

#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define FLAG_TOMBSTONE 1u
#define AGENCY_AT 17
#define BATCH_AT 42

void entry_put(const struct entry *e, uint8_t out[static ENTRY_BYTES])
{
    struct buf b = buf_fixed(out, ENTRY_BYTES);
    buf_put_u8(&b, (uint8_t)e->type);
    buf_put(&b, BYTES_OF_ARRAY(e->token.b));
    buf_put_u16(&b, e->agency);
    buf_put(&b, BYTES_OF_ARRAY(e->handle.b));
    buf_put_u8(&b, e->tombstone ? FLAG_TOMBSTONE : 0);
    buf_put_u16(&b, e->category);
    buf_put_u32(&b, e->expires_day);
    buf_put_u32(&b, e->batch);
}

enum err entry_get(const uint8_t in[static ENTRY_BYTES], struct entry *out)
{
    struct cursor c = cursor_of(bytes_of(in, ENTRY_BYTES));
    struct entry e = {0};
    unsigned type = cursor_u8(&c);
    cursor_copy(&c, e.token.b, sizeof e.token.b);
    e.agency = cursor_u16(&c);
    cursor_copy(&c, e.handle.b, sizeof e.handle.b);
    unsigned flags = cursor_u8(&c);
    e.category = cursor_u16(&c);
    e.expires_day = cursor_u32(&c);
    e.batch = cursor_u32(&c);
    if (type == IDENT_NONE || type >= IDENT_TYPE_COUNT || flags > FLAG_TOMBSTONE)
        return ERR_UNKNOWN;
    e.type = (enum ident_type)type;
    e.tombstone = flags == FLAG_TOMBSTONE;
    enum err result = cursor_done(&c);
    if (result == ERR_OK)
        *out = e;
    return result;
}

int entry_cmp(const void *a, const void *b)
{
    return memcmp(a, b, ENTRY_KEY_BYTES);
}

void entry_sort(uint8_t *packed, size_t count)
{
    if (count > 1)
        qsort(packed, count, ENTRY_BYTES, entry_cmp);
}

bool entry_is_repeated(const uint8_t *packed, size_t count)
{
    for (size_t i = 1; i < count; i++) {
        if (entry_cmp(packed + (i - 1) * ENTRY_BYTES, packed + i * ENTRY_BYTES) == 0)
            return true;
    }
    return false;
}

void entry_stamp(uint8_t *packed, size_t count, uint16_t agency, uint32_t batch)
{
    const uint8_t a[] = {(uint8_t)(agency >> 8), (uint8_t)agency};
    const uint8_t b[] = {(uint8_t)(batch >> 24), (uint8_t)(batch >> 16), (uint8_t)(batch >> 8),
                         (uint8_t)batch};
    for (size_t i = 0; i < count; i++) {
        memcpy(packed + i * ENTRY_BYTES + AGENCY_AT, a, sizeof a);
        memcpy(packed + i * ENTRY_BYTES + BATCH_AT, b, sizeof b);
    }
}

void entry_lookup_key(enum ident_type type, const struct token *token, uint16_t agency,
                      uint8_t out[static ENTRY_LOOKUP_BYTES])
{
    struct buf b = buf_fixed(out, ENTRY_LOOKUP_BYTES);
    buf_put_u8(&b, (uint8_t)type);
    buf_put(&b, BYTES_OF_ARRAY(token->b));
    buf_put_u16(&b, agency);
}

enum err block_open(struct bytes value, struct block *out)
{
    if (value.len == 0 || value.len > BLOCK_BYTES || value.len % ENTRY_BYTES != 0)
        return ERR_INVALID;
    *out = (struct block){value.ptr, value.len / ENTRY_BYTES};
    return ERR_OK;
}

enum err block_check(struct bytes value, struct block *out)
{
    struct block b;
    enum err e = block_open(value, &b);
    for (size_t i = 0; e == ERR_OK && i < b.count; i++) {
        struct entry one;
        e = entry_get(block_at(&b, i), &one);
        if (e == ERR_OK && i > 0 && entry_cmp(block_at(&b, i - 1), block_at(&b, i)) >= 0)
            e = ERR_INVALID;
    }
    if (e == ERR_OK)
        *out = b;
    return e;
}

size_t block_from(const struct block *b, struct bytes key)
{
    size_t low = 0;
    size_t high = key.len > 0 ? b->count : 0;
    size_t len = key.len < ENTRY_KEY_BYTES ? key.len : ENTRY_KEY_BYTES;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (memcmp(block_at(b, mid), key.ptr, len) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}
