#include "pki/own_log_keys.h"

#include "proto/base/cursor.h"

#define FORMAT 2u /* a sealed value begins with 1 */

enum err own_log_keys_encode(const struct own_log_keys *k, struct buf *out)
{
    buf_put_u8(out, FORMAT);
    buf_put_u8(out, (uint8_t)k->count);
    for (size_t i = 0; i < k->count; i++) {
        buf_put(out, digest_bytes(&k->v[i].line));
        buf_put_u8(out, k->v[i].is_witnessed);
    }
    return buf_err(out);
}

static void get_key(struct cursor *c, struct own_log_keys *k)
{
    struct own_log_key one = {.is_witnessed = false};
    cursor_copy(c, one.line.b, sizeof one.line.b);
    const uint8_t witnessed = cursor_u8(c);
    one.is_witnessed = witnessed == 1;
    if (witnessed > 1 || own_log_keys_find(k, &one.line) != NULL)
        cursor_fail(c, ERR_INVALID);
    if (c->err == ERR_OK)
        k->v[k->count++] = one;
}

enum err own_log_keys_decode(struct bytes row, struct own_log_keys *out)
{
    struct cursor c = cursor_of(row);
    struct own_log_keys k = {.count = 0};
    if (cursor_u8(&c) != FORMAT && c.err == ERR_OK)
        return ERR_VERSION;
    const size_t count = cursor_u8(&c);
    if (count > OWN_LOG_KEYS_MAX)
        cursor_fail(&c, ERR_INVALID);
    for (size_t i = 0; c.err == ERR_OK && i < count; i++)
        get_key(&c, &k);
    const enum err e = cursor_done(&c);
    if (e == ERR_OK)
        *out = k;
    return e;
}

const struct own_log_key *own_log_keys_find(const struct own_log_keys *k, const struct digest *line)
{
    for (size_t i = 0; i < k->count; i++)
        if (digest_equal(&k->v[i].line, line))
            return &k->v[i];
    return NULL;
}

bool own_log_keys_has_witness(const struct own_log_keys *k)
{
    for (size_t i = 0; i < k->count; i++)
        if (k->v[i].is_witnessed)
            return true;
    return false;
}
