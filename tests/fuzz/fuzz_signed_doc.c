#include "tests/fuzz/fuzz_trust.h"

#include "proto/msg/signed.h"

static enum err recode(struct bytes doc, struct arena *a, struct buf *out)
{
    struct signed_doc d;
    struct errmsg why;
    enum err e = signed_doc_decode(doc, 4096, a, &d, &why);
    return e != ERR_OK ? e : signed_doc_encode(&d, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(recode, bytes_of(data, size));
    return 0;
}
