#include "agent/records/handle_code.h"

#include <stdlib.h>

#include "pki/mac.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

#define ROUNDS 6
#define HALF 8

struct handle_code {
    struct mac *mac;
};

enum err handle_code_new(const struct secret *key, struct handle_code **out)
{
    CLEANUP(cleanup_handle_code_free) struct handle_code *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    enum err bad = mac_new(key, &c->mac);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

void handle_code_free(struct handle_code *c)
{
    if (c == NULL)
        return;
    mac_free(c->mac);
    free(c);
}

/* to ^= HMAC(round | from), cut to a half. */
static enum err mix(struct handle_code *c, uint8_t round, const uint8_t *from, uint8_t *to)
{
    uint8_t sum[MAC_BYTES];
    const struct bytes parts[] = {bytes_of(&round, 1), bytes_of(from, HALF)};
    enum err bad = mac_compute(c->mac, parts, ARRAY_LEN(parts), sum);
    for (size_t i = 0; bad == ERR_OK && i < HALF; i++)
        to[i] ^= sum[i];
    return bad;
}

enum err handle_of_place(struct handle_code *c, struct record_place place, struct handle *out)
{
    uint8_t block[2 * HALF];
    struct buf b = buf_fixed(block, sizeof block);
    buf_put_u32(&b, place.batch);
    buf_put_u32(&b, place.index);
    buf_put_u64(&b, 0);
    enum err bad = buf_err(&b);
    for (uint8_t r = 0; bad == ERR_OK && r < ROUNDS; r++)
        bad = mix(c, r, block + (r % 2 == 0 ? HALF : 0), block + (r % 2 == 0 ? 0 : HALF));
    if (bad == ERR_OK)
        memcpy(out->b, block, sizeof block);
    return bad;
}

enum err handle_to_place(struct handle_code *c, const struct handle *handle,
                         struct record_place *out)
{
    uint8_t block[2 * HALF];
    memcpy(block, handle->b, sizeof block);
    enum err bad = ERR_OK;
    for (uint8_t r = ROUNDS; bad == ERR_OK && r-- > 0;)
        bad = mix(c, r, block + (r % 2 == 0 ? HALF : 0), block + (r % 2 == 0 ? 0 : HALF));
    if (bad != ERR_OK)
        return bad;
    struct cursor cur = cursor_of(bytes_of(block, sizeof block));
    struct record_place place = {.batch = cursor_u32(&cur)};
    place.index = cursor_u32(&cur);
    if (cursor_u64(&cur) != 0 || place.batch == 0)
        return ERR_NOT_FOUND;
    *out = place;
    return ERR_OK;
}
