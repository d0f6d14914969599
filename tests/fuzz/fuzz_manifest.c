/* What reads as a manifest to its end writes back to the same bytes. */
#include <stdlib.h>

#include "proto/log/manifest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes all = bytes_of(data, size);
    struct bytes rest = all;
    struct buf again CLEANUP(buf_free) = buf_new(size + 1);
    struct manifest_line line = {.name = ""};
    enum err e = ERR_OK;
    while ((e = manifest_next(&rest, line.name, &line)) == ERR_OK)
        if (manifest_put(&again, line.name, &line.digest) != ERR_OK)
            abort();
    if (e == ERR_NOT_FOUND && !bytes_equal(all, buf_bytes(&again)))
        abort();
    return 0;
}
