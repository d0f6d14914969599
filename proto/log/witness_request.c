#include "proto/log/witness_request.h"

#include "proto/base/cursor.h"
#include "proto/base/text.h"
#include "proto/log/hash_lines.h"

static const char first_word[] = "old ";

static enum err parse_old(struct bytes line, uint64_t *out)
{
    const size_t n = sizeof first_word - 1;
    if (line.len < n || memcmp(line.ptr, first_word, n) != 0)
        return ERR_INVALID;
    return text_get_u64(bytes_of(line.ptr + n, line.len - n), INT64_MAX, out);
}

enum err witness_request_parse(struct bytes data, struct witness_request *out)
{
    if (data.len > WITNESS_REQUEST_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct cursor c = cursor_of(data);
    struct witness_request r = {0};
    const struct bytes line = cursor_line(&c);
    enum err e = c.err != ERR_OK ? c.err : parse_old(line, &r.old_size);
    if (e == ERR_OK)
        e = hash_lines_parse(&c, WITNESS_REQUEST_MAX_HASHES, &r.proof);
    r.checkpoint = bytes_of(c.pos, c.left);
    if (e == ERR_OK && r.checkpoint.len == 0)
        e = ERR_TRUNCATED;
    if (e == ERR_OK)
        *out = r;
    return e;
}

void witness_request_write(const struct witness_request *r, struct buf *out)
{
    buf_printf(out, "%s%llu\n", first_word, (unsigned long long)r->old_size);
    hash_lines_write(&r->proof, out);
    buf_put(out, r->checkpoint);
}

enum err witness_size_parse(struct bytes body, uint64_t *out)
{
    struct cursor c = cursor_of(body);
    const struct bytes line = cursor_line(&c);
    const enum err e = cursor_done(&c);
    return e == ERR_OK ? text_get_u64(line, INT64_MAX, out) : e;
}
