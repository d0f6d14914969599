#include "pki/broker_half.h"

#include "pki/hkdf.h"
#include "pki/mac.h"
#include "pki/ossl.h"
#include "proto/base/join.h"
#include "proto/base/label.h"

#define INFO_MAX_BYTES 256
#define HEAD_MAX_BYTES 64

/* What stands before inner in join("sluis/hk1/index", t, inner). */
struct head {
    uint8_t b[HEAD_MAX_BYTES];
    size_t len;
};

struct broker_half {
    struct secret *b;
    struct name purpose;
    uint32_t epoch;
    struct mac *mac;
    struct head heads[IDENT_TYPE_COUNT];
};

static enum err make_heads(struct broker_half *h)
{
    for (int t = IDENT_NONE + 1; t < IDENT_TYPE_COUNT; t++) {
        struct head *head = &h->heads[t];
        struct buf b = buf_fixed(head->b, sizeof head->b);
        join_str(&b, LABEL_HK1_INDEX);
        join_str(&b, ident_type_id((enum ident_type)t));
        buf_put_u32(&b, sizeof(struct inner));
        if (buf_err(&b) != ERR_OK)
            return buf_err(&b);
        head->len = b.len;
    }
    return ERR_OK;
}

enum err broker_half_new(const struct secret *b, const struct name *purpose, uint32_t epoch,
                         struct broker_half **out)
{
    if (secret_len(b) != BROKER_HALF_KEY_BYTES || purpose->s[0] == '\0')
        return ERR_INVALID;
    struct broker_half *CLEANUP(cleanup_broker_half_free) h = OPENSSL_zalloc(sizeof *h);
    if (h == NULL)
        return ERR_NOMEM;
    h->purpose = *purpose;
    h->epoch = epoch;
    h->b = secret_copy(b);
    if (h->b == NULL)
        return ERR_NOMEM;
    enum err e = make_heads(h);
    if (e == ERR_OK)
        e = mac_new(h->b, &h->mac);
    if (e == ERR_OK)
        *out = take(h);
    return e;
}

enum err broker_half_copy(const struct broker_half *h, struct broker_half **out)
{
    return broker_half_new(h->b, &h->purpose, h->epoch, out);
}

void broker_half_free(struct broker_half *h)
{
    if (h == NULL)
        return;
    mac_free(h->mac);
    secret_free(h->b);
    OPENSSL_free(h);
}

enum err broker_half_token(struct broker_half *h, enum ident_type type, const struct inner *in,
                           struct token *out)
{
    if ((unsigned)type >= IDENT_TYPE_COUNT || type == IDENT_NONE)
        return ERR_UNKNOWN;
    const struct head *head = &h->heads[type];
    struct bytes parts[] = {bytes_of(head->b, head->len), BYTES_OF_ARRAY(in->b)};
    uint8_t full[MAC_BYTES];
    enum err e = mac_compute(h->mac, parts, ARRAY_LEN(parts), full);
    if (e == ERR_OK)
        memcpy(out->b, full, sizeof out->b);
    return e;
}

enum err broker_half_batch(struct broker_half *h, const struct broker_half_input *in,
                           struct token *out, size_t *failed)
{
    for (size_t i = 0; i < in->count; i++) {
        enum err e = broker_half_token(h, in->types[i], &in->inners[i], &out[i]);
        if (e == ERR_OK)
            continue;
        memset(out, 0, in->count * sizeof *out);
        if (failed != NULL)
            *failed = i;
        return e;
    }
    return ERR_OK;
}

enum err broker_half_held_key(const struct broker_half *h, struct secret **out)
{
    uint8_t room[INFO_MAX_BYTES];
    struct buf info = buf_fixed(room, sizeof room);
    join_str(&info, LABEL_HK1_HELD);
    join_part(&info, name_bytes(&h->purpose));
    join_u32(&info, h->epoch);
    enum err e = buf_err(&info);
    return e == ERR_OK ? hkdf_subkey(h->b, buf_bytes(&info), out) : e;
}
