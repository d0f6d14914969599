/* The first byte chooses a message; the rest must be refused, or read back to the same bytes. */
#include <stdlib.h>
#include <string.h>

#include "tests/support/wire_samples.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    const struct wire_kind *k = &wire_kinds[data[0] % wire_kind_count];
    struct bytes wire = bytes_of(data + 1, size - 1);
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
    struct buf out CLEANUP(buf_free) = buf_new((size_t)8 << 20);
    struct errmsg why = {0};
    enum err e = k->again(wire, a, &out, &why);
    bool is_padded = strcmp(k->name, "mail") == 0;
    bool may_skip = strcmp(k->name, "hello") == 0; /* leaves out types that it does not know */
    if (e == ERR_OK && !is_padded && !may_skip && !bytes_equal(wire, buf_bytes(&out)))
        abort();
    return 0;
}
