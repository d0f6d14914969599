/* Proof files; what is taken is written back the same. */
#include <stdlib.h>

#include "proto/log/proof_file.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct buf scratch = buf_new(PROOF_FILE_MAX_BYTES);
    struct buf out = buf_new(PROOF_FILE_MAX_BYTES);
    struct proof_file p;
    if (proof_file_parse(in, &scratch, &p) == ERR_OK) {
        proof_file_write(&p, &out);
        if (buf_err(&out) != ERR_OK || !bytes_equal(buf_bytes(&out), in))
            abort();
    }
    buf_free(&scratch);
    buf_free(&out);
    return 0;
}
