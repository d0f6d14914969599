#include "tests/fuzz/fuzz_trust.h"

#include "proto/msg/epoch_word.h"

static enum err recode(struct bytes doc, struct arena *a, struct buf *out)
{
    struct epoch_word w;
    struct errmsg why;
    enum err e = epoch_word_decode(doc, a, &w, &why);
    return e != ERR_OK ? e : epoch_word_encode(&w, out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_recode(recode, bytes_of(data, size));
    return 0;
}
