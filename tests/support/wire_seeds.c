/* Writes one fuzz seed for each wire message. usage: wire_seeds FOLDER */
#include <stdio.h>

#include "tests/support/wire_samples.h"

int main(int argc, char **argv)
{
    if (argc != 2)
        return 64;
    for (size_t i = 0; i < wire_kind_count; i++) {
        struct arena *a CLEANUP(cleanup_arena_free) = arena_new(WIRE_ARENA_BYTES);
        struct buf out CLEANUP(buf_free) = buf_new((size_t)8 << 20);
        char path[1024];
        buf_put_u8(&out, (uint8_t)i);
        snprintf(path, sizeof path, "%s/%s", argv[1], wire_kinds[i].name);
        FILE *f = fopen(path, "wb");
        if (a == NULL || f == NULL || wire_kinds[i].sample(a, &out) != ERR_OK ||
            fwrite(out.ptr, 1, out.len, f) != out.len || fclose(f) != 0)
            return 1;
    }
    return 0;
}
