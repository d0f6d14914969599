#include "agent/renew/term.h"

#include "proto/base/cursor.h"
#include "proto/base/hash.h"

#define AGAIN_LEAST_S 600
#define AGAIN_MOST_S 86400

enum err renew_term_of(const struct cert *c, struct mac *mac, struct renew_term *out)
{
    const int64_t life_s = cert_not_after(c) - cert_not_before(c);
    const int64_t spread_s = life_s / 12;
    const struct bytes fingerprint = digest_bytes(cert_fingerprint(c));
    uint8_t drawn[MAC_BYTES];
    enum err bad = mac_compute(mac, &fingerprint, 1, drawn);
    if (bad != ERR_OK)
        return bad;
    struct cursor from = cursor_of(BYTES_OF_ARRAY(drawn));
    const uint64_t number = cursor_u64(&from) >> 1;
    int64_t again_s = life_s / 24;
    again_s = again_s < AGAIN_LEAST_S ? AGAIN_LEAST_S : again_s;
    const int64_t from_s = cert_not_before(c) + life_s - life_s / 3;
    *out = (struct renew_term){
        .from_s = from_s,
        .due_s = from_s + (int64_t)(number % (uint64_t)(spread_s + 1)),
        .again_s = again_s > AGAIN_MOST_S ? AGAIN_MOST_S : again_s,
        .ends_s = cert_not_after(c),
    };
    return ERR_OK;
}
