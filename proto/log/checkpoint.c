#include "proto/log/checkpoint.h"

#include "proto/base/cursor.h"
#include "proto/base/text.h"

static enum err parse_root(struct bytes text, struct digest *out)
{
    struct digest root;
    struct buf b = buf_fixed(root.b, sizeof root.b);
    enum err e = text_get_base64(text, &b);
    if (e != ERR_OK || b.len != sizeof root.b)
        return ERR_INVALID;
    *out = root;
    return ERR_OK;
}

/* Extension lines are not empty. */
static enum err check_extension(struct bytes text)
{
    struct cursor c = cursor_of(text);
    while (c.err == ERR_OK && c.left > 0) {
        if (cursor_line(&c).len == 0)
            cursor_fail(&c, ERR_INVALID);
    }
    return cursor_done(&c);
}

enum err checkpoint_parse(struct bytes text, struct checkpoint *out)
{
    struct cursor c = cursor_of(text);
    struct checkpoint p = {.origin = cursor_line(&c)};
    struct bytes size = cursor_line(&c);
    struct bytes root = cursor_line(&c);
    if (c.err != ERR_OK)
        return c.err;
    p.extension = bytes_of(c.pos, c.left);
    if (p.origin.len == 0)
        return ERR_INVALID;
    enum err e = text_get_u64(size, INT64_MAX, &p.size);
    if (e == ERR_OK)
        e = parse_root(root, &p.root);
    if (e == ERR_OK)
        e = check_extension(p.extension);
    if (e == ERR_OK)
        *out = p;
    return e;
}

void checkpoint_write(const struct checkpoint *c, struct buf *out)
{
    buf_put(out, c->origin);
    buf_printf(out, "\n%llu\n", (unsigned long long)c->size);
    text_put_base64(out, digest_bytes(&c->root));
    buf_put_u8(out, '\n');
    buf_put(out, c->extension);
}
