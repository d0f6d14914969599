#include "proto/base/join.h"

#include <stdlib.h>

void join_part(struct buf *b, struct bytes part)
{
    if (part.len > UINT32_MAX) {
        buf_fail(b, ERR_TOO_LARGE);
        return;
    }
    buf_put_u32(b, (uint32_t)part.len);
    buf_put(b, part);
}

void join_str(struct buf *b, const char *part)
{
    join_part(b, bytes_str(part));
}

void join_u32(struct buf *b, uint32_t v)
{
    buf_put_u32(b, 4);
    buf_put_u32(b, v);
}

void join_u64(struct buf *b, uint64_t v)
{
    buf_put_u32(b, 8);
    buf_put_u64(b, v);
}

static int compare_items(const void *a, const void *b)
{
    return bytes_cmp(*(const struct bytes *)a, *(const struct bytes *)b);
}

void join_list(struct buf *b, struct bytes *items, size_t count)
{
    if (count > 1)
        qsort(items, count, sizeof *items, compare_items);
    size_t total = 0;
    for (size_t i = 0; i < count; i++) {
        if (items[i].len > UINT32_MAX - 4 || total > UINT32_MAX - 4 - items[i].len) {
            buf_fail(b, ERR_TOO_LARGE);
            return;
        }
        total += 4 + items[i].len;
    }
    buf_put_u32(b, (uint32_t)total);
    for (size_t i = 0; i < count; i++)
        join_part(b, items[i]);
}
