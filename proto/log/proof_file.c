#include "proto/log/proof_file.h"

#include "proto/base/cursor.h"
#include "proto/base/text.h"
#include "proto/log/hash_lines.h"

static const char first_line[] = "c2sp.org/tlog-proof@v1";

/* What stands behind a word and a space at the start of line; false where it starts otherwise. */
static bool after_word(struct bytes line, const char *word, struct bytes *rest)
{
    size_t n = strlen(word);
    if (line.len < n || memcmp(line.ptr, word, n) != 0)
        return false;
    *rest = bytes_of(line.ptr + n, line.len - n);
    return true;
}

enum err proof_file_parse(struct bytes data, struct buf *scratch, struct proof_file *out)
{
    if (data.len > PROOF_FILE_MAX_BYTES)
        return ERR_TOO_LARGE;
    struct cursor c = cursor_of(data);
    struct proof_file p = {0};
    struct bytes line = cursor_line(&c);
    if (c.err == ERR_OK && !bytes_is(line, first_line))
        return ERR_VERSION;
    line = cursor_line(&c);
    struct bytes rest;
    enum err e = ERR_OK;
    if (after_word(line, "extra ", &rest)) {
        size_t before = scratch->len;
        e = text_get_base64(rest, scratch);
        p.has_extra = true;
        p.extra = bytes_of(scratch->ptr + before, scratch->len - before);
        line = cursor_line(&c);
    }
    if (e == ERR_OK && c.err != ERR_OK)
        e = c.err;
    if (e == ERR_OK)
        e = after_word(line, "index ", &rest) ? text_get_u64(rest, INT64_MAX, &p.index)
                                              : ERR_INVALID;
    if (e == ERR_OK)
        e = hash_lines_parse(&c, MERKLE_MAX_HASHES, &p.hashes);
    p.checkpoint = bytes_of(c.pos, c.left);
    if (e == ERR_OK && p.checkpoint.len == 0)
        e = ERR_TRUNCATED;
    if (e == ERR_OK)
        *out = p;
    return e;
}

void proof_file_write(const struct proof_file *p, struct buf *out)
{
    buf_put_str(out, first_line);
    buf_put_u8(out, '\n');
    if (p->has_extra) {
        buf_put_str(out, "extra ");
        text_put_base64(out, p->extra);
        buf_put_u8(out, '\n');
    }
    buf_printf(out, "index %llu\n", (unsigned long long)p->index);
    hash_lines_write(&p->hashes, out);
    buf_put(out, p->checkpoint);
}
