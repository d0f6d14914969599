/* The row of a store that says how far it is under its storage key; sluis-pki reads it from a store that a
 * daemon wrote. What decodes is sound and encodes to the same bytes. */
#include <stdlib.h>

#include "pki/rewrap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct rewrap r;
    CLEANUP(buf_free) struct buf again = buf_new(REWRAP_ROW_MAX);
    if (rewrap_decode(bytes_of(data, size), &r) != ERR_OK)
        return 0;
    if (!rewrap_uses(&r, r.target) || rewrap_percent(&r) > 100 || r.place_len > REWRAP_PLACE_MAX ||
        rewrap_encode(&r, &again) != ERR_OK || !bytes_equal(buf_bytes(&again), bytes_of(data, size)))
        abort();
    return 0;
}
