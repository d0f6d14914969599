#include "tests/fuzz/fuzz_trust.h"

#include "proto/msg/rotation.h"

static enum err recode(struct bytes doc, struct arena *a, struct buf *out)
{
    struct rotation d;
    struct errmsg why;
    enum err e = rotation_decode(doc, a, &d, &why);
    return e != ERR_OK ? e : rotation_encode(&d, out, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(recode, bytes_of(data, size));
    return 0;
}
