/* A block of the index from any bytes: what passes the check decodes entry by entry to the same
 * bytes again and is found by its own keys. */
#include <stdlib.h>

#include "broker/index/entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
    if (!holds)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct block b;
    if (block_check(bytes_of(data, size), &b) != ERR_OK)
        return 0;
    check(b.count * ENTRY_BYTES == size);
    for (size_t i = 0; i < b.count; i++) {
        struct entry e;
        uint8_t again[ENTRY_BYTES];
        check(entry_get(block_at(&b, i), &e) == ERR_OK);
        entry_put(&e, again);
        check(memcmp(again, block_at(&b, i), sizeof again) == 0);
        check(block_from(&b, bytes_of(again, ENTRY_KEY_BYTES)) == i);
    }
    check(!entry_is_repeated(data, b.count));
    return 0;
}
