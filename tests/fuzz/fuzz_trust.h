/* The property of every codec of trust: what it reads it writes, and reads again as the same bytes. */
#ifndef SLUIS_TESTS_FUZZ_TRUST_H
#define SLUIS_TESTS_FUZZ_TRUST_H

#include <stdlib.h>

#include "tests/unit/msg/trust_sample.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Reads doc and writes it again. */
typedef enum err (*fuzz_recode_fn)(struct bytes doc, struct arena *a, struct buf *out);

static inline void fuzz_recode(fuzz_recode_fn recode, struct bytes doc)
{
    struct arena *a CLEANUP(cleanup_arena_free) = arena_new((size_t)1 << 22);
    struct buf one CLEANUP(buf_free) = buf_new((size_t)1 << 22);
    struct buf two CLEANUP(buf_free) = buf_new((size_t)1 << 22);
    if (a == NULL || recode(doc, a, &one) != ERR_OK)
        return;
    arena_reset(a);
    if (recode(buf_bytes(&one), a, &two) != ERR_OK ||
        !bytes_equal(buf_bytes(&one), buf_bytes(&two)))
        abort();
}

#endif
