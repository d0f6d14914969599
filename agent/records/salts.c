#include "agent/records/salts.h"

#include <stdlib.h>

#include "pki/mac.h"
#include "proto/base/buf.h"

struct salts {
    struct mac *mac;
};

enum err salts_new(const struct secret *batch_secret, struct salts **out)
{
    CLEANUP(cleanup_salts_free) struct salts *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    enum err bad = mac_new(batch_secret, &s->mac);
    if (bad == ERR_OK)
        *out = take(s);
    return bad;
}

void salts_free(struct salts *s)
{
    if (s == NULL)
        return;
    mac_free(s->mac);
    free(s);
}

static enum err pair(struct salts *s, uint32_t index, size_t n, uint8_t sum[static MAC_BYTES])
{
    uint8_t room[8];
    struct buf b = buf_fixed(room, sizeof room);
    buf_put_u32(&b, index);
    buf_put_u32(&b, (uint32_t)n);
    const struct bytes part = buf_bytes(&b);
    return mac_compute(s->mac, &part, 1, sum);
}

enum err salts_of(struct salts *s, struct salt_range range, struct salt *out)
{
    uint8_t sum[MAC_BYTES];
    for (size_t i = 0; i < range.count; i++) {
        size_t n = range.first + i;
        enum err bad = i == 0 || n % 2 == 0 ? pair(s, range.index, n / 2, sum) : ERR_OK;
        if (bad != ERR_OK)
            return bad;
        memcpy(out[i].b, sum + 16 * (n % 2), sizeof out[i].b);
    }
    secret_wipe(sum, sizeof sum);
    return ERR_OK;
}
