#include "pki/pad.h"

#include "proto/base/cursor.h"

#define LENGTH_BYTES 4
#define LEAST_CLASS ((size_t)1024)

size_t pad_class(size_t n, size_t least_bytes)
{
    for (size_t size = LEAST_CLASS; size <= PAD_MAX_BYTES; size *= 2) {
        if (size >= least_bytes && n <= size - LENGTH_BYTES)
            return size;
    }
    return 0;
}

enum err pad_put(struct buf *out, struct bytes content, size_t least_bytes)
{
    size_t size = pad_class(content.len, least_bytes);
    if (size == 0)
        return ERR_TOO_LARGE;
    buf_put_u32(out, (uint32_t)content.len);
    buf_put(out, content);
    (void)buf_reserve(out, size - LENGTH_BYTES - content.len);
    return buf_err(out);
}

enum err pad_get(struct bytes padded, struct bytes *content)
{
    struct cursor c = cursor_of(padded);
    struct bytes in = cursor_part(&c, PAD_MAX_BYTES);
    if (c.err != ERR_OK || pad_class(padded.len - LENGTH_BYTES, 0) != padded.len)
        return ERR_INVALID;
    uint8_t any = 0;
    while (c.left > 0)
        any |= cursor_u8(&c);
    if (any != 0)
        return ERR_INVALID;
    *content = in;
    return ERR_OK;
}
