#include "proto/log/body_copy.h"

#include <string.h>

#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/base/label.h"
#include "proto/base/text.h"

#define RECORD_HEAD (sizeof(uint64_t) + sizeof(struct digest))
#define DAY_DIGITS 5u
#define RANDOM_BYTES 8u
#define FILLER "filler-"
#define FILLER_BYTES (sizeof FILLER - 1)

_Static_assert(DAY_DIGITS + 1 + 2 * RANDOM_BYTES < BODY_COPY_NAME_SIZE, "a segment's name fits");
_Static_assert(FILLER_BYTES + 2 * RANDOM_BYTES < BODY_COPY_NAME_SIZE, "a filler key's name fits");

void body_copy_put(struct buf *out, const struct body_copy_record *r)
{
    buf_put_u32(out, (uint32_t)(RECORD_HEAD + r->sealed.len));
    buf_put_u64(out, r->index);
    buf_put(out, digest_bytes(&r->entry));
    buf_put(out, r->sealed);
}

enum err body_copy_next(struct bytes *rest, struct body_copy_record *out)
{
    struct cursor c = cursor_of(*rest);
    if (rest->len == 0)
        return ERR_NOT_FOUND;
    const uint32_t n = cursor_u32(&c);
    if (c.err == ERR_OK && (n < RECORD_HEAD || n > RECORD_HEAD + BODY_COPY_SEALED_MAX))
        return ERR_TOO_LARGE;
    const struct bytes record = cursor_bytes(&c, n);
    if (c.err != ERR_OK)
        return ERR_TRUNCATED;
    struct body_copy_record r;
    struct cursor in = cursor_of(record);
    r.index = cursor_u64(&in);
    cursor_copy(&in, r.entry.b, sizeof r.entry.b);
    r.sealed = cursor_bytes(&in, in.left);
    *rest = bytes_of(c.pos, c.left);
    *out = r;
    return ERR_OK;
}

void body_copy_name_of(uint32_t day, struct bytes random, struct body_copy_name *out)
{
    struct buf b = buf_fixed(out->s, sizeof out->s - 1);
    buf_printf(&b, "%05u-", (unsigned)(day < BODY_COPY_FOR_GOOD ? day : BODY_COPY_FOR_GOOD));
    text_put_hex(&b, bytes_of(random.ptr, random.len < RANDOM_BYTES ? random.len : RANDOM_BYTES));
    out->s[b.len] = '\0';
}

enum err body_copy_name_parse(const char *text, struct body_copy_name *out, uint32_t *day)
{
    const size_t n = DAY_DIGITS + 1 + 2 * RANDOM_BYTES;
    uint8_t random[RANDOM_BYTES];
    uint64_t number = 0;
    const size_t len = strlen(text);
    if (len < n || (text[n] != '\0' && text[n] != '.') || text[DAY_DIGITS] != '-')
        return ERR_INVALID;
    for (size_t i = 0; i < DAY_DIGITS; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ERR_INVALID;
        number = 10 * number + (uint64_t)(text[i] - '0');
    }
    if (text_get_hex(bytes_of(text + DAY_DIGITS + 1, 2 * RANDOM_BYTES), random, sizeof random) !=
        ERR_OK)
        return ERR_INVALID;
    memcpy(out->s, text, n);
    out->s[n] = '\0';
    *day = (uint32_t)number;
    return ERR_OK;
}

void body_copy_filler_name(const struct digest *commitment, struct body_copy_name *out)
{
    struct buf b = buf_fixed(out->s, sizeof out->s - 1);
    buf_put_str(&b, FILLER);
    text_put_hex(&b, bytes_of(commitment->b, RANDOM_BYTES));
    out->s[b.len] = '\0';
}

enum err body_copy_filler_parse(const char *text, struct body_copy_name *out)
{
    const size_t n = FILLER_BYTES + 2 * RANDOM_BYTES;
    uint8_t start[RANDOM_BYTES];
    const size_t len = strlen(text);
    if (len < n || (text[n] != '\0' && text[n] != '.') || memcmp(text, FILLER, FILLER_BYTES) != 0 ||
        text_get_hex(bytes_of(text + FILLER_BYTES, 2 * RANDOM_BYTES), start, sizeof start) != ERR_OK)
        return ERR_INVALID;
    memcpy(out->s, text, n);
    out->s[n] = '\0';
    return ERR_OK;
}

void body_copy_content_put(struct buf *out, const struct body_copy_content *c)
{
    join_str(out, LABEL_BODY_COPY);
    join_part(out, c->deployment);
    join_part(out, c->origin);
    join_part(out, c->name);
    join_part(out, c->key);
}

enum err body_copy_content_parse(struct bytes data, struct body_copy_content *out)
{
    struct cursor c = cursor_of(data);
    struct body_copy_content r;
    const struct bytes label = cursor_part(&c, 64);
    r.deployment = cursor_part(&c, NAME_MAX_BYTES);
    r.origin = cursor_part(&c, 256);
    r.name = cursor_part(&c, BODY_COPY_NAME_SIZE);
    r.key = cursor_part(&c, BODY_COPY_KEY_BYTES);
    enum err e = cursor_done(&c);
    if (e == ERR_OK && (!bytes_is(label, LABEL_BODY_COPY) || r.key.len != BODY_COPY_KEY_BYTES))
        e = ERR_INVALID;
    if (e == ERR_OK)
        *out = r;
    return e;
}
