#include "agent/records/salts.h"

#include <stdlib.h>

#include "pki/permutation.h"
#include "proto/base/buf.h"

_Static_assert(sizeof(struct salt) == PERMUTATION_BLOCK_BYTES, "a salt is a block");

struct salts {
    struct permutation *permutation;
};

enum err salts_new(const struct secret *batch_secret, struct salts **out)
{
    CLEANUP(cleanup_salts_free) struct salts *s = calloc(1, sizeof *s);
    if (s == NULL)
        return ERR_NOMEM;
    enum err bad = permutation_new(batch_secret, &s->permutation);
    if (bad == ERR_OK)
        *out = take(s);
    return bad;
}

void salts_free(struct salts *s)
{
    if (s == NULL)
        return;
    permutation_free(s->permutation);
    free(s);
}

enum err salts_of(struct salts *s, struct salt_range range, struct salt *out)
{
    for (size_t i = 0; i < range.count; i++) {
        struct buf b = buf_fixed(out[i].b, sizeof out[i].b);
        buf_put_u32(&b, range.index);
        buf_put_u32(&b, (uint32_t)(range.first + i));
        buf_put_u64(&b, 0);
        enum err bad = buf_err(&b);
        if (bad != ERR_OK)
            return bad;
    }
    return range.count > 0 ? permutation_apply(s->permutation, out[0].b, range.count) : ERR_OK;
}
