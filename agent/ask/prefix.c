#include "agent/ask/prefix.h"

#include "proto/base/text.h"

/* Whether the id's hex form starts with the digits, of which an odd last one is half a byte. */
static bool starts_with(struct bytes id, const uint8_t *head, size_t digits)
{
    size_t whole = digits / 2;
    if (id.len != PREFIX_ID_BYTES || memcmp(id.ptr, head, whole) != 0)
        return false;
    return digits % 2 == 0 || (id.ptr[whole] & 0xf0) == (head[whole] & 0xf0);
}

static enum err read_head(const struct prefix_search *q, uint8_t head[static PREFIX_ID_BYTES])
{
    char padded[2 * PREFIX_ID_BYTES];
    if (q->hex.len < PREFIX_HEX_MIN || q->hex.len > sizeof padded)
        return ERR_INVALID;
    memset(padded, '0', sizeof padded);
    memcpy(padded, q->hex.ptr, q->hex.len);
    return text_get_hex(BYTES_OF_ARRAY(padded), head, PREFIX_ID_BYTES);
}

enum err prefix_find(const struct prefix_search *q, struct kv_txn *txn,
                     uint8_t out[static PREFIX_ID_BYTES], struct errmsg *why)
{
    uint8_t head[PREFIX_ID_BYTES];
    enum err bad = read_head(q, head);
    if (bad != ERR_OK)
        return errmsg_set(why, bad, "a %s is named by the first %d to %d hex digits of its id",
                          q->what, PREFIX_HEX_MIN, 2 * PREFIX_ID_BYTES);
    CLEANUP(cleanup_kv_iter_free) struct kv_iter *it = NULL;
    struct bytes key;
    size_t found = 0;
    bad = kv_iter_new(txn, q->table, bytes_of(head, q->hex.len / 2), &it);
    while (bad == ERR_OK && (bad = kv_iter_next(it, &key, NULL)) == ERR_OK) {
        if (!starts_with(key, head, q->hex.len))
            continue;
        memcpy(out, key.ptr, PREFIX_ID_BYTES);
        found++;
    }
    if (bad != ERR_NOT_FOUND)
        return bad;
    if (found == 0)
        return errmsg_set(why, ERR_NOT_FOUND, "no %s begins with that", q->what);
    return found == 1 ? ERR_OK
                      : errmsg_set(why, ERR_CONFLICT, "%zu %ss begin with that; give more digits",
                                   found, q->what);
}
