/* Requests to a witness, and the size that it answers; what is taken is written back the same. */
#include <stdlib.h>

#include "proto/log/witness_request.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct buf out = buf_new(WITNESS_REQUEST_MAX_BYTES);
    struct witness_request r;
    if (witness_request_parse(in, &r) == ERR_OK) {
        witness_request_write(&r, &out);
        if (buf_err(&out) != ERR_OK || !bytes_equal(buf_bytes(&out), in))
            abort();
    }
    uint64_t known = 0;
    if (witness_size_parse(in, &known) == ERR_OK) {
        buf_reset(&out);
        buf_printf(&out, "%llu\n", (unsigned long long)known);
        if (buf_err(&out) != ERR_OK || !bytes_equal(buf_bytes(&out), in))
            abort();
    }
    buf_free(&out);
    return 0;
}
