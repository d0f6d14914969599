#include "agent/pseudonym.h"

#include "pki/mac.h"
#include "proto/base/join.h"
#include "proto/base/text.h"
#include "proto/base/when.h"

#define PSEUDONYM_BYTES 8
#define MONTH_CHARS 7 /* YYYY-MM */

static enum err tag_of(const struct secret *key, const struct bytes *part,
                       uint8_t tag[static MAC_BYTES])
{
    CLEANUP(cleanup_mac_free) struct mac *mac = NULL;
    enum err bad = mac_new(key, &mac);
    return bad == ERR_OK ? mac_compute(mac, part, 1, tag) : bad;
}

enum err pseudonym_of(const struct secret *key, const struct name *staff, int64_t now_s,
                      struct name *out)
{
    char date[WHEN_TEXT_SIZE];
    uint8_t room[256];
    uint8_t tag[MAC_BYTES];
    uint8_t text[2 * PSEUDONYM_BYTES];
    when_text(now_s, date);
    struct buf joined = buf_fixed(room, sizeof room);
    join_part(&joined, name_bytes(staff));
    join_part(&joined, bytes_of(date, MONTH_CHARS));
    const struct bytes part = buf_bytes(&joined);
    enum err bad = buf_err(&joined);
    if (bad == ERR_OK)
        bad = tag_of(key, &part, tag);
    if (bad != ERR_OK)
        return bad;
    struct buf hex = buf_fixed(text, sizeof text);
    text_put_hex(&hex, bytes_of(tag, PSEUDONYM_BYTES));
    return name_parse(buf_bytes(&hex), out);
}
