/* A sealed value from a store that someone else may have written. Nothing but what was sealed under
 * the key opens, and a refusal leaves the buffer as it was. */
#include <stdlib.h>

#include "pki/aead.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The seed `valid` is this, sealed under the key below. */
static const char *const PLAIN = "synthetic value";

static struct aead *fixed_key(void)
{
    uint8_t key[AEAD_KEY_BYTES];
    struct aead *a = NULL;
    memset(key, 7, sizeof key);
    if (secret_init() == ERR_NOMEM)
        abort();
    struct secret *CLEANUP(cleanup_secret_free) s = secret_new(BYTES_OF_ARRAY(key));
    if (s == NULL || aead_new(s, 1, &a) != ERR_OK)
        abort();
    return a;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct aead *CLEANUP(cleanup_aead_free) a = fixed_key();
    struct buf CLEANUP(buf_free) out = buf_new(1 << 20);
    enum err e = aead_open(a, bytes_str("fuzz"), bytes_of(data, size), &out);
    if (e == ERR_OK ? !bytes_is(buf_bytes(&out), PLAIN) : out.len != 0)
        abort();
    return 0;
}
