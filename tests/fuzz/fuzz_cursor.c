/* A random program of reads over random bytes: first byte n, n operations, then their input. No read
 * leaves the input, and after the first error every read yields nothing. */
#include <stdlib.h>

#include "proto/base/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static void check_view(struct bytes view, struct bytes input)
{
    check(view.len == 0 ||
          (view.ptr >= input.ptr && view.ptr + view.len <= input.ptr + input.len));
}

static void one_read(struct cursor *c, uint8_t op, struct bytes input)
{
    uint8_t copy[32];
    switch (op & 7) {
    case 0:
        (void)cursor_u8(c);
        break;
    case 1:
        (void)cursor_u16(c);
        break;
    case 2:
        (void)cursor_u32(c);
        break;
    case 3:
        (void)cursor_u64(c);
        break;
    case 4:
        check_view(cursor_bytes(c, op >> 3), input);
        break;
    case 5:
        check_view(cursor_part(c, op), input);
        break;
    case 6:
        cursor_copy(c, copy, op >> 3);
        break;
    case 7:
        check_view(cursor_line(c), input);
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size - 1 < data[0])
        return 0;
    size_t ops = data[0];
    struct bytes input = bytes_of(data + 1 + ops, size - 1 - ops);
    struct cursor c = cursor_of(input);
    for (size_t i = 0; i < ops; i++) {
        enum err before = c.err;
        size_t left = c.left;
        one_read(&c, data[1 + i], input);
        check(c.left <= left);
        check(before == ERR_OK || (c.err == before && c.left == 0));
    }
    check(cursor_done(&c) != ERR_OK || c.left == 0);
    return 0;
}
