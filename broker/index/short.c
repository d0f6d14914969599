#include "broker/index/short.h"

#include "broker/index/internal.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define KEY_BYTES (1 + OIN_CHARS)

static struct bytes agency_key(const struct agency_id *id, uint8_t out[static KEY_BYTES])
{
    struct buf b = buf_fixed(out, KEY_BYTES);
    buf_put_u8(&b, SHORT_AGENCY_NUMBER);
    buf_put(&b, agency_id_bytes(id));
    return buf_bytes(&b);
}

static struct bytes number_key(int tag, uint32_t number, uint8_t out[static KEY_BYTES])
{
    struct buf b = buf_fixed(out, KEY_BYTES);
    buf_put_u8(&b, (uint8_t)tag);
    buf_put_u32(&b, number);
    return buf_bytes(&b);
}

/* The number behind the greatest of a tag, up to most. */
static enum err next_number(struct index *ix, struct kv_txn *txn, int tag, uint32_t most,
                            uint32_t *out)
{
    uint8_t prefix = (uint8_t)tag;
    struct bytes key;
    uint32_t last = 0;
    enum err e = kv_last(txn, ix->shorts, bytes_of(&prefix, 1), &key, NULL);
    if (e == ERR_OK) {
        struct cursor c = cursor_of(key);
        cursor_u8(&c);
        last = cursor_u32(&c);
        e = cursor_done(&c);
    } else if (e == ERR_NOT_FOUND) {
        e = ERR_OK;
    }
    if (e == ERR_OK && last >= most)
        e = ERR_LIMIT;
    if (e == ERR_OK)
        *out = last + 1;
    return e;
}

enum err short_agency(struct index *ix, struct kv_txn *txn, const struct agency_id *id,
                      uint16_t *out)
{
    uint8_t key[KEY_BYTES];
    struct bytes value;
    enum err e = kv_get(txn, ix->shorts, agency_key(id, key), &value);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(value);
    uint16_t number = cursor_u16(&c);
    e = cursor_done(&c);
    if (e == ERR_OK)
        *out = number;
    return e;
}

enum err short_agency_make(struct index *ix, struct kv_txn *txn, const struct agency_id *id,
                           uint16_t *out)
{
    enum err e = short_agency(ix, txn, id, out);
    if (e != ERR_NOT_FOUND)
        return e;
    uint32_t number = 0;
    uint8_t key[KEY_BYTES];
    e = next_number(ix, txn, SHORT_AGENCY, UINT16_MAX, &number);
    if (e == ERR_OK)
        e = kv_put_new(txn, ix->shorts, number_key(SHORT_AGENCY, number, key), agency_id_bytes(id));
    uint8_t value[2] = {(uint8_t)(number >> 8), (uint8_t)number};
    if (e == ERR_OK)
        e = kv_put_new(txn, ix->shorts, agency_key(id, key), BYTES_OF_ARRAY(value));
    if (e == ERR_OK)
        *out = (uint16_t)number;
    return e;
}

enum err short_batch_make(struct index *ix, struct kv_txn *txn, const struct batch_id *id,
                          uint32_t *out)
{
    uint32_t number = 0;
    uint8_t key[KEY_BYTES];
    enum err e = next_number(ix, txn, SHORT_BATCH, UINT32_MAX - 1, &number);
    if (e == ERR_OK)
        e = kv_put_new(txn, ix->shorts, number_key(SHORT_BATCH, number, key),
                       BYTES_OF_ARRAY(id->b));
    if (e == ERR_OK)
        *out = number;
    return e;
}

enum err short_batch_id(struct index *ix, struct kv_txn *txn, uint32_t number, struct batch_id *out)
{
    uint8_t key[KEY_BYTES];
    struct bytes value;
    enum err e = kv_get(txn, ix->shorts, number_key(SHORT_BATCH, number, key), &value);
    if (e == ERR_OK && value.len != sizeof out->b)
        e = ERR_INVALID;
    if (e == ERR_OK)
        memcpy(out->b, value.ptr, sizeof out->b);
    return e;
}
