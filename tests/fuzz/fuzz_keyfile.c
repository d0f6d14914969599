/* A key file comes from a disk that others may have written. Whatever peek accepts is a header that
 * the writer could have written, within every cap. */
#include <stdlib.h>

#include "pki/keyfile.h"
#include "pki/secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
    if (!ok)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct keyfile h;
    if (keyfile_peek(bytes_of(data, size), &h) != ERR_OK)
        return 0;
    check(size <= KEYFILE_MAX_BYTES);
    check(h.kind > KEYFILE_NONE && h.kind < KEYFILE_KIND_COUNT);
    check(h.cost.log2_n <= 18 && h.cost.r == 8 && h.cost.p >= 1 && h.cost.p <= 4);
    check(h.id.s[0] != '\0' && h.created_s >= 0);
    check((h.purpose.s[0] != '\0') == keyfile_has_purpose(h.kind));
    /* A truncated copy never parses: the length is fixed by the content. */
    struct keyfile again;
    check(keyfile_peek(bytes_of(data, size - 1), &again) != ERR_OK);
    return 0;
}
