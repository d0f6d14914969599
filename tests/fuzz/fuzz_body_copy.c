/* What reads as a segment to its end writes back to the same bytes, and so does the content of a key. */
#include <stdlib.h>

#include "proto/log/body_copy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void segment(struct bytes all)
{
    struct bytes rest = all;
    struct buf again CLEANUP(buf_free) = buf_new(all.len + 1);
    struct body_copy_record r;
    enum err e = ERR_OK;
    while ((e = body_copy_next(&rest, &r)) == ERR_OK)
        body_copy_put(&again, &r);
    if (e == ERR_NOT_FOUND && !bytes_equal(all, buf_bytes(&again)))
        abort();
}

static void content(struct bytes all)
{
    struct buf again CLEANUP(buf_free) = buf_new(all.len + 1);
    struct body_copy_content c;
    if (body_copy_content_parse(all, &c) != ERR_OK)
        return;
    body_copy_content_put(&again, &c);
    if (!bytes_equal(all, buf_bytes(&again)))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    segment(bytes_of(data, size));
    content(bytes_of(data, size));
    return 0;
}
