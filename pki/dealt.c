#include "pki/dealt.h"

#include "pki/secret_internal.h"
#include "proto/base/cursor.h"
#include "proto/base/join.h"
#include "proto/msg/deal.h"

#define CONTENT_MAX (DEAL_MAX_BYTES + 4 + DEALT_KEY_BYTES)

/* A buffer that never moves, so that no copy of the key is left behind. */
static enum err reserve(struct buf *b)
{
    uint8_t *room = buf_reserve(b, CONTENT_MAX);
    if (room == NULL)
        return ERR_NOMEM;
    b->len = 0;
    return ERR_OK;
}

enum err dealt_seal(const struct seal_params *p, struct bytes statement, const struct secret *key,
                    struct buf *out)
{
    struct buf content CLEANUP(buf_free) = buf_new(CONTENT_MAX);
    if (secret_len(key) != DEALT_KEY_BYTES)
        return ERR_INVALID;
    enum err e = reserve(&content);
    if (e != ERR_OK)
        return e;
    join_part(&content, statement);
    buf_put(&content, secret_bytes(key));
    e = buf_err(&content);
    return e != ERR_OK ? e : seal(p, buf_bytes(&content), out);
}

enum err dealt_open(const struct seal_open_params *p, struct bytes sealed, struct buf *statement,
                    struct secret **key, struct errmsg *why)
{
    struct buf content CLEANUP(buf_free) = buf_new(CONTENT_MAX);
    enum err e = reserve(&content);
    if (e == ERR_OK)
        e = seal_open(p, sealed, &content, why);
    if (e != ERR_OK)
        return e;
    struct cursor c = cursor_of(buf_bytes(&content));
    struct bytes said = cursor_part(&c, DEAL_MAX_BYTES);
    struct bytes raw = cursor_bytes(&c, DEALT_KEY_BYTES);
    if (cursor_done(&c) != ERR_OK)
        return errmsg_set(why, ERR_INVALID, "dealt key: malformed");
    buf_put(statement, said);
    e = buf_err(statement);
    if (e != ERR_OK)
        return e;
    struct secret *k = secret_new(raw);
    if (k == NULL)
        return ERR_NOMEM;
    *key = k;
    return ERR_OK;
}
