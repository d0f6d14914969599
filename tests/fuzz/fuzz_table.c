/* Whatever bytes come in, what goes to a terminal is valid UTF-8 without controls, twice the same.
 */
#include <stdint.h>
#include <stdlib.h>

#include "proto/host/table.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = buf_new(4 * size + 16);
    struct buf twice = buf_new(4 * size + 16);
    table_put_safe(&once, bytes_of(data, size));
    table_put_safe(&twice, buf_bytes(&once));
    struct bytes safe = buf_bytes(&once);
    if (buf_err(&once) != ERR_OK || once.len > size || !bytes_is_utf8(safe) ||
        !bytes_equal(safe, buf_bytes(&twice)) ||
        table_width(bytes_of(data, size)) != table_width(safe))
        abort();
    for (size_t i = 0; i < safe.len; i++) {
        if (safe.ptr[i] < 0x20 || safe.ptr[i] == 0x7f)
            abort();
    }
    buf_free(&once);
    buf_free(&twice);
    return 0;
}
