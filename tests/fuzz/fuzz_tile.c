/* Tile names, entry bundles (first byte: width - 1) and stored ranges. */
#include <stdlib.h>

#include "proto/log/tile.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_bundle(struct bytes in)
{
    struct bytes entries[TILE_WIDTH];
    if (in.len == 0)
        return;
    unsigned width = in.ptr[0] + 1u;
    struct bytes bundle = bytes_of(in.ptr + 1, in.len - 1);
    struct buf out = buf_new(1u << 24);
    if (bundle_parse(bundle, width, entries) == ERR_OK) {
        for (unsigned i = 0; i < width; i++)
            bundle_put(&out, entries[i]);
        if (buf_err(&out) != ERR_OK || !bytes_equal(buf_bytes(&out), bundle))
            abort();
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct tile_id id;
    struct range r;
    char path[TILE_PATH_MAX];
    struct buf out = buf_new(1u << 16);
    if (tile_path_parse(in, &id) == ERR_OK && (tile_path(&id, path) != ERR_OK || !bytes_is(in, path)))
        abort();
    if (range_decode(in, &r) == ERR_OK) {
        range_encode(&r, &out);
        if (!bytes_equal(buf_bytes(&out), in))
            abort();
    }
    try_bundle(in);
    buf_free(&out);
    return 0;
}
