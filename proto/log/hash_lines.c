#include "proto/log/hash_lines.h"

#include "proto/base/text.h"

static enum err parse_hash(struct bytes line, struct digest *out)
{
    struct buf b = buf_fixed(out->b, sizeof out->b);
    const enum err e = text_get_base64(line, &b);
    return e == ERR_OK && b.len == sizeof out->b ? ERR_OK : ERR_INVALID;
}

enum err hash_lines_parse(struct cursor *c, size_t max, struct merkle_hashes *out)
{
    out->count = 0;
    for (;;) {
        const struct bytes line = cursor_line(c);
        if (c->err != ERR_OK)
            return c->err;
        if (line.len == 0)
            return ERR_OK;
        if (out->count == max)
            return ERR_TOO_LARGE;
        const enum err e = parse_hash(line, &out->h[out->count]);
        if (e != ERR_OK)
            return e;
        out->count++;
    }
}

void hash_lines_write(const struct merkle_hashes *hashes, struct buf *out)
{
    for (size_t i = 0; i < hashes->count; i++) {
        text_put_base64(out, digest_bytes(&hashes->h[i]));
        buf_put_u8(out, '\n');
    }
    buf_put_u8(out, '\n');
}
