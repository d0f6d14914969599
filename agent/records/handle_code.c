#include "agent/records/handle_code.h"

#include <stdlib.h>

#include "pki/permutation.h"
#include "proto/base/buf.h"
#include "proto/base/cursor.h"

struct handle_code {
    struct permutation *permutation;
};

enum err handle_code_new(const struct secret *key, struct handle_code **out)
{
    CLEANUP(cleanup_handle_code_free) struct handle_code *c = calloc(1, sizeof *c);
    if (c == NULL)
        return ERR_NOMEM;
    enum err bad = permutation_new(key, &c->permutation);
    if (bad == ERR_OK)
        *out = take(c);
    return bad;
}

void handle_code_free(struct handle_code *c)
{
    if (c == NULL)
        return;
    permutation_free(c->permutation);
    free(c);
}

enum err handle_of_place(struct handle_code *c, struct record_place place, struct handle *out)
{
    struct handle h;
    struct buf b = buf_fixed(h.b, sizeof h.b);
    buf_put_u32(&b, place.batch);
    buf_put_u32(&b, place.index);
    buf_put_u64(&b, 0);
    enum err bad = buf_err(&b);
    if (bad == ERR_OK)
        bad = permutation_apply(c->permutation, h.b, 1);
    if (bad == ERR_OK)
        *out = h;
    return bad;
}

enum err handle_to_place(struct handle_code *c, const struct handle *handle,
                         struct record_place *out)
{
    struct handle h = *handle;
    enum err bad = permutation_undo(c->permutation, h.b, 1);
    if (bad != ERR_OK)
        return bad;
    struct cursor cur = cursor_of(BYTES_OF_ARRAY(h.b));
    struct record_place place = {.batch = cursor_u32(&cur)};
    place.index = cursor_u32(&cur);
    if (cursor_u64(&cur) != 0 || cursor_done(&cur) != ERR_OK || place.batch == 0)
        return ERR_NOT_FOUND;
    *out = place;
    return ERR_OK;
}
