/* Audit bodies and lines of a bodies file: what is taken can be written and read again. */
#include <stdlib.h>

#include "proto/json/audit_body.h"
#include "proto/json/body_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_body(struct bytes in, struct arena *a, struct arena *b)
{
    struct audit_body body;
    struct audit_body again;
    struct facts facts;
    struct errmsg why;
    struct buf out = buf_new(4u * AUDIT_BODY_MAX);
    if (audit_body_parse(in, a, &body, &why) == ERR_OK) {
        (void)!audit_body_get_facts(&body, &facts, &why);
        if (audit_body_write(&body, &out) != ERR_OK)
            abort();
        if (out.len <= AUDIT_BODY_MAX && audit_body_parse(buf_bytes(&out), b, &again, &why) != ERR_OK)
            abort();
    }
    buf_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct bytes in = bytes_of(data, size);
    struct arena *a = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct arena *b = arena_new(AUDIT_BODY_ARENA_BYTES);
    struct body_line line;
    struct errmsg why;
    if (a != NULL && b != NULL) {
        try_body(in, a, b);
        arena_reset(a);
        if (body_line_parse(in, a, &line, &why) == ERR_OK && line.state == BODY_PRESENT)
            try_body(line.body, b, a);
    }
    arena_free(a);
    arena_free(b);
    return 0;
}
