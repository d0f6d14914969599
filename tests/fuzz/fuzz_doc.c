/* Any bytes as JSON: no crash, and what was read writes and reads again to the same text. */
#include <stdlib.h>

#include "proto/json/doc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct doc *d CLEANUP(cleanup_doc_free) = NULL;
    if (doc_parse(bytes_of(data, size), 65536, &d, NULL) != ERR_OK)
        return 0;
    struct buf first CLEANUP(buf_free) = buf_new((size_t)1 << 20);
    struct buf second CLEANUP(buf_free) = buf_new((size_t)1 << 20);
    struct doc *again CLEANUP(cleanup_doc_free) = NULL;
    if (doc_write(d, &first) != ERR_OK ||
        doc_parse(buf_bytes(&first), (size_t)1 << 20, &again, NULL) != ERR_OK ||
        doc_write(again, &second) != ERR_OK || !bytes_equal(buf_bytes(&first), buf_bytes(&second)))
        abort();
    return 0;
}
