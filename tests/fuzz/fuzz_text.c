/* Hex, base64 and numbers from outside: what decodes encodes back to the same text, so that no
 * value has two accepted forms (hex apart, which may come in capitals). */
#include <stdlib.h>

#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void try_base64(struct bytes in)
{
    struct buf raw CLEANUP(buf_free) = buf_new(in.len);
    struct buf again CLEANUP(buf_free) = buf_new(in.len);
    if (text_get_base64(in, &raw) != ERR_OK)
        return;
    text_put_base64(&again, buf_bytes(&raw));
    check(bytes_equal(buf_bytes(&again), in));
}

static void try_hex(struct bytes in)
{
    uint8_t raw[64];
    uint8_t raw_again[64];
    size_t n = in.len / 2;
    if (n > sizeof raw || text_get_hex(in, raw, n) != ERR_OK)
        return;
    struct buf again CLEANUP(buf_free) = buf_new(in.len);
    text_put_hex(&again, bytes_of(raw, n));
    check(buf_bytes(&again).len == in.len);
    check(text_get_hex(buf_bytes(&again), raw_again, n) == ERR_OK);
    check(bytes_equal(bytes_of(raw, n), bytes_of(raw_again, n)));
}

static void try_number(struct bytes in)
{
    uint64_t v = 0;
    if (text_get_u64(in, UINT64_MAX, &v) != ERR_OK)
        return;
    struct buf again CLEANUP(buf_free) = buf_new(32);
    buf_printf(&again, "%llu", (unsigned long long)v);
    check(bytes_equal(buf_bytes(&again), in));
    uint64_t less = 0;
    check(v == 0 || text_get_u64(in, v - 1, &less) == ERR_RANGE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes in = bytes_of(data, size);
    try_base64(in);
    try_hex(in);
    try_number(in);
    (void)bytes_is_utf8(in);
    return 0;
}
