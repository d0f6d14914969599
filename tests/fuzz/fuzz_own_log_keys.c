/* The row of a store that says which keys an agency's own log has; sluis-pki reads it from a store that an agent wrote.
 * What decodes is sound and encodes to the same bytes. */
#include <stdlib.h>

#include "pki/own_log_keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct own_log_keys k;
    CLEANUP(buf_free) struct buf again = buf_new(OWN_LOG_KEYS_ROW_MAX);
    if (own_log_keys_decode(bytes_of(data, size), &k) != ERR_OK)
        return 0;
    if (k.count > OWN_LOG_KEYS_MAX || (k.count == OWN_LOG_KEYS_MAX && digest_equal(&k.v[0].line, &k.v[1].line)) ||
        own_log_keys_encode(&k, &again) != ERR_OK || !bytes_equal(buf_bytes(&again), bytes_of(data, size)))
        abort();
    return 0;
}
