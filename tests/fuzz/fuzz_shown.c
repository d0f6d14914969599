/* The first byte chooses the kind of a signed document; the rest is shown as JSON, or refused. */
#include <stdlib.h>

#include "pki/digest.h"
#include "proto/json/shown.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    CLEANUP(cleanup_doc_free) struct doc *shown = NULL;
    CLEANUP(buf_free) struct buf text = buf_new((size_t)64 << 20);
    struct errmsg why = {""};
    if (size == 0)
        return 0;
    enum sign_kind kind = (enum sign_kind)(data[0] % SIGN_KIND_COUNT);
    struct bytes document = bytes_of(data + 1, size - 1);
    if (shown_doc(kind, document, digest_sha256, &shown, &why) != ERR_OK)
        return 0;
    if (doc_write(shown, &text) != ERR_OK)
        abort();
    return 0;
}
