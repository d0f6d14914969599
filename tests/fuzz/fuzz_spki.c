/* A public key from outside. Whatever is taken is written again as exactly the bytes that came. */
#include <stdlib.h>

#include "pki/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct key *CLEANUP(cleanup_key_free) k = NULL;
    if (key_from_spki(bytes_of(data, size), &k) != ERR_OK)
        return 0;
    uint8_t room[KEY_SPKI_MAX_BYTES];
    struct buf again = buf_fixed(room, sizeof room);
    if (key_has_private(k) || key_put_spki(k, &again) != ERR_OK ||
        !bytes_equal(buf_bytes(&again), bytes_of(data, size)))
        abort();
    return 0;
}
