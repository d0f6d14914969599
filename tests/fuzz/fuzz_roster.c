#include "tests/fuzz/fuzz_trust.h"

#include "proto/msg/roster.h"

static enum err recode(struct bytes doc, struct arena *a, struct buf *out)
{
    struct roster d;
    struct errmsg why;
    enum err e = roster_decode(doc, sample_hash, a, &d, &why);
    return e != ERR_OK ? e : roster_encode(&d, out, &why);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(recode, bytes_of(data, size));
    return 0;
}
